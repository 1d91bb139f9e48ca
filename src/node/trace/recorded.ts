/** A run of a transaction with its calls written down, in geth's words to the last of them. */

import type { ExecutionResult } from '../../evm/types.ts';
import { RpcError } from '../rpc/errors.ts';
import { type CallFrame, FrameRecorder } from './call-frames.ts';
import type { TraceTarget } from './target.ts';

export interface RecordedCalls {
  readonly root: CallFrame;
  readonly result: ExecutionResult;
}

/** @throws RpcError */
export async function recordCalls(
  target: TraceTarget,
  { depthMax, withLogs = false }: { readonly depthMax?: number; readonly withLogs?: boolean } = {},
): Promise<RecordedCalls> {
  const recorder = new FrameRecorder(target.rules.is('tangerineWhistle'), depthMax);
  const { hooks, onStep } = recorder;
  let result = withLogs ? undefined : await target.run({ hooks });
  if (result === undefined || recorder.asksForSteps) {
    recorder.reset();
    result = await target.run({ hooks, onStep });
    if (withLogs) recorder.placeLogs(result);
  }
  const { root } = recorder;
  if (root !== undefined) return { root, result };
  throw new RpcError('internal error', 'the transaction made no call');
}
