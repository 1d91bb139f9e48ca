/**
 * Products of numbers as digits of 30 bits: nine make a word, and the nine products of two digits
 * that fall into one column are summed in 64 bits without a carry,
 *
 *   9 (2^30 - 1)^2 < 2^64
 *
 * so that a product of digits is one multiplication and one addition. Carries are passed on once a
 * column, where a sum has to become digits again.
 */
import type { Local, Value } from '../../wasm/function.ts';
import { type Emitter, keep, type Limb, pushValue } from '../words/word.ts';

export const DIGIT_BITS = 30;
const DIGIT_MASK = (1n << 30n) - 1n;
/** Digits of a word; the highest has sixteen bits. */
export const WORD_DIGITS = 9;

/** The nine digits of four limbs. */
export function splitWord(m: Emitter, limbs: readonly Limb[]): Local<'i64'>[] {
  const { fn } = m;
  return Array.from({ length: WORD_DIGITS }, (_, i) => {
    const bit = i * DIGIT_BITS;
    const at = bit & 63;
    const low = limbs[bit >> 6] as Limb;
    const shifted = () => {
      const value = pushValue(m, low);
      return at === 0 ? value : fn.i64.shrU(value, fn.i64.const(at));
    };
    if (i === WORD_DIGITS - 1) return keep(m, shifted());
    if (at + DIGIT_BITS <= 64) return keep(m, fn.i64.and(shifted(), fn.i64.const(DIGIT_MASK)));
    const above = () =>
      fn.i64.shl(pushValue(m, limbs[(bit >> 6) + 1] as Limb), fn.i64.const(64 - at));
    return keep(m, fn.i64.and(fn.i64.or(shifted(), above()), fn.i64.const(DIGIT_MASK)));
  });
}

/** The limbs of nine digits; what the highest has above its sixteen bits is lost. */
export function joinWord(m: Emitter, digits: readonly Local<'i64'>[]): Local<'i64'>[] {
  const { fn } = m;
  return [0, 1, 2, 3].map((limb) => {
    let joined: Value<'i64'> | undefined;
    for (const [i, digit] of digits.entries()) {
      const at = i * DIGIT_BITS - 64 * limb;
      if (at <= -DIGIT_BITS || at >= 64) continue;
      const value = fn.get(digit);
      const placed =
        at === 0
          ? value
          : at > 0
            ? fn.i64.shl(value, fn.i64.const(at))
            : fn.i64.shrU(value, fn.i64.const(-at));
      joined = joined === undefined ? placed : fn.i64.or(joined, placed);
    }
    return keep(m, joined as Value<'i64'>);
  });
}

/** The `count` digits that lie as u32 at `address + offset`. */
export function loadColumns(
  m: Emitter,
  { address, offset, count }: { address: Local<'i32'>; offset: number; count: number },
): Local<'i64'>[] {
  const { fn } = m;
  return Array.from({ length: count }, (_, i) =>
    keep(m, fn.i64.load32U(fn.get(address), offset + 4 * i)),
  );
}

/** Sums of the columns `from` .. `to` of x y, at the index of their column less `from`. */
export function productColumns(
  m: Emitter,
  x: readonly Local<'i64'>[],
  y: readonly Local<'i64'>[],
  { from, to }: { from: number; to: number },
): Local<'i64'>[] {
  const { fn } = m;
  return Array.from({ length: to - from }, (_, index) => {
    const column = from + index;
    let sum: Value<'i64'> | undefined;
    for (let i = Math.max(0, column - y.length + 1); i < x.length && i <= column; i++) {
      const term = fn.i64.mul(fn.get(x[i] as Local<'i64'>), fn.get(y[column - i] as Local<'i64'>));
      sum = sum === undefined ? term : fn.i64.add(sum, term);
    }
    return keep(m, sum as Value<'i64'>);
  });
}

/** Passes the carries on: each sum's lowest digit, and above the last one what is left. */
export function carryColumns(
  m: Emitter,
  columns: readonly Local<'i64'>[],
  { isSigned = false }: { isSigned?: boolean } = {},
): Local<'i64'>[] {
  const { fn } = m;
  const shift = isSigned ? fn.i64.shrS : fn.i64.shrU;
  const digits: Local<'i64'>[] = [];
  let carry: Local<'i64'> | undefined;
  for (const column of columns) {
    const sum: Local<'i64'> =
      carry === undefined ? column : keep(m, fn.i64.add(fn.get(column), fn.get(carry)));
    digits.push(keep(m, fn.i64.and(fn.get(sum), fn.i64.const(DIGIT_MASK))));
    carry = keep(m, shift.call(fn.i64, fn.get(sum), fn.i64.const(DIGIT_BITS)));
  }
  return [...digits, carry as Local<'i64'>];
}
