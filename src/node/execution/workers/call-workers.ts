/**
 * Threads for long calls and traces, so that none holds up the chain or other requests. The first
 * is started when something is executed, others when they are needed; one that dies takes its
 * calls with it, and another is started for the next.
 */

import { RpcError } from '../../rpc/errors.ts';
import type { JsonText } from '../../rpc/json-text.ts';
import type { Streamed } from '../../rpc/streamed.ts';
import type { CallNode } from '../call-node.ts';
import { CallThread } from './call-thread.ts';
import { CALL_WORKERS_MAX } from './limits.ts';

/** As long as a small block: what is moved has cost the node's thread no more. */
const HERE_MS = 5;
/** While there is no thread yet: as long as one takes to start. */
const STARTING_HERE_MS = 200;
/** Calls of one thread at a time: they take turns, so that a short one passes an endless one. */
const THREAD_JOBS_MAX = 8;
/** Beside the memories of the machines: the values of one large trace. */
const HEAP_MIB_MAX = 1_024;
/** Calls that wait for a thread, of some kB each. */
const WAITING_MAX = 256;

export interface CallLoad {
  /** Threads that have been started. */
  readonly threads: number;
  readonly running: number;
  readonly waiting: number;
  /** Of all, since the node was started. */
  readonly moved: number;
}

/** @param threadsMax 0: none, and all calls run in the node's thread */
export function callWorkersOf(threadsMax = 0): CallWorkers | undefined {
  return threadsMax === 0 ? undefined : new CallWorkers(threadsMax);
}

export class CallWorkers {
  readonly #hereMs: number;
  readonly #threadsMax: number;
  readonly #heapMibMax: number;
  readonly #threads = new Set<CallThread>();
  /** The first first. */
  readonly #waiting: (() => void)[] = [];
  #moved = 0;
  #isClosed = false;

  /**
   * @param hereMs 0: all are executed on workers from the start
   * @param heapMibMax of JavaScript's heap in each thread, which ends when it has no room
   */
  constructor(threadsMax: number, hereMs: number = HERE_MS, heapMibMax: number = HEAP_MIB_MAX) {
    this.#threadsMax = Math.min(threadsMax, CALL_WORKERS_MAX);
    this.#hereMs = hereMs;
    this.#heapMibMax = heapMibMax;
  }

  get load(): CallLoad {
    const load = { threads: 0, running: 0, waiting: this.#waiting.length, moved: this.#moved };
    for (const { jobs, isReady } of this.#threads) {
      load.running += jobs;
      if (isReady) load.threads += 1;
    }
    return load;
  }

  /** Milliseconds for which a call is executed in the node's thread first. */
  get hereMs(): number {
    const isWaitedFor = this.#hereMs > 0 && this.load.threads === 0;
    return isWaitedFor ? Math.max(this.#hereMs, STARTING_HERE_MS) : this.#hereMs;
  }

  /** States that are held open for threads. */
  get openStates(): number {
    let open = 0;
    for (const { openStates } of this.#threads) open += openStates;
    return open;
  }

  /** Something is to be executed: a thread takes 0.2 s to start, so the first begins now. */
  prepare(node: CallNode): void {
    if (this.#threads.size === 0 && !this.#isClosed) this.#start(node);
  }

  /**
   * Answers a request on a worker, as its method would here.
   * @throws RpcError 'limit exceeded' where too many wait; what the method throws
   */
  async run(
    node: CallNode,
    { method, params }: { readonly method: string; readonly params: readonly unknown[] },
    signal: AbortSignal,
  ): Promise<JsonText | Streamed> {
    if (this.#isClosed) throw ending();
    this.#moved += 1;
    const isFirst = this.#waiting.length === 0;
    const thread = (isFirst ? this.#free(node) : undefined) ?? (await this.#turn(node, signal));
    const { limits, ledger, contractLog } = node;
    const say = contractLog?.();
    const { chainId } = ledger;
    const job = { method, params, chainId, limits, isHeard: say !== undefined };
    return thread.run(job, signal, say);
  }

  /** Calls that run or wait are answered with an error. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const go of this.#waiting.splice(0)) go();
    await Promise.all([...this.#threads].map((thread) => thread.close()));
  }

  /** The thread with the fewest jobs; one more while each has some. */
  #free(node: CallNode): CallThread | undefined {
    let free: CallThread | undefined;
    for (const thread of this.#threads) {
      if (free === undefined || thread.jobs < free.jobs) free = thread;
    }
    const isIdle = free !== undefined && free.jobs === 0;
    if (!isIdle && this.#threads.size < this.#threadsMax) return this.#start(node);
    return free !== undefined && free.jobs < THREAD_JOBS_MAX ? free : undefined;
  }

  #start(node: CallNode): CallThread {
    const next = (): void => this.#waiting.shift()?.();
    const whenDead = (dead: CallThread): void => void this.#threads.delete(dead);
    const thread = new CallThread(node, this.#heapMibMax, { whenFree: next, whenDead });
    this.#threads.add(thread);
    return thread;
  }

  async #turn(node: CallNode, signal: AbortSignal): Promise<CallThread> {
    if (this.#waiting.length >= WAITING_MAX) {
      throw new RpcError('limit exceeded', `${WAITING_MAX} long calls wait already: ask later`);
    }
    for (let isBack = true; ; isBack = false) {
      await this.#wait(signal, isBack);
      if (this.#isClosed) throw ending();
      const thread = this.#free(node);
      if (thread !== undefined) return thread;
    }
  }

  /** @param isBack whether behind all others, rather than before them */
  #wait(signal: AbortSignal, isBack: boolean): Promise<void> {
    if (signal.aborted) throw timedOut();
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(timedOut());
      };
      signal.addEventListener('abort', giveUp, { once: true });
      if (isBack) this.#waiting.push(go);
      else this.#waiting.unshift(go);
    });
  }
}

const timedOut = (): RpcError => new RpcError('resource unavailable', 'request timed out');
const ending = (): RpcError => new RpcError('resource unavailable', 'the node is ending');
