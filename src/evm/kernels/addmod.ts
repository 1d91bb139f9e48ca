/**
 * ADDMOD: a sum below twice the modulus, which operands below the modulus give, needs one
 * subtraction at most and no division.
 */
import type { FunctionRef, Local } from '../../wasm/function.ts';
import { type Emitter, keep32 } from '../words/word.ts';
import { addCarrying, loadLimbs, selectLimbs, storeLimbs, subtractBorrowing } from './limbs.ts';

export interface AddmodOperands {
  /** Addresses of words; the result's may be an operand's. */
  readonly result: Local<'i32'>;
  readonly a: Local<'i32'>;
  readonly b: Local<'i32'>;
  readonly modulus: Local<'i32'>;
}

/** Emits a function's whole body; `slow` takes the same parameters and any operands. */
export function emitAddmod(m: Emitter, operands: AddmodOperands, slow: FunctionRef): void {
  const { fn } = m;
  const { result, a, b, modulus } = operands;
  const load = (address: Local<'i32'>) => loadLimbs(m, { address, offset: 0, count: 4 });
  const divisor = load(modulus);
  const sum = addCarrying(m, load(a), load(b));
  const less = subtractBorrowing(m, sum.limbs, divisor);
  const twice = subtractBorrowing(m, less.limbs, divisor);
  const isBelow = keep32(m, fn.i32.ltU(fn.get(sum.carry), fn.get(less.carry)));
  // Carry and borrow cancel out, and a second subtraction would borrow: not so for a modulus of 0.
  const exact = fn.i32.eq(fn.get(sum.carry), fn.get(less.carry));
  const isLess = fn.i32.and(exact, fn.get(twice.carry));
  fn.hint(false);
  fn.if(fn.i32.eqz(fn.i32.or(isLess, fn.get(isBelow))), () => {
    fn.returnCall(slow, fn.get(result), fn.get(a), fn.get(b), fn.get(modulus));
  });
  storeLimbs(m, selectLimbs(m, isBelow, sum.limbs, less.limbs), result);
}
