/** Pools of Uniswap v4 for tests: a manager with the routers of its own tests, tokens, hooks. */
import { type Any, artifactOf, at, deploy, ethers, helpers, type Signer } from './chain.ts';
import { LIMITS, Q96 } from './concentrated-liquidity.ts';

const { ZeroAddress, ZeroHash } = ethers;
export const LIQUIDITY: bigint = 10n ** 18n;
export const RANGE: Readonly<Record<'tickLower' | 'tickUpper', number>> & {
  readonly liquidityDelta: bigint;
  readonly salt: string;
} = { tickLower: -600, tickUpper: 600, liquidityDelta: LIQUIDITY, salt: ZeroHash };
export const PLAIN: Any = { takeClaims: false, settleUsingBurn: false };
export const DYNAMIC_FEE = 0x800000;
const KEY = 'tuple(address,address,uint24,int24,address)';
export const MODIFY =
  'modifyLiquidity((address,address,uint24,int24,address),(int24,int24,int256,bytes32),bytes)';
type Step = 'Initialize' | 'AddLiquidity' | 'RemoveLiquidity' | 'Swap' | 'Donate';
type Permission = `before${Step}` | `after${Step}` | 'afterSwapReturns';
/** Permissions that a hook's address states in its last bits. */
export const HOOKS: Readonly<Record<Permission, number>> = {
  beforeInitialize: 1 << 13,
  afterInitialize: 1 << 12,
  beforeAddLiquidity: 1 << 11,
  afterAddLiquidity: 1 << 10,
  beforeRemoveLiquidity: 1 << 9,
  afterRemoveLiquidity: 1 << 8,
  beforeSwap: 1 << 7,
  afterSwap: 1 << 6,
  beforeDonate: 1 << 5,
  afterDonate: 1 << 4,
  afterSwapReturns: 1 << 2,
};

export const addressOf = (contract: Any): Promise<string> => contract.getAddress();
/** Libraries' errors are in no contract's ABI. */
export const errorsOf = (name: string): { interface: Any } => ({
  interface: artifactOf(`v4/${name}`).abi,
});
const word = (value: bigint | number) => ethers.toBeHex(value, 32);

export interface PoolKey {
  readonly currency0: string;
  readonly currency1: string;
  readonly fee: number;
  readonly tickSpacing: number;
  readonly hooks: string;
}

export function idOf(key: PoolKey): string {
  const coder = ethers.AbiCoder.defaultAbiCoder();
  return ethers.keccak256(coder.encode([KEY], [Object.values(key)]));
}

type Slot0 = Readonly<Record<'sqrtPrice' | 'tick' | 'protocolFee' | 'lpFee', bigint>>;

/** A pool's first slot; pools stand in the manager's slot 6. */
export async function slot0Of(manager: Any, key: PoolKey): Promise<Slot0> {
  const slot = ethers.keccak256(ethers.concat([idOf(key), word(6)]));
  const value = BigInt(await manager['extsload(bytes32)'](slot));
  return {
    sqrtPrice: value & ((1n << 160n) - 1n),
    tick: BigInt.asIntN(24, value >> 160n),
    protocolFee: (value >> 184n) & 0xffffffn,
    lpFee: (value >> 208n) & 0xffffffn,
  };
}

export interface Managed {
  readonly manager: Any;
  /** Contracts that unlock the manager, and pay. */
  readonly liquidity: Any;
  readonly swaps: Any;
  readonly gifts: Any;
  readonly claims: Any;
  readonly loans: Any;
  readonly token0: Any;
  readonly token1: Any;
  readonly key: PoolKey;
  readonly owner: Signer;
  readonly ann: Signer;
  readonly eve: Signer;
}

/** A manager without pools. */
export async function manager(): Promise<Managed> {
  const [owner, ann, eve] = await ethers.getSigners();
  const made = await deploy('v4/PoolManager', owner);
  const routers = {
    liquidity: await deploy('v4/PoolModifyLiquidityTest', made),
    swaps: await deploy('v4/PoolSwapTest', made),
    gifts: await deploy('v4/PoolDonateTest', made),
    claims: await deploy('v4/PoolClaimsTest', made),
    loans: await deploy('v4/PoolTakeTest', made),
  };
  const coins = [await deploy('CappedCoin', 10n ** 40n), await deploy('CappedCoin', 10n ** 40n)];
  if (BigInt(await addressOf(coins[0])) > BigInt(await addressOf(coins[1]))) coins.reverse();
  for (const coin of coins) {
    await coin.mint(owner, 10n ** 30n);
    for (const router of Object.values(routers)) await coin.approve(router, ethers.MaxUint256);
  }
  const [token0, token1] = coins;
  const key: PoolKey = {
    ...{ currency0: await addressOf(token0), currency1: await addressOf(token1) },
    ...{ fee: 3_000, tickSpacing: 60, hooks: ZeroAddress },
  };
  return { manager: made, ...routers, token0, token1, key, owner, ann, eve };
}

/** One pool at the price 1, with one position. */
export async function filled(): Promise<Managed & { readonly math: Any }> {
  const all = await manager();
  await all.manager.initialize(all.key, Q96);
  await all.liquidity[MODIFY](all.key, RANGE, '0x');
  return { ...all, math: await deploy('v4/TickMathTest') };
}

/** What the manager takes: an exact input is below zero, an exact output above. */
export function swapOf(zeroForOne: boolean, amountSpecified: bigint): Any {
  const sqrtPriceLimitX96 = zeroForOne ? LIMITS.down : LIMITS.up;
  return { zeroForOne, amountSpecified, sqrtPriceLimitX96 };
}

/** A hook's code at an address that states its permissions. */
export async function hookAt(
  name: string,
  permissions: number,
  ...args: readonly unknown[]
): Promise<Any> {
  const made = await deploy(`v4/${name}`, ...args);
  const address = ethers.getAddress(ethers.toBeHex((0xabcn << 140n) | BigInt(permissions), 20));
  await helpers.setCode(address, await ethers.provider.getCode(made));
  return at(`v4/${name}`, address);
}
