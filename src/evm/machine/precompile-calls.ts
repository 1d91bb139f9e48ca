/** A precompile that a suspended call asks its host to run: what it is given, and its answer. */
import * as layout from '../layout.ts';
import {
  copyPart,
  type PrecompileAnswer,
  type PrecompileInput,
} from '../precompiles/precompile.ts';
import type { Arena } from './arena.ts';
import type { Machine } from './instance.ts';
import { stage } from './requests.ts';
import { readWord } from './words.ts';

export interface PrecompileCall {
  readonly address: bigint;
  readonly input: PrecompileInput;
  readonly gas: bigint;
}

/** What the context's frame asks for. */
export function readPrecompileCall({ memory }: Machine, { ctx }: Arena): PrecompileCall {
  const view = memory.view();
  const fp = view.getUint32(ctx + layout.C_FRAME, true);
  const start = view.getUint32(fp + layout.F_INPUT, true);
  const size = view.getUint32(fp + layout.F_INPUT_SIZE, true);
  return {
    address: readWord(view, fp + layout.F_CODE_ADDRESS),
    gas: view.getBigInt64(fp + layout.F_GAS, true),
    input: {
      length: size,
      // Memory that is not shared moves when it grows.
      copy: (to: Uint8Array, at: number) =>
        copyPart(to, memory.bytes(), start + Math.min(at, size), start + size),
    },
  };
}

export function completePrecompile(
  { memory, runtime }: Machine,
  arena: Arena,
  gas: bigint,
  answer: PrecompileAnswer,
): void {
  if (answer === undefined) {
    runtime.completePrecompile(arena.ctx, 0, gas, 0, 0);
    return;
  }
  const { gasUsed, output } = answer;
  stage(memory, arena, output);
  runtime.completePrecompile(arena.ctx, 1, gasUsed, arena.staging, output.length);
}
