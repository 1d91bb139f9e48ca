/**
 * Swaps through concentrated liquidity as Uniswap v3 and v4 reckon them, in bigints: SqrtPriceMath,
 * SwapMath and the walk over ticks (white paper of v3, 6.2 and 6.3). Prices are square roots in
 * Q64.96. It knows no bitmap of ticks; both contracts also stop, and round, at the ends of its
 * words, which a model names as ticks where no liquidity changes.
 */

export const Q96: bigint = 1n << 96n;
/** The last prices that a swap may be told to stop at. */
export const LIMITS: Readonly<Record<'down' | 'up', bigint>> = {
  down: 4295128740n,
  up: 1461446703485210103287273052203988822378723970341n,
};
const MILLION = 1_000_000n;

export interface Tick {
  readonly sqrtPrice: bigint;
  /** Of liquidity when the price goes up through it. */
  readonly net: bigint;
  /** Where the price stops in one direction only. */
  readonly only?: 'up' | 'down';
}

export interface PoolModel {
  sqrtPrice: bigint;
  liquidity: bigint;
  /** By rising price. */
  readonly ticks: readonly Tick[];
  /** Of a swap, in millionths. */
  readonly fee: bigint;
}

export interface Swapped {
  /** What the pool takes (above zero) or gives. */
  readonly amount0: bigint;
  readonly amount1: bigint;
  /** Growth of fees by unit of liquidity, Q128.128. */
  readonly feeGrowth: bigint;
}

const ceiling = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** Of the first token, between two prices. */
export function amount0Between(a: bigint, b: bigint, liquidity: bigint, up: boolean): bigint {
  const [low, high] = a < b ? [a, b] : [b, a];
  const product = (liquidity << 96n) * (high - low);
  return up ? ceiling(ceiling(product, high), low) : product / high / low;
}

/** Of the second token, between two prices. */
export function amount1Between(a: bigint, b: bigint, liquidity: bigint, up: boolean): bigint {
  const product = liquidity * (a < b ? b - a : a - b);
  return up ? ceiling(product, Q96) : product / Q96;
}

/** The price after an input or output within one range, rounded in the pool's favour. */
function priceAfter(price: bigint, liquidity: bigint, amount: bigint, zeroForOne: boolean): bigint {
  const isInput = amount > 0n;
  const size = isInput ? amount : -amount;
  if (zeroForOne === isInput) {
    const scaled = liquidity << 96n;
    const change = size * price;
    return ceiling(scaled * price, isInput ? scaled + change : scaled - change);
  }
  return isInput ? price + (size << 96n) / liquidity : price - ceiling(size << 96n, liquidity);
}

/** Swaps an exact input (above zero) or output (below), and moves the model's price. */
export function swapInModel(
  pool: PoolModel,
  { zeroForOne, amount, limit }: { zeroForOne: boolean; amount: bigint; limit: bigint },
): Swapped {
  const isInput = amount > 0n;
  let [left, taken, given, feeGrowth] = [amount, 0n, 0n, 0n];
  while (left !== 0n && pool.sqrtPrice !== limit) {
    const { liquidity, sqrtPrice: from } = pool;
    const next = nextTick(pool, zeroForOne);
    const end = next === undefined ? limit : nearer(next.sqrtPrice, limit, zeroForOne);
    const [inOf, outOf] = zeroForOne
      ? [amount0Between, amount1Between]
      : [amount1Between, amount0Between];
    const usable = isInput ? (left * (MILLION - pool.fee)) / MILLION : -left;
    const whole = isInput ? inOf(from, end, liquidity, true) : outOf(from, end, liquidity, false);
    const reaches = usable >= whole;
    const to = reaches ? end : priceAfter(from, liquidity, isInput ? usable : -usable, zeroForOne);
    const input = inOf(from, to, liquidity, true);
    const output = outOf(from, to, liquidity, false);
    const out = isInput || output < -left ? output : -left;
    const fee = isInput && !reaches ? left - input : ceiling(input * pool.fee, MILLION - pool.fee);
    taken += input + fee;
    given += out;
    left = isInput ? left - input - fee : left + out;
    if (liquidity > 0n) feeGrowth += (fee << 128n) / liquidity;
    pool.sqrtPrice = to;
    if (next !== undefined && to === next.sqrtPrice) {
      pool.liquidity += zeroForOne ? -next.net : next.net;
      crossed.add(next);
    }
  }
  crossed.clear();
  const [amount0, amount1] = zeroForOne ? [taken, -given] : [-given, taken];
  return { amount0, amount1, feeGrowth };
}

/** Ticks that a swap has gone through: going down, the price may stand on one that is behind. */
const crossed = new Set<Tick>();

function nextTick({ ticks, sqrtPrice }: PoolModel, zeroForOne: boolean): Tick | undefined {
  return zeroForOne
    ? ticks.findLast((t) => t.only !== 'up' && t.sqrtPrice <= sqrtPrice && !crossed.has(t))
    : ticks.find((t) => t.only !== 'down' && t.sqrtPrice > sqrtPrice);
}

function nearer(a: bigint, b: bigint, zeroForOne: boolean): bigint {
  return a > b === zeroForOne ? a : b;
}

/**
 * The square root of 1.0001^tick in Q64.96, by 80 decimal digits.
 */
export function sqrtPriceAt(tick: number): bigint {
  const digits = 10n ** 80n;
  let [power, base, left] = [digits, (digits * 10_001n) / 10_000n, Math.abs(tick)];
  for (; left > 0; left >>= 1) {
    if (left & 1) power = (power * base) / digits;
    base = (base * base) / digits;
  }
  const ratio = tick < 0 ? (digits * digits) / power : power;
  return (squareRoot(ratio * digits) << 96n) / digits;
}

export function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let [root, next] = [value, 1n << BigInt((value.toString(2).length + 1) >> 1)];
  while (next < root) [root, next] = [next, (next + value / next) >> 1n];
  return root;
}
