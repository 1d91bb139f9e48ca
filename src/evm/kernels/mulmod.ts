/**
 * MULMOD by Barrett's reduction: the quotient is estimated with a reciprocal of the modulus that
 * was computed once, so nothing divides.
 *
 * In digits of 30 bits (columns.ts), with m the modulus, or the modulus shifted left to 256 bits
 * where it has fewer than 251 (and a alike), p = a b and mu = floor(2^540 / m):
 *
 *   x = floor(p / 2^240)                       digits 8 to 16 of p, the last one of 32 bits
 *   q = floor(x mu / 2^300)                    from column 10 of x mu on
 *   r = p - q m                                below 2 m, so at most one correction
 *
 * q < 2^262 has nine digits. What it may lack: x has the carries of two columns below it only, and
 * with the digits below it that is worth less than 2 2^240 / 2^250 = 2^-9 of a unit; the fraction
 * of mu is worth 2^272 / 2^300 = 2^-28, the columns left out 8 2^(60 + 210) / 2^300 = 2^-27. So q
 * is exact, unless the digit below it says that the quotient is near to the next whole number; only
 * then r is compared with m.
 *
 * A modulus 2^256 - c with c < 2^64 needs no reciprocal: 2^256 = c, and the upper half of the
 * product is folded onto the lower one.
 *
 * Measured (the loops of kernels.bench.ts, both in turns): BN254 41 ns, with digits of 32 bits and
 * their carries 58; folded 34.
 */
import type { FunctionRef, Local, Value } from '../../wasm/function.ts';
import * as layout from '../layout.ts';
import { type Emitter, keep, keep32, type Limb, pushValue } from '../words/word.ts';
import {
  carryColumns,
  joinWord,
  loadColumns,
  productColumns,
  splitWord,
  WORD_DIGITS,
} from './columns.ts';
import { type Digit, digitsOf, joinDigits, loadDigits, multiplyDigits } from './digits.ts';
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
/** Fractions of 2^30 from which on the quotient may be one too small: 2^-7. */
const FRACTION_NEAR_ONE = (1n << 30n) - (1n << 23n);
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
  const first = loadLimbs(m, { address: a, offset: 0, count: 4 });
  const distance = keep(m, fn.i64.load(fn.get(entry), layout.RECIPROCAL_SHIFT));
  const isShifted = () => fn.i64.ne(fn.get(distance), fn.i64.const(0));
  fn.hint(false);
  fn.if(isShifted(), () => {
    const lost = pushShiftedOut(m, first[3] as Limb, distance);
    fn.hint(false);
    fn.if(fn.i64.ne(lost, fn.i64.const(0)), slow);
    assign(m, first, shiftLimbsLeft(m, first, distance));
  });
  const second = loadLimbs(m, { address: b, offset: 0, count: 4 });
  const rest = reduce(m, first, second, entry);
  fn.hint(false);
  fn.if(isShifted(), () => assign(m, rest, shiftLimbsRight(m, rest, distance)));
  storeLimbs(m, rest, result);
}

function assign(m: Emitter, to: readonly Local<'i64'>[], from: readonly Local<'i64'>[]): void {
  for (const [i, local] of to.entries()) m.fn.set(local, m.fn.get(from[i] as Local<'i64'>));
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

/** a b modulo the entry's divisor. */
function reduce(
  m: Emitter,
  a: readonly Limb[],
  b: readonly Limb[],
  entry: Local<'i32'>,
): Local<'i64'>[] {
  const { fn } = m;
  const product = productColumns(m, splitWord(m, a), splitWord(m, b), { from: 0, to: 17 });
  // Digits from column 8 on, by the carries of two columns below; the last one is not cut.
  const chain = carryColumns(m, product.slice(6, 16));
  const top = keep(
    m,
    fn.i64.add(fn.get(product[16] as Local<'i64'>), fn.get(chain[10] as Local<'i64'>)),
  );
  const x = [...chain.slice(2, 10), top];
  const reciprocal = { address: entry, offset: layout.RECIPROCAL_DIGITS, count: WORD_DIGITS + 1 };
  const estimate = productColumns(m, x, loadColumns(m, reciprocal), { from: 8, to: 18 });
  const [, fraction, ...quotient] = carryColumns(m, estimate);
  const digits = { address: entry, offset: layout.RECIPROCAL_DIVISOR_DIGITS, count: WORD_DIGITS };
  const taken = productColumns(m, quotient, loadColumns(m, digits), { from: 0, to: WORD_DIGITS });
  const difference = taken.map((column, i) =>
    keep(m, fn.i64.sub(fn.get(product[i] as Local<'i64'>), fn.get(column))),
  );
  const rest = carryColumns(m, difference, { isSigned: true }).slice(0, WORD_DIGITS);
  const limbs = joinWord(m, rest);
  const isNear = fn.i64.geU(fn.get(fraction as Local<'i64'>), fn.i64.const(FRACTION_NEAR_ONE));
  fn.hint(false);
  fn.if(isNear, () => {
    const place = { address: entry, offset: layout.RECIPROCAL_DIVISOR, count: 4 };
    const less = subtractBorrowing(m, limbs, loadLimbs(m, place));
    // What is 2^256 or more is not below the divisor, whatever its limbs say.
    const over = fn.i64.shrU(fn.get(rest[8] as Local<'i64'>), fn.i64.const(16));
    const isBelow = keep32(m, fn.i32.ltU(fn.i64.ne(over, fn.i64.const(0)), fn.get(less.carry)));
    assign(m, limbs, selectLimbs(m, isBelow, limbs, less.limbs));
  });
  return limbs;
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
