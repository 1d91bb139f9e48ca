/** Entries of a store in their order, read in portions: so it may be written to meanwhile. */

import { type OrderedStore, prefixEnd, type StoreEntry } from '../../store/ordered-store.ts';

/** Entries that are read at once. */
const PORTION = 4096;

export class StoreCursor implements Iterable<StoreEntry> {
  readonly #store: OrderedStore;
  readonly #to: Uint8Array;
  #from: Uint8Array | undefined;
  #portion: readonly StoreEntry[] = [];
  #at = 0;

  constructor(store: OrderedStore, prefix: Uint8Array) {
    this.#store = store;
    this.#from = prefix;
    this.#to = prefixEnd(prefix);
  }

  /** The next one, which stays the next one. */
  peek(): StoreEntry | undefined {
    if (this.#at === this.#portion.length) this.#read();
    return this.#portion[this.#at];
  }

  /** Goes on at a key, which is not before the next one. */
  skipTo(key: Uint8Array): void {
    this.#portion = [];
    this.#at = 0;
    this.#from = key;
  }

  /** Takes those whose keys begin with a prefix, as long as they do. */
  *of(prefix: Uint8Array): Iterable<StoreEntry> {
    for (let next = this.peek(); next !== undefined; next = this.peek()) {
      if (!beginsWith(next.key, prefix)) return;
      this.#at += 1;
      yield next;
    }
  }

  *[Symbol.iterator](): Iterator<StoreEntry> {
    yield* this.of(new Uint8Array(0));
  }

  #read(): void {
    this.#at = 0;
    this.#portion = [];
    if (this.#from === undefined) return;
    const portion: StoreEntry[] = [];
    for (const entry of this.#store.range(this.#from, this.#to)) {
      if (portion.length === PORTION) {
        this.#from = entry.key;
        this.#portion = portion;
        return;
      }
      portion.push(entry);
    }
    this.#from = undefined;
    this.#portion = portion;
  }
}

function beginsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  for (let at = 0; at < prefix.length; at++) if (key[at] !== prefix[at]) return false;
  return true;
}
