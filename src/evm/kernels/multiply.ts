/**
 * MUL: operands and result in registers, (a0 .. a3, b0 .. b3) -> (r0 .. r3), so that what compiled
 * code has in locals does not go through memory. Short operands, which most are, take less:
 * 4 products of digits for one limb by one, 15 for a word by one limb, 28 for two words.
 */
import type { Value } from '../../wasm/function.ts';
import { type Emitter, keep, type Limb, pushValue } from '../words/word.ts';
import { type Digit, digitsOf, joinDigits, multiplyDigits } from './digits.ts';

/** Emits a function's whole body; the shorter operand is best the second. */
export function emitMultiply(m: Emitter, a: readonly Limb[], b: readonly Limb[]): void {
  const { fn } = m;
  fn.if(fn.i64.eqz(pushUnion(m, b.slice(1))), () => {
    fn.if(fn.i64.eqz(pushUnion(m, a.slice(1))), () => {
      pushLimbs(m, [...multiplyLimbs(m, a.slice(0, 1), b.slice(0, 1), 2), 0n, 0n]);
      fn.return();
    });
    pushLimbs(m, multiplyLimbs(m, a, b.slice(0, 1), 4));
    fn.return();
  });
  pushLimbs(m, multiplyLow(m, a, b));
}

/** The lowest `count` limbs of a product. */
export function multiplyLimbs(
  m: Emitter,
  a: readonly Limb[],
  b: readonly Limb[],
  count: number,
): Limb[] {
  const columns = multiplyDigits(m, digitsOf(m, a), digitsOf(m, b), { to: 2 * count });
  return joinDigits(m, columns);
}

/**
 * The lowest four limbs of a product of words. Of what makes up the highest one only the lowest 64
 * bits count: there a product of two limbs is one multiplication, and nothing carries.
 */
export function multiplyLow(
  m: Emitter,
  a: readonly Limb[],
  b: readonly Limb[],
  [x, y]: readonly (readonly Digit[])[] = [digitsOf(m, a.slice(0, 3)), digitsOf(m, b.slice(0, 3))],
): Limb[] {
  const { fn } = m;
  const [p, q] = [(x as Digit[]).slice(0, 6), (y as Digit[]).slice(0, 6)];
  const columns = multiplyDigits(m, p, q, { to: 6, carried: true });
  let top = pushValue(m, columns[6] as Digit);
  // Column 6 from digits of limbs below: odd by odd.
  for (const i of [1, 3, 5]) {
    const term = fn.i64.mul(pushValue(m, p[i] as Digit), pushValue(m, q[6 - i] as Digit));
    top = fn.i64.add(top, term);
  }
  for (const i of [0, 1, 2, 3]) {
    const term = fn.i64.mul(pushValue(m, a[i] as Limb), pushValue(m, b[3 - i] as Limb));
    top = fn.i64.add(top, term);
  }
  const highest = keep(m, top);
  return [...joinDigits(m, columns.slice(0, 6)), highest];
}

/** Pushes the bits that any of the limbs has. */
export function pushUnion(m: Emitter, limbs: readonly Limb[]): Value<'i64'> {
  const [first, ...others] = limbs;
  let union = pushValue(m, first ?? 0n);
  for (const limb of others) union = m.fn.i64.or(union, pushValue(m, limb));
  return union;
}

/** Pushes a function's results. */
export function pushLimbs(m: Emitter, limbs: readonly Limb[]): void {
  for (const limb of limbs) pushValue(m, limb);
}
