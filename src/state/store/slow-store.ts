/** What a disk may do to a store, for tests. */

import {
  type OrderedStore,
  type StoreChange,
  type StoreEntry,
  StoreError,
} from './ordered-store.ts';

/** A store that takes its time, and may be full. */
export class SlowStore implements OrderedStore {
  readonly readOnly: boolean = false;
  full: boolean = false;
  /** What a write waits for. */
  beforeWrite: () => Promise<void> = () => new Promise((resolve) => setImmediate(resolve));
  /** What a read takes. */
  readMs: number = 0;
  /** Keys in hex, as they were asked for. */
  readonly reads: string[] = [];
  readonly readsAhead: string[] = [];
  readonly #store: OrderedStore;

  constructor(store: OrderedStore) {
    this.#store = store;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (this.readMs > 0) {
      this.reads.push(key.toHex());
      const end = performance.now() + this.readMs;
      while (performance.now() < end);
    }
    return this.#store.get(key);
  }

  readAhead(keys: readonly Uint8Array[]): void {
    for (const key of keys) this.readsAhead.push(key.toHex());
  }

  range(from: Uint8Array, to: Uint8Array): Iterable<StoreEntry> {
    return this.#store.range(from, to);
  }

  async write(list: Iterable<StoreChange>): Promise<void> {
    const full = this.full;
    await this.beforeWrite();
    if (full) throw new StoreError('store/failed', 'no space left');
    await this.#store.write(list);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
