/** Uniswap v4: fees of the protocol and of hooks; what hooks are told, answer, take and refuse. */
import { ethers, expect, helpers } from '../chain.ts';
import { LIMITS, type PoolModel, Q96, swapInModel } from '../concentrated-liquidity.ts';
import {
  addressOf,
  DYNAMIC_FEE,
  errorsOf,
  filled,
  HOOKS,
  hookAt,
  idOf,
  LIQUIDITY,
  MODIFY,
  manager,
  PLAIN,
  RANGE,
  slot0Of,
  swapOf,
} from '../v4-pools.ts';

describe('fees of Uniswap v4', () => {
  it('keeps the protocol’s share before the providers’', async () => {
    const { manager: pm, swaps, token0, owner, ann, key } = await helpers.loadFixture(filled);
    await pm.setProtocolFeeController(ann);
    const controlled = pm.connect(ann);
    await expect(pm.setProtocolFee(key, 0)).to.be.revertedWithCustomError(pm, 'InvalidCaller');
    await expect(controlled.setProtocolFee(key, 1_001))
      .to.be.revertedWithCustomError(pm, 'ProtocolFeeTooLarge')
      .withArgs(1_001);
    await expect(controlled.setProtocolFee(key, (1_000 << 12) | 500))
      .to.emit(pm, 'ProtocolFeeUpdated')
      .withArgs(idOf(key), (1_000 << 12) | 500);
    await swaps.swap(key, swapOf(true, -1_000_000n), PLAIN, '0x');
    await swaps.swap(key, swapOf(false, -1_000_000n), PLAIN, '0x');
    expect(await pm.protocolFeesAccrued(key.currency0)).to.equal(500n);
    expect(await pm.protocolFeesAccrued(key.currency1)).to.equal(1_000n);
    const before = await token0.balanceOf(ann);
    await controlled.collectProtocolFees(ann, key.currency0, 0n);
    expect((await token0.balanceOf(ann)) - before).to.equal(500n);
    await expect(
      pm.connect(owner).collectProtocolFees(owner, key.currency0, 0n),
    ).to.be.revertedWithCustomError(pm, 'InvalidCaller');
  });

  it('names who sets them by its owner alone', async () => {
    const { manager: pm, eve } = await helpers.loadFixture(manager);
    await expect(pm.connect(eve).setProtocolFeeController(eve)).to.be.revertedWith('UNAUTHORIZED');
  });

  it('changes a pool’s fee by its hook alone', async () => {
    const { manager: pm, key } = await helpers.loadFixture(filled);
    await expect(pm.updateDynamicLPFee(key, 1)).to.be.revertedWithCustomError(
      pm,
      'UnauthorizedDynamicLPFeeUpdate',
    );
  });

  for (const fee of [123, 10_000, 500_000]) {
    it(`takes a fee of ${fee} that a hook sets before each swap`, async () => {
      const { manager: pm, swaps, liquidity, key } = await helpers.loadFixture(filled);
      const hook = await hookAt('DynamicFeesTestHook', HOOKS.afterInitialize | HOOKS.beforeSwap);
      await hook.setManager(pm);
      const dynamic = { ...key, fee: DYNAMIC_FEE, hooks: await addressOf(hook) };
      await pm.initialize(dynamic, Q96);
      await liquidity[MODIFY](dynamic, RANGE, '0x');
      await hook.setFee(fee);
      const model: PoolModel = {
        ...{ sqrtPrice: Q96, liquidity: LIQUIDITY, ticks: [], fee: BigInt(fee) },
      };
      const request = { zeroForOne: true, amount: 10n ** 12n, limit: LIMITS.down };
      const { amount0, amount1 } = swapInModel(model, request);
      const delta = await swaps.swap.staticCall(dynamic, swapOf(true, -(10n ** 12n)), PLAIN, '0x');
      expect(BigInt.asIntN(128, delta >> 128n)).to.equal(-amount0);
      expect(BigInt.asIntN(128, delta)).to.equal(-amount1);
      await swaps.swap(dynamic, swapOf(true, -(10n ** 12n)), PLAIN, '0x');
      expect((await slot0Of(pm, dynamic)).lpFee).to.equal(BigInt(fee));
      expect((await slot0Of(pm, dynamic)).sqrtPrice).to.equal(model.sqrtPrice);
    });
  }
});

describe('hooks of Uniswap v4', () => {
  const WRAPPED = new ethers.Interface([
    'error WrappedError(address target, bytes4 selector, bytes reason, bytes details)',
  ]);

  async function hooked(permissions: number) {
    const all = await filled();
    const hook = await hookAt('MockHooks', permissions);
    return { ...all, hook, key: { ...all.key, hooks: await addressOf(hook) } };
  }

  async function everywhere() {
    const { afterSwapReturns: _, ...all } = HOOKS;
    return hooked(Object.values(all).reduce((sum, each) => sum | each, 0));
  }

  it('tells a hook of each step, with the caller’s data', async () => {
    const {
      manager: pm,
      hook,
      liquidity,
      swaps,
      gifts,
      key,
    } = await helpers.loadFixture(everywhere);
    await pm.initialize(key, Q96);
    await liquidity[MODIFY](key, RANGE, '0x01');
    await swaps.swap(key, swapOf(true, -1_000n), PLAIN, '0x02');
    await gifts.donate(key, 1n, 1n, '0x03');
    await liquidity[MODIFY](key, { ...RANGE, liquidityDelta: -1_000n }, '0x04');
    expect((await hook.beforeInitializeData()).length).to.equal(2 + 2 * 123);
    for (const [step, data] of [
      ['AddLiquidity', '0x01'],
      ['Swap', '0x02'],
      ['Donate', '0x03'],
      ['RemoveLiquidity', '0x04'],
    ] as const) {
      expect(await hook[`before${step}Data`](), step).to.equal(data);
      expect(await hook[`after${step}Data`](), step).to.equal(data);
    }
  });

  it('tells it of no step that its address does not name', async () => {
    async function afterSwapOnly() {
      return hooked(HOOKS.afterSwap);
    }
    const { manager: pm, hook, liquidity, swaps, key } = await helpers.loadFixture(afterSwapOnly);
    await pm.initialize(key, Q96);
    await liquidity[MODIFY](key, RANGE, '0x01');
    await swaps.swap(key, swapOf(true, -1_000n), PLAIN, '0x02');
    expect(await hook.afterSwapData()).to.equal('0x02');
    expect(await hook.beforeSwapData()).to.equal('0x');
    expect(await hook.afterAddLiquidityData()).to.equal('0x');
  });

  for (const step of ['beforeInitialize', 'afterInitialize'] as const) {
    it(`opens no pool whose hook answers ${step} wrongly`, async () => {
      const { manager: pm, hook, key } = await helpers.loadFixture(everywhere);
      await hook.setReturnValue(hook.interface.getFunction(step).selector, '0xdeadbeef');
      await expect(pm.initialize(key, Q96)).to.be.revertedWithCustomError(
        errorsOf('Hooks'),
        'InvalidHookResponse',
      );
    });
  }

  for (const step of ['beforeSwap', 'afterSwap', 'beforeDonate', 'afterDonate'] as const) {
    it(`does nothing where a hook answers ${step} wrongly`, async () => {
      const {
        manager: pm,
        hook,
        swaps,
        gifts,
        liquidity,
        key,
      } = await helpers.loadFixture(everywhere);
      await pm.initialize(key, Q96);
      await liquidity[MODIFY](key, RANGE, '0x');
      await hook.setReturnValue(hook.interface.getFunction(step).selector, '0xdeadbeef');
      const sent = step.endsWith('Swap')
        ? swaps.swap(key, swapOf(true, -1_000n), PLAIN, '0x')
        : gifts.donate(key, 1n, 1n, '0x');
      await expect(sent).to.be.revertedWithCustomError(errorsOf('Hooks'), 'InvalidHookResponse');
      expect((await slot0Of(pm, key)).sqrtPrice).to.equal(Q96);
    });
  }

  it('wraps what a hook reverts with', async () => {
    const { manager: pm, key } = await helpers.loadFixture(filled);
    const hook = await hookAt('FeeTakingHook', HOOKS.beforeInitialize, pm);
    const address = await addressOf(hook);
    const selector = hook.interface.getFunction('beforeInitialize').selector;
    await expect(pm.initialize({ ...key, hooks: address }, Q96))
      .to.be.revertedWithCustomError({ interface: WRAPPED }, 'WrappedError')
      .withArgs(
        ...[address, selector, ethers.id('HookNotImplemented()').slice(0, 10)],
        ethers.id('HookCallFailed()').slice(0, 10),
      );
  });

  for (const [name, zeroForOne, amount] of [
    ['output of an exact input', true, -1_000_000n],
    ['input of an exact output', false, 1_000_000n],
  ] as const) {
    it(`lets a hook take its share of the ${name}`, async () => {
      const {
        manager: pm,
        swaps,
        liquidity,
        key,
        token0,
        token1,
      } = await helpers.loadFixture(filled);
      const permissions = HOOKS.afterSwap | HOOKS.afterSwapReturns;
      const hook = await hookAt('FeeTakingHook', permissions, pm);
      const hooks = await addressOf(hook);
      await pm.initialize({ ...key, hooks }, Q96);
      await liquidity[MODIFY]({ ...key, hooks }, RANGE, '0x');
      const model: PoolModel = { sqrtPrice: Q96, liquidity: LIQUIDITY, ticks: [], fee: 3_000n };
      const limit = zeroForOne ? LIMITS.down : LIMITS.up;
      const { amount1 } = swapInModel(model, { zeroForOne, amount: -amount, limit });
      const moved = amount1 < 0n ? -amount1 : amount1;
      await swaps.swap({ ...key, hooks }, swapOf(zeroForOne, amount), PLAIN, '0x');
      expect(await token1.balanceOf(hook)).to.equal((moved * 123n) / 10_000n);
      expect(await token0.balanceOf(hook)).to.equal(0n);
    });
  }
});
