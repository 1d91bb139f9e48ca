/**
 * DIV, MOD, SDIV and SMOD in registers: (a0 .. a3, b0 .. b3) -> (r0 .. r3). What fits one limb,
 * which most operands do, is one instruction; a divisor of one limb divides by its reciprocal; the
 * rest goes to the runtime through memory.
 */
import type { FunctionRef, Value } from '../../wasm/function.ts';
import { SCRATCH_KERNELS } from '../layout.ts';
import { type Emitter, keep, keep32, type Limb, pushValue, WORD_BYTES } from '../words/word.ts';
import { divideByDigits } from './divide-by-digits.ts';
import { type Divided, divideByLimb } from './divide-by-limb.ts';
import { loadLimbs, storeLimbs } from './limbs.ts';
import { pushLimbs, pushUnion } from './multiply.ts';
import { negateIf, pushFitsLimb, signOf } from './signs.ts';

export type Division = 'divU' | 'remU' | 'divS' | 'remS';

export interface DivisionLinks {
  /** Pushes the address of this instance's scratch memory. */
  pushScratch(): Value<'i32'>;
  /** Reciprocal of a normalised limb. */
  readonly reciprocal: FunctionRef;
  /** (result, a, b): addresses of words, any operands. */
  readonly general: FunctionRef;
}

/** Emits a function's whole body. */
export function emitDivision(
  m: Emitter,
  division: Division,
  { a, b }: { a: readonly Limb[]; b: readonly Limb[] },
  links: DivisionLinks,
): void {
  const { fn } = m;
  const isSigned = division === 'divS' || division === 'remS';
  fn.if(isSigned ? pushAreShortSigned(m, a, b) : pushAreShort(m, a, b), () => {
    const low = keep(m, fn.i64[division](pushValue(m, a[0] as Limb), pushValue(m, b[0] as Limb)));
    const fill = isSigned ? keep(m, fn.i64.shrS(fn.get(low), fn.i64.const(63))) : 0n;
    pushLimbs(m, [low, fill, fill, fill]);
    fn.return();
  });
  divideByShort(m, division, { a, b }, links.reciprocal);
  const place = keep32(m, fn.i32.add(links.pushScratch(), fn.i32.const(SCRATCH_KERNELS)));
  const other = keep32(m, fn.i32.add(fn.get(place), fn.i32.const(WORD_BYTES)));
  storeLimbs(m, a, place);
  storeLimbs(m, b, other);
  fn.call(links.general, fn.get(place), fn.get(place), fn.get(other));
  pushLimbs(m, loadLimbs(m, { address: place, offset: 0, count: 4 }));
}

/** Pushes whether both have one limb and `b` is not zero. */
function pushAreShort(m: Emitter, a: readonly Limb[], b: readonly Limb[]): Value<'i32'> {
  const { fn } = m;
  const upper = fn.i64.or(pushUnion(m, a.slice(1)), pushUnion(m, b.slice(1)));
  return fn.i32.and(fn.i64.eqz(upper), fn.i64.ne(pushValue(m, b[0] as Limb), fn.i64.const(0)));
}

/** Pushes whether `a` fits an i64 and `b` is one that is positive, so that nothing traps. */
function pushAreShortSigned(m: Emitter, a: readonly Limb[], b: readonly Limb[]): Value<'i32'> {
  const { fn } = m;
  const fits = fn.i32.and(pushFitsLimb(m, a), fn.i64.eqz(pushUnion(m, b.slice(1))));
  return fn.i32.and(fits, fn.i64.gtS(pushValue(m, b[0] as Limb), fn.i64.const(0)));
}

/** Returns the result where the divisor's magnitude has one limb and is not zero. */
function divideByShort(
  m: Emitter,
  division: Division,
  { a, b }: { a: readonly Limb[]; b: readonly Limb[] },
  reciprocalOf: FunctionRef,
): void {
  const { fn } = m;
  const isSigned = division === 'divS' || division === 'remS';
  const signs = isSigned ? { a: signOf(m, a), b: signOf(m, b) } : undefined;
  const x = signs === undefined ? a : negateIf(m, a, signs.a);
  const y = signs === undefined ? b : negateIf(m, b, signs.b);
  const low = y[0] as Limb;
  const isLimb = fn.i64.eqz(pushUnion(m, y.slice(1)));
  const finish = ({ quotient, remainder }: Divided) => {
    const isQuotient = division === 'divU' || division === 'divS';
    const result = isQuotient ? quotient : [remainder, 0n, 0n, 0n];
    if (signs === undefined) {
      pushLimbs(m, result);
      return;
    }
    const sign = isQuotient ? keep(m, fn.i64.xor(fn.get(signs.a), fn.get(signs.b))) : signs.a;
    pushLimbs(m, negateIf(m, result, sign));
  };
  fn.if(fn.i32.and(isLimb, fn.i64.ne(pushValue(m, low), fn.i64.const(0))), () => {
    const shift = keep(m, fn.i64.clz(pushValue(m, low)));
    const normalised = keep(m, fn.i64.shl(pushValue(m, low), fn.get(shift)));
    const divisor = { normalised, shift };
    fn.if(fn.i64.eqz(pushUnion(m, x.slice(2))), () => {
      finish(divideByDigits(m, x.slice(0, 2), low, divisor));
      fn.return();
    });
    const reciprocal = keep(m, fn.call(reciprocalOf, fn.get(normalised)));
    divideByLimb(m, x, { ...divisor, reciprocal }, finish);
    fn.return();
  });
}
