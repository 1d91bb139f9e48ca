/** `callTracer`: the tree of calls as geth has it (eth/tracers/native/call.go). */

import { revertText } from '../execution/call-failure.ts';
import { dataHex, quantity } from '../rpc/values.ts';
import type { CallFrame, FrameLog } from './call-frames.ts';
import { REVERTED } from './failure-words.ts';
import { recordCalls } from './recorded.ts';
import type { Tracer } from './target.ts';

export interface CallTracerOptions {
  readonly onlyTopCall: boolean;
  readonly withLog: boolean;
}

export function callTracer({ onlyTopCall, withLog }: CallTracerOptions): Tracer {
  return async (target) => {
    const depthMax = onlyTopCall ? 0 : Number.POSITIVE_INFINITY;
    const { root, result } = await recordCalls(target, { depthMax, withLogs: withLog });
    // The outermost has the transaction's gas, what it costs before it begins included.
    const { gasLimit } = target.transaction;
    return frameJson({ ...root, gas: gasLimit, gasUsed: result.gasUsed });
  };
}

/** PERF: O(frames), by recursion; calls lie 1,024 deep at most. */
function frameJson(frame: CallFrame): Record<string, unknown> {
  const { kind, from, to, gas, gasUsed, input, output, error, calls, logs, value } = frame;
  const creates = kind === 'create' || kind === 'create2';
  const hasOutput = output.length > 0 && (error === undefined || error === REVERTED);
  const reason = error === REVERTED ? reasonOf(output) : undefined;
  return {
    from,
    gas: quantity(gas),
    gasUsed: quantity(gasUsed),
    ...(creates && error !== undefined ? {} : { to }),
    input: dataHex(input),
    ...(hasOutput ? { output: dataHex(output) } : {}),
    ...(error === undefined ? {} : { error }),
    ...(reason === undefined ? {} : { revertReason: reason }),
    ...(calls.length === 0 ? {} : { calls: calls.map(frameJson) }),
    ...(logs.length === 0 ? {} : { logs: logs.map(logJson) }),
    ...(kind === 'staticcall' ? {} : { value: quantity(value) }),
    type: kind.toUpperCase(),
  };
}

function logJson({ log: { address, topics, data }, position, index }: FrameLog): object {
  return {
    index: quantity(index),
    address,
    topics,
    data: dataHex(data),
    position: quantity(position),
  };
}

/** What `Error(string)` or `Panic(uint256)` say. */
function reasonOf(output: Uint8Array): string | undefined {
  const text = revertText(output);
  return text.startsWith(`${REVERTED}: `) ? text.slice(REVERTED.length + 2) : undefined;
}
