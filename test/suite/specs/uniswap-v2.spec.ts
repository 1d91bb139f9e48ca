/** Uniswap v2: its factory, and pairs beside the constant product in bigints. */
import {
  type Any,
  artifactOf,
  at,
  deploy,
  ethers,
  expect,
  helpers,
  type Signer,
} from '../chain.ts';
import { squareRoot } from '../concentrated-liquidity.ts';

const { ZeroAddress, MaxUint256 } = ethers;
const LOCKED = 1_000n;
const [FIRST, SECOND] = [5_000_000n, 20_000_000n];

const addressOf = (contract: Any): Promise<string> => contract.getAddress();

/** Two tokens in the order of their addresses, of which all traders have some. */
async function tokens() {
  const signers = (await ethers.getSigners()).slice(0, 4);
  const made = [
    await deploy('CappedCoin', MaxUint256 / 2n),
    await deploy('CappedCoin', MaxUint256 / 2n),
  ];
  const addresses = await Promise.all(made.map(addressOf));
  if (BigInt(addresses[0] ?? 0) > BigInt(addresses[1] ?? 0)) made.reverse();
  for (const token of made) for (const signer of signers) await token.mint(signer, 10n ** 30n);
  return { token0: made[0], token1: made[1] };
}

async function factory() {
  const [owner, ann, bob, eve] = await ethers.getSigners();
  const made = await deploy('v2/UniswapV2Factory', owner);
  return { factory: made, ...(await tokens()), owner, ann, bob, eve };
}

async function empty() {
  const all = await factory();
  await all.factory.createPair(all.token0, all.token1);
  const pair = await at('v2/UniswapV2Pair', await all.factory.getPair(all.token0, all.token1));
  return { ...all, pair };
}

type Pair = Awaited<ReturnType<typeof empty>>;

async function provide({ token0, token1, pair }: Pair, to: Signer, first: bigint, second: bigint) {
  await token0.transfer(pair, first);
  await token1.transfer(pair, second);
  return pair.mint(to);
}

async function filled() {
  const all = await empty();
  await provide(all, all.owner, FIRST, SECOND);
  return all;
}

/** What a swap of an exact input gives: 0.3 % stay. */
const outputOf = (input: bigint, reserveIn: bigint, reserveOut: bigint) =>
  (input * 997n * reserveOut) / (reserveIn * 1000n + input * 997n);

const reservesOf = async (pair: Any): Promise<[bigint, bigint]> =>
  (await pair.getReserves()).slice(0, 2);

describe('the factory of Uniswap v2', () => {
  it('makes a pair where CREATE2 puts it', async () => {
    const { factory: made, token0, token1 } = await helpers.loadFixture(factory);
    const [first, second] = [await addressOf(token0), await addressOf(token1)];
    const salt = ethers.solidityPackedKeccak256(['address', 'address'], [first, second]);
    const code = artifactOf('v2/UniswapV2Pair').bytecode;
    const hash = ethers.keccak256(code.startsWith('0x') ? code : `0x${code}`);
    const foretold = ethers.getCreate2Address(await addressOf(made), salt, hash);
    await expect(made.createPair(token1, token0))
      .to.emit(made, 'PairCreated')
      .withArgs(first, second, foretold, 1n);
    expect(await made.getPair(token0, token1)).to.equal(foretold);
    expect(await made.getPair(token1, token0)).to.equal(foretold);
    expect(await made.allPairsLength()).to.equal(1n);
  });

  it('makes none twice, of one token, or of nothing', async () => {
    const { factory: made, token0, token1 } = await helpers.loadFixture(factory);
    await made.createPair(token0, token1);
    await expect(made.createPair(token1, token0)).to.be.revertedWith('UniswapV2: PAIR_EXISTS');
    await expect(made.createPair(token0, token0)).to.be.revertedWith(
      'UniswapV2: IDENTICAL_ADDRESSES',
    );
    await expect(made.createPair(ZeroAddress, token0)).to.be.revertedWith(
      'UniswapV2: ZERO_ADDRESS',
    );
  });

  it('changes who gets fees by its setter alone', async () => {
    const { factory: made, ann, eve } = await helpers.loadFixture(factory);
    await expect(made.connect(eve).setFeeTo(eve)).to.be.revertedWith('UniswapV2: FORBIDDEN');
    await made.setFeeToSetter(ann);
    await made.connect(ann).setFeeTo(ann);
    expect(await made.feeTo()).to.equal(ann.address);
    await expect(made.setFeeTo(eve)).to.be.revertedWith('UniswapV2: FORBIDDEN');
  });
});

describe('liquidity of a pair of Uniswap v2', () => {
  it('mints the root of the product, and locks a thousand', async () => {
    const all = await helpers.loadFixture(empty);
    const { pair, owner } = all;
    const liquidity = squareRoot(FIRST * SECOND);
    await expect(provide(all, owner, FIRST, SECOND))
      .to.emit(pair, 'Mint')
      .withArgs(owner.address, FIRST, SECOND)
      .and.to.emit(pair, 'Sync')
      .withArgs(FIRST, SECOND);
    expect(await pair.totalSupply()).to.equal(liquidity);
    expect(await pair.balanceOf(owner)).to.equal(liquidity - LOCKED);
    expect(await pair.balanceOf(ZeroAddress)).to.equal(LOCKED);
  });

  it('mints no first liquidity below what is locked', async () => {
    const all = await helpers.loadFixture(empty);
    await expect(provide(all, all.owner, 1_000n, 1_000n)).to.be.revertedWith(
      'UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED',
    );
    const again = await helpers.loadFixture(empty);
    await expect(provide(again, again.owner, 10n, 10n)).to.be.revertedWith('ds-math-sub-underflow');
  });

  it('mints by the scarcer of two later', async () => {
    const all = await helpers.loadFixture(filled);
    const { pair, ann } = all;
    const supply: bigint = await pair.totalSupply();
    await provide(all, ann, 1_000_000n, 1_000_000n);
    expect(await pair.balanceOf(ann)).to.equal((1_000_000n * supply) / SECOND);
  });

  it('burns for a share of both', async () => {
    const { pair, token0, token1, owner, ann } = await helpers.loadFixture(filled);
    const supply: bigint = await pair.totalSupply();
    const amount = 1_000_000n;
    const shares = [(amount * FIRST) / supply, (amount * SECOND) / supply] as const;
    await pair.transfer(pair, amount);
    const before = await token0.balanceOf(ann);
    await expect(pair.burn(ann))
      .to.emit(pair, 'Burn')
      .withArgs(owner.address, ...shares, ann.address);
    expect((await token0.balanceOf(ann)) - before).to.equal(shares[0]);
    expect(await token1.balanceOf(pair)).to.equal(SECOND - shares[1]);
  });

  it('burns nothing for nothing', async () => {
    const { pair, owner } = await helpers.loadFixture(filled);
    await expect(pair.burn(owner)).to.be.revertedWith('UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED');
  });

  it('gives what is too much to who skims', async () => {
    const { pair, token0, token1, eve } = await helpers.loadFixture(filled);
    await token0.transfer(pair, 77n);
    await token1.transfer(pair, 88n);
    const before = [await token0.balanceOf(eve), await token1.balanceOf(eve)];
    await pair.skim(eve);
    expect(await token0.balanceOf(eve)).to.equal(before[0] + 77n);
    expect(await token1.balanceOf(eve)).to.equal(before[1] + 88n);
    expect(await reservesOf(pair)).to.deep.equal([FIRST, SECOND]);
  });

  it('takes what is there for its reserves on sync', async () => {
    const { pair, token0 } = await helpers.loadFixture(filled);
    await token0.transfer(pair, 77n);
    await expect(pair.sync())
      .to.emit(pair, 'Sync')
      .withArgs(FIRST + 77n, SECOND);
  });

  it('keeps reserves of 112 bits', async () => {
    const { pair, token0 } = await helpers.loadFixture(filled);
    await token0.mint(pair, 1n << 112n);
    await expect(pair.sync()).to.be.revertedWith('UniswapV2: OVERFLOW');
  });

  it('is initialised by its factory alone', async () => {
    const { pair, eve } = await helpers.loadFixture(filled);
    await expect(pair.initialize(eve, eve)).to.be.revertedWith('UniswapV2: FORBIDDEN');
  });

  for (const growth of [0n, 1n, 40n]) {
    it(`pays the protocol a sixth of what ${growth} swaps grew`, async () => {
      const all = await helpers.loadFixture(filled);
      const { pair, factory: made, token0, eve, owner } = all;
      await made.setFeeTo(eve);
      await provide(all, owner, FIRST, SECOND);
      const [first, second] = await reservesOf(pair);
      const rootBefore = squareRoot(first * second);
      for (let i = 0n; i < growth; i++) {
        const [reserve0, reserve1] = await reservesOf(pair);
        await token0.transfer(pair, 900_000n);
        await pair.swap(0n, outputOf(900_000n, reserve0, reserve1), owner, '0x');
      }
      const supply: bigint = await pair.totalSupply();
      const [after0, after1] = await reservesOf(pair);
      const root = squareRoot(after0 * after1);
      await provide(all, owner, FIRST, SECOND);
      const due = (supply * (root - rootBefore)) / (root * 5n + rootBefore);
      expect(await pair.balanceOf(eve)).to.equal(due);
      expect(due > 0n).to.equal(growth > 0n);
    });
  }
});

describe('swaps in a pair of Uniswap v2', () => {
  for (const [input, reserve0, reserve1] of [
    [1n, 5_000n, 10_000n],
    [1_000n, 5_000_000n, 10_000_000n],
    [10n ** 18n, 5n * 10n ** 18n, 10n ** 19n],
    [2n * 10n ** 18n, 10n ** 19n, 5n * 10n ** 18n],
    [10n ** 24n, 10n ** 25n, 10n ** 22n],
  ] as const) {
    it(`gives the most, and no more, for ${input} of ${reserve0}/${reserve1}`, async () => {
      const all = await helpers.loadFixture(empty);
      const { pair, token0, owner, bob } = all;
      await provide(all, owner, reserve0, reserve1);
      const output = outputOf(input, reserve0, reserve1);
      await token0.transfer(pair, input);
      await expect(pair.swap(0n, output + 1n, bob, '0x')).to.be.revertedWith('UniswapV2: K');
      if (output === 0n) return;
      await expect(pair.swap(0n, output, bob, '0x'))
        .to.emit(pair, 'Swap')
        .withArgs(owner.address, input, 0n, 0n, output, bob.address);
      expect(await reservesOf(pair)).to.deep.equal([reserve0 + input, reserve1 - output]);
    });
  }

  it('swaps the other way', async () => {
    const { pair, token0, token1, bob } = await helpers.loadFixture(filled);
    const output = outputOf(3_333n, SECOND, FIRST);
    const before = await token0.balanceOf(bob);
    await token1.transfer(pair, 3_333n);
    await pair.swap(output, 0n, bob, '0x');
    expect((await token0.balanceOf(bob)) - before).to.equal(output);
  });

  it('follows the model through many swaps, and its product never falls', async () => {
    const { pair, token0, token1, owner } = await helpers.loadFixture(filled);
    let [first, second] = [FIRST, SECOND];
    for (let i = 1n; i <= 16n; i++) {
      const input = (i * 123_457n) % 900_001n;
      const product = first * second;
      if (i % 3n === 0n) {
        const output = outputOf(input, second, first);
        await token1.transfer(pair, input);
        await pair.swap(output, 0n, owner, '0x');
        [first, second] = [first - output, second + input];
      } else {
        const output = outputOf(input, first, second);
        await token0.transfer(pair, input);
        await pair.swap(0n, output, owner, '0x');
        [first, second] = [first + input, second - output];
      }
      expect(await reservesOf(pair)).to.deep.equal([first, second]);
      expect(first * second >= product).to.equal(true);
    }
  });

  it('gives nothing for nothing', async () => {
    const { pair, owner } = await helpers.loadFixture(filled);
    await expect(pair.swap(0n, 0n, owner, '0x')).to.be.revertedWith(
      'UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT',
    );
    await expect(pair.swap(1n, 0n, owner, '0x')).to.be.revertedWith(
      'UniswapV2: INSUFFICIENT_INPUT_AMOUNT',
    );
  });

  it('gives no more than there is', async () => {
    const { pair, owner } = await helpers.loadFixture(filled);
    await expect(pair.swap(FIRST, 0n, owner, '0x')).to.be.revertedWith(
      'UniswapV2: INSUFFICIENT_LIQUIDITY',
    );
  });

  it('gives nothing to its own tokens', async () => {
    const { pair, token0 } = await helpers.loadFixture(filled);
    await expect(pair.swap(1n, 0n, token0, '0x')).to.be.revertedWith('UniswapV2: INVALID_TO');
  });

  it('lends before it is paid', async () => {
    const { pair, token0 } = await helpers.loadFixture(filled);
    const trader = await deploy('PairTrader');
    await token0.mint(trader, 10_000n);
    // In the same token: the fee is 0.3 % of what is paid back.
    const due = (1_000_000n * 1000n + 996n) / 997n;
    await expect(trader.borrow(pair, 1_000_000n, 0n, due, 0n))
      .to.emit(trader, 'Lent')
      .withArgs(await addressOf(trader), 1_000_000n, 0n);
    await expect(trader.borrow(pair, 1_000_000n, 0n, due - 1n, 0n)).to.be.revertedWith(
      'UniswapV2: K',
    );
  });

  it('is not entered twice', async () => {
    const { pair, owner } = await helpers.loadFixture(filled);
    // A pair has no callback: it is asked of an account without code, which is no contract.
    const without = pair.swap(1n, 0n, owner, '0x01');
    await expect(without).to.be.revertedWithoutReason(ethers);
    // Slot 12 holds the lock.
    await helpers.setStorageAt(await addressOf(pair), 12, 0n);
    await expect(pair.sync()).to.be.revertedWith('UniswapV2: LOCKED');
  });
});

describe('prices and permits of a pair of Uniswap v2', () => {
  const Q112 = 1n << 112n;

  it('sums prices over the seconds they stood', async () => {
    const { pair, token0, owner } = await helpers.loadFixture(filled);
    const [, , start] = await pair.getReserves();
    await helpers.time.setNextBlockTimestamp(Number(start) + 10);
    await pair.sync();
    const [price0, price1] = [(SECOND * Q112) / FIRST, (FIRST * Q112) / SECOND];
    expect(await pair.price0CumulativeLast()).to.equal(price0 * 10n);
    expect(await pair.price1CumulativeLast()).to.equal(price1 * 10n);
    const output = outputOf(1_000_000n, FIRST, SECOND);
    await token0.transfer(pair, 1_000_000n);
    await helpers.time.setNextBlockTimestamp(Number(start) + 25);
    await pair.swap(0n, output, owner, '0x');
    await helpers.time.setNextBlockTimestamp(Number(start) + 30);
    await pair.sync();
    const later = ((SECOND - output) * Q112) / (FIRST + 1_000_000n);
    expect(await pair.price0CumulativeLast()).to.equal(price0 * 25n + later * 5n);
  });

  it('is allowed by signature', async () => {
    const { pair, owner, ann } = await helpers.loadFixture(filled);
    const { chainId } = await ethers.provider.getNetwork();
    const verifyingContract = await addressOf(pair);
    const domain = { name: 'Uniswap V2', version: '1', chainId, verifyingContract };
    const Permit = ['owner', 'spender', 'value', 'nonce', 'deadline'].map((name, i) => ({
      ...{ name, type: i < 2 ? 'address' : 'uint256' },
    }));
    const spender = ann.address;
    const message = { owner: owner.address, spender, value: 5n, nonce: 0n, deadline: MaxUint256 };
    const signature = await owner.signTypedData(domain, { Permit }, message);
    const { v, r, s } = ethers.Signature.from(signature);
    await expect(pair.permit(owner, ann, 6n, MaxUint256, v, r, s)).to.be.revertedWith(
      'UniswapV2: INVALID_SIGNATURE',
    );
    await pair.permit(owner, ann, 5n, MaxUint256, v, r, s);
    expect(await pair.allowance(owner, ann)).to.equal(5n);
    expect(await pair.nonces(owner)).to.equal(1n);
    await expect(pair.permit(owner, ann, 5n, 1n, v, r, s)).to.be.revertedWith('UniswapV2: EXPIRED');
  });
});
