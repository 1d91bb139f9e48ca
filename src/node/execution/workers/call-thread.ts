/** One thread for calls, as the node's thread holds it: its jobs, and the states that they read. */

import * as modules from 'node:module';
import { Worker } from 'node:worker_threads';
import { RpcError } from '../../rpc/errors.ts';
import { JsonText } from '../../rpc/json-text.ts';
import { Streamed, streamOf, type Write } from '../../rpc/streamed.ts';
import type { CallNode } from '../call-node.ts';
import { faultOf, plainFault } from './faults.ts';
import type { CallJob, FromWorker, JobNews, Question, ToWorker, WorkerStart } from './messages.ts';
import { StateDesk } from './state-desk.ts';

export interface ThreadEvents {
  /** A job has ended. */
  readonly whenFree: () => void;
  /** It can have no more jobs; once. */
  readonly whenDead: (thread: CallThread) => void;
}

/** News of a job, in their order. */
class JobLine {
  readonly say: ((text: string) => void) | undefined;
  readonly #news: JobNews[] = [];
  #wake: (() => void) | undefined;

  constructor(say: ((text: string) => void) | undefined) {
    this.say = say;
  }

  push(news: JobNews): void {
    this.#news.push(news);
    this.#wake?.();
  }

  async next(): Promise<JobNews> {
    for (;;) {
      const news = this.#news.shift();
      if (news !== undefined) return news;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export class CallThread {
  /** Whether it has started: a job that it gets before waits for that. */
  isReady = false;
  readonly #worker: Worker;
  readonly #desk: StateDesk;
  readonly #jobs = new Map<number, JobLine>();
  readonly #whenFree: () => void;
  #lastJob = 0;
  #isDead = false;

  /** @param heapMibMax of JavaScript's heap in the thread */
  constructor(node: CallNode, heapMibMax: number, { whenFree, whenDead }: ThreadEvents) {
    this.#desk = new StateDesk(node);
    this.#whenFree = whenFree;
    // Sources run as they are, or as the JavaScript that was made of them.
    const program = `../../workers/call-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`;
    const workerData: WorkerStart = {
      spec: { ...node.ledger.spec },
      compileCache: modules.getCompileCacheDir?.(),
    };
    this.#worker = new Worker(new URL(program, import.meta.url), {
      name: 'ironfly calls',
      workerData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMibMax },
    });
    this.#worker.unref();
    this.#worker.on('message', (message: FromWorker) => this.#hear(message));
    const die = (reason: string): void => {
      if (this.#isDead) return;
      this.#isDead = true;
      whenDead(this);
      this.#desk.closeAll();
      const error = new RpcError('internal error', `the thread of the call has ended: ${reason}`);
      for (const [job, line] of this.#jobs) {
        line.push({ kind: 'failed', job, fault: plainFault(error) });
      }
    };
    this.#worker.on('error', (error) => die(String(error)));
    this.#worker.on('exit', (code) => die(`code ${code}`));
  }

  /** Jobs under way. */
  get jobs(): number {
    return this.#jobs.size;
  }

  /** States that are held open for it. */
  get openStates(): number {
    return this.#desk.open;
  }

  /**
   * Answers a request: JSON, or an answer in pieces, of which a few wait at a time.
   * @throws RpcError, and what the method throws
   */
  async run(
    given: CallJob,
    signal: AbortSignal,
    say: ((text: string) => void) | undefined,
  ): Promise<JsonText | Streamed> {
    const job = ++this.#lastJob;
    const line = new JobLine(say);
    this.#post({ kind: 'run', job, given });
    this.#jobs.set(job, line);
    const cancel = (): void => this.#post({ kind: 'cancel', job });
    const end = (): void => {
      signal.removeEventListener('abort', cancel);
      this.#jobs.delete(job);
      this.#desk.end(job);
      this.#whenFree();
    };
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    const first = await line.next();
    if (first.kind === 'result' || first.kind === 'failed') {
      end();
      if (first.kind === 'failed') throw faultOf(first.fault);
      return new JsonText(first.text);
    }
    const streamed = await streamOf(
      (write) => this.#takePieces(first, line, write).finally(end),
      signal,
    );
    const stop = (): void => {
      streamed.cancel();
      cancel();
    };
    return new Streamed(streamed.pieces, stop, streamed.isWhole);
  }

  /** The end of all of its jobs. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Until the worker says that there are no more, whether anybody reads them or not. */
  async #takePieces(first: JobNews, line: JobLine, write: Write): Promise<void> {
    let fault: unknown;
    for (let news = first; ; news = await line.next()) {
      if (news.kind === 'failed') throw fault ?? faultOf(news.fault);
      if (news.kind !== 'piece') {
        if (fault !== undefined) throw fault;
        return;
      }
      const { job, text } = news;
      try {
        if (fault === undefined) await write(text);
      } catch (error) {
        // Nobody reads on; the worker says when it has stopped.
        fault = error;
        this.#post({ kind: 'cancel', job });
      }
      this.#post({ kind: 'taken', job });
    }
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.isReady = true;
        break;
      case 'ask':
        this.#answer(message.number, message.question);
        break;
      case 'close':
        this.#desk.close(message.view);
        break;
      case 'said':
        this.#jobs.get(message.job)?.say?.(message.text);
        break;
      default:
        this.#jobs.get(message.job)?.push(message);
    }
  }

  #answer(number: number, question: Question): void {
    const refuse = (error: unknown): void =>
      this.#post({ kind: 'refusal', number, fault: plainFault(error) });
    try {
      const given = this.#desk.answer(question);
      const send = (value: unknown): void => this.#post({ kind: 'answer', number, value });
      if (given instanceof Promise) given.then(send).catch(refuse);
      else send(given);
    } catch (error) {
      refuse(error);
    }
  }

  #post(message: ToWorker): void {
    if (!this.#isDead) this.#worker.postMessage(message);
  }
}
