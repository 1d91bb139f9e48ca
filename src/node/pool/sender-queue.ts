/** One sender's transactions by nonce: those that can follow each other now, and those behind. */

import type { Hash } from '../../evm/types.ts';
import type { PooledTransaction } from './pool.ts';
import type { BlobSidecar } from './sidecar.ts';

/** A transaction of the pool, with what the pool counts by. */
export interface PoolEntry extends PooledTransaction {
  /** Of the transaction and its blobs, in bytes. */
  readonly size: number;
  /** The most that it can cost its sender, in wei. */
  readonly cost: bigint;
  /** Rising in the order of coming. */
  readonly sequence: number;
  readonly sidecar: BlobSidecar | undefined;
  /** The sender is said, not signed for (a development chain). */
  readonly isImpersonated: boolean;
}

/** What the state says of the sender. */
export interface SenderState {
  readonly nonce: bigint;
  readonly balance: bigint;
}

export class SenderQueue {
  #state: SenderState;
  readonly #byNonce = new Map<bigint, PoolEntry>();
  /** In the order of nonces; undefined after a change. */
  #sorted: readonly PoolEntry[] | undefined;
  #pending: readonly PoolEntry[] | undefined;
  /** Of all. */
  cost = 0n;
  /** Those that somebody was told of. */
  readonly announced: Set<Hash> = new Set();

  constructor(state: SenderState) {
    this.#state = state;
  }

  get state(): SenderState {
    return this.#state;
  }

  set state(state: SenderState) {
    this.#state = state;
    this.#pending = undefined;
  }

  get count(): number {
    return this.#byNonce.size;
  }

  get(nonce: bigint): PoolEntry | undefined {
    return this.#byNonce.get(nonce);
  }

  put(entry: PoolEntry): void {
    this.remove(entry.transaction.nonce);
    this.#byNonce.set(entry.transaction.nonce, entry);
    this.cost += entry.cost;
    this.#change();
  }

  remove(nonce: bigint): PoolEntry | undefined {
    const entry = this.#byNonce.get(nonce);
    if (entry === undefined) return undefined;
    this.#byNonce.delete(nonce);
    this.announced.delete(entry.hash);
    this.cost -= entry.cost;
    this.#change();
    return entry;
  }

  /** All, in the order of nonces. PERF: O(n log n) after a change. */
  get all(): readonly PoolEntry[] {
    this.#sorted ??= [...this.#byNonce.values()].sort((a, b) =>
      a.transaction.nonce < b.transaction.nonce ? -1 : 1,
    );
    return this.#sorted;
  }

  /** Those without a gap from the sender's nonce on, as far as the balance goes. */
  get pending(): readonly PoolEntry[] {
    if (this.#pending !== undefined) return this.#pending;
    const found: PoolEntry[] = [];
    let { nonce, balance } = this.#state;
    for (let entry = this.get(nonce); entry !== undefined; entry = this.get(nonce)) {
      balance -= entry.cost;
      if (balance < 0n) break;
      found.push(entry);
      nonce += 1n;
    }
    this.#pending = found;
    return found;
  }

  #change(): void {
    this.#sorted = undefined;
    this.#pending = undefined;
  }
}
