/**
 * Blobs whose proofs were verified: others are in no payload, and nobody is given them. It takes a
 * third of a second each, so a thread of its own does it, from when a transaction comes on.
 */

import { Worker } from 'node:worker_threads';
import type { Hash } from '../../evm/types.ts';
import type { PooledTransaction, TransactionPool } from '../pool/pool.ts';
import type { ProvenBlob } from './blobs.ts';

/** Who keeps the blobs of transactions that wait, verified or not. */
export interface BlobKeeper {
  /** In the order of the transaction's hashes; undefined where they are not there. */
  ofTransaction(hash: Hash): readonly ProvenBlob[] | undefined;
  byVersionedHash(hash: Hash): ProvenBlob | undefined;
  /** The transaction's blobs are not what they should be: it can be in no block. */
  refuse(hash: Hash): void;
}

export const NO_BLOBS: BlobKeeper = {
  ofTransaction: () => undefined,
  byVersionedHash: () => undefined,
  refuse: () => {},
};

/** Transactions that wait to be verified; those that come then are so when a payload asks. */
const QUEUE_MAX = 512;

export class VerifiedBlobs {
  readonly #keeper: BlobKeeper;
  /** By the blob's own bytes, which have one commitment and one list of proofs beside them. */
  readonly #verdicts = new WeakMap<Uint8Array, boolean>();
  readonly #queue = new Map<Hash, PooledTransaction>();
  readonly #listeners = new Set<() => void>();
  readonly #stopListening: () => void;
  #work: Promise<void> | undefined;
  #worker: Worker | undefined;
  #asked = 0;
  #isClosed = false;

  constructor(keeper: BlobKeeper, pool: TransactionPool) {
    this.#keeper = keeper;
    for (const each of pool.ready()) this.#enqueue(each);
    this.#stopListening = pool.onReady((each) => this.#enqueue(each));
  }

  /** A transaction’s blobs, where all are proven; those not looked at yet will be. */
  ofTransaction(transaction: PooledTransaction): readonly ProvenBlob[] | undefined {
    if (transaction.transaction.blobVersionedHashes.length === 0) return [];
    const blobs = this.#keeper.ofTransaction(transaction.hash);
    if (blobs?.every(({ blob }) => this.#verdicts.get(blob) === true) === true) return blobs;
    this.#enqueue(transaction);
    return undefined;
  }

  byVersionedHash(hash: Hash): ProvenBlob | undefined {
    const found = this.#keeper.byVersionedHash(hash);
    return found !== undefined && this.#verdicts.get(found.blob) === true ? found : undefined;
  }

  /** Called whenever a transaction's blobs are proven; what it gives ends that. */
  onProven(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    this.#queue.clear();
    await this.#worker?.terminate();
  }

  #enqueue(transaction: PooledTransaction): void {
    if (transaction.transaction.blobVersionedHashes.length === 0 || this.#isClosed) return;
    if (this.#queue.size >= QUEUE_MAX) return;
    this.#queue.set(transaction.hash, transaction);
    this.#work ??= this.#verifyAll();
  }

  async #verifyAll(): Promise<void> {
    // Those that come together are gathered first.
    await Promise.resolve();
    for (const hash of this.#queue.keys()) {
      const blobs = this.#keeper.ofTransaction(hash) ?? [];
      const holds = await this.#verify(blobs).catch(() => undefined);
      this.#queue.delete(hash);
      if (holds === false) this.#keeper.refuse(hash);
      if (holds === true) for (const listener of this.#listeners) listener();
    }
    this.#work = undefined;
  }

  async #verify(blobs: readonly ProvenBlob[]): Promise<boolean> {
    for (const each of blobs) {
      const known = this.#verdicts.get(each.blob);
      const holds = known ?? (await this.#ask(each));
      this.#verdicts.set(each.blob, holds);
      if (!holds) return false;
    }
    return true;
  }

  #ask(blob: ProvenBlob): Promise<boolean> {
    this.#worker ??= startWorker();
    const worker = this.#worker;
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      const answered = (answer: { readonly id: number; readonly holds: boolean }) => {
        if (answer.id !== id) return;
        end();
        resolve(answer.holds);
      };
      // The next one gets another thread.
      const failed = () => {
        end();
        this.#worker = undefined;
        reject(new Error('engine: the thread that verifies blobs has ended'));
      };
      const end = () => {
        worker.off('message', answered);
        worker.off('error', failed);
        worker.off('exit', failed);
      };
      worker.on('message', answered);
      worker.on('error', failed);
      worker.on('exit', failed);
      worker.postMessage({ id, blob });
    });
  }
}

function startWorker(): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./blob-proofs-worker.${extension}`, import.meta.url));
  // A thread that has nothing to do keeps no process alive.
  worker.unref();
  return worker;
}
