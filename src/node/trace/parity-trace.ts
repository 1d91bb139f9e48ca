/** What `trace_` methods that execute something answer: output, calls, changes, instructions. */

import type { CallHooks } from '../../evm/machine/hooks.ts';
import { invalidParams } from '../rpc/errors.ts';
import { dataHex, listOf, type Read, readString } from '../rpc/values.ts';
import { type FlatCall, parityCalls } from './flat-calls.ts';
import { runTouched } from './prestate.ts';
import { recordCalls } from './recorded.ts';
import { type AccountDiff, stateDiffOf } from './state-diff.ts';
import type { TraceTarget } from './target.ts';
import { type VmTrace, VmTraceRecorder } from './vm-trace.ts';

const TYPES = ['trace', 'stateDiff', 'vmTrace'] as const;
export type TraceType = (typeof TYPES)[number];

export interface ParityTrace {
  readonly output: string;
  readonly stateDiff: Readonly<Record<string, AccountDiff>> | null;
  readonly trace: readonly FlatCall[];
  readonly vmTrace: VmTrace | null;
}

const readNames = listOf(readString, TYPES.length);

export const readTraceTypes: Read<ReadonlySet<TraceType>> = (value, path) =>
  new Set(
    readNames(value, path).map((name) => {
      const type = TYPES.find((each) => each === name);
      if (type !== undefined) return type;
      const message = `invalid argument ${path}: a trace type is one of ${TYPES.join(', ')}`;
      throw invalidParams(message);
    }),
  );

/** @throws RpcError */
export async function parityTrace(
  target: TraceTarget,
  types: ReadonlySet<TraceType>,
): Promise<ParityTrace> {
  const { root, result } = await recordCalls(target);
  const stateDiff = types.has('stateDiff')
    ? await stateDiffOf(target, await runTouched(target))
    : null;
  return {
    output: result.status === 'halt' ? '0x' : dataHex(result.output),
    stateDiff,
    trace: types.has('trace') ? parityCalls(root) : [],
    vmTrace: types.has('vmTrace') ? await vmTraceOf(target) : null,
  };
}

async function vmTraceOf(target: TraceTarget): Promise<VmTrace | null> {
  const recorder = new VmTraceRecorder();
  const hooks: CallHooks = recorder.hooks;
  await target.run({ hooks, onStep: recorder.onStep, stepMemory: true });
  return recorder.root ?? null;
}
