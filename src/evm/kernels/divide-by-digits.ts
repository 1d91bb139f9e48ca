/**
 * Two limbs divided by one whose reciprocal is not known: Knuth's algorithm D (volume 2, 4.3.1) on
 * digits of 32 bits, so that the machine's own division gives each digit of the quotient's lower
 * limb. The reciprocal alone would take as many divisions.
 *
 * Measured (kernels.bench.ts, in turns): SDIV of 90 by 42 bits 15 ns, by the reciprocal 26.
 */
import type { Local } from '../../wasm/function.ts';
import { type Emitter, keep, type Limb, pushValue } from '../words/word.ts';
import { DIGIT_MASK, digitsOf } from './digits.ts';
import type { Divided, DivisorLocals } from './divide-by-limb.ts';
import { shiftLimbsLeft } from './limbs.ts';

/** Divides by `low`, which `normalised` is shifted left by `shift`. */
export function divideByDigits(
  m: Emitter,
  [a0, a1]: readonly Limb[],
  low: Limb,
  { normalised, shift }: Omit<DivisorLocals, 'reciprocal'>,
): Divided {
  const { fn } = m;
  const upper = keep(m, fn.i64.const(0));
  const below = keep(m, pushValue(m, a1 as Limb));
  fn.if(fn.i64.geU(fn.get(below), pushValue(m, low)), () => {
    fn.set(upper, fn.i64.divU(fn.get(below), pushValue(m, low)));
    const taken = () => fn.i64.mul(fn.get(upper), pushValue(m, low));
    fn.set(below, fn.i64.sub(fn.get(below), taken()));
  });
  const limbs = shiftLimbsLeft(m, [a0 as Limb, below], shift);
  const divisor = digitsOf(m, [normalised]) as [Local<'i64'>, Local<'i64'>];
  const [last, next] = digitsOf(m, limbs.slice(0, 1)) as [Local<'i64'>, Local<'i64'>];
  const first = nextDigit(m, limbs[1] as Local<'i64'>, next, divisor, normalised);
  const second = nextDigit(m, first.rest, last, divisor, normalised);
  const high = fn.i64.shl(fn.get(first.digit), fn.i64.const(32));
  const quotient = keep(m, fn.i64.or(high, fn.get(second.digit)));
  const remainder = keep(m, fn.i64.shrU(fn.get(second.rest), fn.get(shift)));
  return { quotient: [quotient, upper, 0n, 0n], remainder };
}

/** A digit of (rest, next) / d, and what is left: `rest` is below d. */
function nextDigit(
  m: Emitter,
  rest: Local<'i64'>,
  next: Local<'i64'>,
  [d0, d1]: readonly [Local<'i64'>, Local<'i64'>],
  d: Local<'i64'>,
): { digit: Local<'i64'>; rest: Local<'i64'> } {
  const { fn } = m;
  // By the divisor's upper digit alone, which gives at most two too many.
  const digit = keep(m, fn.i64.divU(fn.get(rest), fn.get(d1)));
  const left = keep(m, fn.i64.sub(fn.get(rest), fn.i64.mul(fn.get(digit), fn.get(d1))));
  const lower = () => {
    const isLong = fn.i64.gtU(fn.get(digit), fn.i64.const(DIGIT_MASK));
    const taken = fn.i64.mul(fn.get(digit), fn.get(d0));
    const there = fn.i64.or(fn.i64.shl(fn.get(left), fn.i64.const(32)), fn.get(next));
    return fn.i32.or(isLong, fn.i64.gtU(taken, there));
  };
  const decrease = () => {
    fn.set(digit, fn.i64.sub(fn.get(digit), fn.i64.const(1)));
    fn.set(left, fn.i64.add(fn.get(left), fn.get(d1)));
  };
  fn.if(lower(), () => {
    decrease();
    // With more than a digit left, what is taken is less than that.
    const isShort = fn.i64.leU(fn.get(left), fn.i64.const(DIGIT_MASK));
    fn.if(isShort, () => {
      fn.if(lower(), decrease);
    });
  });
  const whole = fn.i64.or(fn.i64.shl(fn.get(rest), fn.i64.const(32)), fn.get(next));
  const after = keep(m, fn.i64.sub(whole, fn.i64.mul(fn.get(digit), fn.get(d))));
  return { digit, rest: after };
}
