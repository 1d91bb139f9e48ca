/**
 * The state in a store against itself: what lies flat is put into tries anew, and these must have
 * the roots that the accounts say, the root that the checkpoint says, and byte for byte the records
 * that the store has. So no record is believed, and a fault shows where it is.
 *
 * A trie of more than `PART_ENTRIES` entries is made in parts, by the first byte of their hashed
 * keys: of what was made before only the top record must be at hand, so memory stays bounded.
 * PERF: a pass over the store, and one more over a contract's slots a part.
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
  storageTriesPrefix,
} from '../../../state/flat/keys.ts';
import { decodeAccount, decodeSlot, type FlatAccount } from '../../../state/flat/values.ts';
import { EMPTY_CODE_HASH } from '../../../state/memory.ts';
import { PathTrie, pathOfPlace } from '../../../state/path-trie.ts';
import {
  type OrderedStore,
  prefixEnd,
  type StoreEntry,
} from '../../../state/store/ordered-store.ts';
import { EMPTY_ROOT } from '../../../state/trie.ts';
import { SLOT_INPUT_BYTES } from '../../../state/trie-layout.ts';
import { TrieMemory } from '../../../state/trie-memory.ts';

/** Told of each fault: where it is, and what is wrong. */
export type OnFault = (place: string, fault: string) => void;

export interface StateCheck {
  readonly store: OrderedStore;
  readonly onFault: OnFault;
  /** Told of entries that were looked at. */
  readonly onEntries: (count: number) => void;
  /** Entries that are in memory as a trie at once; `PART_ENTRIES` when left out. */
  readonly partEntries?: number;
}

export interface StateCounts {
  accounts: number;
  slots: number;
  codes: number;
  trieRecords: number;
}

/** Some 150 bytes each while they are in memory as nodes. */
const PART_ENTRIES = 4_000_000;
const FIRST_BYTES = 256;
/** Entries handed to a trie at once. */
const BATCH = 8192;
/** Faults of one trie that are named one by one. */
const NAMED_MAX = 8;

/** The state root that comes of what lies flat. */
export function checkState(check: StateCheck): { root: Hash; counts: StateCounts } {
  const run = new StateRun(check);
  const root = run.accounts();
  run.orphans();
  run.codes();
  return { root, counts: run.counts };
}

class StateRun {
  readonly #check: StateCheck;
  readonly #store: OrderedStore;
  readonly #memory = new TrieMemory();
  readonly counts: StateCounts = { accounts: 0, slots: 0, codes: 0, trieRecords: 0 };
  #looked = 0;

  constructor(check: StateCheck) {
    this.#check = check;
    this.#store = check.store;
  }

  /** Each account, its code and its storage, and the trie of all. */
  accounts(): Hash {
    for (const { key, value } of this.#all(accountsPrefix)) {
      this.counts.accounts += 1;
      const address = addressOf(key);
      const account = this.#orFault(`account ${address}`, () =>
        decodeAccount(value, `account ${address}`),
      );
      if (account === undefined) continue;
      const { codeHash, storageRoot } = account;
      if (codeHash !== EMPTY_CODE_HASH && this.#store.get(codeKey(codeHash)) === undefined) {
        this.#check.onFault(`account ${address}`, `its code ${codeHash} is missing`);
      }
      this.#storage(address, storageRoot);
    }
    return this.#trie({
      name: 'the account trie',
      owner: undefined,
      entries: () => this.#all(accountsPrefix),
      keyOf: (key) => key.subarray(1),
      put: (trie, batch) => trie.updateAccounts(accountsInput(batch.flatMap(accountEntry))),
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

  #storage(address: Address, expected: Hash): void {
    const prefix = slotsPrefix(address);
    const root = this.#trie({
      name: `the storage trie of ${address}`,
      owner: address,
      entries: () => this.#all(prefix),
      keyOf: (key) => key.subarray(21),
      put: (trie, batch) => trie.updateSlots(this.#slotsInput(address, batch)),
    });
    if (root === expected) return;
    const says = `the account says ${expected}`;
    this.#check.onFault(`storage of ${address}`, `its slots have the root ${root}, ${says}`);
  }

  #slotsInput(address: Address, batch: readonly StoreEntry[]): Uint8Array {
    const input = new Uint8Array(batch.length * SLOT_INPUT_BYTES);
    const view = new DataView(input.buffer);
    let end = 0;
    for (const { key, value } of batch) {
      const slot = slotOf(key);
      const place = `slot ${slot} of ${address}`;
      const word = this.#orFault(place, () => decodeSlot(value, place));
      if (word === undefined) continue;
      putWord(view, end, slot);
      putWord(view, end + 32, word);
      end += SLOT_INPUT_BYTES;
    }
    return input.subarray(0, end);
  }

  /** Makes a trie of what lies flat, holds its records against the store's; its root. */
  #trie(source: TrieSource): Hash {
    const entries = this.#sizeOf(source);
    if (source.owner !== undefined) this.counts.slots += entries;
    const parts = partsFor(entries, this.#check.partEntries ?? PART_ENTRIES);
    const tops = new Map<string, Uint8Array>();
    // In one part nothing is read again.
    const records = { read: (place: Uint8Array) => tops.get(place.toHex()) };
    const trie = new PathTrie(this.#memory, parts === 1 ? undefined : records);
    const compare = new RecordCompare(this.#store, source, this.#check.onFault);
    try {
      for (let part = 0; part < parts; part++) {
        this.#fill(trie, source, part, parts);
        for (const { place, record } of trie.takeRecords()) {
          const [nibbles = 0] = place;
          // Of a first byte are those of one part alone.
          const isTop = parts > 1 && nibbles < 2;
          if (record === undefined) tops.delete(place.toHex());
          else if (isTop) tops.set(place.toHex(), record.slice());
          else compare.record(place, record);
        }
        if (parts > 1) trie.evict(Number.MAX_SAFE_INTEGER);
      }
      for (const [place, record] of tops) compare.record(Uint8Array.fromHex(place), record);
      this.counts.trieRecords += compare.finish();
      return entries === 0 ? EMPTY_ROOT : trie.root();
    } finally {
      trie.free();
    }
  }

  #fill(trie: PathTrie, { entries, keyOf, put }: TrieSource, part: number, parts: number): void {
    let batch: StoreEntry[] = [];
    for (const entry of entries()) {
      if (parts > 1) {
        const [first = 0] = keccak256(keyOf(entry.key));
        if (Math.floor((first * parts) / FIRST_BYTES) !== part) continue;
      }
      batch.push(entry);
      if (batch.length < BATCH) continue;
      put(trie, batch);
      this.#count(batch.length);
      batch = [];
    }
    if (batch.length > 0) put(trie, batch);
    this.#count(batch.length);
  }

  #sizeOf({ entries }: TrieSource): number {
    let size = 0;
    for (const _ of entries()) size += 1;
    return size;
  }

  #all(prefix: Uint8Array): Iterable<StoreEntry> {
    return this.#store.range(prefix, prefixEnd(prefix));
  }

  #count(entries: number): void {
    this.#looked += entries;
    this.#check.onEntries(this.#looked);
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
  readonly put: (trie: PathTrie, batch: readonly StoreEntry[]) => void;
}

/** Holds records that were made against those that a store has. */
class RecordCompare {
  readonly #store: OrderedStore;
  readonly #source: TrieSource;
  readonly #onFault: OnFault;
  #made = 0;
  #faults = 0;

  constructor(store: OrderedStore, source: TrieSource, onFault: OnFault) {
    this.#store = store;
    this.#source = source;
    this.#onFault = onFault;
  }

  record(place: Uint8Array, record: Uint8Array): void {
    this.#made += 1;
    const kept = this.#store.get(recordKey(this.#source.owner, place));
    if (kept !== undefined && equalBytes(kept, record)) return;
    const what = kept === undefined ? 'is missing' : 'is not that of the entries below it';
    const path = pathOfPlace(place);
    this.#fault(`record 0x${path} ${what}${this.#below(path)}`);
  }

  /** Records that the store has; says where it has other ones than were made. */
  finish(): number {
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

/** A power of two, so that no first byte's entries are in two parts. */
function partsFor(entries: number, most: number): number {
  let parts = 1;
  while (entries / parts > most && parts < FIRST_BYTES) parts *= 2;
  return parts;
}

function accountEntry({ key, value }: StoreEntry): (readonly [Address, FlatAccount])[] {
  try {
    const address = addressOf(key);
    return [[address, decodeAccount(value, address)]];
  } catch {
    // Named already when its storage was looked at.
    return [];
  }
}
