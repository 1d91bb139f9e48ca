/**
 * Methods that execute: each is begun in the node's thread, and one that has not ended within a
 * few milliseconds is begun again on a worker. So a short call costs what it costs without
 * workers, and nobody need guess beforehand which one is long.
 */

import type { Node } from '../../node.ts';
import { type Caller, type Method, type MethodTable, readArguments } from '../../rpc/method.ts';
import { Streamed } from '../../rpc/streamed.ts';
import type { Read } from '../../rpc/values.ts';
import { ExecutionAborted } from '../call-failure.ts';
import { type CallNode, callNode } from '../call-node.ts';

const readAny: Read<unknown> = (value) => value;

/** The methods for a node, which has workers or not. */
export function movable(table: MethodTable<CallNode>): MethodTable<Node> {
  const methods = Object.entries(table).map(([name, method]) => [name, moving(name, method)]);
  return Object.fromEntries(methods) as MethodTable<Node>;
}

function moving(name: string, method: Method<CallNode>): Method<Node> {
  return {
    // A worker is sent the arguments as they came, and reads them for itself.
    params: method.params.map(() => readAny),
    run: async (node, given, caller) => {
      const args = readArguments(method as Method<never>, given);
      const here = callNode(node);
      const { callWorkers } = node;
      if (callWorkers === undefined) return method.run(here, args, caller);
      callWorkers.prepare(here);
      const { hereMs } = callWorkers;
      const tried = hereMs === 0 ? MOVE : await tryHere(method, here, { args, caller, hereMs });
      if (tried !== MOVE) return tried;
      return callWorkers.run(here, { method: name, params: given }, caller.signal);
    },
  };
}

const MOVE = Symbol('to a worker');

interface Tried {
  readonly args: readonly unknown[];
  readonly caller: Caller;
  readonly hereMs: number;
}

/** The answer, or that it is to be moved: neither is anything told of that, nor is it seen. */
async function tryHere(
  method: Method<CallNode>,
  node: CallNode,
  { args, caller, hereMs }: Tried,
): Promise<unknown> {
  const { limits, contractLog } = node;
  const say = contractLog?.();
  const said: string[] = [];
  const brief: CallNode = {
    ...node,
    limits: { ...limits, callMsMax: Math.min(hereMs, limits.callMsMax) },
    contractLog: say && (() => (text) => said.push(text)),
  };
  try {
    const answer = await method.run(brief, args, caller);
    if (answer instanceof Streamed && !answer.isWhole) {
      answer.cancel();
      return MOVE;
    }
    for (const text of said) say?.(text);
    return answer;
  } catch (error) {
    if (error instanceof ExecutionAborted && !caller.signal.aborted) return MOVE;
    for (const text of said) say?.(text);
    throw error;
  }
}
