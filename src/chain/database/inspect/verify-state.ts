/**
 * The state in a store against itself: what lies flat is put into tries anew, and these must have
 * the roots that the accounts say, the root that the checkpoint says, and byte for byte the records
 * that the store has. So no record is believed, and a fault shows where it is.
 *
 * They are made as those of a state that is loaded (state/flat/load/trie-load.ts): in bounded
 * memory, those of many entries over a file without a name. PERF: a pass over the store.
 */

import { equalBytes, toHex } from '../../../base/bytes.ts';
import { keccak256 } from '../../../base/keccak.ts';
import type { Address, Hash } from '../../../evm/types.ts';
import { accountsInput } from '../../../state/flat/flat-state.ts';
import {
  accountLookupKey,
  accountsPrefix,
  addressOf,
  codeHashOf,
  codeKey,
  codesPrefix,
  putWord,
  recordKey,
  recordsPrefix,
  slotOf,
  slotsPrefix,
  slotWordOf,
  storageTriesPrefix,
} from '../../../state/flat/keys.ts';
import type { GatheredRecords } from '../../../state/flat/layer.ts';
import { StoreCursor } from '../../../state/flat/load/store-cursor.ts';
import { type RecordSink, TrieLoad } from '../../../state/flat/load/trie-load.ts';
import { decodeAccount, decodeSlot } from '../../../state/flat/values.ts';
import { EMPTY_CODE_HASH } from '../../../state/memory.ts';
import { ACCOUNTS, pathOfPlace, SLOTS } from '../../../state/path-trie.ts';
import {
  type OrderedStore,
  prefixEnd,
  type StoreEntry,
} from '../../../state/store/ordered-store.ts';
import { SLOT_INPUT_BYTES } from '../../../state/trie-layout.ts';
import { TrieMemory } from '../../../state/trie-memory.ts';

/** Told of each fault: where it is, and what is wrong. */
export type OnFault = (place: string, fault: string) => void;

export interface StateCheck {
  readonly store: OrderedStore;
  readonly onFault: OnFault;
  /** Told of entries that were looked at. */
  readonly onEntries: (count: number) => void;
  /** Where there is room for what is sorted: some 110 bytes an account, 67 a slot of a storage. */
  readonly folder: string;
  /** Entries of a trie that are sorted in memory; 65,536 when left out. */
  readonly entriesHeld?: number;
}

export interface StateCounts {
  accounts: number;
  slots: number;
  codes: number;
  trieRecords: number;
}

/** Entries between two times that progress is told. */
const TOLD_ENTRIES = 8192;
/** Faults of one trie that are named one by one. */
const NAMED_MAX = 8;

/** The state root that comes of what lies flat. @throws StoreError where it cannot be sorted */
export async function checkState(check: StateCheck): Promise<{ root: Hash; counts: StateCounts }> {
  const run = new StateRun(check);
  try {
    const root = await run.accounts();
    run.orphans();
    run.codes();
    return { root, counts: run.counts };
  } finally {
    run.free();
  }
}

class StateRun {
  readonly #check: StateCheck;
  readonly #store: OrderedStore;
  readonly #slots: TrieLoad;
  readonly #accounts: TrieLoad;
  readonly #entry = new Uint8Array(SLOT_INPUT_BYTES);
  readonly #view = new DataView(this.#entry.buffer);
  readonly counts: StateCounts = { accounts: 0, slots: 0, codes: 0, trieRecords: 0 };

  constructor(check: StateCheck) {
    this.#check = check;
    this.#store = check.store;
    const { folder, entriesHeld } = check;
    const options = { memory: new TrieMemory(), folder, ...(entriesHeld && { entriesHeld }) };
    this.#slots = new TrieLoad({ ...options, form: SLOTS });
    this.#accounts = new TrieLoad({ ...options, form: ACCOUNTS });
  }

  free(): void {
    this.#slots.free();
    this.#accounts.free();
  }

  /** Each account, its code and its storage, and the trie of all. */
  async accounts(): Promise<Hash> {
    for (const { key, value } of new StoreCursor(this.#store, accountsPrefix)) {
      this.counts.accounts += 1;
      this.#tell();
      const address = addressOf(key);
      const account = this.#orFault(`account ${address}`, () =>
        decodeAccount(value, `account ${address}`),
      );
      if (account === undefined) continue;
      const { codeHash, storageRoot } = account;
      if (codeHash !== EMPTY_CODE_HASH && this.#store.get(codeKey(codeHash)) === undefined) {
        this.#check.onFault(`account ${address}`, `its code ${codeHash} is missing`);
      }
      await this.#storage(address, storageRoot);
      this.#accounts.add(accountsInput([[address, account]]));
    }
    return this.#finish(this.#accounts, {
      name: 'the account trie',
      owner: undefined,
      entries: () => this.#all(accountsPrefix),
      keyOf: (key) => key.subarray(1),
    });
  }

  /** Slots and records of accounts that are not there. */
  orphans(): void {
    let before: Address | undefined;
    for (const [what, prefix] of [
      ['slots', slotsPrefix()],
      ['records of a trie', storageTriesPrefix],
    ] as const) {
      for (const { key } of this.#all(prefix)) {
        const address = addressOf(key);
        if (address === before) continue;
        before = address;
        if (this.#store.get(accountLookupKey(address)) !== undefined) continue;
        this.#check.onFault(`account ${address}`, `there are ${what}, and no such account`);
      }
      before = undefined;
    }
  }

  codes(): void {
    for (const { key, value } of this.#all(codesPrefix)) {
      this.counts.codes += 1;
      const hash = codeHashOf(key);
      const is = toHex(keccak256(value));
      if (is !== hash) this.#check.onFault(`code ${hash}`, `its bytes have the hash ${is}`);
    }
  }

  async #storage(address: Address, expected: Hash): Promise<void> {
    const entries = () => this.#all(slotsPrefix(address));
    for (const { key, value } of entries()) {
      this.counts.slots += 1;
      this.#tell();
      const slot = slotOf(key);
      const place = `slot ${slot} of ${address}`;
      const word = this.#orFault(place, () => decodeSlot(value, place));
      if (word === undefined) continue;
      putWord(this.#view, 0, slot);
      putWord(this.#view, 32, word);
      this.#slots.add(this.#entry);
    }
    const name = `the storage trie of ${address}`;
    const source = { name, owner: address, entries, keyOf: slotWordOf };
    const root = await this.#finish(this.#slots, source);
    if (root === expected) return;
    const says = `the account says ${expected}`;
    this.#check.onFault(`storage of ${address}`, `its slots have the root ${root}, ${says}`);
  }

  /** Makes a trie of what was added, holds its records against the store's; its root. */
  async #finish(trie: TrieLoad, source: TrieSource): Promise<Hash> {
    const compare = new RecordCompare(this.#store, source, this.#check.onFault);
    const root = await trie.finish(compare);
    this.counts.trieRecords += compare.finish();
    return root;
  }

  #all(prefix: Uint8Array): Iterable<StoreEntry> {
    return this.#store.range(prefix, prefixEnd(prefix));
  }

  #tell(): void {
    const looked = this.counts.accounts + this.counts.slots;
    if (looked % TOLD_ENTRIES === 0) this.#check.onEntries(looked);
  }

  #orFault<Result>(place: string, work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      this.#check.onFault(place, (error as Error).message);
      return undefined;
    }
  }
}

interface TrieSource {
  readonly name: string;
  readonly owner: Address | undefined;
  readonly entries: () => Iterable<StoreEntry>;
  /** What is hashed to an entry's key in the trie. */
  readonly keyOf: (key: Uint8Array) => Uint8Array;
}

/**
 * Holds records that are made against those that a store has. What a part of a trie led to is held
 * back until the next part is made: it changes what is above the first bytes, and moves the topmost
 * branch of the one before where it has none beside it yet. What it leaves, all later ones leave.
 */
class RecordCompare implements RecordSink {
  readonly #store: OrderedStore;
  readonly #source: TrieSource;
  readonly #onFault: OnFault;
  #held: GatheredRecords = new Map();
  #made = 0;
  #faults = 0;

  constructor(store: OrderedStore, source: TrieSource, onFault: OnFault) {
    this.#store = store;
    this.#source = source;
    this.#onFault = onFault;
  }

  /** None is asked for that was put earlier: the parts come in order. */
  read(place: Uint8Array): Uint8Array | undefined {
    return this.#held.get(place.toHex());
  }

  async put(records: GatheredRecords): Promise<void> {
    for (const [name, record] of this.#held) {
      if (!records.has(name)) this.#compare(name, record);
    }
    this.#held = records;
  }

  async settled(): Promise<void> {}

  #compare(name: string, record: Uint8Array | undefined): void {
    if (record === undefined) return;
    this.#made += 1;
    const place = Uint8Array.fromHex(name);
    const kept = this.#store.get(recordKey(this.#source.owner, place));
    if (kept !== undefined && equalBytes(kept, record)) return;
    const what = kept === undefined ? 'is missing' : 'is not that of the entries below it';
    const path = pathOfPlace(place);
    this.#fault(`record 0x${path} ${what}${this.#below(path)}`);
  }

  /** Records that the store has; says where it has other ones than were made. */
  finish(): number {
    for (const [name, record] of this.#held) this.#compare(name, record);
    const prefix = recordsPrefix(this.#source.owner);
    let kept = 0;
    for (const _ of this.#store.range(prefix, prefixEnd(prefix))) kept += 1;
    if (kept !== this.#made && this.#faults === 0) {
      this.#fault(`the store has ${kept} records of it, ${this.#made} are right`);
    }
    return kept;
  }

  #fault(fault: string): void {
    this.#faults += 1;
    if (this.#faults < NAMED_MAX) this.#onFault(this.#source.name, fault);
    else if (this.#faults === NAMED_MAX) this.#onFault(this.#source.name, 'and more');
  }

  /** Entries whose hashed keys begin with the path, where it is long enough to say which. */
  #below(path: string): string {
    if (path === '') return '';
    const { entries, keyOf } = this.#source;
    const found: string[] = [];
    for (const { key } of entries()) {
      if (!keccak256(keyOf(key)).toHex().startsWith(path)) continue;
      found.push(`0x${keyOf(key).toHex()}`);
      if (found.length > NAMED_MAX) break;
    }
    return found.length > 0 && found.length <= NAMED_MAX ? `: ${found.join(', ')}` : '';
  }
}
