/** What is released over time, in ether and in tokens. */
import { deploy, ethers, expect, helpers, ONE } from '../chain.ts';

const DURATION = 1_000_000;
const CLIFF = 250_000;

async function vesting() {
  const [owner, ann] = await ethers.getSigners();
  const start = (await helpers.time.latest()) + 1_000;
  const wallet = await deploy('Vesting', ann, start, DURATION);
  const cliffed = await deploy('CliffVesting', ann, start, DURATION, CLIFF);
  const token = await deploy('CappedCoin', 10n ** 30n);
  await token.mint(wallet, 1_000n * ONE);
  await helpers.setBalance(await wallet.getAddress(), 8n * ONE);
  await helpers.setBalance(await cliffed.getAddress(), 8n * ONE);
  return { wallet, cliffed, token, owner, ann, start };
}

describe('VestingWallet', () => {
  it('tells when it begins and ends, and whose it is', async () => {
    const { wallet, ann, start } = await helpers.loadFixture(vesting);
    expect(await wallet.start()).to.equal(BigInt(start));
    expect(await wallet.end()).to.equal(BigInt(start + DURATION));
    expect(await wallet.owner()).to.equal(ann.address);
  });

  for (const [name, percent] of [
    ['at its begin', 0],
    ['after a quarter', 25],
    ['at half', 50],
    ['at its end', 100],
    ['long after', 300],
  ] as const) {
    it(`has vested in proportion ${name}`, async () => {
      const { wallet, token, start } = await helpers.loadFixture(vesting);
      const time = start + (DURATION * percent) / 100;
      const share = BigInt(Math.min(percent, 100));
      expect(await wallet['vestedAmount(uint64)'](time)).to.equal((8n * ONE * share) / 100n);
      expect(await wallet['vestedAmount(address,uint64)'](token, time)).to.equal(
        (1_000n * ONE * share) / 100n,
      );
    });
  }

  it('releases ether at the second that it is mined', async () => {
    const { wallet, ann, start } = await helpers.loadFixture(vesting);
    const before = await ethers.provider.getBalance(ann);
    await helpers.time.setNextBlockTimestamp(start + DURATION / 4);
    await expect(wallet['release()']())
      .to.emit(wallet, 'EtherReleased')
      .withArgs(2n * ONE);
    expect((await ethers.provider.getBalance(ann)) - before).to.equal(2n * ONE);
    expect(await wallet['released()']()).to.equal(2n * ONE);
  });

  it('releases tokens bit by bit, never one twice', async () => {
    const { wallet, token, ann, start } = await helpers.loadFixture(vesting);
    const address = await token.getAddress();
    for (const percent of [10, 35, 80, 120]) {
      await helpers.time.setNextBlockTimestamp(start + (DURATION * percent) / 100);
      await wallet['release(address)'](address);
      const share = BigInt(Math.min(percent, 100));
      expect(await token.balanceOf(ann)).to.equal((1_000n * ONE * share) / 100n);
    }
    expect(await wallet['releasable(address)'](address)).to.equal(0n);
  });

  it('vests what comes later as if it had been there', async () => {
    const { wallet, token, ann, start } = await helpers.loadFixture(vesting);
    await token.mint(wallet, 1_000n * ONE);
    await helpers.time.setNextBlockTimestamp(start + DURATION / 2);
    await wallet['release(address)'](token);
    expect(await token.balanceOf(ann)).to.equal(1_000n * ONE);
  });

  it('releases nothing before the cliff, and all at once on it', async () => {
    const { cliffed, start } = await helpers.loadFixture(vesting);
    const vested = cliffed['vestedAmount(uint64)'];
    expect(await vested(start + CLIFF - 1)).to.equal(0n);
    expect(await vested(start + CLIFF)).to.equal(2n * ONE);
  });

  it('takes no cliff longer than its duration', async () => {
    const { cliffed, ann, start } = await helpers.loadFixture(vesting);
    await expect(deploy('CliffVesting', ann, start, DURATION, DURATION + 1))
      .to.be.revertedWithCustomError(cliffed, 'InvalidCliffDuration')
      .withArgs(DURATION + 1, DURATION);
  });

  it('pays its new owner once it is handed over', async () => {
    const { wallet, owner, ann, start } = await helpers.loadFixture(vesting);
    await wallet.connect(ann).transferOwnership(owner);
    await helpers.time.increaseTo(start + DURATION);
    const before = await ethers.provider.getBalance(owner);
    await wallet.connect(ann)['release()']();
    expect((await ethers.provider.getBalance(owner)) - before).to.equal(8n * ONE);
  });
});
