/** Where the transactions of the head's branch stand. */

import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import type { ChainBlock } from '../../chain/block-tree.ts';
import type { Hash } from '../../evm/types.ts';

export interface TransactionPlace {
  readonly blockHash: Hash;
  readonly index: number;
}

export interface TransactionIndex {
  get(hash: Hash): TransactionPlace | undefined;
  /** A block is of the branch now. */
  add(block: ChainBlock): void;
  /** A block is of it no more. */
  remove(block: ChainBlock): void;
}

export function transactionHash(bytes: Uint8Array): Hash {
  return toHex(keccak256(bytes));
}

/** In memory, for chains that are. */
export class MemoryTransactionIndex implements TransactionIndex {
  readonly #places = new Map<Hash, TransactionPlace>();

  get(hash: Hash): TransactionPlace | undefined {
    return this.#places.get(hash);
  }

  add({ hash: blockHash, transactions }: ChainBlock): void {
    for (const [index, bytes] of transactions.entries()) {
      this.#places.set(transactionHash(bytes), { blockHash, index });
    }
  }

  remove({ hash, transactions }: ChainBlock): void {
    for (const bytes of transactions) {
      const transaction = transactionHash(bytes);
      if (this.#places.get(transaction)?.blockHash === hash) this.#places.delete(transaction);
    }
  }
}
