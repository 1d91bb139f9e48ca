/**
 * The worker that compiles in the background: a thread of Node.js or a web worker. It is given a
 * port first, and takes one job a message, in the order in which they come.
 */
import { type CompileAnswer, type CompileJob, compileJob } from './compilation.ts';
import { nodeBuiltin } from './node-builtins.ts';
import { warmUp } from './warm-up.ts';

/** A job with its number, and what is rung in the machine that waits for it. */
export interface WorkerJob {
  readonly id: number;
  readonly job: CompileJob;
  readonly arrivals: Int32Array | undefined;
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

/** Of this thread alone: where cores are few, calls go before compilations. */
const NICE = 10;

/** Only Linux takes 0 for the calling thread; elsewhere it would be the process. */
function stepBack(): void {
  const os = nodeBuiltin('node:os');
  if (os?.platform() !== 'linux') return;
  try {
    os.setPriority(0, NICE);
  } catch {
    // Not allowed here: then it compiles as eagerly as the others work.
  }
}

function start({ port, bell }: WorkerStart): void {
  stepBack();
  port.onmessage = ({ data }: Message) => {
    const job = data as WorkerJob;
    port.postMessage(work(job));
    if (bell !== undefined) Atomics.add(bell, 0, 1);
    if (job.arrivals !== undefined) Atomics.add(job.arrivals, 0, 1);
  };
}

function work({ id, job }: WorkerJob): WorkerAnswer {
  try {
    const answer = compileJob(job);
    if (answer.compiled !== undefined) warmUp(answer.compiled, job.shared);
    return { id, answer };
  } catch (error) {
    return { id, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
