/**
 * MULMOD by Barrett's reduction: the quotient is estimated with a reciprocal of the modulus that
 * was computed once, so nothing divides.
 *
 * With m' the modulus shifted left until its top bit is set, a' = a shifted alike, p = a' b and
 * mu = floor(2^544 / m') - 2^288 (nine digits, kept in a cache):
 *
 *   x = floor(p / 2^224)                       nine digits, 7 to 15 of p
 *   q = floor(x (2^288 + mu) / 2^320)          from column 8 of x mu on
 *   r = p - q m'                               below 2 m', so at most one correction
 *
 * a' < m' makes the quotient p / m' < b < 2^256. What q may lack: the digits of p below x are
 * worth 2^224 2^289 / 2^544 = 2^-31 of a unit, the fraction of mu x / 2^320 < 2^-32, the columns
 * left out 8 2^(64 + 224) / 2^320 = 2^-29: less than 2^-28 together. So q is exact, unless the
 * digit below it says that the quotient is as near to the next whole number; only then r is
 * corrected.
 *
 * A modulus 2^256 - c with c < 2^64 needs no reciprocal: 2^256 = c, and the upper half of the
 * product is folded onto the lower one.
 *
 * Measured (kernels.bench.ts): BN254 74 ns, folded 41, where Knuth's division took 100.
 */
import type { FunctionRef, Local, Value } from '../../wasm/function.ts';
import * as layout from '../layout.ts';
import { type Emitter, keep, keep32, type Limb, pushValue } from '../words/word.ts';
import {
  DIGIT_MASK,
  type Digit,
  digitsOf,
  joinDigits,
  loadDigits,
  multiplyDigits,
} from './digits.ts';
import {
  addCarrying,
  loadLimbs,
  pushShiftedOut,
  selectLimbs,
  shiftLimbsLeft,
  shiftLimbsRight,
  storeLimbs,
  subtractBorrowing,
} from './limbs.ts';
import { multiplyLow } from './multiply.ts';

export interface MulmodOperands {
  /** Addresses of words; the result's may be an operand's. */
  readonly result: Local<'i32'>;
  readonly a: Local<'i32'>;
  readonly b: Local<'i32'>;
  readonly modulus: Local<'i32'>;
}

export interface MulmodLinks {
  /** Pushes the address of this instance's scratch memory. */
  pushScratch(): Value<'i32'>;
  /** (result, a, b, modulus, entry): any operands; fills the cache's entry if that is worth it. */
  readonly slow: FunctionRef;
}

/** 2^64 divided by the golden ratio: spreads what differs in few bits. */
const GOLDEN = 0x9e37_79b9_7f4a_7c15n;
/** Fractions of 2^32 from which on the quotient may be one too small: 2^-28, and one for below. */
const FRACTION_NEAR_ONE = (1n << 32n) - 17n;
/** Smallest top limb of a modulus by which a longer operand is reduced in place. */
const TOP_LIMB_MIN = 1n << 33n;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** Emits a function's whole body. */
export function emitMulmod(m: Emitter, operands: MulmodOperands, links: MulmodLinks): void {
  const { fn } = m;
  const { result, a, b, modulus } = operands;
  const limbs = loadLimbs(m, { address: modulus, offset: 0, count: 4 });
  fn.if(pushIsFoldable(m, limbs), () => {
    const factors = [a, b].map((address) => loadDigits(m, { address, offset: 0, count: 8 }));
    const [x, y] = factors as [Digit[], Digit[]];
    const complement = keep(m, fn.i64.sub(fn.i64.const(0), pushValue(m, limbs[0] as Limb)));
    storeLimbs(m, fold(m, multiplyDigits(m, x, y), complement), result);
    fn.return();
  });
  const entry = findEntry(m, limbs[0] as Limb, links);
  const slow = () =>
    fn.returnCall(
      links.slow,
      ...[result, a, b, modulus, entry].map((argument) => fn.get(argument)),
    );
  fn.hint(false);
  fn.if(pushIsOther(m, modulus, entry), slow);
  const distance = keep(m, fn.i64.load(fn.get(entry), layout.RECIPROCAL_SHIFT));
  const first = loadLimbs(m, { address: a, offset: 0, count: 4 });
  const lost = pushShiftedOut(m, first[3] as Limb, distance);
  fn.hint(false);
  fn.if(fn.i64.ne(lost, fn.i64.const(0)), () => {
    fn.if(fn.i64.ltU(pushValue(m, limbs[3] as Limb), fn.i64.const(TOP_LIMB_MIN)), slow);
    reduceByTopLimb(m, first, limbs);
  });
  const shifted = shiftLimbsLeft(m, first, distance);
  const second = loadDigits(m, { address: b, offset: 0, count: 8 });
  storeLimbs(m, shiftLimbsRight(m, reduce(m, shifted, second, entry), distance), result);
}

/** Pushes whether the modulus is 2^256 - c with 0 < c < 2^64. */
function pushIsFoldable(m: Emitter, [m0, m1, m2, m3]: readonly Limb[]): Value<'i32'> {
  const { fn } = m;
  const upper = fn.i64.and(pushValue(m, m1 as Limb), pushValue(m, m2 as Limb));
  const full = fn.i64.eq(fn.i64.and(upper, pushValue(m, m3 as Limb)), fn.i64.const(ALL_ONES));
  return fn.i32.and(full, fn.i64.ne(pushValue(m, m0 as Limb), fn.i64.const(0)));
}

/** The entry of the cache where a modulus with this lowest limb would stand. */
function findEntry(m: Emitter, lowest: Limb, links: MulmodLinks): Local<'i32'> {
  const { fn } = m;
  const spread = fn.i64.mul(pushValue(m, lowest), fn.i64.const(GOLDEN));
  const bits = 64 - Math.log2(layout.RECIPROCAL_COUNT);
  const index = fn.i32.wrapI64(fn.i64.shrU(spread, fn.i64.const(bits)));
  const offset = fn.i32.mul(index, fn.i32.const(layout.RECIPROCAL_BYTES));
  const start = fn.i32.add(offset, links.pushScratch());
  return keep32(m, fn.i32.add(start, fn.i32.const(layout.SCRATCH_RECIPROCALS)));
}

/** Pushes whether the entry is of another modulus. */
function pushIsOther(m: Emitter, modulus: Local<'i32'>, entry: Local<'i32'>): Value<'i32'> {
  const { fn } = m;
  const half = (offset: number) =>
    fn.v128.xor(
      fn.v128.load(fn.get(modulus), offset),
      fn.v128.load(fn.get(entry), layout.RECIPROCAL_MODULUS + offset),
    );
  return fn.v128.anyTrue(fn.v128.or(half(0), half(16)));
}

/**
 * Makes `a` less than the modulus: code that leaves sums unreduced has operands of some bits more.
 * With a3, m3 the top limbs, q = floor(a3 / (m3 + 1)) is at most a / m, and a / m - q is less than
 * 1 + (a3 + m3 + 1) / (m3 (m3 + 1)), which is less than 2 when m3 is TOP_LIMB_MIN or more.
 */
function reduceByTopLimb(m: Emitter, a: readonly Local<'i64'>[], modulus: readonly Limb[]): void {
  const { fn } = m;
  const above = keep(m, fn.i64.add(pushValue(m, modulus[3] as Limb), fn.i64.const(1)));
  const quotient = keep(m, fn.i64.divU(fn.get(a[3] as Local<'i64'>), fn.get(above)));
  const product = multiplyDigits(m, digitsOf(m, modulus), [quotient], { to: 8 });
  const rest = subtractBorrowing(m, a, joinDigits(m, product)).limbs;
  for (const [i, limb] of subtractOnce(m, rest, modulus).entries()) {
    fn.set(a[i] as Local<'i64'>, fn.get(limb));
  }
}

/** a b modulo the entry's normalised modulus, for an `a` of at most as many bits. */
function reduce(
  m: Emitter,
  a: readonly Limb[],
  b: readonly Digit[],
  entry: Local<'i32'>,
): Local<'i64'>[] {
  const { fn } = m;
  const place = { address: entry, offset: layout.RECIPROCAL_NORMALISED };
  const modulus = loadLimbs(m, { ...place, count: 4 });
  const product = multiplyDigits(m, digitsOf(m, subtractOnce(m, a, modulus)), b);
  const divisor = loadDigits(m, { ...place, count: 6 });
  const { quotient, fraction } = estimateQuotient(m, product, entry);
  const digits = [digitsOf(m, quotient.slice(0, 3)), divisor];
  const taken = multiplyLow(m, quotient, modulus, digits);
  const rest = subtractBorrowing(m, joinDigits(m, product.slice(0, 8)), taken).limbs;
  const isNear = fn.i64.geU(fn.get(fraction), fn.i64.const(FRACTION_NEAR_ONE));
  fn.hint(false);
  fn.if(isNear, () => correct(m, rest, modulus));
  return rest;
}

/** `a` or, where it is not below the modulus, what is over. */
function subtractOnce(
  m: Emitter,
  a: readonly Limb[],
  modulus: readonly Limb[],
): readonly Local<'i64'>[] {
  const less = subtractBorrowing(m, a, modulus);
  return selectLimbs(m, less.carry, a, less.limbs);
}

/**
 * Limbs of floor(x (2^288 + mu) / 2^320), where x is the product from digit 7 on, and the digit
 * below them.
 */
function estimateQuotient(
  m: Emitter,
  product: readonly Digit[],
  entry: Local<'i32'>,
): { quotient: Local<'i64'>[]; fraction: Local<'i64'> } {
  const { fn } = m;
  const x = product.slice(7);
  const place = { address: entry, offset: layout.RECIPROCAL_DIGITS, count: 9 };
  const columns = multiplyDigits(m, x, loadDigits(m, place), { from: 8 });
  // x 2^288 comes on top, from column 9 on.
  const ninth = keep(m, fn.i64.add(pushValue(m, columns[9] as Digit), pushValue(m, x[0] as Digit)));
  const carry = keep32(m, fn.i32.wrapI64(fn.i64.shrU(fn.get(ninth), fn.i64.const(32))));
  const scaled = joinDigits(m, columns.slice(10));
  const quotient = addCarrying(m, scaled, joinDigits(m, x.slice(1)), carry).limbs;
  const fraction = keep(m, fn.i64.and(fn.get(ninth), fn.i64.const(DIGIT_MASK)));
  return { quotient, fraction };
}

/**
 * Takes the modulus from `rest` where the quotient was one too small. The true quotient is then so
 * near to a whole number that r is either below m', by at most 2^-27 of it, or not, and above it by
 * as little: then r has passed 2^256 and looks small, or it has not and looks like m' or more.
 */
function correct(m: Emitter, rest: readonly Local<'i64'>[], modulus: readonly Limb[]): void {
  const { fn } = m;
  const less = subtractBorrowing(m, rest, modulus);
  const looksSmall = fn.i64.eqz(fn.i64.shrU(fn.get(rest[3] as Local<'i64'>), fn.i64.const(62)));
  const isBelow = keep32(m, fn.i32.ltU(looksSmall, fn.get(less.carry)));
  for (const [i, limb] of selectLimbs(m, isBelow, rest, less.limbs).entries()) {
    fn.set(rest[i] as Local<'i64'>, fn.get(limb));
  }
}

/** A product of sixteen digits modulo 2^256 - c. */
function fold(m: Emitter, product: readonly Digit[], c: Local<'i64'>): Local<'i64'>[] {
  const { fn } = m;
  const factor = digitsOf(m, [c]);
  // 2^256 = c: the upper half times c, onto the lower one; what is over is at most c.
  const once = multiplyDigits(m, product.slice(8), factor, { onto: product.slice(0, 8) });
  const low = joinDigits(m, once.slice(0, 8));
  const over = joinDigits(m, multiplyDigits(m, once.slice(8), factor));
  const sum = addCarrying(m, low, over);
  // Above the modulus or past 2^256 (then it is small): once more c.
  const wrapped = addCarrying(m, sum.limbs, [c]);
  const above = keep32(m, fn.i32.or(fn.get(sum.carry), fn.get(wrapped.carry)));
  return selectLimbs(m, above, wrapped.limbs, sum.limbs);
}
