/** Libraries of OpenZeppelin beside JavaScript's own; guards against re-entry. */
import { at, deploy, ethers, eventOf, expect, helpers, ONE } from '../chain.ts';

const MAX = ethers.MaxUint256;

async function libraries() {
  return { contract: await deploy('Libraries') };
}

describe('Math', () => {
  for (const [a, b, c] of [
    [7n, 3n, 2n],
    [MAX, MAX, MAX],
    [MAX, 2n, 3n],
    [1n << 200n, 1n << 100n, (1n << 60n) + 1n],
    [0n, MAX, 1n],
  ] as const) {
    it(`multiplies and divides in 512 bits: ${a} · ${b} / ${c}`, async () => {
      const { contract } = await helpers.loadFixture(libraries);
      expect(await contract.mulDiv(a, b, c)).to.equal((a * b) / c);
    });
  }

  it('panics where a quotient does not fit, or there is none', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    await expect(contract.mulDiv(MAX, MAX, 1n)).to.be.revertedWithPanic(0x11);
    await expect(contract.mulDiv(1n, 1n, 0n)).to.be.revertedWithPanic(0x12);
  });

  it('takes roots from below', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    for (const value of [0n, 1n, 2n, 15n, 16n, 10n ** 36n, (1n << 128n) ** 2n - 1n, MAX]) {
      const root: bigint = await contract.sqrt(value);
      expect(root * root <= value && (root + 1n) ** 2n > value, `${value}`).to.equal(true);
    }
  });

  it('takes logarithms of ten', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    for (const value of [1n, 9n, 10n, 99n, 10n ** 18n, MAX]) {
      expect(await contract.log10(value)).to.equal(BigInt(`${value}`.length - 1));
    }
  });

  it('inverts modulo a prime, and powers', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    const prime = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
    const inverse: bigint = await contract.invMod(12_345n, prime);
    expect((inverse * 12_345n) % prime).to.equal(1n);
    expect(await contract.modExp(12_345n, prime - 2n, prime)).to.equal(inverse);
  });

  it('narrows what fits alone', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    expect(await contract.toUint8(255n)).to.equal(255n);
    await expect(contract.toUint8(256n))
      .to.be.revertedWithCustomError(contract, 'SafeCastOverflowedUintDowncast')
      .withArgs(8, 256n);
    await expect(contract.toInt256(1n << 255n))
      .to.be.revertedWithCustomError(contract, 'SafeCastOverflowedUintToInt')
      .withArgs(1n << 255n);
  });
});

describe('Strings', () => {
  it('writes numbers', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    for (const value of [0n, 7n, 1_234_567_890n, MAX]) {
      const [decimal, hexadecimal] = await contract.toText(value);
      expect(decimal).to.equal(`${value}`);
      expect(BigInt(hexadecimal)).to.equal(value);
    }
  });

  it('writes addresses with their checksum', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    const [signer] = await ethers.getSigners();
    expect(await contract.checksummed(signer)).to.equal(signer.address);
  });

  it('reads numbers, and nothing else', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    expect(await contract.parse('0042')).to.equal(42n);
    await expect(contract.parse('4x')).to.be.revertedWithCustomError(
      contract,
      'StringsInvalidChar',
    );
  });

  it('writes base64', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    for (const text of ['', 'f', 'fo', 'foo', 'foobar']) {
      const bytes = ethers.toUtf8Bytes(text);
      expect(await contract.base64(bytes)).to.equal(ethers.encodeBase64(bytes));
    }
  });

  it('keeps short strings in a word, and refuses long ones', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    expect(await contract.short('a'.repeat(31))).to.equal('a'.repeat(31));
    await expect(contract.short('a'.repeat(32)))
      .to.be.revertedWithCustomError(contract, 'StringTooLong')
      .withArgs('a'.repeat(32));
  });
});

describe('structures', () => {
  it('keeps a set', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    await contract.addToSet([5n, 6n, 5n, 7n, 8n]);
    await contract.removeFromSet(5n);
    await contract.removeFromSet(5n);
    // The last takes the place of what left.
    expect(await contract.setValues()).to.deep.equal([8n, 6n, 7n]);
  });

  it('keeps a queue with two ends', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    const word = (value: number) => ethers.toBeHex(value, 32);
    await contract.push(word(1), false);
    await contract.push(word(2), false);
    await contract.push(word(3), true);
    expect(await contract.queued(0n)).to.equal(word(3));
    await contract.pop(true);
    await contract.pop(false);
    expect(await contract.queued(0n)).to.equal(word(1));
    expect(await contract.queueLength()).to.equal(1n);
  });

  it('panics where a queue is empty or too short', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    await expect(contract.pop(true)).to.be.revertedWithPanic(0x31);
    await expect(contract.queued(0n)).to.be.revertedWithPanic(0x32);
  });

  it('keeps bits', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    await contract.setBits([0n, 255n, 256n, 1_000_000n]);
    const indices = [0n, 1n, 255n, 256n, 257n, 1_000_000n];
    const bits = await Promise.all(indices.map((index) => contract.bit(index)));
    expect(bits).to.deep.equal([true, false, true, true, false, true]);
  });

  it('looks up checkpoints', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    for (const [key, value] of [
      [10, 1n],
      [20, 2n],
      [20, 3n],
      [30, 4n],
    ] as const) {
      await contract.check(key, value);
    }
    const keys = [9n, 10n, 19n, 20n, 29n, 30n, 99n];
    const values = await Promise.all(keys.map((key) => contract.upperLookup(key)));
    expect(values).to.deep.equal([0n, 1n, 1n, 3n, 3n, 4n, 4n]);
    await expect(contract.check(29, 9n)).to.be.revertedWithCustomError(
      contract,
      'CheckpointUnorderedInsertion',
    );
  });

  it('sorts by a heap', async () => {
    const { contract } = await helpers.loadFixture(libraries);
    const values = [9n, 3n, 7n, 3n, 1n, 12n];
    await contract.heapInsert(values);
    const popped: bigint[] = [];
    for (const _ of values)
      popped.push((await eventOf(contract.heapPop(), contract, 'Popped')).value);
    expect(popped).to.deep.equal(values.toSorted((a, b) => Number(a - b)));
    await expect(contract.heapPop()).to.be.revertedWithPanic(0x31);
  });
});

describe('guards', () => {
  async function tills() {
    const [owner, ann] = await ethers.getSigners();
    const made = [];
    for (const name of ['OpenTill', 'GuardedTill', 'TransientTill']) {
      const till = await deploy(name);
      await till.connect(ann).deposit({ value: 5n * ONE });
      const thief = await deploy('Thief', till, { value: ONE });
      made.push({ till, thief });
    }
    return { made, owner, ann };
  }

  it('is robbed without one', async () => {
    const { made } = await helpers.loadFixture(tills);
    await made[0]?.thief.rob();
    expect(await ethers.provider.getBalance(made[0]?.thief)).to.equal(2n * ONE);
  });

  for (const [index, name] of [
    [1, 'storage'],
    [2, 'transient storage'],
  ] as const) {
    it(`is not robbed with one in ${name}`, async () => {
      const { made } = await helpers.loadFixture(tills);
      const { till, thief } = made[index] ?? {};
      await expect(thief.rob()).to.be.revertedWithCustomError(till, 'ReentrancyGuardReentrantCall');
      expect(await ethers.provider.getBalance(till)).to.equal(5n * ONE);
    });

    it(`pays out honestly, again and again, with one in ${name}`, async () => {
      const { made, ann } = await helpers.loadFixture(tills);
      const till = made[index]?.till;
      await till.connect(ann).withdraw();
      await till.connect(ann).deposit({ value: 3n });
      await till.connect(ann).withdraw();
      expect(await ethers.provider.getBalance(till)).to.equal(0n);
    });
  }

  it('takes nothing while it is closed', async () => {
    const { made } = await helpers.loadFixture(tills);
    const till = await at('OpenTill', made[0]?.till);
    await till.close();
    await expect(till.deposit({ value: 1n })).to.be.revertedWithCustomError(till, 'EnforcedPause');
  });
});
