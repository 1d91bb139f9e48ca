/** What a jump needs of its operands and of its two ways. */
import type { Value } from '../../wasm/function.ts';
import { type Emitter, keep32, pushLimb, type Word, widthOf } from '../words/word.ts';
import type { Edge, RegionNode } from './graph.ts';
import type { ContractLinks } from './links.ts';
import { isCold } from './regions.ts';

/** Of two ways, one that leads to a failure is unlikely. */
export function hintJump({ fn }: Emitter, { taken, next }: RegionNode, links: ContractLinks): void {
  const isFailure = (edge: Edge | undefined) => {
    const block = edge === undefined ? undefined : links.blockAt(edge.pc);
    return block !== undefined && isCold(block);
  };
  const [jumpFails, nextFails] = [isFailure(taken), isFailure(next)];
  if (jumpFails !== nextFails) fn.hint(nextFails);
}

/** Pushes a destination as an i32, all ones when it does not fit. */
export function pushPc(m: Emitter, destination: Word): Value<'i32'> {
  const { fn } = m;
  let above = fn.i64.shrU(pushLimb(m, destination, 0), fn.i64.const(32));
  for (let i = 1; i < widthOf(destination); i++) {
    above = fn.i64.or(above, pushLimb(m, destination, i));
  }
  const fits = keep32(m, fn.i64.eqz(above));
  const pc = fn.i32.wrapI64(pushLimb(m, destination, 0));
  return fn.select(pc, fn.i32.const(-1), fn.get(fits));
}
