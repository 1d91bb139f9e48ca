/** ERC-1155 of OpenZeppelin: single and batched transfers, receivers, supply. */
import { deploy, ethers, expect, helpers } from '../chain.ts';

const { ZeroAddress } = ethers;

async function items() {
  const [owner, ann, bob, eve] = await ethers.getSigners();
  const token = await deploy('Items');
  await token.mintBatch(ann, [1n, 2n, 3n], [10n, 20n, 30n]);
  return { token, owner, ann, bob, eve };
}

describe('ERC1155', () => {
  it('logs what was minted together as one', async () => {
    const { token, owner, bob } = await helpers.loadFixture(items);
    await expect(token.mintBatch(bob, [4n, 5n], [1n, 2n]))
      .to.emit(token, 'TransferBatch')
      .withArgs(owner.address, ZeroAddress, bob.address, [4n, 5n], [1n, 2n]);
  });

  it('answers many balances at once', async () => {
    const { token, ann, bob } = await helpers.loadFixture(items);
    const balances = await token.balanceOfBatch([ann, ann, bob], [1n, 3n, 1n]);
    expect(balances).to.deep.equal([10n, 30n, 0n]);
  });

  it('refuses lists of unequal lengths', async () => {
    const { token, ann } = await helpers.loadFixture(items);
    await expect(token.balanceOfBatch([ann], [1n, 2n]))
      .to.be.revertedWithCustomError(token, 'ERC1155InvalidArrayLength')
      .withArgs(2n, 1n);
  });

  it('transfers one kind', async () => {
    const { token, ann, bob } = await helpers.loadFixture(items);
    await expect(token.connect(ann).safeTransferFrom(ann, bob, 2n, 5n, '0x'))
      .to.emit(token, 'TransferSingle')
      .withArgs(ann.address, ann.address, bob.address, 2n, 5n);
    expect(await token.balanceOf(ann, 2n)).to.equal(15n);
  });

  it('transfers many kinds', async () => {
    const { token, ann, bob } = await helpers.loadFixture(items);
    await token.connect(ann).safeBatchTransferFrom(ann, bob, [1n, 3n], [1n, 3n], '0x');
    const balances = await token.balanceOfBatch([ann, ann, bob, bob], [1n, 3n, 1n, 3n]);
    expect(balances).to.deep.equal([9n, 27n, 1n, 3n]);
  });

  it('transfers all or nothing of a batch', async () => {
    const { token, ann, bob } = await helpers.loadFixture(items);
    await expect(token.connect(ann).safeBatchTransferFrom(ann, bob, [1n, 2n], [1n, 21n], '0x'))
      .to.be.revertedWithCustomError(token, 'ERC1155InsufficientBalance')
      .withArgs(ann.address, 20n, 21n, 2n);
    expect(await token.balanceOf(bob, 1n)).to.equal(0n);
  });

  it('is transferred by approved operators alone', async () => {
    const { token, ann, bob, eve } = await helpers.loadFixture(items);
    await expect(token.connect(eve).safeTransferFrom(ann, eve, 1n, 1n, '0x'))
      .to.be.revertedWithCustomError(token, 'ERC1155MissingApprovalForAll')
      .withArgs(eve.address, ann.address);
    await token.connect(ann).setApprovalForAll(bob, true);
    await token.connect(bob).safeTransferFrom(ann, bob, 1n, 1n, '0x');
    expect(await token.balanceOf(bob, 1n)).to.equal(1n);
  });

  it('is received by a holder that answers', async () => {
    const { token, ann } = await helpers.loadFixture(items);
    const holder = await deploy('ItemHolder');
    await token.connect(ann).safeTransferFrom(ann, holder, 1n, 4n, '0x');
    await token.connect(ann).safeBatchTransferFrom(ann, holder, [2n, 3n], [1n, 1n], '0x');
    expect(await token.balanceOfBatch([holder, holder], [1n, 2n])).to.deep.equal([4n, 1n]);
  });

  it('is not received by a contract that does not answer', async () => {
    const { token, ann } = await helpers.loadFixture(items);
    await expect(token.connect(ann).safeTransferFrom(ann, token, 1n, 1n, '0x'))
      .to.be.revertedWithCustomError(token, 'ERC1155InvalidReceiver')
      .withArgs(await token.getAddress());
  });

  it('is not sent to nobody', async () => {
    const { token, ann } = await helpers.loadFixture(items);
    await expect(token.connect(ann).safeTransferFrom(ann, ZeroAddress, 1n, 1n, '0x'))
      .to.be.revertedWithCustomError(token, 'ERC1155InvalidReceiver')
      .withArgs(ZeroAddress);
  });

  it('counts the supply of each and of all', async () => {
    const { token, ann } = await helpers.loadFixture(items);
    await token.connect(ann).burn(ann, 1n, 10n);
    await token.connect(ann).burnBatch(ann, [2n, 3n], [2n, 3n]);
    expect(await token['totalSupply(uint256)'](1n)).to.equal(0n);
    expect(await token.exists(1n)).to.equal(false);
    expect(await token['totalSupply(uint256)'](2n)).to.equal(18n);
    expect(await token['totalSupply()']()).to.equal(45n);
  });

  it('is burned by who may alone', async () => {
    const { token, ann, eve } = await helpers.loadFixture(items);
    await expect(token.connect(eve).burn(ann, 1n, 1n))
      .to.be.revertedWithCustomError(token, 'ERC1155MissingApprovalForAll')
      .withArgs(eve.address, ann.address);
  });

  it('tells one URI for all', async () => {
    const { token } = await helpers.loadFixture(items);
    expect(await token.uri(77n)).to.equal('https://items/{id}.json');
  });
});
