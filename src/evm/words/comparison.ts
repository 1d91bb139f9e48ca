/** Comparisons: they give a condition (an i32 of 0 or 1), which JUMPI takes as it is. */
import type { Local, Value } from '../../wasm/function.ts';
import { both } from './arithmetic.ts';
import {
  constantOf,
  type Emitter,
  fromCondition,
  halvesOf,
  keep32,
  type Limb,
  limbsOf,
  pushHalf,
  pushLimb,
  pushValue,
  type Word,
  widthOf,
} from './word.ts';

const SIGN = 1n << 255n;

export function lessThan(m: Emitter, a: Word, b: Word): Word {
  const known = both(a, b, (x, y) => (x < y ? 1n : 0n));
  if (known !== undefined) return known;
  const x = limbsOf(m, a);
  const y = limbsOf(m, b);
  const width = Math.max(widthOf(a), widthOf(b), 1);
  return fromCondition(lessThanLimbs(m, x, y, width, false));
}

export function signedLessThan(m: Emitter, a: Word, b: Word): Word {
  const known = both(a, b, (x, y) => ((x ^ SIGN) < (y ^ SIGN) ? 1n : 0n));
  if (known !== undefined) return known;
  if (constantOf(b) === 0n) return isNegative(m, a);
  if (widthOf(a) < 4 && widthOf(b) < 4) return lessThan(m, a, b);
  return fromCondition(lessThanLimbs(m, limbsOf(m, a), limbsOf(m, b), 4, true));
}

function isNegative(m: Emitter, a: Word): Word {
  const { fn } = m;
  return fromCondition(keep32(m, fn.i64.ltS(pushLimb(m, a, 3), fn.i64.const(0))));
}

/**
 * From the lowest limb up: less = (x < y) or (x = y and less so far). What stands above the shorter
 * operand decides alone: x is not less if it has anything there, y is then greater.
 */
function lessThanLimbs(
  m: Emitter,
  x: readonly Limb[],
  y: readonly Limb[],
  width: number,
  signed: boolean,
): Local<'i32'> {
  const { fn } = m;
  const push = (limbs: readonly Limb[], i: number) => pushValue(m, limbs[i] as Limb);
  const common = signed ? width : Math.max(1, Math.min(usedLimbs(x), usedLimbs(y)));
  const less = keep32(m, fn.i64.ltU(push(x, 0), push(y, 0)));
  for (let i = 1; i < common; i++) {
    const compare = signed && i === 3 ? fn.i64.ltS : fn.i64.ltU;
    const strictly = compare.call(fn.i64, push(x, i), push(y, i));
    const tied = fn.i32.and(fn.i64.eq(push(x, i), push(y, i)), fn.get(less));
    fn.set(less, fn.i32.or(strictly, tied));
  }
  if (common === width) return less;
  const longer = usedLimbs(x) > usedLimbs(y) ? x : y;
  let above = push(longer, common);
  for (let i = common + 1; i < width; i++) above = fn.i64.or(above, push(longer, i));
  if (longer === x) fn.set(less, fn.i32.and(fn.i64.eqz(above), fn.get(less)));
  else fn.set(less, fn.i32.or(fn.i64.ne(above, fn.i64.const(0)), fn.get(less)));
  return less;
}

function usedLimbs(limbs: readonly Limb[]): number {
  return limbs.findLastIndex((limb) => limb !== 0n) + 1;
}

export function equal(m: Emitter, a: Word, b: Word): Word {
  const known = both(a, b, (x, y) => (x === y ? 1n : 0n));
  if (known !== undefined) return known;
  if (constantOf(b) === 0n) return isZero(m, a);
  if (constantOf(a) === 0n) return isZero(m, b);
  const { fn } = m;
  if (inHalves(a) && inHalves(b)) {
    const low = fn.v128.xor(pushHalf(m, a, 0), pushHalf(m, b, 0));
    const high = fn.v128.xor(pushHalf(m, a, 1), pushHalf(m, b, 1));
    return fromCondition(keep32(m, fn.i32.eqz(fn.v128.anyTrue(fn.v128.or(low, high)))));
  }
  const width = Math.max(widthOf(a), widthOf(b));
  let all: Value<'i64'> | undefined;
  for (let i = 0; i < width; i++) {
    const differs = fn.i64.xor(pushLimb(m, a, i), pushLimb(m, b, i));
    all = all === undefined ? differs : fn.i64.or(all, differs);
  }
  return fromCondition(keep32(m, fn.i64.eqz(all ?? fn.i64.const(0))));
}

export function isZero(m: Emitter, a: Word): Word {
  const known = both(a, a, (x) => (x === 0n ? 1n : 0n));
  if (known !== undefined) return known;
  const { fn } = m;
  if (a.kind === 'condition') return fromCondition(keep32(m, fn.i32.eqz(fn.get(a.condition))));
  return fromCondition(keep32(m, pushIsZero(m, a)));
}

/** Pushes 1 when the word is zero. */
export function pushIsZero(m: Emitter, a: Word): Value<'i32'> {
  const { fn } = m;
  if (a.kind === 'condition') return fn.i32.eqz(fn.get(a.condition));
  if (inHalves(a)) return fn.i32.eqz(pushAnyBit(m, a));
  return fn.i64.eqz(pushUnion(m, a));
}

/** Pushes nonzero when the word is not zero. */
export function pushIsNonzero(m: Emitter, a: Word): Value<'i32'> {
  const { fn } = m;
  if (a.kind === 'condition') return fn.get(a.condition);
  if (inHalves(a)) return pushAnyBit(m, a);
  return fn.i64.ne(pushUnion(m, a), fn.i64.const(0));
}

function pushAnyBit(m: Emitter, a: Word): Value<'i32'> {
  const { low, high } = halvesOf(m, a);
  return m.fn.v128.anyTrue(m.fn.v128.or(m.fn.get(low), m.fn.get(high)));
}

function pushUnion(m: Emitter, a: Word): Value<'i64'> {
  const { fn } = m;
  let union = pushLimb(m, a, 0);
  for (let i = 1; i < widthOf(a); i++) union = fn.i64.or(union, pushLimb(m, a, i));
  return union;
}

function inHalves(word: Word): boolean {
  return word.kind === 'halves' || word.kind === 'memory';
}
