/**
 * The thread that writes large transactions to LMDB: they take seconds, in which the thread that
 * executes blocks is free. Both have the same environment; LMDB lets readers go on meanwhile.
 *
 * The worker is never terminated: one that goes in the middle of a transaction would leave LMDB's
 * lock taken, and whoever writes next would wait for ever. It ends when it is told to.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { WriterAnswer, WriterJob } from './lmdb-writer-worker.ts';
import type { PackedChanges } from './packed-changes.ts';

/** The rest is written when the store is opened again. */
export class UnfinishedWrite extends Error {}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class LmdbWriter {
  readonly #worker: Worker;
  readonly #ended: Promise<unknown>;
  #waiting: Waiting | undefined;
  #death: Error | undefined;

  constructor(folder: string) {
    // Sources run as they are, or as the JavaScript that was made of them.
    const name = `./lmdb-writer-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`;
    const url = new URL(name, import.meta.url);
    // Options of the process may be none of a thread: --input-type ends it.
    const options = { name: 'ironfly store', workerData: folder, execArgv: [] };
    this.#worker = new Worker(url, options);
    this.#worker.on('message', ({ failed, begun }: WriterAnswer) => {
      this.#finish(failed === undefined ? undefined : faultOf(failed, begun));
    });
    this.#worker.on('error', (error) => this.#died(error as Error));
    this.#ended = once(this.#worker, 'exit').catch(() => {});
    this.#worker.on('exit', () => this.#died(new Error('the thread that writes ended')));
    this.#worker.unref();
  }

  /**
   * Writes changes, which it takes over; one write at a time.
   * @throws UnfinishedWrite when some may be written; else Error: none was
   */
  async write(changes: PackedChanges): Promise<void> {
    if (this.#death !== undefined) throw this.#death;
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    // What waits for the disk keeps the process alive, and nothing else does.
    this.#worker.ref();
    const pieces = changes.take();
    this.#post({ pieces }, pieces.pieces);
    try {
      await written;
    } finally {
      this.#worker.unref();
    }
  }

  /** Ends the thread; no write may be on its way. */
  async close(): Promise<void> {
    if (this.#death !== undefined) return;
    this.#worker.ref();
    this.#post({ pieces: undefined }, []);
    await this.#ended;
  }

  #post(job: WriterJob, transferred: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(job, [...transferred]);
  }

  #finish(fault: Error | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (fault === undefined) waiting?.resolve();
    else waiting?.reject(fault);
  }

  #died(error: Error): void {
    this.#death ??= error;
    this.#finish(new UnfinishedWrite(`the thread that writes died: ${error.message}`));
  }
}

function faultOf(failed: string, begun: boolean): Error {
  return begun ? new UnfinishedWrite(failed) : new Error(failed);
}
