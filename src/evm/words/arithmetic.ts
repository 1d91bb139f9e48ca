/**
 * Addition and subtraction modulo 2^256, limb by limb. What is known (a zero limb, a carry that
 * cannot arise) is not computed.
 */
import {
  constant,
  constantOf,
  type Emitter,
  fromLimbs,
  keep,
  type Limb,
  limbsOf,
  pushValue,
  type Word,
} from './word.ts';

const LIMB_MASK = (1n << 64n) - 1n;

export function add(m: Emitter, a: Word, b: Word): Word {
  const known = both(a, b, (x, y) => x + y);
  if (known !== undefined) return known;
  const x = limbsOf(m, a);
  const y = limbsOf(m, b);
  const sum: Limb[] = [];
  let carry: Limb = 0n;
  for (let i = 0; i < 4; i++) {
    const last = i === 3;
    const [partial, first] = addLimbs(m, x[i] as Limb, y[i] as Limb, last);
    const [total, second] = addLimbs(m, partial, carry, last);
    sum.push(total);
    if (!last) carry = eitherBit(m, first, second);
  }
  return fromLimbs(sum as [Limb, Limb, Limb, Limb]);
}

/** Sum of two limbs and its carry (0 or 1; not computed when `last`). */
function addLimbs(m: Emitter, a: Limb, b: Limb, last: boolean): [Limb, Limb] {
  if (a === 0n) return [b, 0n];
  if (b === 0n) return [a, 0n];
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    return [(a + b) & LIMB_MASK, (a + b) >> 64n];
  }
  const { fn } = m;
  const sum = keep(m, fn.i64.add(pushValue(m, a), pushValue(m, b)));
  if (last) return [sum, 0n];
  const carry = keep(m, fn.i64.extendI32U(fn.i64.ltU(fn.get(sum), pushValue(m, b))));
  return [sum, carry];
}

export function sub(m: Emitter, a: Word, b: Word): Word {
  const known = both(a, b, (x, y) => x - y);
  if (known !== undefined) return known;
  const x = limbsOf(m, a);
  const y = limbsOf(m, b);
  const difference: Limb[] = [];
  let borrow: Limb = 0n;
  for (let i = 0; i < 4; i++) {
    const last = i === 3;
    const [partial, first] = subtractLimbs(m, x[i] as Limb, y[i] as Limb, last);
    const [total, second] = subtractLimbs(m, partial, borrow, last);
    difference.push(total);
    if (!last) borrow = eitherBit(m, first, second);
  }
  return fromLimbs(difference as [Limb, Limb, Limb, Limb]);
}

/** Difference of two limbs and its borrow (0 or 1; not computed when `last`). */
function subtractLimbs(m: Emitter, a: Limb, b: Limb, last: boolean): [Limb, Limb] {
  if (b === 0n) return [a, 0n];
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    return [(a - b) & LIMB_MASK, a < b ? 1n : 0n];
  }
  const { fn } = m;
  const difference = keep(m, fn.i64.sub(pushValue(m, a), pushValue(m, b)));
  if (last) return [difference, 0n];
  const borrow = keep(m, fn.i64.extendI32U(fn.i64.ltU(pushValue(m, a), pushValue(m, b))));
  return [difference, borrow];
}

/** Of two carries at most one is set. */
function eitherBit(m: Emitter, a: Limb, b: Limb): Limb {
  if (a === 0n) return b;
  if (b === 0n) return a;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a | b;
  return keep(m, m.fn.i64.or(pushValue(m, a), pushValue(m, b)));
}

/** `operation` on two known words. */
export function both(
  a: Word,
  b: Word,
  operation: (x: bigint, y: bigint) => bigint,
): Word | undefined {
  const x = constantOf(a);
  if (x === undefined) return undefined;
  const y = constantOf(b);
  return y === undefined ? undefined : constant(operation(x, y));
}
