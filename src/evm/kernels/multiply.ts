/**
 * MUL: operands and result in registers, (a0 .. a3, b0 .. b3) -> (r0 .. r3), so that what compiled
 * code has in locals does not go through memory. Short operands, which most are, take less:
 * 4 products of digits for one limb by one, 15 for a word by one limb, 36 for two words.
 */
import type { Value } from '../../wasm/function.ts';
import { type Emitter, type Limb, pushValue } from '../words/word.ts';
import { digitsOf, joinDigits, multiplyDigits } from './digits.ts';

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
  pushLimbs(m, multiplyLimbs(m, a, b, 4));
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
