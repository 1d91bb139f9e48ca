/** MUL: by shifts, in place, or in the kernel, as the widths of the operands tell. */
import { multiplyLimbs } from '../kernels/multiply.ts';
import { both } from '../words/arithmetic.ts';
import { shift } from '../words/shifts.ts';
import {
  constant,
  constantOf,
  fromLimbs,
  type Limb,
  type Limbs,
  limbsOf,
  type Word,
  widthOf,
  ZERO,
} from '../words/word.ts';
import type { Assembler } from './assembler.ts';
import { powerOfTwo } from './known-powers.ts';
import { callOnLimbs } from './limb-calls.ts';

export function multiply(m: Assembler): void {
  m.push(productOf(m, m.pop(), m.pop()));
}

/** The product modulo 2^256. */
export function productOf(m: Assembler, x: Word, y: Word): Word {
  // The shorter one second, as the kernel likes it; of two short ones the one that is known.
  const longer = widthOf(y) - widthOf(x);
  const swap = longer > 0 || (longer === 0 && constantOf(x) !== undefined);
  return swap ? orderedProduct(m, y, x) : orderedProduct(m, x, y);
}

function orderedProduct(m: Assembler, a: Word, b: Word): Word {
  const kernel = m.runtime('multiply');
  const known = both(a, b, (x, y) => x * y);
  if (known !== undefined) return known;
  if (widthOf(a) === 0 || widthOf(b) === 0) return ZERO;
  for (const [factor, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const bits = powerOfTwo(factor);
    if (bits !== undefined) return shift(m, 'shl', constant(bits), other);
  }
  const x = limbsOf(m, a);
  const y = limbsOf(m, b);
  if (widthOf(a) === 1) {
    const [low, high] = multiplyLimbs(m, x.slice(0, 1), y.slice(0, 1), 2) as [Limb, Limb];
    return fromLimbs([low, high, 0n, 0n]);
  }
  const limbs = callOnLimbs(m, kernel, [...x, ...y], 4);
  const width = widthOf(a) + widthOf(b);
  return fromLimbs(limbs.map((limb, i) => (i < width ? limb : 0n)) as unknown as Limbs);
}
