/** What tests ask of a node itself: time, mining, snapshots, other people's accounts, any state. */
import {
  artifactOf,
  at,
  deploy,
  ethers,
  expect,
  failureOf,
  helpers,
  miningByHand,
  ONE,
  request,
} from '../chain.ts';

const NOBODY = ethers.getAddress(ethers.toBeHex(0xa11cen, 20));
const MINER = ethers.getAddress(ethers.toBeHex(0x1111n, 20));

async function coin() {
  const [owner, ann] = await ethers.getSigners();
  return { token: await deploy('Coin', 1_000n * ONE), owner, ann };
}

describe('time and blocks', () => {
  it('mines as many blocks as it is told, as far apart', async () => {
    const [block, time] = [await helpers.time.latestBlock(), await helpers.time.latest()];
    await helpers.mine(100, { interval: 12 });
    expect(await helpers.time.latestBlock()).to.equal(block + 100);
    // The first may be as late as the clock says.
    expect((await helpers.time.latest()) - time >= 99 * 12).to.equal(true);
    const [last, before] = [
      await ethers.provider.getBlock(block + 100),
      await ethers.provider.getBlock(block + 99),
    ];
    expect((last?.timestamp ?? 0) - (before?.timestamp ?? 0)).to.equal(12);
    expect(last?.parentHash).to.equal(before?.hash);
  });

  it('mines up to a block', async () => {
    const target = (await helpers.time.latestBlock()) + 1_000;
    await helpers.mineUpTo(target);
    expect(await helpers.time.latestBlock()).to.equal(target);
  });

  it('goes forward in time', async () => {
    const before = await helpers.time.latest();
    await helpers.time.increase(86_400);
    expect((await helpers.time.latest()) - before).to.equal(86_400);
  });

  it('gives the next block a time, and goes on from there', async () => {
    const { token, ann } = await helpers.loadFixture(coin);
    const time = (await helpers.time.latest()) + 5_000;
    await helpers.time.setNextBlockTimestamp(time);
    await token.transfer(ann, 1n);
    expect(await helpers.time.latest()).to.equal(time);
    await token.transfer(ann, 1n);
    expect((await helpers.time.latest()) - time < 60).to.equal(true);
  });

  it('does not go back in time', async () => {
    const time = await helpers.time.latest();
    expect(await failureOf(helpers.time.setNextBlockTimestamp(time - 1))).to.be.instanceOf(Error);
  });

  it('mines by hand where it is told so', async () => {
    const { token, ann } = await helpers.loadFixture(coin);
    await miningByHand(async () => {
      const sent = [await token.transfer(ann, 1n), await token.transfer(ann, 2n)];
      expect(await token.balanceOf(ann)).to.equal(0n);
      await helpers.mine();
      const receipts = await Promise.all(sent.map((each) => each.wait()));
      expect(receipts.map(({ index }) => index)).to.deep.equal([0, 1]);
      expect(receipts[0].blockHash).to.equal(receipts[1].blockHash);
    });
    expect(await token.balanceOf(ann)).to.equal(3n);
  });

  it('gives the next block its base fee', async () => {
    const { token, ann } = await helpers.loadFixture(coin);
    await helpers.setNextBlockBaseFeePerGas(7_000_000_000n);
    await token.transfer(ann, 1n, { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n });
    const block = await ethers.provider.getBlock('latest');
    expect(block?.baseFeePerGas).to.equal(7_000_000_000n);
  });

  it('gives the next block its miner', async () => {
    await helpers.setCoinbase(MINER);
    await helpers.mine();
    const block = await request('eth_getBlockByNumber', ['latest', false]);
    expect(ethers.getAddress(block.miner)).to.equal(MINER);
  });
});

describe('snapshots', () => {
  it('goes back to all that was', async () => {
    const { token, owner, ann } = await helpers.loadFixture(coin);
    const block = await helpers.time.latestBlock();
    const nonce = await ethers.provider.getTransactionCount(owner);
    const snapshot = await helpers.takeSnapshot();
    const sent = await token.transfer(ann, ONE);
    await helpers.mine(5);
    await snapshot.restore();
    expect(await token.balanceOf(ann)).to.equal(0n);
    expect(await helpers.time.latestBlock()).to.equal(block);
    expect(await ethers.provider.getTransactionCount(owner)).to.equal(nonce);
    expect(await ethers.provider.getTransactionReceipt(sent.hash)).to.equal(null);
  });

  it('goes back to one twice', async () => {
    const { token, ann } = await helpers.loadFixture(coin);
    const snapshot = await helpers.takeSnapshot();
    for (const amount of [1n, 2n]) {
      await token.transfer(ann, amount);
      expect(await token.balanceOf(ann)).to.equal(amount);
      await snapshot.restore();
    }
    expect(await token.balanceOf(ann)).to.equal(0n);
  });

  it('goes back over others that came later', async () => {
    const { token, ann } = await helpers.loadFixture(coin);
    const first = await helpers.takeSnapshot();
    await token.transfer(ann, 1n);
    const second = await helpers.takeSnapshot();
    await token.transfer(ann, 1n);
    await second.restore();
    expect(await token.balanceOf(ann)).to.equal(1n);
    await first.restore();
    expect(await token.balanceOf(ann)).to.equal(0n);
    expect(await failureOf(second.restore())).to.be.instanceOf(Error);
  });
});

describe('accounts and state', () => {
  it('acts as another', async () => {
    const { token, owner } = await helpers.loadFixture(coin);
    await helpers.setBalance(NOBODY, ONE);
    await token.transfer(NOBODY, 5n);
    const nobody = await ethers.getImpersonatedSigner(NOBODY);
    await token.connect(nobody).transfer(owner, 2n);
    expect(await token.balanceOf(NOBODY)).to.equal(3n);
    await helpers.stopImpersonatingAccount(NOBODY);
    expect(await failureOf(token.connect(nobody).transfer(owner, 1n))).to.be.instanceOf(Error);
  });

  it('acts as a contract', async () => {
    const { token } = await helpers.loadFixture(coin);
    const address = await token.getAddress();
    await helpers.setBalance(address, ONE);
    const contract = await ethers.getImpersonatedSigner(address);
    await contract.sendTransaction({ to: NOBODY, value: 5n });
    expect(await ethers.provider.getBalance(NOBODY)).to.equal(5n);
  });

  it('sets a balance', async () => {
    await helpers.setBalance(NOBODY, 123n);
    expect(await ethers.provider.getBalance(NOBODY)).to.equal(123n);
  });

  it('sets a slot of storage', async () => {
    const { token } = await helpers.loadFixture(coin);
    // Balances of OpenZeppelin's ERC-20 stand in the first slot's mapping.
    const coder = ethers.AbiCoder.defaultAbiCoder();
    const slot = ethers.keccak256(coder.encode(['address', 'uint256'], [NOBODY, 0n]));
    await helpers.setStorageAt(await token.getAddress(), slot, 999n);
    expect(await token.balanceOf(NOBODY)).to.equal(999n);
    expect(BigInt(await helpers.getStorageAt(await token.getAddress(), slot))).to.equal(999n);
  });

  it('sets code', async () => {
    const made = await deploy('Libraries');
    await helpers.setCode(NOBODY, await ethers.provider.getCode(made));
    expect(await (await at('Libraries', NOBODY)).sqrt(81n)).to.equal(9n);
  });

  it('sets a nonce, from which addresses follow', async () => {
    const { ann } = await helpers.loadFixture(coin);
    await helpers.setNonce(ann.address, 500);
    const { abi, bytecode } = artifactOf('OpenTill');
    const made = await new ethers.ContractFactory(abi, bytecode, ann).deploy();
    const from = ann.address;
    expect(await made.getAddress()).to.equal(ethers.getCreateAddress({ from, nonce: 500 }));
  });
});

describe('transactions', () => {
  it('takes them of each type', async () => {
    const [owner, ann] = await ethers.getSigners();
    const gasPrice = 10n ** 11n;
    const fees = { maxFeePerGas: gasPrice, maxPriorityFeePerGas: 1n };
    for (const { type, ...options } of [
      { type: 0, gasPrice },
      { type: 1, gasPrice, accessList: { [ann.address]: [ethers.ZeroHash] } },
      { type: 2, ...fees },
    ]) {
      const sent = await owner.sendTransaction({ to: ann.address, value: 1n, type, ...options });
      const receipt = await sent.wait();
      expect(receipt?.type).to.equal(type);
      expect(receipt?.status).to.equal(1);
    }
  });

  it('takes one that was signed elsewhere', async () => {
    const wallet = new ethers.Wallet(ethers.id('elsewhere'), ethers.provider);
    await helpers.setBalance(wallet.address, ONE);
    const sent = await wallet.sendTransaction({ to: NOBODY, value: 42n });
    expect((await sent.wait())?.from).to.equal(wallet.address);
  });

  it('takes ether and a fee from who sends', async () => {
    const [owner] = await ethers.getSigners();
    const before = await ethers.provider.getBalance(owner);
    const receipt = await (await owner.sendTransaction({ to: NOBODY, value: ONE })).wait();
    const fee = (receipt?.gasUsed ?? 0n) * (receipt?.gasPrice ?? 0n);
    expect(receipt?.gasUsed).to.equal(21_000n);
    expect(before - (await ethers.provider.getBalance(owner))).to.equal(ONE + fee);
  });

  it('refuses one that cannot be paid', async () => {
    const wallet = new ethers.Wallet(ethers.id('poor'), ethers.provider);
    expect(await failureOf(wallet.sendTransaction({ to: NOBODY, value: ONE }))).to.be.instanceOf(
      Error,
    );
  });

  it('keeps a failed one in the chain, with its gas', async () => {
    const { token, ann } = await helpers.loadFixture(coin);
    const data = token.interface.encodeFunctionData('mint', [ann.address, 1n]);
    const to = await token.getAddress();
    let hash = '';
    await miningByHand(async () => {
      ({ hash } = await ann.sendTransaction({ to, data, gasLimit: 100_000n }));
      await helpers.mine();
    });
    const receipt = await ethers.provider.getTransactionReceipt(hash);
    expect(receipt?.status).to.equal(0);
    expect((receipt?.gasUsed ?? 0n) > 21_000n).to.equal(true);
    expect(receipt?.logs.length).to.equal(0);
  });

  it('finds logs by topics, over blocks', async () => {
    const { token, owner, ann } = await helpers.loadFixture(coin);
    const from = await helpers.time.latestBlock();
    for (const amount of [1n, 2n, 3n]) await token.transfer(ann, amount);
    await token.connect(ann).transfer(owner, 6n);
    const toAnn = await token.queryFilter(token.filters.Transfer(null, ann), from + 1);
    expect(toAnn.map(({ args }: { args: { value: bigint } }) => args.value)).to.deep.equal([
      1n,
      2n,
      3n,
    ]);
    expect((await token.queryFilter(token.filters.Transfer(), from + 1)).length).to.equal(4);
  });

  it('estimates gas that suffices', async () => {
    const { token, owner } = await helpers.loadFixture(coin);
    const gasLimit = await token.delegate.estimateGas(owner);
    const receipt = await (await token.delegate(owner, { gasLimit })).wait();
    expect(receipt.status).to.equal(1);
    expect(receipt.gasUsed <= gasLimit).to.equal(true);
  });

  it('calls at a block of the past', async () => {
    const { token, ann } = await helpers.loadFixture(coin);
    const blockTag = await helpers.time.latestBlock();
    await token.transfer(ann, 5n);
    expect(await token.balanceOf(ann, { blockTag })).to.equal(0n);
    expect(await token.balanceOf(ann, { blockTag: 'latest' })).to.equal(5n);
  });
});
