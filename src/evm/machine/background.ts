/**
 * Compilation beside the running call: one worker a thread, started at the first job. Answers are
 * fetched, never delivered: a call that runs looks at the bell between two slices and takes them
 * in without leaving to the event loop (where the host can; a browser needs a turn of it).
 */
import type { CompileAnswer, CompileJob } from './compilation.ts';
import type { WorkerAnswer, WorkerJob, WorkerStart } from './compile-worker.ts';
import { nodeBuiltin } from './node-builtins.ts';

/** Jobs that wait or run; more are refused, and asked for again when the code is hot again. */
export const JOBS_MAX = 1_024;
/** A worker that died is replaced so often. */
const RESTARTS_MAX = 3;
/** A code that makes the compiler take more than this is not compiled. */
const WORKER_MIB_MAX = 1_024;
/**
 * Its young generation. With V8's own a compilation is collected in its midst, by threads that take
 * a core from the call that runs beside it: up to 1.24 x the interpreter's time, 1.12 x since.
 */
const WORKER_YOUNG_MIB = 128;

/** What came of a job: undefined when there was no worker to do it. */
export type Done = (answer: CompileAnswer | undefined) => void;

interface Running {
  readonly port: MessagePort;
  readonly stop: () => void;
}

export class BackgroundCompiler {
  readonly #bell: Int32Array | undefined;
  readonly #waiting = new Map<number, Done>();
  readonly #arrived: WorkerAnswer[] = [];
  #running: Running | undefined;
  #heard = 0;
  #next = 0;
  #deaths = 0;
  /** Whether a worker ever answered. */
  #works = false;

  constructor() {
    const shares = typeof SharedArrayBuffer === 'function';
    this.#bell = shares ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
  }

  /** Whether a job can be given; if not, the caller compiles for itself. */
  get available(): boolean {
    return this.#deaths <= RESTARTS_MAX && (this.#deaths === 0 || this.#works) && hasWorkers();
  }

  /** False when too many jobs wait. `arrivals`, on shared memory, counts answers. */
  request(job: CompileJob, arrivals: Int32Array | undefined, done: Done): boolean {
    if (this.#waiting.size >= JOBS_MAX) return false;
    this.#running ??= this.#start();
    const id = this.#next++;
    this.#waiting.set(id, done);
    const message: WorkerJob = { id, job, arrivals };
    this.#running.port.postMessage(message);
    return true;
  }

  /** Whether an answer may be there. PERF: one atomic load. */
  get rang(): boolean {
    if (this.#arrived.length > 0) return true;
    return this.#bell !== undefined && Atomics.load(this.#bell, 0) !== this.#heard;
  }

  /** Takes in the answers; true when one will only be there after a turn of the event loop. */
  collect(): boolean {
    const rung = this.#bell === undefined ? 0 : Atomics.load(this.#bell, 0);
    const expected = rung - this.#heard;
    this.#heard = rung;
    let taken = 0;
    for (let answer = this.#take(); answer !== undefined; answer = this.#take()) {
      taken += 1;
      this.#finish(answer);
    }
    return taken < expected;
  }

  #take(): WorkerAnswer | undefined {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return arrived;
    const port = this.#running?.port;
    if (port === undefined) return undefined;
    const threads = nodeBuiltin('node:worker_threads');
    return threads?.receiveMessageOnPort(port as never)?.message as WorkerAnswer | undefined;
  }

  #finish(given: WorkerAnswer): void {
    this.#works = true;
    const done = this.#waiting.get(given.id);
    this.#waiting.delete(given.id);
    if ('answer' in given) {
      done?.(given.answer);
      return;
    }
    const note = `the compiler failed, and the code stays interpreted: ${given.failed}`;
    done?.({ compiled: undefined, refused: 'a failure of the compiler', note });
  }

  #start(): Running {
    const { port1, port2 } = new MessageChannel();
    const started: WorkerStart = { port: port2, bell: this.#bell };
    const stop = startWorker(started, port2, (reason) => this.#died(reason));
    if (nodeBuiltin('node:worker_threads') === undefined) {
      port1.onmessage = ({ data }) => this.#arrived.push(data as WorkerAnswer);
    }
    return { port: port1, stop };
  }

  /** Its jobs are not tried again: one of them may be why. */
  #died(reason: string): void {
    this.collect();
    this.#running?.stop();
    this.#running?.port.close();
    this.#running = undefined;
    this.#deaths += 1;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    const note = `the compiling worker died, and ${lost.length} codes stay interpreted: ${reason}`;
    const answer = { compiled: undefined, refused: 'the death of the worker', note };
    for (const done of lost) done(this.#works ? answer : undefined);
  }
}

function hasWorkers(): boolean {
  return nodeBuiltin('node:worker_threads') !== undefined || typeof Worker === 'function';
}

/** Starts a worker that does not keep the process alive; returns what stops it. */
function startWorker(
  started: WorkerStart,
  port: MessagePort,
  died: (reason: string) => void,
): () => void {
  // Sources run as they are, or as the JavaScript that was made of them.
  const file = import.meta.url.endsWith('.ts') ? './compile-worker.ts' : './compile-worker.js';
  const url = new URL(file, import.meta.url);
  const threads = nodeBuiltin('node:worker_threads');
  if (threads !== undefined) {
    const resourceLimits = {
      maxOldGenerationSizeMb: WORKER_MIB_MAX,
      maxYoungGenerationSizeMb: WORKER_YOUNG_MIB,
    };
    // Options of the process may be none of a thread: --input-type ends it.
    const options = { name: 'ironfly compiler', execArgv: [], resourceLimits };
    const worker = new threads.Worker(url, options);
    worker.on('error', (error) => died(String(error)));
    worker.unref();
    worker.postMessage(started, [port as never]);
    return () => void worker.terminate();
  }
  const worker = new Worker(url, { type: 'module', name: 'ironfly compiler' });
  worker.onerror = (event) => died(event.message);
  worker.postMessage(started, [port]);
  return () => worker.terminate();
}

let compiler: BackgroundCompiler | undefined;

/** This thread's. */
export function backgroundCompiler(): BackgroundCompiler {
  compiler ??= new BackgroundCompiler();
  return compiler;
}
