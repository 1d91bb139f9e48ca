/**
 * A store that is only read, with changes above it that are not in it yet: what an abrupt end left
 * to be written (redo-file.ts), where nobody may write.
 */

import {
  type OrderedStore,
  readOnlyStore,
  type StoreChange,
  type StoreEntry,
} from './ordered-store.ts';

export class OverlaidStore implements OrderedStore {
  readonly readOnly = true;
  readonly #below: OrderedStore;
  /** Sorted by key. */
  readonly #changes: readonly StoreChange[];

  constructor(below: OrderedStore, changes: Iterable<StoreChange>) {
    this.#below = below;
    this.#changes = [...changes];
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const at = this.#placeOf(key);
    const change = this.#changes[at];
    if (change !== undefined && Buffer.compare(change.key, key) === 0) return change.value;
    return this.#below.get(key);
  }

  readAhead(keys: readonly Uint8Array[]): void {
    this.#below.readAhead?.(keys);
  }

  *range(from: Uint8Array, to: Uint8Array): Iterable<StoreEntry> {
    let at = this.#placeOf(from);
    const end = this.#placeOf(to);
    for (const entry of this.#below.range(from, to)) {
      for (; at < end; at++) {
        const { key, value } = this.#changes[at] as StoreChange;
        if (Buffer.compare(key, entry.key) >= 0) break;
        if (value !== undefined) yield { key, value };
      }
      const change = at < end ? this.#changes[at] : undefined;
      if (change === undefined || Buffer.compare(change.key, entry.key) !== 0) yield entry;
    }
    for (; at < end; at++) {
      const { key, value } = this.#changes[at] as StoreChange;
      if (value !== undefined) yield { key, value };
    }
  }

  async write(): Promise<void> {
    throw readOnlyStore();
  }

  close(): Promise<void> {
    return this.#below.close();
  }

  /** Of the first change that is not before a key. */
  #placeOf(key: Uint8Array): number {
    let [low, high] = [0, this.#changes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Buffer.compare((this.#changes[middle] as StoreChange).key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
