/**
 * Senders of transactions that are about to be added, recovered by a thread beside this one: of a
 * batch it does half, which is what adding them takes most.
 */

import { type KnownSenders, recoverAhead } from '../../chain/transactions/senders.ts';
import type { Address } from '../../evm/types.ts';

/** Fewer are not worth a message to another thread. */
const TOGETHER_MIN = 8;
/** Transactions of batches that are not added yet. */
const WAITING_MAX = 16_384;
/** EIP-4844: what is sent of such is not what is signed. */
const BLOB_TYPE = 3;

interface Place {
  readonly senders: KnownSenders;
  readonly index: number;
}

export class RecoveredSenders {
  /** By the digits of their bytes. */
  readonly #places = new Map<string, Place>();

  prepare(sent: readonly Uint8Array[]): void {
    if (sent.length < TOGETHER_MIN || sent.length > WAITING_MAX) return;
    // Those that were never added, say since an answer before them was too large.
    if (this.#places.size + sent.length > WAITING_MAX) this.#places.clear();
    const plain = sent.filter(([type]) => type !== BLOB_TYPE);
    const senders = recoverAhead(plain);
    for (const [index, bytes] of plain.entries()) {
      this.#places.set(bytes.toHex(), { senders, index });
    }
  }

  /** undefined: whoever adds it recovers the sender. It is asked for once. */
  take(sent: Uint8Array): Address | undefined {
    if (this.#places.size === 0) return undefined;
    const key = sent.toHex();
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    this.#places.delete(key);
    return place.senders.of(place.index);
  }
}
