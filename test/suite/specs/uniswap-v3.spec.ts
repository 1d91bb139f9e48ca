/** Uniswap v3: its factory, positions, swaps through ticks beside a model, oracle, flash, fees. */
import { type Any, artifactOf, at, deploy, ethers, expect, helpers } from '../chain.ts';
import {
  amount0Between,
  amount1Between,
  LIMITS,
  type PoolModel,
  Q96,
  sqrtPriceAt,
  squareRoot,
  swapInModel,
  type Tick,
} from '../concentrated-liquidity.ts';

const Q128 = 1n << 128n;
const LIQUIDITY = 10n ** 18n;

const addressOf = (contract: Any): Promise<string> => contract.getAddress();

async function factory() {
  const [owner, ann] = await ethers.getSigners();
  const made = [await deploy('CappedCoin', 10n ** 40n), await deploy('CappedCoin', 10n ** 40n)];
  if (BigInt(await addressOf(made[0])) > BigInt(await addressOf(made[1]))) made.reverse();
  const trader = await deploy('PoolTrader');
  for (const token of made) await token.mint(trader, 10n ** 30n);
  const v3 = await deploy('v3/UniswapV3Factory');
  return { factory: v3, token0: made[0], token1: made[1], trader, owner, ann };
}

async function fresh() {
  const all = await factory();
  await all.factory.createPool(all.token0, all.token1, 3_000);
  const pool = await at(
    'v3/UniswapV3Pool',
    await all.factory.getPool(all.token0, all.token1, 3_000),
  );
  return { ...all, pool, math: await deploy('v4/TickMathTest') };
}

async function opened() {
  const all = await fresh();
  await all.pool.initialize(Q96);
  return all;
}

async function filled() {
  const all = await opened();
  await all.trader.mint(all.pool, -6_000, 6_000, LIQUIDITY);
  return all;
}

/** Positions one over the other, so that swaps cross ticks. */
const LAYERS = [
  [-6_000, 6_000, LIQUIDITY],
  [-600, 600, 3n * LIQUIDITY],
  [-120, 300, 2n * LIQUIDITY],
] as const;

async function layered() {
  const all = await opened();
  for (const [lower, upper, amount] of LAYERS)
    await all.trader.mint(all.pool, lower, upper, amount);
  const nets = new Map<number, bigint>();
  for (const [lower, upper, amount] of LAYERS) {
    nets.set(lower, (nets.get(lower) ?? 0n) + amount);
    nets.set(upper, (nets.get(upper) ?? 0n) - amount);
  }
  const ticks: Tick[] = [];
  for (const [tick, net] of nets) {
    ticks.push({ sqrtPrice: await all.math.getSqrtPriceAtTick(tick), net });
  }
  // The words of the bitmap meet at the price 1.
  ticks.push({ sqrtPrice: Q96, net: 0n, only: 'down' });
  ticks.push({ sqrtPrice: await all.math.getSqrtPriceAtTick(-60), net: 0n, only: 'up' });
  return { ...all, ticks: ticks.sort((a, b) => Number(a.sqrtPrice - b.sqrtPrice)) };
}

const modelOf = (ticks: PoolModel['ticks']): PoolModel => ({
  ...{ sqrtPrice: Q96, liquidity: 6n * LIQUIDITY, ticks, fee: 3_000n },
});

describe('the factory of Uniswap v3', () => {
  it('makes a pool where CREATE2 puts it', async () => {
    const { factory: v3, token0, token1 } = await helpers.loadFixture(factory);
    const [first, second] = [await addressOf(token0), await addressOf(token1)];
    const types = ['address', 'address', 'uint24'];
    const salt = ethers.keccak256(
      ethers.AbiCoder.defaultAbiCoder().encode(types, [first, second, 500]),
    );
    const hash = ethers.keccak256(artifactOf('v3/UniswapV3Pool').bytecode);
    const foretold = ethers.getCreate2Address(await addressOf(v3), salt, hash);
    await expect(v3.createPool(token1, token0, 500))
      .to.emit(v3, 'PoolCreated')
      .withArgs(first, second, 500, 10, foretold);
    expect(await v3.getPool(token1, token0, 500)).to.equal(foretold);
  });

  for (const [fee, spacing] of [
    [500n, 10n],
    [3_000n, 60n],
    [10_000n, 200n],
    [100n, 0n],
  ] as const) {
    it(`spaces ticks of a fee of ${fee} by ${spacing}`, async () => {
      const { factory: v3 } = await helpers.loadFixture(factory);
      expect(await v3.feeAmountTickSpacing(fee)).to.equal(spacing);
    });
  }

  it('makes no pool twice, of one token, or of a fee unknown', async () => {
    const { factory: v3, token0, token1 } = await helpers.loadFixture(factory);
    await v3.createPool(token0, token1, 500);
    for (const args of [
      [token1, token0, 500],
      [token0, token0, 500],
      [token0, token1, 501],
      [token0, ethers.ZeroAddress, 500],
    ]) {
      await expect(v3.createPool(...args)).to.be.revertedWithoutReason(ethers);
    }
  });

  it('learns fees from its owner, once', async () => {
    const { factory: v3, ann } = await helpers.loadFixture(factory);
    await expect(v3.connect(ann).enableFeeAmount(100, 1)).to.be.revertedWithoutReason(ethers);
    await expect(v3.enableFeeAmount(100, 1)).to.emit(v3, 'FeeAmountEnabled').withArgs(100, 1);
    await expect(v3.enableFeeAmount(100, 2)).to.be.revertedWithoutReason(ethers);
    await expect(v3.enableFeeAmount(1_000_000, 2)).to.be.revertedWithoutReason(ethers);
  });

  it('changes its owner', async () => {
    const { factory: v3, owner, ann } = await helpers.loadFixture(factory);
    await expect(v3.setOwner(ann)).to.emit(v3, 'OwnerChanged').withArgs(owner.address, ann.address);
    await expect(v3.setOwner(owner)).to.be.revertedWithoutReason(ethers);
  });
});

describe('prices of Uniswap v3', () => {
  for (const tick of [-887_272, -200_000, -60, -1, 0, 1, 60, 200_000, 887_272]) {
    it(`reckons the price at tick ${tick} to the last bits`, async () => {
      const { math } = await helpers.loadFixture(fresh);
      const found: bigint = await math.getSqrtPriceAtTick(tick);
      const exact = sqrtPriceAt(tick);
      const off = found > exact ? found - exact : exact - found;
      // The contract holds 128 bits of the ratio, or of its inverse, and rounds twenty times.
      expect(off <= 2n + ((exact ** 2n) >> 218n), `${found} for ${exact}`).to.equal(true);
      if (tick < 887_272) expect(await math.getTickAtSqrtPrice(found)).to.equal(BigInt(tick));
    });
  }

  for (const [a, b] of [
    [1n, 1n],
    [1n, 100n],
    [10n ** 18n, 3_141_592n],
  ] as const) {
    it(`opens at ${a}/${b}`, async () => {
      const { pool, math } = await helpers.loadFixture(fresh);
      const price = squareRoot((a << 192n) / b);
      const tick = await math.getTickAtSqrtPrice(price);
      await expect(pool.initialize(price)).to.emit(pool, 'Initialize').withArgs(price, tick);
      const slot0 = await pool.slot0();
      expect([slot0.sqrtPriceX96, slot0.tick]).to.deep.equal([price, tick]);
      expect(slot0.observationCardinality).to.equal(1n);
    });
  }

  it('opens once, within limits', async () => {
    const { pool } = await helpers.loadFixture(fresh);
    await expect(pool.initialize(LIMITS.down - 2n)).to.be.revertedWith('R');
    await expect(pool.initialize(LIMITS.up + 1n)).to.be.revertedWith('R');
    await pool.initialize(Q96);
    await expect(pool.initialize(Q96)).to.be.revertedWith('AI');
  });

  it('does nothing before it is open', async () => {
    const { pool, trader } = await helpers.loadFixture(fresh);
    await expect(trader.mint(pool, -60, 60, 1n)).to.be.revertedWith('LOK');
    await expect(trader.swap(pool, true, 1n, LIMITS.down)).to.be.revertedWith('LOK');
  });
});

describe('positions of Uniswap v3', () => {
  for (const [name, lower, upper] of [
    ['around the price', -600, 1_200],
    ['below the price', -1_200, -60],
    ['above the price', 60, 1_200],
    ['up to the price', -600, 0],
    ['from the price', 0, 600],
  ] as const) {
    it(`takes what the formulas say ${name}`, async () => {
      const { pool, trader, math } = await helpers.loadFixture(opened);
      const [low, high] = await Promise.all(
        [lower, upper].map((tick): Promise<bigint> => math.getSqrtPriceAtTick(tick)),
      );
      const clamp = (price = 0n) => (price < Q96 ? Q96 : price);
      const clampDown = (price = 0n) => (price > Q96 ? Q96 : price);
      const amount0 = amount0Between(clamp(low), clamp(high), LIQUIDITY, true);
      const amount1 = amount1Between(clampDown(low), clampDown(high), LIQUIDITY, true);
      await expect(trader.mint(pool, lower, upper, LIQUIDITY))
        .to.emit(pool, 'Mint')
        .withArgs(
          ...[await addressOf(trader), await addressOf(trader), lower, upper],
          ...[LIQUIDITY, amount0, amount1],
        );
      expect(await pool.liquidity()).to.equal(lower <= 0 && upper > 0 ? LIQUIDITY : 0n);
      const tick = await pool.ticks(lower);
      expect([tick.liquidityGross, tick.liquidityNet]).to.deep.equal([LIQUIDITY, LIQUIDITY]);
      expect((await pool.ticks(upper)).liquidityNet).to.equal(-LIQUIDITY);
    });
  }

  for (const [lower, upper, reason] of [
    [60, -60, 'TLU'],
    [60, 60, 'TLU'],
    [-887_280, 60, 'TLM'],
    [-60, 887_280, 'TUM'],
  ] as const) {
    it(`takes no range from ${lower} to ${upper}`, async () => {
      const { pool, trader } = await helpers.loadFixture(opened);
      await expect(trader.mint(pool, lower, upper, 1n)).to.be.revertedWith(reason);
    });
  }

  it('takes no tick between those spaced', async () => {
    const { pool, trader } = await helpers.loadFixture(opened);
    await expect(trader.mint(pool, -59, 60, 1n)).to.be.revertedWithoutReason(ethers);
  });

  it('takes no more at a tick than may be there', async () => {
    const { pool, trader } = await helpers.loadFixture(opened);
    const most: bigint = await pool.maxLiquidityPerTick();
    await expect(trader.mint(pool, 600_000, 600_060, most + 1n)).to.be.revertedWith('LO');
  });

  it('takes nothing that is not paid', async () => {
    const { pool, trader } = await helpers.loadFixture(opened);
    await trader.holdBack(1n);
    await expect(trader.mint(pool, -60, 60, LIQUIDITY)).to.be.revertedWith('M0');
    await expect(trader.mint(pool, -120, -60, LIQUIDITY)).to.be.revertedWith('M1');
  });

  it('gives back by burning, then collecting', async () => {
    const { pool, trader, math, token0, token1, ann } = await helpers.loadFixture(filled);
    const [low, high] = [
      await math.getSqrtPriceAtTick(-6_000),
      await math.getSqrtPriceAtTick(6_000),
    ];
    const amount0 = amount0Between(Q96, high, LIQUIDITY / 2n, false);
    const amount1 = amount1Between(low, Q96, LIQUIDITY / 2n, false);
    await expect(trader.burn(pool, -6_000, 6_000, LIQUIDITY / 2n))
      .to.emit(pool, 'Burn')
      .withArgs(await addressOf(trader), -6_000, 6_000, LIQUIDITY / 2n, amount0, amount1);
    expect(await token0.balanceOf(ann)).to.equal(0n);
    await trader.collect(pool, ann, -6_000, 6_000);
    expect(await token0.balanceOf(ann)).to.equal(amount0);
    expect(await token1.balanceOf(ann)).to.equal(amount1);
  });

  it('burns no more than there is', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    await expect(trader.burn(pool, -6_000, 6_000, LIQUIDITY + 1n)).to.be.revertedWith('LS');
    await expect(trader.burn(pool, -60, 60, 0n)).to.be.revertedWith('NP');
  });

  it('forgets a tick that holds nothing', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    expect((await pool.ticks(6_000)).initialized).to.equal(true);
    expect(await pool.tickBitmap(0)).to.equal(1n << 100n);
    await trader.burn(pool, -6_000, 6_000, LIQUIDITY);
    expect((await pool.ticks(6_000)).initialized).to.equal(false);
    expect(await pool.tickBitmap(0)).to.equal(0n);
    expect(await pool.liquidity()).to.equal(0n);
  });
});

describe('swaps of Uniswap v3', () => {
  for (const [name, zeroForOne, amount] of [
    ['a small exact input down', true, 10n ** 12n],
    ['a small exact input up', false, 10n ** 12n],
    ['one unit', true, 1n],
    ['an input through one tick', true, 5n * 10n ** 16n],
    ['an input through two ticks', true, 2n * 10n ** 17n],
    ['an input through two ticks up', false, 2n * 10n ** 17n],
    ['a small exact output', true, -(10n ** 12n)],
    ['an output through one tick', false, -(8n * 10n ** 16n)],
    ['an output through two ticks', true, -(2n * 10n ** 17n)],
  ] as const) {
    it(`follows the model for ${name}`, async () => {
      const { pool, trader, ticks } = await helpers.loadFixture(layered);
      const limit = zeroForOne ? LIMITS.down : LIMITS.up;
      const model = modelOf(ticks);
      const { amount0, amount1, feeGrowth } = swapInModel(model, { zeroForOne, amount, limit });
      await expect(trader.swap(pool, zeroForOne, amount, limit))
        .to.emit(trader, 'Swapped')
        .withArgs(amount0, amount1);
      const { sqrtPriceX96 } = await pool.slot0();
      expect(sqrtPriceX96).to.equal(model.sqrtPrice);
      expect(await pool.liquidity()).to.equal(model.liquidity);
      const grown = zeroForOne ? pool.feeGrowthGlobal0X128() : pool.feeGrowthGlobal1X128();
      expect(await grown).to.equal(feeGrowth);
    });
  }

  it('follows the model there and back', async () => {
    const { pool, trader, ticks } = await helpers.loadFixture(layered);
    const model = modelOf(ticks);
    for (const [zeroForOne, amount] of [
      [true, 3n * 10n ** 17n],
      [false, 10n ** 17n],
      [false, 4n * 10n ** 17n],
      [true, -(10n ** 17n)],
      [false, 12_345n],
    ] as const) {
      const limit = zeroForOne ? LIMITS.down : LIMITS.up;
      const { amount0, amount1 } = swapInModel(model, { zeroForOne, amount, limit });
      await expect(trader.swap(pool, zeroForOne, amount, limit))
        .to.emit(trader, 'Swapped')
        .withArgs(amount0, amount1);
      expect((await pool.slot0()).sqrtPriceX96).to.equal(model.sqrtPrice);
    }
  });

  it('stops at the price that it is told', async () => {
    const { pool, trader, ticks, math } = await helpers.loadFixture(layered);
    const limit: bigint = await math.getSqrtPriceAtTick(-240);
    const model = modelOf(ticks);
    const request = { zeroForOne: true, amount: LIQUIDITY, limit };
    const { amount0, amount1 } = swapInModel(model, request);
    await expect(trader.swap(pool, true, LIQUIDITY, limit))
      .to.emit(trader, 'Swapped')
      .withArgs(amount0, amount1);
    expect((await pool.slot0()).sqrtPriceX96).to.equal(limit);
    expect(amount0 < LIQUIDITY).to.equal(true);
  });

  it('takes no limit on the wrong side', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    await expect(trader.swap(pool, true, 1n, Q96 + 1n)).to.be.revertedWith('SPL');
    await expect(trader.swap(pool, false, 1n, Q96 - 1n)).to.be.revertedWith('SPL');
    await expect(trader.swap(pool, true, 1n, LIMITS.down - 1n)).to.be.revertedWith('SPL');
  });

  it('takes no swap of nothing', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    await expect(trader.swap(pool, true, 0n, LIMITS.down)).to.be.revertedWith('AS');
  });

  it('takes none that is not paid', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    await trader.holdBack(1n);
    await expect(trader.swap(pool, true, 10n ** 12n, LIMITS.down)).to.be.revertedWith('IIA');
  });

  it('runs out of liquidity at the end of the only range', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    // Anvil estimates too little for the long way through empty words of the bitmap.
    const gasLimit = 10_000_000n;
    await trader.swap(pool, true, 10n ** 19n, LIMITS.down, { gasLimit });
    expect(await pool.liquidity()).to.equal(0n);
    expect((await pool.slot0()).sqrtPriceX96).to.equal(LIMITS.down);
  });
});

describe('fees of Uniswap v3', () => {
  it('owes a position its fees', async () => {
    const { pool, trader, token0, ann } = await helpers.loadFixture(filled);
    await trader.swap(pool, true, 10n ** 15n, LIMITS.down);
    const growth: bigint = await pool.feeGrowthGlobal0X128();
    await trader.burn(pool, -6_000, 6_000, 0n);
    const due = (growth * LIQUIDITY) / Q128;
    await trader.collect(pool, ann, -6_000, 6_000);
    expect(await token0.balanceOf(ann)).to.equal(due);
    expect(due >= 2_999_999_999_999n && due <= 3_000_000_000_000n).to.equal(true);
  });

  it('pays fees to those in range alone', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    await trader.mint(pool, 600, 1_200, LIQUIDITY);
    await trader.swap(pool, true, 10n ** 15n, LIMITS.down);
    await trader.burn(pool, 600, 1_200, 0n);
    const owner = await addressOf(trader);
    const packed = ['address', 'int24', 'int24'];
    const key = ethers.solidityPackedKeccak256(packed, [owner, 600, 1_200]);
    const position = await pool.positions(key);
    expect([position.tokensOwed0, position.tokensOwed1]).to.deep.equal([0n, 0n]);
  });

  it('keeps the protocol’s share', async () => {
    const { pool, trader, owner, ann, token0 } = await helpers.loadFixture(filled);
    await expect(pool.connect(ann).setFeeProtocol(6, 6)).to.be.revertedWithoutReason(ethers);
    await expect(pool.setFeeProtocol(3, 6)).to.be.revertedWithoutReason(ethers);
    await expect(pool.setFeeProtocol(6, 8)).to.emit(pool, 'SetFeeProtocol').withArgs(0, 0, 6, 8);
    await trader.swap(pool, true, 10n ** 15n, LIMITS.down);
    const { token0: share } = await pool.protocolFees();
    expect(share).to.equal(500_000_000_000n);
    // A unit stays, so that its slot is never cleared.
    await pool.collectProtocol(ann, share, 0n);
    expect(await token0.balanceOf(ann)).to.equal(share - 1n);
    expect(await pool.connect(owner).protocolFees()).to.deep.equal([1n, 0n]);
  });

  for (const [amount0, amount1] of [
    [10n ** 15n, 0n],
    [0n, 10n ** 15n],
    [1n, 333n],
  ] as const) {
    it(`lends ${amount0} and ${amount1} for 0.3 %`, async () => {
      const { pool, trader } = await helpers.loadFixture(filled);
      const fee = (amount: bigint) => (amount * 3_000n + 999_999n) / 1_000_000n;
      await expect(trader.flash(pool, amount0, amount1))
        .to.emit(trader, 'Flashed')
        .withArgs(fee(amount0), fee(amount1));
      expect(await pool.feeGrowthGlobal0X128()).to.equal((fee(amount0) * Q128) / LIQUIDITY);
      expect(await pool.feeGrowthGlobal1X128()).to.equal((fee(amount1) * Q128) / LIQUIDITY);
    });
  }

  it('lends nothing that is not paid back, and nothing out of nothing', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    await trader.holdBack(1n);
    await expect(trader.flash(pool, 10n ** 12n, 0n)).to.be.revertedWith('F0');
    await expect(trader.flash(pool, 0n, 10n ** 12n)).to.be.revertedWith('F1');
    await trader.burn(pool, -6_000, 6_000, LIQUIDITY);
    await expect(trader.flash(pool, 1n, 0n)).to.be.revertedWith('L');
  });
});

describe('the oracle of Uniswap v3', () => {
  it('sums ticks over the seconds they stood', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    await pool.increaseObservationCardinalityNext(8);
    const start = await helpers.time.latest();
    await helpers.time.setNextBlockTimestamp(start + 10);
    await trader.swap(pool, true, 10n ** 17n, LIMITS.down);
    const { tick } = await pool.slot0();
    await helpers.time.setNextBlockTimestamp(start + 40);
    await trader.swap(pool, false, 1n, LIMITS.up);
    const [[before, now]] = await pool.observe([30, 0]);
    expect(now - before).to.equal(tick * 30n);
    const [[middle]] = await pool.observe([10]);
    expect(middle - before).to.equal(tick * 20n);
  });

  it('does not remember longer than it has room for', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    await helpers.time.increase(100);
    await trader.swap(pool, true, 10n ** 12n, LIMITS.down);
    await expect(pool.observe([50])).to.be.revertedWith('OLD');
  });

  it('grows its room on request', async () => {
    const { pool, trader } = await helpers.loadFixture(filled);
    await expect(pool.increaseObservationCardinalityNext(3))
      .to.emit(pool, 'IncreaseObservationCardinalityNext')
      .withArgs(1, 3);
    for (let i = 0; i < 4; i++) {
      await helpers.time.increase(10);
      await trader.swap(pool, i % 2 === 0, 10n ** 12n, i % 2 === 0 ? LIMITS.down : LIMITS.up);
    }
    const slot0 = await pool.slot0();
    expect(slot0.observationCardinality).to.equal(3n);
    expect(slot0.observationIndex).to.equal(1n);
  });

  it('sums within a range, seconds and ticks', async () => {
    const { pool } = await helpers.loadFixture(filled);
    const before = await pool.snapshotCumulativesInside(-6_000, 6_000);
    await helpers.time.increase(50);
    const after = await pool.snapshotCumulativesInside(-6_000, 6_000);
    expect(after.secondsInside - before.secondsInside).to.equal(50n);
    const perLiquidity = after[1] - before[1];
    expect(perLiquidity).to.equal((50n * Q128) / LIQUIDITY);
  });
});
