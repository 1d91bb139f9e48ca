/** ERC-4626 of OpenZeppelin: shares and assets beside a model, rounding, gifts, limits. */
import { deploy, ethers, expect, helpers } from '../chain.ts';

const OFFSETS = [0, 3];

/** What OpenZeppelin's vault reckons: virtual shares and one virtual asset. */
function model(offset: number) {
  let assets = 0n;
  let shares = 0n;
  const unit = 10n ** BigInt(offset);
  const divide = (a: bigint, b: bigint, up: boolean) => (up ? (a + b - 1n) / b : a / b);
  return {
    toShares: (amount: bigint, up = false) => divide(amount * (shares + unit), assets + 1n, up),
    toAssets: (amount: bigint, up = false) => divide(amount * (assets + 1n), shares + unit, up),
    add: (moreAssets: bigint, moreShares: bigint) => {
      assets += moreAssets;
      shares += moreShares;
    },
  };
}

async function vaultOf(offset: number) {
  const [owner, ann, bob] = await ethers.getSigners();
  const asset = await deploy('CappedCoin', 10n ** 30n);
  const vault = await deploy('Vault', asset, offset);
  for (const each of [owner, ann, bob]) {
    await asset.mint(each, 1_000_000n);
    await asset.connect(each).approve(vault, 1_000_000n);
  }
  return { asset, vault, owner, ann, bob };
}

async function vault0() {
  return vaultOf(0);
}

async function vault3() {
  return vaultOf(3);
}

for (const offset of OFFSETS) {
  const fixture = offset === 0 ? vault0 : vault3;
  describe(`ERC4626, virtual shares of 10^${offset}`, () => {
    it('takes the units of its asset, and those of the offset', async () => {
      const { asset, vault } = await helpers.loadFixture(fixture);
      expect(await vault.decimals()).to.equal((await asset.decimals()) + BigInt(offset));
      expect(await vault.asset()).to.equal(await asset.getAddress());
    });

    it('deposits for shares', async () => {
      const { vault, ann, bob } = await helpers.loadFixture(fixture);
      const shares = model(offset).toShares(1_000n);
      await expect(vault.connect(ann).deposit(1_000n, bob))
        .to.emit(vault, 'Deposit')
        .withArgs(ann.address, bob.address, 1_000n, shares);
      expect(await vault.balanceOf(bob)).to.equal(shares);
      expect(await vault.totalAssets()).to.equal(1_000n);
    });

    it('mints shares for assets', async () => {
      const { asset, vault, ann } = await helpers.loadFixture(fixture);
      const assets = model(offset).toAssets(5_000n, true);
      await vault.connect(ann).mint(5_000n, ann);
      expect(await asset.balanceOf(ann)).to.equal(1_000_000n - assets);
    });

    it('reckons each step as the model does, gifts among them', async () => {
      const { asset, vault, ann, bob } = await helpers.loadFixture(fixture);
      const expected = model(offset);
      for (const [step, amount] of [
        ['deposit', 12_345n],
        ['give', 777n],
        ['deposit', 1n],
        ['withdraw', 4_321n],
        ['give', 13n],
        ['redeem', 3_333n],
        ['mint', 999n],
      ] as const) {
        if (step === 'give') {
          await asset.connect(bob).transfer(vault, amount);
          expected.add(amount, 0n);
        } else if (step === 'deposit') {
          const shares = expected.toShares(amount);
          expect(await vault.previewDeposit(amount)).to.equal(shares);
          await vault.connect(ann).deposit(amount, ann);
          expected.add(amount, shares);
        } else if (step === 'mint') {
          const assets = expected.toAssets(amount, true);
          expect(await vault.previewMint(amount)).to.equal(assets);
          await vault.connect(ann).mint(amount, ann);
          expected.add(assets, amount);
        } else if (step === 'withdraw') {
          const shares = expected.toShares(amount, true);
          expect(await vault.previewWithdraw(amount)).to.equal(shares);
          await vault.connect(ann).withdraw(amount, ann, ann);
          expected.add(-amount, -shares);
        } else {
          const assets = expected.toAssets(amount);
          expect(await vault.previewRedeem(amount)).to.equal(assets);
          await vault.connect(ann).redeem(amount, ann, ann);
          expected.add(-assets, -amount);
        }
        expect(await vault.convertToAssets(1_000n)).to.equal(expected.toAssets(1_000n));
        expect(await vault.convertToShares(1_000n)).to.equal(expected.toShares(1_000n));
      }
    });

    it('pays out no more than one has', async () => {
      const { vault, ann } = await helpers.loadFixture(fixture);
      await vault.connect(ann).deposit(100n, ann);
      await expect(vault.connect(ann).withdraw(101n, ann, ann))
        .to.be.revertedWithCustomError(vault, 'ERC4626ExceededMaxWithdraw')
        .withArgs(ann.address, 101n, 100n);
      const shares = await vault.balanceOf(ann);
      await expect(vault.connect(ann).redeem(shares + 1n, ann, ann))
        .to.be.revertedWithCustomError(vault, 'ERC4626ExceededMaxRedeem')
        .withArgs(ann.address, shares + 1n, shares);
    });

    it('lets another withdraw by allowance alone', async () => {
      const { asset, vault, ann, bob } = await helpers.loadFixture(fixture);
      await vault.connect(ann).deposit(100n, ann);
      await expect(vault.connect(bob).withdraw(40n, bob, ann)).to.be.revertedWithCustomError(
        vault,
        'ERC20InsufficientAllowance',
      );
      await vault.connect(ann).approve(bob, await vault.previewWithdraw(40n));
      await vault.connect(bob).withdraw(40n, bob, ann);
      expect(await asset.balanceOf(bob)).to.equal(1_000_040n);
      expect(await vault.allowance(ann, bob)).to.equal(0n);
    });
  });
}

describe('ERC4626 against who gives first', () => {
  it('loses the attacker more than it takes from the victim', async () => {
    const { asset, vault, ann: thief, bob: victim } = await helpers.loadFixture(vault3);
    await vault.connect(thief).deposit(1n, thief);
    await asset.connect(thief).transfer(vault, 100_000n);
    await vault.connect(victim).deposit(50_000n, victim);
    const lost = 50_000n - (await vault.convertToAssets(await vault.balanceOf(victim)));
    const spent = 100_001n - (await vault.convertToAssets(await vault.balanceOf(thief)));
    expect(lost < 101n).to.equal(true);
    expect(spent > 49_000n).to.equal(true);
  });
});
