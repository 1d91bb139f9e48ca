/** Uniswap v4: the manager's lock, pools, swaps beside the model, gifts, loans, claims. */
import { deploy, ethers, expect, helpers } from '../chain.ts';
import {
  amount0Between,
  amount1Between,
  LIMITS,
  type PoolModel,
  Q96,
  swapInModel,
} from '../concentrated-liquidity.ts';
import {
  addressOf,
  errorsOf,
  filled,
  idOf,
  LIQUIDITY,
  MODIFY,
  manager,
  PLAIN,
  RANGE,
  slot0Of,
  swapOf,
} from '../v4-pools.ts';

const { ZeroAddress, ZeroHash } = ethers;

describe('the manager of Uniswap v4', () => {
  it('opens a pool, and says so', async () => {
    const { manager: pm, key } = await helpers.loadFixture(manager);
    await expect(pm.initialize(key, Q96))
      .to.emit(pm, 'Initialize')
      .withArgs(idOf(key), key.currency0, key.currency1, 3_000, 60, ZeroAddress, Q96, 0);
    const { sqrtPrice, tick, lpFee } = await slot0Of(pm, key);
    expect([sqrtPrice, tick, lpFee]).to.deep.equal([Q96, 0n, 3_000n]);
  });

  it('opens a pool once', async () => {
    const { manager: pm, key } = await helpers.loadFixture(filled);
    await expect(pm.initialize(key, Q96)).to.be.revertedWithCustomError(
      errorsOf('Pool'),
      'PoolAlreadyInitialized',
    );
  });

  for (const [name, change, error, of] of [
    ['ticks too far apart', { tickSpacing: 32_768 }, 'TickSpacingTooLarge', 'PoolManager'],
    ['ticks not apart', { tickSpacing: 0 }, 'TickSpacingTooSmall', 'PoolManager'],
    ['a fee above all', { fee: 1_000_001 }, 'LPFeeTooLarge', 'LPFeeLibrary'],
    [
      'a hook without a permission',
      { hooks: `0x${'1'.repeat(36)}0000` },
      'HookAddressNotValid',
      'Hooks',
    ],
  ] as const) {
    it(`opens no pool of ${name}`, async () => {
      const { manager: pm, key } = await helpers.loadFixture(manager);
      await expect(pm.initialize({ ...key, ...change }, Q96)).to.be.revertedWithCustomError(
        errorsOf(of),
        error,
      );
    });
  }

  it('opens no pool of currencies out of order', async () => {
    const { manager: pm, key } = await helpers.loadFixture(manager);
    const turned = { ...key, currency0: key.currency1, currency1: key.currency0 };
    await expect(pm.initialize(turned, Q96))
      .to.be.revertedWithCustomError(pm, 'CurrenciesOutOfOrderOrEqual')
      .withArgs(key.currency1, key.currency0);
  });

  for (const price of [LIMITS.down - 2n, LIMITS.up + 1n]) {
    it(`opens no pool at the price ${price}`, async () => {
      const { manager: pm, key } = await helpers.loadFixture(manager);
      await expect(pm.initialize(key, price))
        .to.be.revertedWithCustomError(errorsOf('TickMath'), 'InvalidSqrtPrice')
        .withArgs(price);
    });
  }

  it('does nothing while it is locked', async () => {
    const { manager: pm, key, owner } = await helpers.loadFixture(filled);
    for (const call of [
      () => pm.swap(key, swapOf(true, -1n), '0x'),
      () => pm.modifyLiquidity(key, RANGE, '0x'),
      () => pm.donate(key, 1n, 1n, '0x'),
      () => pm.take(key.currency0, owner, 1n),
      () => pm.settle(),
      () => pm.mint(owner, 1n, 1n),
      () => pm.burn(owner, 1n, 1n),
      () => pm.clear(key.currency0, 0n),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(pm, 'ManagerLocked');
    }
  });

  it('is unlocked for a callback, and locked after', async () => {
    const { manager: pm } = await helpers.loadFixture(manager);
    const idle = await deploy('v4/PoolEmptyUnlockTest', pm);
    await expect(idle.unlock()).to.emit(idle, 'UnlockCallback');
    await expect(pm.settle()).to.be.revertedWithCustomError(pm, 'ManagerLocked');
  });

  it('is unlocked by who answers alone', async () => {
    const { manager: pm } = await helpers.loadFixture(manager);
    await expect(pm.unlock('0x')).to.be.revertedWithoutReason(ethers);
  });
});

describe('liquidity of Uniswap v4', () => {
  for (const [name, tickLower, tickUpper] of [
    ['around the price', -600, 1_200],
    ['below the price', -1_200, -60],
    ['above the price', 60, 1_200],
  ] as const) {
    it(`takes what the formulas say ${name}`, async () => {
      const all = await helpers.loadFixture(filled);
      const { manager: pm, liquidity, token0, token1, math, key } = all;
      const [low, high]: bigint[] = await Promise.all(
        [tickLower, tickUpper].map((tick) => math.getSqrtPriceAtTick(tick)),
      );
      const within = (price = 0n) => ({
        above: price < Q96 ? Q96 : price,
        below: price > Q96 ? Q96 : price,
      });
      const before = [await token0.balanceOf(pm), await token1.balanceOf(pm)];
      await expect(liquidity[MODIFY](key, { ...RANGE, tickLower, tickUpper }, '0x'))
        .to.emit(pm, 'ModifyLiquidity')
        .withArgs(idOf(key), await addressOf(liquidity), tickLower, tickUpper, LIQUIDITY, ZeroHash);
      expect((await token0.balanceOf(pm)) - before[0]).to.equal(
        amount0Between(within(low).above, within(high).above, LIQUIDITY, true),
      );
      expect((await token1.balanceOf(pm)) - before[1]).to.equal(
        amount1Between(within(low).below, within(high).below, LIQUIDITY, true),
      );
    });
  }

  it('gives back a unit less of each', async () => {
    const {
      liquidity,
      token0,
      token1,
      owner,
      manager: pm,
      key,
    } = await helpers.loadFixture(filled);
    const before = await token0.balanceOf(owner);
    const held = await token0.balanceOf(pm);
    await liquidity[MODIFY](key, { ...RANGE, liquidityDelta: -LIQUIDITY }, '0x');
    expect((await token0.balanceOf(owner)) - before).to.equal(held - 1n);
    expect([await token0.balanceOf(pm), await token1.balanceOf(pm)]).to.deep.equal([1n, 1n]);
  });

  it('keeps positions of one range apart by their salt', async () => {
    const { liquidity, key } = await helpers.loadFixture(filled);
    const salted = { ...RANGE, salt: ethers.id('mine') };
    await liquidity[MODIFY](key, salted, '0x');
    const tooMuch = { ...salted, liquidityDelta: -LIQUIDITY - 1n };
    await expect(liquidity[MODIFY](key, tooMuch, '0x')).to.be.revertedWithCustomError(
      errorsOf('SafeCast'),
      'SafeCastOverflow',
    );
  });

  for (const [tickLower, tickUpper, error] of [
    [600, -600, 'TicksMisordered'],
    [-887_280, 600, 'TickLowerOutOfBounds'],
    [-600, 887_280, 'TickUpperOutOfBounds'],
  ] as const) {
    it(`takes no range from ${tickLower} to ${tickUpper}`, async () => {
      const { liquidity, key } = await helpers.loadFixture(filled);
      await expect(
        liquidity[MODIFY](key, { ...RANGE, tickLower, tickUpper }, '0x'),
      ).to.be.revertedWithCustomError(errorsOf('Pool'), error);
    });
  }

  it('takes none for a pool that was not opened', async () => {
    const { liquidity, key } = await helpers.loadFixture(manager);
    await expect(liquidity[MODIFY](key, RANGE, '0x')).to.be.revertedWithCustomError(
      errorsOf('Pool'),
      'PoolNotInitialized',
    );
  });
});

describe('swaps of Uniswap v4', () => {
  for (const [name, zeroForOne, amount] of [
    ['an exact input down', true, -(10n ** 15n)],
    ['an exact input up', false, -(10n ** 15n)],
    ['an exact output down', true, 10n ** 15n],
    ['an exact output up', false, 10n ** 15n],
    ['one unit', false, -1n],
  ] as const) {
    it(`follows the model for ${name}`, async () => {
      const { manager: pm, swaps, key, math } = await helpers.loadFixture(filled);
      const model: PoolModel = { sqrtPrice: Q96, liquidity: LIQUIDITY, ticks: [], fee: 3_000n };
      // In v4 an input is below zero, and what the pool takes, too.
      const request = { zeroForOne, amount: -amount, limit: zeroForOne ? LIMITS.down : LIMITS.up };
      const { amount0, amount1 } = swapInModel(model, request);
      await expect(swaps.swap(key, swapOf(zeroForOne, amount), PLAIN, '0x'))
        .to.emit(pm, 'Swap')
        .withArgs(
          ...[idOf(key), await addressOf(swaps), -amount0, -amount1],
          ...[model.sqrtPrice, LIQUIDITY, await math.getTickAtSqrtPrice(model.sqrtPrice), 3_000],
        );
      expect((await slot0Of(pm, key)).sqrtPrice).to.equal(model.sqrtPrice);
    });
  }

  it('moves tokens between trader and manager', async () => {
    const { manager: pm, swaps, token0, token1, owner, key } = await helpers.loadFixture(filled);
    const before = [await token0.balanceOf(owner), await token1.balanceOf(owner)];
    const held = [await token0.balanceOf(pm), await token1.balanceOf(pm)];
    await swaps.swap(key, swapOf(true, -1_000_000n), PLAIN, '0x');
    const after = [await token0.balanceOf(owner), await token1.balanceOf(owner)];
    expect(before[0] - after[0]).to.equal(1_000_000n);
    expect(after[1] - before[1]).to.equal(996_999n);
    expect(await token0.balanceOf(pm)).to.equal(held[0] + 1_000_000n);
    expect(await token1.balanceOf(pm)).to.equal(held[1] - 996_999n);
  });

  it('swaps ether itself, and gives back what was too much', async () => {
    const { manager: pm, liquidity, swaps, key, token1, owner } = await helpers.loadFixture(filled);
    const ether = { ...key, currency0: ZeroAddress, currency1: await addressOf(token1) };
    await pm.initialize(ether, Q96);
    await liquidity[MODIFY](ether, RANGE, '0x', { value: 10n ** 18n });
    const before = await token1.balanceOf(owner);
    const held = await ethers.provider.getBalance(pm);
    await swaps.swap(ether, swapOf(true, -1_000_000n), PLAIN, '0x', { value: 5_000_000n });
    expect((await ethers.provider.getBalance(pm)) - held).to.equal(1_000_000n);
    expect((await token1.balanceOf(owner)) - before).to.equal(996_999n);
    expect(await ethers.provider.getBalance(swaps)).to.equal(0n);
  });

  it('takes no swap of nothing, nor past the limit', async () => {
    const { manager: pm, swaps, key } = await helpers.loadFixture(filled);
    await expect(swaps.swap(key, swapOf(true, 0n), PLAIN, '0x')).to.be.revertedWithCustomError(
      pm,
      'SwapAmountCannotBeZero',
    );
    const wrong = { ...swapOf(true, -1n), sqrtPriceLimitX96: Q96 + 1n };
    await expect(swaps.swap(key, wrong, PLAIN, '0x'))
      .to.be.revertedWithCustomError(errorsOf('Pool'), 'PriceLimitAlreadyExceeded')
      .withArgs(Q96, Q96 + 1n);
    const out = { ...swapOf(true, -1n), sqrtPriceLimitX96: LIMITS.down - 1n };
    await expect(swaps.swap(key, out, PLAIN, '0x')).to.be.revertedWithCustomError(
      errorsOf('Pool'),
      'PriceLimitOutOfBounds',
    );
  });

  it('does not let one leave without paying', async () => {
    const { manager: pm, swaps, token0, key } = await helpers.loadFixture(filled);
    await token0.approve(swaps, 0n);
    await expect(swaps.swap(key, swapOf(true, -1_000n), PLAIN, '0x')).to.be.revertedWithCustomError(
      token0,
      'ERC20InsufficientAllowance',
    );
    expect((await slot0Of(pm, key)).sqrtPrice).to.equal(Q96);
  });
});

describe('gifts, loans and claims of Uniswap v4', () => {
  it('gives to those in range', async () => {
    const { manager: pm, liquidity, gifts, token0, owner, key } = await helpers.loadFixture(filled);
    await expect(gifts.donate(key, 1_000n, 2_000n, '0x'))
      .to.emit(pm, 'Donate')
      .withArgs(idOf(key), await addressOf(gifts), 1_000n, 2_000n);
    const before = await token0.balanceOf(owner);
    await liquidity[MODIFY](key, { ...RANGE, liquidityDelta: 0n }, '0x');
    expect((await token0.balanceOf(owner)) - before).to.equal(999n);
  });

  it('gives to nobody where nobody is', async () => {
    const { liquidity, gifts, key } = await helpers.loadFixture(filled);
    await liquidity[MODIFY](key, { ...RANGE, liquidityDelta: -LIQUIDITY }, '0x');
    await expect(gifts.donate(key, 1n, 1n, '0x')).to.be.revertedWithCustomError(
      errorsOf('Pool'),
      'NoLiquidityToReceiveFees',
    );
  });

  it('lends within one call', async () => {
    const { loans, token0, owner, key } = await helpers.loadFixture(filled);
    const before = await token0.balanceOf(owner);
    await loans.take(key, 1_000n, 1_000n);
    expect(await token0.balanceOf(owner)).to.equal(before);
  });

  it('turns tokens into claims and back', async () => {
    const { manager: pm, claims, token0, owner, key } = await helpers.loadFixture(filled);
    const id = BigInt(key.currency0);
    const before = await token0.balanceOf(owner);
    await expect(claims.deposit(key.currency0, owner, 500n))
      .to.emit(pm, 'Transfer')
      .withArgs(await addressOf(claims), ZeroAddress, owner.address, id, 500n);
    expect(await pm.balanceOf(owner, id)).to.equal(500n);
    await pm.setOperator(claims, true);
    await claims.withdraw(key.currency0, owner, 200n);
    expect(await pm.balanceOf(owner, id)).to.equal(300n);
    expect(await token0.balanceOf(owner)).to.equal(before - 300n);
  });

  it('moves claims by approval', async () => {
    const { manager: pm, claims, owner, ann, eve, key } = await helpers.loadFixture(filled);
    const id = BigInt(key.currency0);
    await claims.deposit(key.currency0, owner, 500n);
    await pm.transfer(ann, id, 100n);
    await pm.approve(ann, id, 50n);
    await pm.connect(ann).transferFrom(owner, ann, id, 50n);
    expect(await pm.balanceOf(ann, id)).to.equal(150n);
    await expect(pm.connect(ann).transferFrom(owner, ann, id, 1n)).to.be.revertedWithPanic(0x11);
    await pm.setOperator(eve, true);
    await pm.connect(eve).transferFrom(owner, eve, id, 350n);
    expect(await pm.balanceOf(eve, id)).to.equal(350n);
  });

  it('pays a swap by claims, and out in claims', async () => {
    const {
      manager: pm,
      claims,
      swaps,
      token0,
      token1,
      owner,
      key,
    } = await helpers.loadFixture(filled);
    await claims.deposit(key.currency0, owner, 1_000_000n);
    await pm.setOperator(swaps, true);
    const before = [await token0.balanceOf(owner), await token1.balanceOf(owner)];
    const byClaims = { takeClaims: true, settleUsingBurn: true };
    await swaps.swap(key, swapOf(true, -1_000_000n), byClaims, '0x');
    expect(await token0.balanceOf(owner)).to.equal(before[0]);
    expect(await token1.balanceOf(owner)).to.equal(before[1]);
    expect(await pm.balanceOf(owner, BigInt(key.currency0))).to.equal(0n);
    expect(await pm.balanceOf(owner, BigInt(key.currency1))).to.equal(996_999n);
  });
});
