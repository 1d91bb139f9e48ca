/**
 * A word divided by one limb whose reciprocal is known: what DIV and MOD by a constant (1e18, 1e6,
 * 10,000) come to. N. Moeller, T. Granlund, "Improved division by invariant integers", algorithm 4.
 *
 *   (a0 .. a3, d, v, shift) -> (q0 .. q3, r)
 *
 * Signed, for a divisor below 2^63, r is the lowest limb of a remainder in two's complement.
 *
 * d is the divisor shifted left by `shift` until its top bit is set, and v is
 * floor((2^128 - 1) / d) - 2^64.
 */
import type { Local } from '../../wasm/function.ts';
import { type Emitter, keep, keep32, type Limb, pushValue } from '../words/word.ts';
import { digitsOf, joinDigits, multiplyDigits } from './digits.ts';
import { pushShiftedOut, shiftLimbsLeft } from './limbs.ts';
import { pushLimbs, pushUnion } from './multiply.ts';
import { negateIf, pushFitsLimb, signOf } from './signs.ts';

/** A divisor below 2^64 as the kernel takes it. */
export interface KnownDivisor {
  readonly normalised: bigint;
  readonly reciprocal: bigint;
  readonly shift: bigint;
}

export function prepareDivisor(divisor: bigint): KnownDivisor {
  const shift = BigInt(64 - divisor.toString(2).length);
  const normalised = divisor << shift;
  const reciprocal = ((1n << 128n) - 1n) / normalised - (1n << 64n);
  return { normalised, reciprocal, shift };
}

export interface DivisorLocals {
  readonly normalised: Local<'i64'>;
  readonly reciprocal: Local<'i64'>;
  readonly shift: Local<'i64'>;
}

export interface Divided {
  /** Four limbs. */
  readonly quotient: readonly Limb[];
  /** One limb. */
  readonly remainder: Limb;
}

/** Emits a function's whole body. */
export function emitDivideByLimb(m: Emitter, a: readonly Limb[], divisor: DivisorLocals): void {
  divideByLimb(m, a, divisor, ({ quotient, remainder }) => {
    pushLimbs(m, [...quotient, remainder]);
  });
}

/** Emits a function's whole body. */
export function emitDivideByLimbSigned(
  m: Emitter,
  a: readonly Limb[],
  divisor: DivisorLocals,
): void {
  const { fn } = m;
  fn.if(pushFitsLimb(m, a), () => {
    const low = a[0] as Limb;
    const plain = keep(m, fn.i64.shrU(fn.get(divisor.normalised), fn.get(divisor.shift)));
    const quotient = keep(m, fn.i64.divS(pushValue(m, low), fn.get(plain)));
    const fill = keep(m, fn.i64.shrS(fn.get(quotient), fn.i64.const(63)));
    const remainder = keep(m, fn.i64.remS(pushValue(m, low), fn.get(plain)));
    pushLimbs(m, [quotient, fill, fill, fill, remainder]);
    fn.return();
  });
  const sign = signOf(m, a);
  divideByLimb(m, negateIf(m, a, sign), divisor, ({ quotient, remainder }) => {
    const [rest] = negateIf(m, [remainder], sign);
    pushLimbs(m, [...negateIf(m, quotient, sign), rest as Limb]);
  });
}

/**
 * Divides by a limb whose reciprocal is known, two limbs faster than four; `finish` pushes the
 * function's results, and is emitted twice.
 */
export function divideByLimb(
  m: Emitter,
  a: readonly Limb[],
  divisor: DivisorLocals,
  finish: (divided: Divided) => void,
): void {
  const { fn } = m;
  fn.if(fn.i64.eqz(pushUnion(m, a.slice(2))), () => {
    const { quotient, remainder } = divideLimbs(m, a.slice(0, 2), divisor);
    finish({ quotient: [...quotient, 0n, 0n], remainder });
    fn.return();
  });
  finish(divideLimbs(m, a, divisor));
}

function divideLimbs(m: Emitter, a: readonly Limb[], divisor: DivisorLocals): Divided {
  const { fn } = m;
  let rest: Limb = keep(m, pushShiftedOut(m, a.at(-1) as Limb, divisor.shift));
  const quotient: Limb[] = [];
  for (const limb of shiftLimbsLeft(m, a, divisor.shift).reverse()) {
    const step = divideTwo(m, rest, limb, divisor);
    quotient.unshift(step.quotient);
    rest = step.remainder;
  }
  return { quotient, remainder: keep(m, fn.i64.shrU(pushValue(m, rest), fn.get(divisor.shift))) };
}

/** (high, low) / d, for high < d. */
function divideTwo(
  m: Emitter,
  high: Limb,
  low: Limb,
  { normalised: d, reciprocal }: DivisorLocals,
): { quotient: Local<'i64'>; remainder: Local<'i64'> } {
  const { fn } = m;
  const product = multiplyDigits(m, digitsOf(m, [high]), digitsOf(m, [reciprocal]));
  const [p0, p1] = joinDigits(m, product) as [Local<'i64'>, Local<'i64'>];
  const q0 = keep(m, fn.i64.add(fn.get(p0), pushValue(m, low)));
  const carry = fn.i64.extendI32U(fn.i64.ltU(fn.get(q0), pushValue(m, low)));
  const upper = fn.i64.add(fn.i64.add(carry, fn.get(p1)), pushValue(m, high));
  const q = keep(m, fn.i64.add(upper, fn.i64.const(1)));
  const r = keep(m, fn.i64.sub(pushValue(m, low), fn.i64.mul(fn.get(q), fn.get(d))));
  const over = keep32(m, fn.i64.gtU(fn.get(r), fn.get(q0)));
  fn.set(q, fn.i64.sub(fn.get(q), fn.i64.extendI32U(fn.get(over))));
  fn.set(r, fn.select(fn.i64.add(fn.get(r), fn.get(d)), fn.get(r), fn.get(over)));
  const under = keep32(m, fn.i64.geU(fn.get(r), fn.get(d)));
  fn.set(q, fn.i64.add(fn.get(q), fn.i64.extendI32U(fn.get(under))));
  fn.set(r, fn.select(fn.i64.sub(fn.get(r), fn.get(d)), fn.get(r), fn.get(under)));
  return { quotient: q, remainder: r };
}
