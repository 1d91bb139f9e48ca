/**
 * The worker that compiles in the background: a thread of Node.js or a web worker. It is given a
 * port first, and takes one job a message, in the order in which they come.
 */
import { type CompileAnswer, type CompileJob, compileJob } from './compilation.ts';
import { nodeBuiltin } from './node-builtins.ts';

/** A job with its number. */
export interface WorkerJob {
  readonly id: number;
  readonly job: CompileJob;
}

/** An answer with its job's number; a failure is a bug in the compiler. */
export type WorkerAnswer =
  | { readonly id: number; readonly answer: CompileAnswer }
  | { readonly id: number; readonly failed: string };

/** The first message: where jobs come from, and what is added to when an answer was posted. */
export interface WorkerStart {
  readonly port: Port;
  readonly bell: Int32Array | undefined;
}

/** What ports of Node.js and of browsers have in common. */
interface Port {
  // biome-ignore lint/suspicious/noExplicitAny: events of Node.js and of browsers differ
  onmessage: ((event: any) => void) | null;
  postMessage(message: unknown): void;
}

interface Message {
  readonly data: unknown;
}

const threads = nodeBuiltin('node:worker_threads');
if (threads?.parentPort) threads.parentPort.once('message', start);
else (globalThis as unknown as Port).onmessage = ({ data }: Message) => start(data as WorkerStart);

function start({ port, bell }: WorkerStart): void {
  port.onmessage = ({ data }: Message) => {
    port.postMessage(work(data as WorkerJob));
    if (bell === undefined) return;
    Atomics.add(bell, 0, 1);
  };
}

function work({ id, job }: WorkerJob): WorkerAnswer {
  try {
    return { id, answer: compileJob(job) };
  } catch (error) {
    return { id, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
