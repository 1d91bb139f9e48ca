/** Transactions that wait for a block, as the rest of a node sees them. */

import type { Address, Hash, Transaction } from '../../evm/types.ts';

/** A transaction in the pool. */
export interface PooledTransaction {
  readonly hash: Hash;
  /** As a block holds it. */
  readonly bytes: Uint8Array;
  readonly sender: Address;
  readonly transaction: Transaction;
  /** When it came, milliseconds since 1970. */
  readonly timeMs: number;
}

/** What clients see of the pool. */
export interface TransactionPool {
  /**
   * Takes a transaction as it is sent (blobs with their sidecar, of which the pool keeps the rest);
   * its hash. @throws RpcError with the texts that clients of geth know
   */
  add(bytes: Uint8Array): Promise<Hash>;
  /** Begins what adding them takes, where it can be done ahead: they are added one by one. */
  prepare?(sent: readonly Uint8Array[]): void;
  get(hash: Hash): PooledTransaction | undefined;
  /** Those that could be in the next block, in the order in which a block takes them. */
  ready(): readonly PooledTransaction[];
  /** By sender and nonce: those that could be, and those behind a gap. */
  content(): {
    readonly pending: ReadonlyMap<Address, readonly PooledTransaction[]>;
    readonly queued: ReadonlyMap<Address, readonly PooledTransaction[]>;
  };
  /** The nonce that the sender's next transaction has, those that are ready counted in. */
  nextNonce(sender: Address): Promise<bigint>;
  /** Called with each that became ready; what it gives ends that. */
  onReady(listener: (transaction: PooledTransaction) => void): () => void;
}
