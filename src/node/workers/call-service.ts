/**
 * A thread for calls: answers requests by the same methods as the node's thread, upon machines of
 * its own, and asks that thread for what it lacks of the chain.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { ForkTimeline } from '../../chain/chain-spec.ts';
import { CallMachines } from '../execution/call-machines.ts';
import type { CallNode } from '../execution/call-node.ts';
import { DistantLedger } from '../execution/workers/distant-ledger.ts';
import type { NodeLine } from '../execution/workers/distant-state.ts';
import { faultOf, plainFault } from '../execution/workers/faults.ts';
import type { CallJob, FromWorker, ToWorker, WorkerStart } from '../execution/workers/messages.ts';
import { ReadingOrder } from '../execution/workers/reading-order.ts';
import { movableMethods } from '../methods/movable-tables.ts';
import { rpcErrorOf } from '../rpc/dispatch.ts';
import { RpcError } from '../rpc/errors.ts';
import { type Caller, type Method, readArguments } from '../rpc/method.ts';
import { Streamed } from '../rpc/streamed.ts';

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Running {
  readonly abort: AbortController;
  /** Lets the next piece go; somebody waits for it, or will. */
  taken: (() => void) | undefined;
  answer: Streamed | undefined;
}

/** Milliseconds without a call after which no state is held open. */
const REST_MS = 1_000;

const { spec } = workerData as WorkerStart;
const timeline = new ForkTimeline(spec);
const machines = new CallMachines();
const asked = new Map<number, Asked>();
const jobs = new Map<number, Running>();
let questions = 0;
let resting: NodeJS.Timeout | undefined;

const post = (message: FromWorker): void => parentPort?.postMessage(message);

const line: NodeLine = {
  ask: (question) =>
    new Promise((resolve, reject) => {
      const number = ++questions;
      asked.set(number, { resolve, reject });
      post({ kind: 'ask', number, question });
    }),
  close: (view) => post({ kind: 'close', view }),
};
const chain = { line, timeline, order: new ReadingOrder() };

post({ kind: 'ready' });
parentPort?.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'run':
      void answer(message.job, message.given);
      break;
    case 'taken':
      jobs.get(message.job)?.taken?.();
      break;
    case 'cancel': {
      const job = jobs.get(message.job);
      job?.abort.abort();
      job?.answer?.cancel();
      job?.taken?.();
      break;
    }
    case 'answer':
      take(message.number)?.resolve(message.value);
      break;
    case 'refusal':
      take(message.number)?.reject(faultOf(message.fault));
      break;
  }
});

function take(number: number): Asked | undefined {
  const waiting = asked.get(number);
  asked.delete(number);
  return waiting;
}

async function answer(job: number, given: CallJob): Promise<void> {
  const running: Running = { abort: new AbortController(), taken: undefined, answer: undefined };
  jobs.set(job, running);
  clearTimeout(resting);
  try {
    const result = await execute(job, given, running.abort.signal);
    if (result instanceof Streamed) {
      running.answer = result;
      await sendPieces(job, running, result);
      post({ kind: 'end', job });
    } else post({ kind: 'result', job, text: JSON.stringify(result ?? null) });
  } catch (error) {
    post({ kind: 'failed', job, fault: plainFault(rpcErrorOf(error)) });
  } finally {
    jobs.delete(job);
    if (jobs.size === 0) resting = setTimeout(() => void machines.rest(), REST_MS);
  }
}

function execute(job: number, given: CallJob, signal: AbortSignal): unknown {
  const { method: name, params, chainId, limits, isHeard } = given;
  const method: Method<CallNode> | undefined = movableMethods[name];
  if (method === undefined) throw new RpcError('internal error', `no worker has ${name}`);
  const ledger = new DistantLedger(chain, { ...spec, chainId }, job);
  const node: CallNode = {
    ledger,
    machines,
    limits,
    contractLog: isHeard ? () => (text) => post({ kind: 'said', job, text }) : undefined,
    blockState: (id) => ledger.blockState(id),
  };
  const caller: Caller = { signal, notify: undefined, onClose: () => {}, connection: node };
  return method.run(node, readArguments(method as Method<never>, params), caller);
}

/** One at a time: the next one goes when the node's thread has taken the one before. */
async function sendPieces(job: number, running: Running, { pieces }: Streamed): Promise<void> {
  for await (const text of pieces) {
    const taken = new Promise<void>((resolve) => {
      running.taken = resolve;
    });
    post({ kind: 'piece', job, text });
    await taken;
  }
}
