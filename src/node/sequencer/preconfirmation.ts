/**
 * What a sequencer tells of a transaction, within milliseconds: that it is in line, then where it
 * stands. `executed` is a promise: the order is on the disk, and the transaction is in that block
 * at that position whatever happens to the node. `included`: the block is in the chain.
 */

import type { Address, Hash } from '../../evm/types.ts';

export type Preconfirmation =
  | { readonly kind: 'accepted'; readonly hash: Hash; readonly sender: Address }
  | {
      readonly kind: 'executed';
      readonly hash: Hash;
      readonly sender: Address;
      /** Of the block that it is in. */
      readonly number: bigint;
      /** In the block, from 0 on. */
      readonly position: number;
      readonly succeeded: boolean;
      readonly gasUsed: bigint;
    }
  | {
      readonly kind: 'included';
      readonly hash: Hash;
      readonly sender: Address;
      readonly number: bigint;
      readonly position: number;
      readonly blockHash: Hash;
    }
  | {
      readonly kind: 'refused';
      readonly hash: Hash;
      readonly sender: Address;
      readonly message: string;
    };

export type PreconfirmationListener = (told: Preconfirmation) => void;

/** The last that was told of a transaction is remembered for so many. */
const REMEMBERED_MAX = 65_536;

/** Tells everybody who listens, and remembers what was told last. */
export class Preconfirmations {
  readonly #last = new Map<Hash, Preconfirmation>();
  readonly #listeners = new Set<PreconfirmationListener>();

  tell(told: Preconfirmation): void {
    this.#last.delete(told.hash);
    this.#last.set(told.hash, told);
    if (this.#last.size > REMEMBERED_MAX) {
      const [oldest] = this.#last.keys();
      this.#last.delete(oldest as Hash);
    }
    for (const listener of this.#listeners) listener(told);
  }

  last(hash: Hash): Preconfirmation | undefined {
    return this.#last.get(hash);
  }

  /** What it gives ends it. */
  listen(listener: PreconfirmationListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
