/**
 * The state of one block, read while the state it was opened from moves on: a copy on write.
 * Whoever moves the state says to its views what was there before (`keep`), so what a view costs is
 * what changed since it was opened.
 */

import { WordMap } from '../../base/word-map.ts';
import type {
  Account,
  AccountChange,
  Address,
  Hash,
  StateChanges,
  StateReader,
} from '../../evm/types.ts';
import type { FlatState } from './flat-state.ts';
import { StateError } from './values.ts';

interface KeptStorage {
  /** All there is; else what is not here is as in the state below. */
  whole: boolean;
  readonly slots: WordMap<bigint>;
}

export interface StateViewOptions {
  readonly state: FlatState;
  /** Answers BLOCKHASH for the block that would come next. */
  readonly blockHash: (number: bigint) => Hash;
  /** Accounts and slots that the view keeps at most: above it is closed. */
  readonly entriesMax: number;
  readonly onClose: (view: StateView) => void;
}

export class StateView implements StateReader {
  readonly #options: StateViewOptions;
  readonly #accounts = new Map<Address, Account | null>();
  readonly #storages = new Map<Address, KeptStorage>();
  readonly #codes = new Map<Hash, Uint8Array>();
  #entries = 0;
  #closed: string | undefined;

  constructor(options: StateViewOptions) {
    this.#options = options;
  }

  getAccount(address: Address): Account | undefined {
    this.#checkOpen();
    const key = address.toLowerCase() as Address;
    const kept = this.#accounts.get(key);
    return kept === undefined ? this.#state.getAccount(key) : (kept ?? undefined);
  }

  getStorage(address: Address, slot: bigint): bigint {
    this.#checkOpen();
    const key = address.toLowerCase() as Address;
    const storage = this.#storages.get(key);
    const kept = storage?.slots.get(slot);
    if (kept !== undefined) return kept;
    return storage?.whole === true ? 0n : this.#state.getStorage(key, slot);
  }

  /** @throws StateError `state/unknown code`, which is a bug of whoever asks */
  getCode(codeHash: Hash): Uint8Array {
    this.#checkOpen();
    return this.#codes.get(codeHash) ?? this.#state.getCode(codeHash);
  }

  hasStorage(address: Address): boolean {
    this.#checkOpen();
    const key = address.toLowerCase() as Address;
    const storage = this.#storages.get(key);
    if (storage === undefined) return this.#state.hasStorage(key);
    for (const value of storage.slots.values()) if (value !== 0n) return true;
    if (storage.whole) return false;
    for (const slot of this.#state.storageOf(key).keys()) {
      if (!storage.slots.has(slot)) return true;
    }
    return false;
  }

  getBlockHash(number: bigint): Hash {
    this.#checkOpen();
    return this.#options.blockHash(number);
  }

  /**
   * Takes what was there before the state below moved, as far as the view does not have it. Of use
   * to who moves the state alone.
   */
  keep(before: StateChanges): void {
    for (const [address, change] of before.accounts) {
      if (!this.#accounts.has(address)) {
        this.#accounts.set(address, change);
        this.#entries += 1;
      }
      this.#keepStorage(address, change);
    }
    if (this.#entries <= this.#options.entriesMax) return;
    const limit = `more than ${this.#options.entriesMax} accounts and slots changed since`;
    this.#end(`the view of the state was held for too long: ${limit}. Open another`);
  }

  /**
   * Goes on to another block's state, by what leads there. Of use to who opens the view alone.
   * @throws StateError `state/closed view` where the view would keep too much; it is closed then
   */
  put(changes: StateChanges): void {
    this.#checkOpen();
    for (const [hash, code] of changes.codes) this.#codes.set(hash, code);
    for (const [address, change] of changes.accounts) {
      if (!this.#accounts.has(address)) this.#entries += 1;
      this.#accounts.set(address, change);
      const before = this.#storages.get(address)?.slots.size ?? 0;
      const slots = this.#putSlots(address, change);
      this.#entries += slots - before;
    }
    const { entriesMax } = this.#options;
    if (this.#entries <= entriesMax) return;
    const limit = `more than ${entriesMax} accounts and slots differ from where the state stands`;
    this.#end(`the view of the state would keep too much: ${limit}. Open one of a nearer block`);
    this.#checkOpen();
  }

  /** Lets go of what it keeps; reads are refused from now on. */
  close(): void {
    if (this.#closed === undefined) this.#end('the view of the state was closed');
  }

  get #state(): FlatState {
    return this.#options.state;
  }

  #end(reason: string): void {
    this.#closed = reason;
    this.#accounts.clear();
    this.#storages.clear();
    this.#codes.clear();
    this.#options.onClose(this);
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new StateError('state/closed view', this.#closed);
  }

  /** Slots of the account that are kept then. */
  #putSlots(address: Address, change: AccountChange | null): number {
    if (change === null || change.storageWiped) {
      const slots = new WordMap(change?.storage);
      this.#storages.set(address, { whole: true, slots });
      return slots.size;
    }
    const { slots } = this.#storageOf(address);
    for (const [slot, value] of change.storage) slots.set(slot, value);
    return slots.size;
  }

  #keepStorage(address: Address, change: AccountChange | null): void {
    const storage = this.#storageOf(address);
    if (storage.whole) return;
    for (const [slot, value] of change?.storage ?? []) {
      if (storage.slots.has(slot)) continue;
      storage.slots.set(slot, value);
      this.#entries += 1;
    }
    if (change === null || change.storageWiped) storage.whole = true;
  }

  #storageOf(address: Address): KeptStorage {
    let storage = this.#storages.get(address);
    if (storage === undefined) {
      storage = { whole: false, slots: new WordMap() };
      this.#storages.set(address, storage);
    }
    return storage;
  }
}
