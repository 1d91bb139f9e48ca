/**
 * DIV, MOD, SDIV and SMOD: by shifts and masks, by one instruction, by the reciprocal of a divisor
 * that is known, or in the kernel, as the operands tell.
 */
import type { Local } from '../../wasm/function.ts';
import { prepareDivisor } from '../kernels/divide-by-limb.ts';
import { both } from '../words/arithmetic.ts';
import { bitwise } from '../words/bitwise.ts';
import { shift } from '../words/shifts.ts';
import {
  constant,
  constantOf,
  fromLimb,
  fromLimbs,
  keep,
  type Limb,
  type Limbs,
  limbOf,
  limbsOf,
  pushValue,
  type Word,
  widthOf,
  ZERO,
} from '../words/word.ts';
import type { Assembler } from './assembler.ts';
import { powerOfTwo } from './known-powers.ts';
import { callOnLimbs } from './limb-calls.ts';

type Division = 'divide' | 'remainder';

const LIMB_END = 1n << 64n;

export function divide(m: Assembler, name: Division): void {
  // All that may be called is named first: a module imports what a meaning names.
  const byLimb = m.runtime('divideByLimb');
  const general = m.runtime(name);
  const a = m.pop();
  const b = m.pop();
  const divisor = constantOf(b);
  const bits = powerOfTwo(b);
  const known = both(a, b, name === 'divide' ? quotientOf : remainderOf);
  if (known !== undefined) m.push(known);
  else if (divisor === 0n) m.push(ZERO);
  else if (bits !== undefined && name === 'divide') m.push(shift(m, 'shr', constant(bits), a));
  else if (bits !== undefined) m.push(bitwise(m, 'and', a, constant((1n << bits) - 1n)));
  else if (widthOf(a) <= 1 && widthOf(b) <= 1) m.push(fromLimb(divideLimbs(m, name, a, b)));
  else if (divisor !== undefined && divisor < LIMB_END) {
    const results = callOnLimbs(m, byLimb, [...limbsOf(m, a), ...operandsOf(divisor)], 5);
    if (name === 'divide') m.push(narrowed(results.slice(0, 4), widthOf(a)));
    else m.push(fromLimb(results[4] as Local<'i64'>));
  } else {
    const results = callOnLimbs(m, general, [...limbsOf(m, a), ...limbsOf(m, b)], 4);
    const width = name === 'divide' ? widthOf(a) : Math.min(widthOf(a), widthOf(b));
    m.push(narrowed(results, width));
  }
}

const quotientOf = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : a / b);
const remainderOf = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : a % b);

/** A word of whose limbs only the lowest `width` can be nonzero. */
function narrowed(limbs: readonly Limb[], width: number): Word {
  return fromLimbs(limbs.map((limb, i) => (i < width ? limb : 0n)) as unknown as Limbs);
}

/** One limb by one; zero by zero. */
function divideLimbs(m: Assembler, name: Division, a: Word, b: Word): Local<'i64'> {
  const { fn } = m;
  const x = limbOf(m, a, 0);
  const y = limbOf(m, b, 0);
  const operation = name === 'divide' ? fn.i64.divU : fn.i64.remU;
  if (typeof y === 'bigint') {
    return keep(m, operation.call(fn.i64, pushValue(m, x), fn.i64.const(y)));
  }
  // A divisor of zero is replaced by one, and the result by zero.
  const divisor = () => fn.i64.or(fn.get(y), fn.i64.extendI32U(fn.i64.eqz(fn.get(y))));
  const result = operation.call(fn.i64, pushValue(m, x), divisor());
  return keep(m, fn.select(result, fn.i64.const(0), fn.i64.ne(fn.get(y), fn.i64.const(0))));
}

export function divideSigned(m: Assembler, name: 'divideSigned' | 'remainderSigned'): void {
  const { fn } = m;
  const general = m.runtime(name);
  const byLimb = m.runtime('divideByLimbSigned');
  const a = limbsOf(m, m.pop());
  const b = m.pop();
  const divisor = constantOf(b);
  if (divisor === undefined || divisor === 0n || divisor >= LIMB_END / 2n) {
    const results = callOnLimbs(m, general, [...a, ...limbsOf(m, b)], 4);
    m.push(fromLimbs(results as unknown as Limbs));
    return;
  }
  const results = callOnLimbs(m, byLimb, [...a, ...operandsOf(divisor)], 5);
  if (name === 'divideSigned') {
    m.push(fromLimbs(results.slice(0, 4) as unknown as Limbs));
    return;
  }
  const rest = results[4] as Local<'i64'>;
  const fill = keep(m, fn.i64.shrS(fn.get(rest), fn.i64.const(63)));
  m.push(fromLimbs([rest, fill, fill, fill]));
}

/** A known divisor as the kernels take it. */
function operandsOf(divisor: bigint): Limb[] {
  const { normalised, reciprocal, shift: distance } = prepareDivisor(divisor);
  return [normalised, reciprocal, distance];
}
