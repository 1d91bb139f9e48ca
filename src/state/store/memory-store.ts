/** A store in memory: for tests, tools and chains that need not outlive the process. */

import {
  closedStore,
  type OrderedStore,
  readOnlyStore,
  type StoreChange,
  type StoreEntry,
} from './ordered-store.ts';
import { PackedChanges } from './packed-changes.ts';
import { openFormat } from './store-format.ts';

/** What a store holds, by key in hex; it outlives the store that is opened upon it. */
export type StoreContent = Map<string, Uint8Array>;

export interface MemoryStoreOptions {
  /** Empty when left out. */
  readonly content?: StoreContent;
  readonly readOnly?: boolean;
}

export class MemoryStore implements OrderedStore {
  readonly readOnly: boolean;
  readonly #content: StoreContent;
  /** The keys in their order, until one comes or goes. PERF: O(n log n) after a write. */
  #sorted: string[] | undefined;
  #closed = false;

  private constructor(content: StoreContent, readOnly: boolean) {
    this.#content = content;
    this.readOnly = readOnly;
  }

  /** @throws StoreError for content that is not a state of this version */
  static async open(options: MemoryStoreOptions = {}): Promise<MemoryStore> {
    const store = new MemoryStore(options.content ?? new Map(), options.readOnly ?? false);
    await openFormat(store, 'the store in memory');
    return store;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (this.#closed) throw closedStore();
    return this.#content.get(key.toHex());
  }

  *range(from: Uint8Array, to: Uint8Array): Iterable<StoreEntry> {
    if (this.#closed) throw closedStore();
    this.#sorted ??= [...this.#content.keys()].sort();
    const end = to.toHex();
    const keys = this.#sorted;
    for (let at = firstFrom(keys, from.toHex()); at < keys.length; at++) {
      const key = keys[at] as string;
      if (key >= end) return;
      const value = (this.#content.get(key) as Uint8Array).slice();
      yield { key: Uint8Array.fromHex(key), value };
    }
  }

  async write(changes: Iterable<StoreChange>): Promise<void> {
    if (this.#closed) throw closedStore();
    if (this.readOnly) throw readOnlyStore();
    const packed = changes instanceof PackedChanges ? changes : PackedChanges.of(changes);
    for (const { key, value } of packed) {
      if (value === undefined) this.#content.delete(key.toHex());
      else this.#content.set(key.toHex(), value.slice());
    }
    this.#sorted = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/** Index of the first key that is not before `from`. */
function firstFrom(keys: readonly string[], from: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
