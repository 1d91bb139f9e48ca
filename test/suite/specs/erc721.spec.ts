/** ERC-721 of OpenZeppelin: ownership, approvals, receivers that refuse, enumeration, royalties. */
import { deploy, ethers, expect, helpers } from '../chain.ts';

const { ZeroAddress } = ethers;
const MODES = { Accepts: 0, AnswersWrong: 1, Reason: 2, NoReason: 3, Panics: 4 };
const SAFE = 'safeTransferFrom(address,address,uint256)';
const SAFE_WITH_DATA = 'safeTransferFrom(address,address,uint256,bytes)';

async function art() {
  const [owner, ann, bob, eve] = await ethers.getSigners();
  const token = await deploy('Art');
  for (const id of [1n, 2n, 3n]) await token.mint(ann, id);
  return { token, owner, ann, bob, eve };
}

describe('ERC721', () => {
  it('knows owners and balances', async () => {
    const { token, ann, bob } = await helpers.loadFixture(art);
    expect(await token.ownerOf(2n)).to.equal(ann.address);
    expect(await token.balanceOf(ann)).to.equal(3n);
    expect(await token.balanceOf(bob)).to.equal(0n);
  });

  it('has no owner of what was not minted', async () => {
    const { token } = await helpers.loadFixture(art);
    await expect(token.ownerOf(9n))
      .to.be.revertedWithCustomError(token, 'ERC721NonexistentToken')
      .withArgs(9n);
  });

  it('has no balance of nobody', async () => {
    const { token } = await helpers.loadFixture(art);
    await expect(token.balanceOf(ZeroAddress))
      .to.be.revertedWithCustomError(token, 'ERC721InvalidOwner')
      .withArgs(ZeroAddress);
  });

  it('tells a URI by the identifier', async () => {
    const { token } = await helpers.loadFixture(art);
    expect(await token.tokenURI(3n)).to.equal('ipfs://art/3');
    await expect(token.tokenURI(4n)).to.be.revertedWithCustomError(token, 'ERC721NonexistentToken');
  });

  it('is minted by its owner alone', async () => {
    const { token, eve } = await helpers.loadFixture(art);
    await expect(token.connect(eve).mint(eve, 7n))
      .to.be.revertedWithCustomError(token, 'OwnableUnauthorizedAccount')
      .withArgs(eve.address);
  });

  it('is minted once', async () => {
    const { token, bob } = await helpers.loadFixture(art);
    await expect(token.mint(bob, 1n))
      .to.be.revertedWithCustomError(token, 'ERC721InvalidSender')
      .withArgs(ZeroAddress);
  });

  it('is transferred by its owner', async () => {
    const { token, ann, bob } = await helpers.loadFixture(art);
    await expect(token.connect(ann).transferFrom(ann, bob, 1n))
      .to.emit(token, 'Transfer')
      .withArgs(ann.address, bob.address, 1n);
    expect(await token.ownerOf(1n)).to.equal(bob.address);
  });

  it('is not transferred by another', async () => {
    const { token, ann, eve } = await helpers.loadFixture(art);
    await expect(token.connect(eve).transferFrom(ann, eve, 1n))
      .to.be.revertedWithCustomError(token, 'ERC721InsufficientApproval')
      .withArgs(eve.address, 1n);
  });

  it('is not transferred from who does not have it', async () => {
    const { token, ann, bob, eve } = await helpers.loadFixture(art);
    await expect(token.connect(ann).transferFrom(bob, eve, 1n))
      .to.be.revertedWithCustomError(token, 'ERC721IncorrectOwner')
      .withArgs(bob.address, 1n, ann.address);
  });

  it('is not transferred to nobody', async () => {
    const { token, ann } = await helpers.loadFixture(art);
    await expect(token.connect(ann).transferFrom(ann, ZeroAddress, 1n))
      .to.be.revertedWithCustomError(token, 'ERC721InvalidReceiver')
      .withArgs(ZeroAddress);
  });

  it('is transferred by who was approved, whose approval ends with it', async () => {
    const { token, ann, bob, eve } = await helpers.loadFixture(art);
    await expect(token.connect(ann).approve(bob, 1n))
      .to.emit(token, 'Approval')
      .withArgs(ann.address, bob.address, 1n);
    await token.connect(bob).transferFrom(ann, eve, 1n);
    expect(await token.getApproved(1n)).to.equal(ZeroAddress);
    await expect(token.connect(bob).transferFrom(eve, bob, 1n)).to.be.revertedWithCustomError(
      token,
      'ERC721InsufficientApproval',
    );
  });

  it('is approved by its owner or an operator alone', async () => {
    const { token, bob, eve } = await helpers.loadFixture(art);
    await expect(token.connect(eve).approve(bob, 1n))
      .to.be.revertedWithCustomError(token, 'ERC721InvalidApprover')
      .withArgs(eve.address);
  });

  it('lets an operator move all, until it is one no more', async () => {
    const { token, ann, bob } = await helpers.loadFixture(art);
    await expect(token.connect(ann).setApprovalForAll(bob, true))
      .to.emit(token, 'ApprovalForAll')
      .withArgs(ann.address, bob.address, true);
    await token.connect(bob).transferFrom(ann, bob, 1n);
    await token.connect(bob).transferFrom(ann, bob, 2n);
    await token.connect(ann).setApprovalForAll(bob, false);
    await expect(token.connect(bob).transferFrom(ann, bob, 3n)).to.be.revertedWithCustomError(
      token,
      'ERC721InsufficientApproval',
    );
  });

  it('takes no operator that is nobody', async () => {
    const { token, ann } = await helpers.loadFixture(art);
    await expect(token.connect(ann).setApprovalForAll(ZeroAddress, true))
      .to.be.revertedWithCustomError(token, 'ERC721InvalidOperator')
      .withArgs(ZeroAddress);
  });

  it('is burned', async () => {
    const { token, ann } = await helpers.loadFixture(art);
    await token.connect(ann).burn(2n);
    await expect(token.ownerOf(2n)).to.be.revertedWithCustomError(token, 'ERC721NonexistentToken');
    expect(await token.totalSupply()).to.equal(2n);
  });
});

describe('ERC721 receivers', () => {
  it('tells a receiver who, from whom, what, with which data', async () => {
    const { token, ann } = await helpers.loadFixture(art);
    const receiver = await deploy('Receiver', MODES.Accepts);
    await expect(token.connect(ann)[SAFE_WITH_DATA](ann, receiver, 1n, '0xc0ffee'))
      .to.emit(receiver, 'Received')
      .withArgs(ann.address, ann.address, 1n, '0xc0ffee');
    expect(await token.ownerOf(1n)).to.equal(await receiver.getAddress());
  });

  for (const [mode, name] of [
    ['AnswersWrong', 'answers wrongly'],
    ['NoReason', 'reverts without a reason'],
  ] as const) {
    it(`refuses a receiver that ${name}`, async () => {
      const { token, ann } = await helpers.loadFixture(art);
      const receiver = await deploy('Receiver', MODES[mode]);
      await expect(token.connect(ann)[SAFE](ann, receiver, 1n))
        .to.be.revertedWithCustomError(token, 'ERC721InvalidReceiver')
        .withArgs(await receiver.getAddress());
    });
  }

  it('passes on the reason of a receiver', async () => {
    const { token, ann } = await helpers.loadFixture(art);
    const receiver = await deploy('Receiver', MODES.Reason);
    await expect(token.connect(ann)[SAFE](ann, receiver, 1n)).to.be.revertedWith('no art today');
  });

  it('passes on the panic of a receiver', async () => {
    const { token, ann } = await helpers.loadFixture(art);
    const receiver = await deploy('Receiver', MODES.Panics);
    await expect(token.connect(ann)[SAFE](ann, receiver, 1n)).to.be.revertedWithPanic(0x01);
  });

  it('refuses a contract that knows nothing of tokens', async () => {
    const { token, ann } = await helpers.loadFixture(art);
    await expect(token.connect(ann)[SAFE](ann, token, 1n))
      .to.be.revertedWithCustomError(token, 'ERC721InvalidReceiver')
      .withArgs(await token.getAddress());
  });

  it('sends unsafely to any contract', async () => {
    const { token, ann } = await helpers.loadFixture(art);
    await token.connect(ann).transferFrom(ann, token, 1n);
    expect(await token.ownerOf(1n)).to.equal(await token.getAddress());
  });
});

describe('ERC721 enumeration, royalties, interfaces', () => {
  it('enumerates all, and those of an owner', async () => {
    const { token, ann, bob } = await helpers.loadFixture(art);
    await token.connect(ann).transferFrom(ann, bob, 1n);
    expect(await token.tokenOfOwnerByIndex(bob, 0n)).to.equal(1n);
    // The last takes the place of what left.
    expect(await token.tokenOfOwnerByIndex(ann, 0n)).to.equal(3n);
    expect(await token.tokenOfOwnerByIndex(ann, 1n)).to.equal(2n);
    expect(await token.tokenByIndex(0n)).to.equal(1n);
  });

  it('has no token past the last', async () => {
    const { token, ann } = await helpers.loadFixture(art);
    await expect(token.tokenOfOwnerByIndex(ann, 3n))
      .to.be.revertedWithCustomError(token, 'ERC721OutOfBoundsIndex')
      .withArgs(ann.address, 3n);
  });

  it('reckons royalties from the price', async () => {
    const { token, eve } = await helpers.loadFixture(art);
    await token.setRoyalty(eve, 250n);
    expect(await token.royaltyInfo(1n, 10_001n)).to.deep.equal([eve.address, 250n]);
  });

  it('takes no royalty above the price', async () => {
    const { token, eve } = await helpers.loadFixture(art);
    await expect(token.setRoyalty(eve, 10_001n))
      .to.be.revertedWithCustomError(token, 'ERC2981InvalidDefaultRoyalty')
      .withArgs(10_001n, 10_000n);
  });

  for (const [name, id, has] of [
    ['ERC-165', '0x01ffc9a7', true],
    ['ERC-721', '0x80ac58cd', true],
    ['its metadata', '0x5b5e139f', true],
    ['its enumeration', '0x780e9d63', true],
    ['ERC-2981', '0x2a55205a', true],
    ['ERC-1155', '0xd9b67a26', false],
    ['none', '0xffffffff', false],
  ] as const) {
    it(`says ${has ? 'yes' : 'no'} to ${name}`, async () => {
      const { token } = await helpers.loadFixture(art);
      expect(await token.supportsInterface(id)).to.equal(has);
    });
  }
});
