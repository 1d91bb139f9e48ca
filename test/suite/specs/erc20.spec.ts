/** ERC-20 of OpenZeppelin: transfers, permits, votes, roles, caps, flash loans, wrapping. */
import { type Any, deploy, ethers, expect, helpers, ONE, type Signer } from '../chain.ts';

const { ZeroAddress, MaxUint256 } = ethers;
const SUPPLY = 1_000n * ONE;

async function coin() {
  const [owner, ann, bob, eve] = await ethers.getSigners();
  return { token: await deploy('Coin', SUPPLY), owner, ann, bob, eve };
}

interface PermitFields {
  readonly owner: Signer;
  readonly spender: string;
  readonly value: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
  readonly chainId?: bigint;
}

async function signPermit(token: Any, { owner, chainId, ...fields }: PermitFields) {
  const domain = {
    name: 'Coin',
    version: '1',
    chainId: chainId ?? (await ethers.provider.getNetwork()).chainId,
    verifyingContract: await token.getAddress(),
  };
  const types = {
    Permit: [
      { name: 'owner', type: 'address' },
      { name: 'spender', type: 'address' },
      { name: 'value', type: 'uint256' },
      { name: 'nonce', type: 'uint256' },
      { name: 'deadline', type: 'uint256' },
    ],
  };
  const signature = await owner.signTypedData(domain, types, { owner: owner.address, ...fields });
  return ethers.Signature.from(signature);
}

describe('ERC20', () => {
  it('names itself and its units', async () => {
    const { token } = await helpers.loadFixture(coin);
    expect(await token.name()).to.equal('Coin');
    expect(await token.symbol()).to.equal('COIN');
    expect(await token.decimals()).to.equal(18n);
  });

  it('gives the supply to its creator', async () => {
    const { token, owner } = await helpers.loadFixture(coin);
    expect(await token.totalSupply()).to.equal(SUPPLY);
    expect(await token.balanceOf(owner)).to.equal(SUPPLY);
  });

  it('logs the first minting as a transfer from nobody', async () => {
    const { token, owner } = await helpers.loadFixture(coin);
    const sent = token.deploymentTransaction();
    await expect(sent).to.emit(token, 'Transfer').withArgs(ZeroAddress, owner.address, SUPPLY);
  });

  for (const amount of [0n, 1n, ONE, SUPPLY]) {
    it(`transfers ${amount}`, async () => {
      const { token, owner, ann } = await helpers.loadFixture(coin);
      await expect(token.transfer(ann, amount))
        .to.emit(token, 'Transfer')
        .withArgs(owner.address, ann.address, amount);
      expect(await token.balanceOf(owner)).to.equal(SUPPLY - amount);
      expect(await token.balanceOf(ann)).to.equal(amount);
    });
  }

  it('transfers to oneself and changes nothing', async () => {
    const { token, owner } = await helpers.loadFixture(coin);
    await token.transfer(owner, ONE);
    expect(await token.balanceOf(owner)).to.equal(SUPPLY);
  });

  it('refuses more than the balance', async () => {
    const { token, ann, bob } = await helpers.loadFixture(coin);
    await token.transfer(ann, 5n);
    await expect(token.connect(ann).transfer(bob, 6n))
      .to.be.revertedWithCustomError(token, 'ERC20InsufficientBalance')
      .withArgs(ann.address, 5n, 6n);
  });

  it('refuses to transfer to nobody', async () => {
    const { token } = await helpers.loadFixture(coin);
    await expect(token.transfer(ZeroAddress, 1n))
      .to.be.revertedWithCustomError(token, 'ERC20InvalidReceiver')
      .withArgs(ZeroAddress);
  });

  it('lets a spender spend what was allowed, and counts it down', async () => {
    const { token, owner, ann, bob } = await helpers.loadFixture(coin);
    await expect(token.approve(ann, 10n))
      .to.emit(token, 'Approval')
      .withArgs(owner.address, ann.address, 10n);
    await token.connect(ann).transferFrom(owner, bob, 4n);
    expect(await token.allowance(owner, ann)).to.equal(6n);
    expect(await token.balanceOf(bob)).to.equal(4n);
  });

  it('refuses to spend more than was allowed', async () => {
    const { token, owner, ann, bob } = await helpers.loadFixture(coin);
    await token.approve(ann, 10n);
    await expect(token.connect(ann).transferFrom(owner, bob, 11n))
      .to.be.revertedWithCustomError(token, 'ERC20InsufficientAllowance')
      .withArgs(ann.address, 10n, 11n);
  });

  it('does not count down an allowance without end', async () => {
    const { token, owner, ann, bob } = await helpers.loadFixture(coin);
    await token.approve(ann, MaxUint256);
    await token.connect(ann).transferFrom(owner, bob, ONE);
    expect(await token.allowance(owner, ann)).to.equal(MaxUint256);
  });

  it('refuses to allow nobody', async () => {
    const { token } = await helpers.loadFixture(coin);
    await expect(token.approve(ZeroAddress, 1n))
      .to.be.revertedWithCustomError(token, 'ERC20InvalidSpender')
      .withArgs(ZeroAddress);
  });

  it('burns one’s own', async () => {
    const { token, owner } = await helpers.loadFixture(coin);
    await expect(token.burn(ONE))
      .to.emit(token, 'Transfer')
      .withArgs(owner.address, ZeroAddress, ONE);
    expect(await token.totalSupply()).to.equal(SUPPLY - ONE);
  });

  it('burns another’s by allowance only', async () => {
    const { token, owner, ann } = await helpers.loadFixture(coin);
    await token.approve(ann, 3n);
    await token.connect(ann).burnFrom(owner, 3n);
    expect(await token.totalSupply()).to.equal(SUPPLY - 3n);
    await expect(token.connect(ann).burnFrom(owner, 1n))
      .to.be.revertedWithCustomError(token, 'ERC20InsufficientAllowance')
      .withArgs(ann.address, 0n, 1n);
  });

  it('keeps the sum of balances over many transfers', async () => {
    const { token } = await helpers.loadFixture(coin);
    const signers = (await ethers.getSigners()).slice(0, 5);
    for (const [i, to] of signers.entries()) await token.transfer(to, BigInt(i + 1) * ONE);
    for (const [i, from] of signers.slice(1).entries()) {
      await token.connect(from).transfer(signers[i] as Signer, ONE / 2n);
    }
    const balances: bigint[] = await Promise.all(signers.map((each) => token.balanceOf(each)));
    expect(balances.reduce((sum, each) => sum + each, 0n)).to.equal(SUPPLY);
  });
});

describe('ERC20 roles and pauses', () => {
  it('mints by the minter alone', async () => {
    const { token, ann, bob } = await helpers.loadFixture(coin);
    const role = await token.MINTER();
    await expect(token.connect(ann).mint(bob, 1n))
      .to.be.revertedWithCustomError(token, 'AccessControlUnauthorizedAccount')
      .withArgs(ann.address, role);
    await token.grantRole(role, ann);
    await token.connect(ann).mint(bob, 1n);
    expect(await token.balanceOf(bob)).to.equal(1n);
  });

  it('stops all transfers while paused', async () => {
    const { token, owner, ann } = await helpers.loadFixture(coin);
    await token.grantRole(await token.PAUSER(), ann);
    await expect(token.connect(ann).pause()).to.emit(token, 'Paused').withArgs(ann.address);
    await expect(token.transfer(ann, 1n)).to.be.revertedWithCustomError(token, 'EnforcedPause');
    await expect(token.burn(1n)).to.be.revertedWithCustomError(token, 'EnforcedPause');
    await token.connect(ann).unpause();
    await token.transfer(ann, 1n);
    expect(await token.balanceOf(owner)).to.equal(SUPPLY - 1n);
  });

  it('does not pause twice', async () => {
    const { token, owner } = await helpers.loadFixture(coin);
    await token.grantRole(await token.PAUSER(), owner);
    await token.pause();
    await expect(token.pause()).to.be.revertedWithCustomError(token, 'EnforcedPause');
    await token.unpause();
    await expect(token.unpause()).to.be.revertedWithCustomError(token, 'ExpectedPause');
  });
});

describe('ERC20 permit', () => {
  async function permitted() {
    const all = await coin();
    const deadline = BigInt(await helpers.time.latest()) + 1_000n;
    const fields = { owner: all.owner, spender: all.ann.address, value: 7n, nonce: 0n, deadline };
    return { ...all, fields, deadline };
  }

  it('allows by signature, and counts the nonce up', async () => {
    const { token, owner, ann, bob, fields } = await helpers.loadFixture(permitted);
    const { v, r, s } = await signPermit(token, fields);
    await expect(token.connect(bob).permit(owner, ann, 7n, fields.deadline, v, r, s))
      .to.emit(token, 'Approval')
      .withArgs(owner.address, ann.address, 7n);
    expect(await token.allowance(owner, ann)).to.equal(7n);
    expect(await token.nonces(owner)).to.equal(1n);
  });

  it('does not take one signature twice', async () => {
    const { token, owner, ann, fields, deadline } = await helpers.loadFixture(permitted);
    const { v, r, s } = await signPermit(token, fields);
    await token.permit(owner, ann, 7n, deadline, v, r, s);
    await expect(token.permit(owner, ann, 7n, deadline, v, r, s)).to.be.revertedWithCustomError(
      token,
      'ERC2612InvalidSigner',
    );
  });

  it('refuses another’s signature and says whose it was', async () => {
    const { token, owner, ann, eve, fields, deadline } = await helpers.loadFixture(permitted);
    const domain = await token.eip712Domain();
    expect(domain.name).to.equal('Coin');
    const { v, r, s } = await signPermit(token, { ...fields, owner: eve });
    await expect(token.permit(owner, ann, 7n, deadline, v, r, s)).to.be.revertedWithCustomError(
      token,
      'ERC2612InvalidSigner',
    );
  });

  it('refuses a signature for another chain', async () => {
    const { token, owner, ann, fields, deadline } = await helpers.loadFixture(permitted);
    const { v, r, s } = await signPermit(token, { ...fields, chainId: 1n });
    await expect(token.permit(owner, ann, 7n, deadline, v, r, s)).to.be.revertedWithCustomError(
      token,
      'ERC2612InvalidSigner',
    );
  });

  it('refuses after the deadline', async () => {
    const { token, owner, ann, fields, deadline } = await helpers.loadFixture(permitted);
    const { v, r, s } = await signPermit(token, fields);
    await helpers.time.increaseTo(Number(deadline) + 1);
    await expect(token.permit(owner, ann, 7n, deadline, v, r, s))
      .to.be.revertedWithCustomError(token, 'ERC2612ExpiredSignature')
      .withArgs(deadline);
  });

  it('separates by the domain that ethers hashes', async () => {
    const { token } = await helpers.loadFixture(permitted);
    const { chainId } = await ethers.provider.getNetwork();
    const verifyingContract = await token.getAddress();
    const domain = { name: 'Coin', version: '1', chainId, verifyingContract };
    const hash = ethers.TypedDataEncoder.hashDomain(domain);
    expect(await token.DOMAIN_SEPARATOR()).to.equal(hash);
  });
});

describe('ERC20 votes', () => {
  it('counts no votes before they are delegated', async () => {
    const { token, owner } = await helpers.loadFixture(coin);
    expect(await token.getVotes(owner)).to.equal(0n);
  });

  it('delegates to oneself', async () => {
    const { token, owner } = await helpers.loadFixture(coin);
    await expect(token.delegate(owner))
      .to.emit(token, 'DelegateChanged')
      .withArgs(owner.address, ZeroAddress, owner.address)
      .and.to.emit(token, 'DelegateVotesChanged')
      .withArgs(owner.address, 0n, SUPPLY);
    expect(await token.getVotes(owner)).to.equal(SUPPLY);
  });

  it('moves votes with the tokens', async () => {
    const { token, owner, ann, bob } = await helpers.loadFixture(coin);
    await token.delegate(owner);
    await token.connect(ann).delegate(bob);
    await token.transfer(ann, 3n * ONE);
    expect(await token.getVotes(owner)).to.equal(SUPPLY - 3n * ONE);
    expect(await token.getVotes(bob)).to.equal(3n * ONE);
    expect(await token.getVotes(ann)).to.equal(0n);
  });

  it('remembers what votes were at each block', async () => {
    const { token, owner, ann } = await helpers.loadFixture(coin);
    await token.delegate(owner);
    const before = await helpers.time.latestBlock();
    await helpers.mine(3);
    await token.transfer(ann, ONE);
    const after = await helpers.time.latestBlock();
    await helpers.mine();
    expect(await token.getPastVotes(owner, before)).to.equal(SUPPLY);
    expect(await token.getPastVotes(owner, after - 1)).to.equal(SUPPLY);
    expect(await token.getPastVotes(owner, after)).to.equal(SUPPLY - ONE);
    expect(await token.numCheckpoints(owner)).to.equal(2n);
  });

  it('does not tell of a block to come', async () => {
    const { token, owner } = await helpers.loadFixture(coin);
    const next = (await helpers.time.latestBlock()) + 10;
    await expect(token.getPastVotes(owner, next)).to.be.revertedWithCustomError(
      token,
      'ERC5805FutureLookup',
    );
  });

  it('delegates by signature', async () => {
    const { token, owner, ann, bob } = await helpers.loadFixture(coin);
    const expiry = (await helpers.time.latest()) + 1_000;
    const { chainId } = await ethers.provider.getNetwork();
    const domain = {
      ...{ name: 'Coin', version: '1', chainId },
      verifyingContract: await token.getAddress(),
    };
    const Delegation = ['address delegatee', 'uint256 nonce', 'uint256 expiry'].map((field) => {
      const [type = '', name = ''] = field.split(' ');
      return { type, name };
    });
    const message = { delegatee: ann.address, nonce: 0n, expiry };
    const signature = await owner.signTypedData(domain, { Delegation }, message);
    const { v, r, s } = ethers.Signature.from(signature);
    await token.connect(bob).delegateBySig(ann, 0n, expiry, v, r, s);
    expect(await token.delegates(owner)).to.equal(ann.address);
    await expect(token.delegateBySig(ann, 0n, expiry, v, r, s))
      .to.be.revertedWithCustomError(token, 'InvalidAccountNonce')
      .withArgs(owner.address, 1n);
  });

  it('keeps the total supply of the past', async () => {
    const { token } = await helpers.loadFixture(coin);
    const before = await helpers.time.latestBlock();
    await token.burn(ONE);
    await helpers.mine();
    expect(await token.getPastTotalSupply(before)).to.equal(SUPPLY);
    expect(await token.getPastTotalSupply(before + 1)).to.equal(SUPPLY - ONE);
  });
});

describe('ERC20 caps, flash loans, wrapping', () => {
  async function capped() {
    const [owner, ann] = await ethers.getSigners();
    const token = await deploy('CappedCoin', 100n);
    return { token, owner, ann, address: await token.getAddress() };
  }

  it('mints up to the cap', async () => {
    const { token, ann } = await helpers.loadFixture(capped);
    await token.mint(ann, 100n);
    await expect(token.mint(ann, 1n))
      .to.be.revertedWithCustomError(token, 'ERC20ExceededCap')
      .withArgs(101n, 100n);
  });

  it('takes no cap of nothing', async () => {
    const { token } = await helpers.loadFixture(capped);
    await expect(deploy('CappedCoin', 0n))
      .to.be.revertedWithCustomError(token, 'ERC20InvalidCap')
      .withArgs(0n);
  });

  it('lends what is minted for the loan alone', async () => {
    const { token, address } = await helpers.loadFixture(capped);
    const borrower = await deploy('Borrower', true, true);
    await expect(token.flashLoan(borrower, address, 40n, '0x'))
      .to.emit(borrower, 'Borrowed')
      .withArgs(40n, 40n);
    expect(await token.totalSupply()).to.equal(0n);
  });

  it('does not lend to who does not allow the paying back', async () => {
    const { token, address } = await helpers.loadFixture(capped);
    const borrower = await deploy('Borrower', true, false);
    await expect(token.flashLoan(borrower, address, 40n, '0x')).to.be.revertedWithCustomError(
      token,
      'ERC20InsufficientAllowance',
    );
  });

  it('does not lend to who answers something else', async () => {
    const { token, address } = await helpers.loadFixture(capped);
    const borrower = await deploy('Borrower', false, true);
    await expect(token.flashLoan(borrower, address, 40n, '0x'))
      .to.be.revertedWithCustomError(token, 'ERC3156InvalidReceiver')
      .withArgs(await borrower.getAddress());
  });

  it('wraps and unwraps one for one', async () => {
    const { token, owner, ann } = await helpers.loadFixture(capped);
    await token.mint(owner, 50n);
    const wrapped = await deploy('WrappedCoin', token);
    await token.approve(wrapped, 50n);
    await wrapped.depositFor(ann, 30n);
    expect(await wrapped.balanceOf(ann)).to.equal(30n);
    await wrapped.connect(ann).withdrawTo(owner, 10n);
    expect(await token.balanceOf(owner)).to.equal(30n);
    expect(await wrapped.totalSupply()).to.equal(await token.balanceOf(wrapped));
  });
});
