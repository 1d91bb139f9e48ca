/**
 * Accounts and slots of a store, remembered for a while: whoever applies a block asks once more for
 * what its execution has read. PERF: a tenth of what LMDB takes, which makes an object of each.
 */

import { WordMap } from '../../base/word-map.ts';
import type { Address } from '../../evm/types.ts';
import type { OrderedStore } from '../store/ordered-store.ts';
import { accountLookupKey, slotLookupKey } from './keys.ts';
import { decodeAccount, decodeSlot, type FlatAccount } from './values.ts';

/** Some 20 MB. */
const ENTRIES_MAX = 100_000;
/** One read of so many is timed. */
const TIMED = 16;
/** A read that takes longer waited for the disk: one from memory takes 2 us. */
const WAITED_MS = 0.03;
/** What a read that is timed counts for. */
const WEIGHT = 0.25;

export class StoreReads {
  readonly #store: OrderedStore;
  readonly #accounts = new Map<Address, FlatAccount | undefined>();
  readonly #slots = new Map<Address, WordMap<bigint>>();
  #entries = 0;
  #asked = 0;
  /** Of the reads that were timed lately: which part waited. At first nothing is in memory. */
  #waited = 1;

  constructor(store: OrderedStore) {
    this.#store = store;
  }

  /** @throws StateError `state/damaged` */
  account(address: Address): FlatAccount | undefined {
    const known = this.#accounts.get(address);
    if (known !== undefined || this.#accounts.has(address)) return known;
    const bytes = this.#read(accountLookupKey(address));
    const account = bytes && decodeAccount(bytes, `account ${address}`);
    this.#count();
    this.#accounts.set(address, account);
    return account;
  }

  /** @throws StateError `state/damaged` */
  slot(address: Address, slot: bigint): bigint {
    const known = this.#slots.get(address)?.get(slot);
    if (known !== undefined) return known;
    const bytes = this.#read(slotLookupKey(address, slot));
    const value = bytes === undefined ? 0n : decodeSlot(bytes, `slot ${slot} of ${address}`);
    this.#count();
    const slots = this.#slots.get(address);
    if (slots === undefined) this.#slots.set(address, new WordMap([[slot, value]]));
    else slots.set(slot, value);
    return value;
  }

  /** Whether reads wait for the disk. */
  get wait(): boolean {
    return this.#waited > 0.1;
  }

  /** Has the store read ahead what is not remembered. */
  readAhead(accounts: Iterable<Address>, slots: Iterable<readonly [Address, bigint]>): void {
    const keys: Uint8Array[] = [];
    for (const address of accounts) {
      if (!this.#accounts.has(address)) keys.push(accountLookupKey(address).slice());
    }
    for (const [address, slot] of slots) {
      const known = this.#slots.get(address)?.has(slot) === true;
      if (!known) keys.push(slotLookupKey(address, slot).slice());
    }
    if (keys.length > 0) this.#store.readAhead?.(keys);
  }

  /** The store holds something else from now on. */
  forget(): void {
    this.#accounts.clear();
    this.#slots.clear();
    this.#entries = 0;
  }

  #read(key: Uint8Array): Uint8Array | undefined {
    this.#asked += 1;
    if (this.#asked % TIMED !== 0) return this.#store.get(key);
    const start = performance.now();
    const value = this.#store.get(key);
    const waited = performance.now() - start > WAITED_MS ? 1 : 0;
    this.#waited += WEIGHT * (waited - this.#waited);
    return value;
  }

  #count(): void {
    if (this.#entries >= ENTRIES_MAX) this.forget();
    this.#entries += 1;
  }
}
