/**
 * DIV, MOD, SDIV and SMOD in registers: (a0 .. a3, b0 .. b3) -> (r0 .. r3). What fits one limb,
 * which most operands do, is one instruction; the rest goes to the runtime through memory.
 */
import type { FunctionRef, Local, Value } from '../../wasm/function.ts';
import { SCRATCH_KERNELS } from '../layout.ts';
import { type Emitter, keep, keep32, type Limb, pushValue, WORD_BYTES } from '../words/word.ts';
import { loadLimbs, storeLimbs } from './limbs.ts';
import { pushLimbs, pushUnion } from './multiply.ts';

export type Division = 'divU' | 'remU' | 'divS' | 'remS';

export interface DivisionLinks {
  /** Pushes the address of this instance's scratch memory. */
  pushScratch(): Value<'i32'>;
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
  const sign: Local<'i64'> = keep(m, fn.i64.shrS(pushValue(m, a[0] as Limb), fn.i64.const(63)));
  const above = (i: number) => fn.i64.xor(pushValue(m, a[i] as Limb), fn.get(sign));
  const differs = fn.i64.or(fn.i64.or(above(1), above(2)), above(3));
  const long = fn.i64.or(differs, pushUnion(m, b.slice(1)));
  return fn.i32.and(fn.i64.eqz(long), fn.i64.gtS(pushValue(m, b[0] as Limb), fn.i64.const(0)));
}
