/** Calls of kernels that take and give limbs in registers. */
import type { FunctionRef, Local } from '../../wasm/function.ts';
import { type Limb, pushValue } from '../words/word.ts';
import type { Assembler } from './assembler.ts';

/** Calls `kernel` and takes its `count` results. */
export function callOnLimbs(
  m: Assembler,
  kernel: FunctionRef,
  operands: readonly Limb[],
  count: number,
): Local<'i64'>[] {
  const { fn } = m;
  const results = fn.call(kernel, ...operands.map((limb) => pushValue(m, limb)));
  const limbs = Array.from({ length: count }, () => m.i64());
  for (const limb of limbs.toReversed()) fn.set(limb, results);
  return limbs;
}
