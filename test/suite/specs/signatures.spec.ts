/** Signatures, hashes, proofs: what a contract makes of what ethers signed. */
import { deploy, ethers, expect, helpers } from '../chain.ts';

const { keccak256, concat, getBytes, id } = ethers;
const ORDER_OF_CURVE = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const FAULT = { None: 0n, InvalidSignature: 1n, InvalidLength: 2n, InvalidS: 3n };

async function signatures() {
  const [owner, ann] = await ethers.getSigners();
  const contract = await deploy('Signatures');
  const key = new ethers.SigningKey(id('a key'));
  const digest = id('a digest');
  return { contract, owner, ann, key, digest, address: ethers.computeAddress(key) };
}

describe('ECDSA', () => {
  it('recovers who signed a digest', async () => {
    const { contract, key, digest, address } = await helpers.loadFixture(signatures);
    expect(await contract.recover(digest, key.sign(digest).serialized)).to.equal(address);
  });

  it('recovers from the short form of EIP-2098', async () => {
    const { contract, key, digest, address } = await helpers.loadFixture(signatures);
    const { r, yParityAndS } = key.sign(digest);
    expect(await contract.recoverShort(digest, r, yParityAndS)).to.equal(address);
  });

  it('recovers who signed a message in a wallet', async () => {
    const { contract, ann } = await helpers.loadFixture(signatures);
    for (const message of ['', 'hello', 'x'.repeat(100)]) {
      const hash = await contract.messageHash(ethers.toUtf8Bytes(message));
      expect(hash).to.equal(ethers.hashMessage(message));
      expect(await contract.recover(hash, await ann.signMessage(message))).to.equal(ann.address);
    }
  });

  it('refuses the other root of the curve', async () => {
    const { contract, key, digest } = await helpers.loadFixture(signatures);
    const { r, s, v } = key.sign(digest);
    const high = ethers.toBeHex(ORDER_OF_CURVE - BigInt(s), 32);
    const malleated = concat([r, high, v === 27 ? '0x1c' : '0x1b']);
    await expect(contract.recover(digest, malleated))
      .to.be.revertedWithCustomError(contract, 'ECDSAInvalidSignatureS')
      .withArgs(high);
    expect((await contract.tryRecover(digest, malleated))[1]).to.equal(FAULT.InvalidS);
  });

  for (const length of [0, 64, 66]) {
    it(`refuses a signature of ${length} bytes`, async () => {
      const { contract, digest } = await helpers.loadFixture(signatures);
      const bytes = `0x${'11'.repeat(length)}`;
      await expect(contract.recover(digest, bytes))
        .to.be.revertedWithCustomError(contract, 'ECDSAInvalidSignatureLength')
        .withArgs(length);
      const [, fault] = await contract.tryRecover(digest, bytes);
      expect(fault).to.equal(FAULT.InvalidLength);
    });
  }

  it('refuses a version that is none', async () => {
    const { contract, key, digest } = await helpers.loadFixture(signatures);
    const { r, s } = key.sign(digest);
    await expect(contract.recover(digest, concat([r, s, '0x1d']))).to.be.revertedWithCustomError(
      contract,
      'ECDSAInvalidSignature',
    );
  });

  it('recovers another from another digest', async () => {
    const { contract, key, digest, address } = await helpers.loadFixture(signatures);
    const { serialized } = key.sign(digest);
    expect(await contract.recover(id('another'), serialized)).not.to.equal(address);
  });
});

describe('EIP-712 and EIP-1271', () => {
  const types = {
    Order: [
      { name: 'maker', type: 'address' },
      { name: 'amount', type: 'uint256' },
      { name: 'note', type: 'bytes' },
    ],
  };

  for (const note of ['0x', '0x00', `0x${'ab'.repeat(100)}`]) {
    it(`hashes an order with a note of ${note.length / 2 - 1} bytes as ethers does`, async () => {
      const { contract, ann } = await helpers.loadFixture(signatures);
      const { chainId } = await ethers.provider.getNetwork();
      const verifyingContract = await contract.getAddress();
      const domain = { name: 'Signatures', version: '3', chainId, verifyingContract };
      const order = { maker: ann.address, amount: 77n, note };
      const signature = await ann.signTypedData(domain, types, order);
      expect(await contract.orderSigner(ann, 77n, note, signature)).to.equal(ann.address);
      expect(await contract.orderSigner(ann, 78n, note, signature)).not.to.equal(ann.address);
    });
  }

  it('describes its domain', async () => {
    const { contract } = await helpers.loadFixture(signatures);
    const domain = await contract.eip712Domain();
    const { chainId } = await ethers.provider.getNetwork();
    expect(domain.slice(0, 5)).to.deep.equal([
      ...['0x0f', 'Signatures', '3', chainId],
      await contract.getAddress(),
    ]);
  });

  it('takes the signature of a contract’s owner for the contract’s', async () => {
    const { contract, key, digest, address } = await helpers.loadFixture(signatures);
    const wallet = await deploy('Wallet', address);
    const { serialized } = key.sign(digest);
    expect(await contract.isValid(wallet, digest, serialized)).to.equal(true);
    expect(await contract.isValid(address, digest, serialized)).to.equal(true);
  });

  it('takes no other’s', async () => {
    const { contract, ann, key, digest } = await helpers.loadFixture(signatures);
    const wallet = await deploy('Wallet', ann);
    const { serialized } = key.sign(digest);
    expect(await contract.isValid(wallet, digest, serialized)).to.equal(false);
    expect(await contract.isValid(ann, digest, serialized)).to.equal(false);
  });

  it('takes none for a contract that does not know the question', async () => {
    const { contract, key, digest } = await helpers.loadFixture(signatures);
    const { serialized } = key.sign(digest);
    expect(await contract.isValid(contract, digest, serialized)).to.equal(false);
  });
});

describe('MerkleProof', () => {
  const LEAVES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((text) => keccak256(id(text)));
  const hashPair = (a: string, b: string) => keccak256(concat(a < b ? [a, b] : [b, a]));

  /** Levels of a tree, from the leaves to the root. */
  function levelsOf(leaves: readonly string[]): string[][] {
    const levels = [[...leaves]];
    for (let last = levels[0] ?? []; last.length > 1; ) {
      const next: string[] = [];
      for (let i = 0; i < last.length; i += 2) {
        next.push(hashPair(last[i] ?? '', last[i + 1] ?? ''));
      }
      levels.push(next);
      last = next;
    }
    return levels;
  }

  const levels = levelsOf(LEAVES);
  const root = levels.at(-1)?.[0];
  const proofOf = (index: number) =>
    levels.slice(0, -1).map((level, depth) => level[(index >> depth) ^ 1] ?? '');

  it('proves each leaf', async () => {
    const { contract } = await helpers.loadFixture(signatures);
    for (const [index, leaf] of LEAVES.entries()) {
      expect(await contract.verifyProof(proofOf(index), root, leaf)).to.equal(true);
    }
  });

  it('does not prove a leaf by another’s proof', async () => {
    const { contract } = await helpers.loadFixture(signatures);
    expect(await contract.verifyProof(proofOf(1), root, LEAVES[2])).to.equal(false);
  });

  it('does not prove by a proof cut short', async () => {
    const { contract } = await helpers.loadFixture(signatures);
    expect(await contract.verifyProof(proofOf(0).slice(1), root, LEAVES[0])).to.equal(false);
  });

  it('proves many leaves at once', async () => {
    const { contract } = await helpers.loadFixture(signatures);
    const leaves = [LEAVES[0], LEAVES[1]];
    const proof = proofOf(0).slice(1);
    const flags = [true, false, false];
    expect(await contract.verifyProofOfMany(proof, flags, root, leaves)).to.equal(true);
    const wrong = [LEAVES[0], LEAVES[2]];
    expect(await contract.verifyProofOfMany(proof, flags, root, wrong)).to.equal(false);
  });

  it('refuses a multiproof whose lengths do not fit', async () => {
    const { contract } = await helpers.loadFixture(signatures);
    const library = new ethers.Interface(['error MerkleProofInvalidMultiproof()']);
    await expect(
      contract.verifyProofOfMany([], [true, true, true], root, [LEAVES[0], LEAVES[1]]),
    ).to.be.revertedWithCustomError({ interface: library }, 'MerkleProofInvalidMultiproof');
  });
});

describe('P256', () => {
  /** Wycheproof's first vector of ecdsa_secp256r1_sha256. */
  const VECTOR = {
    hash: '0xbb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023',
    r: 0x2ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18n,
    s: 0xb329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847dbn,
    x: '0x2927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838',
    y: '0xc7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e',
  };
  const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const word = (value: bigint) => ethers.toBeHex(value, 32);

  it('verifies by precompile and by Solidity alike', async () => {
    const { contract } = await helpers.loadFixture(signatures);
    const { hash, r, s, x, y } = VECTOR;
    const low = s > ORDER / 2n ? ORDER - s : s;
    expect(await contract.verifyP256(hash, word(r), word(low), x, y)).to.deep.equal([true, true]);
    const other = id('another');
    expect(await contract.verifyP256(other, word(r), word(low), x, y)).to.deep.equal([
      false,
      false,
    ]);
  });

  it('refuses a point off the curve', async () => {
    const { contract } = await helpers.loadFixture(signatures);
    const { hash, r, s, x } = VECTOR;
    const point = [x, ethers.hexlify(getBytes(x).reverse())];
    expect(await contract.verifyP256(hash, word(r), word(ORDER - s), ...point)).to.deep.equal([
      false,
      false,
    ]);
  });
});
