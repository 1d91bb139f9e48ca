/**
 * Changes gathered in memory above a store: what accounts, slots, codes and trie records are now,
 * as far as they differ from what lies below.
 */

import { Slices, sortInSlices } from '../../base/turn.ts';
import { WordMap } from '../../base/word-map.ts';
import type { Address, Hash } from '../../evm/types.ts';
import { type OrderedStore, prefixEnd } from '../store/ordered-store.ts';
import type { PackedChanges } from '../store/packed-changes.ts';
import {
  accountLookupKey,
  codeKey,
  placeOf,
  recordKey,
  recordsPrefix,
  slotLookupKey,
  slotOf,
  slotsPrefix,
} from './keys.ts';
import { encodeAccount, encodeSlot, type FlatAccount } from './values.ts';

/** Trie records by path in hex; undefined where there is none any more. */
export type GatheredRecords = Map<string, Uint8Array | undefined>;

/** Packing holds the thread no longer at once: a block takes about as long. */
const SLICE_MS = 5;

interface GatheredStorage {
  /** Nothing of what lies below counts: neither slots nor records. */
  wiped: boolean;
  /** Zero where there is none any more. */
  slots: WordMap<bigint>;
  records: GatheredRecords;
}

export class Layer {
  readonly accounts: Map<Address, FlatAccount | null> = new Map();
  /** Of accounts and slots; those that were written twice count twice. */
  writes = 0;
  readonly codes: Map<Hash, Uint8Array> = new Map();
  /** Of the account trie. */
  readonly records: GatheredRecords = new Map();
  readonly #storages = new Map<Address, GatheredStorage>();

  /** undefined: what lies below says. */
  slot(address: Address, slot: bigint): bigint | undefined {
    const storage = this.#storages.get(address);
    return storage?.slots.get(slot) ?? (storage?.wiped === true ? 0n : undefined);
  }

  slots(address: Address): Iterable<readonly [bigint, bigint]> {
    return this.#storages.get(address)?.slots ?? [];
  }

  isWiped(address: Address): boolean {
    return this.#storages.get(address)?.wiped === true;
  }

  setAccount(address: Address, account: FlatAccount | null): void {
    this.writes += 1;
    this.accounts.set(address, account);
  }

  setSlot(address: Address, slot: bigint, value: bigint): void {
    this.writes += 1;
    this.#storage(address).slots.set(slot, value);
  }

  /** Removes all slots of an account, and its trie. */
  wipe(address: Address): void {
    this.#storages.set(address, { wiped: true, slots: new WordMap(), records: new Map() });
  }

  /** Records of a trie, to be added to; without an owner, of the account trie. */
  recordsOf(owner: Address | undefined): GatheredRecords {
    return owner === undefined ? this.records : this.#storage(owner).records;
  }

  /** null: there is none; undefined: what lies below says. */
  record(owner: Address | undefined, path: string): Uint8Array | null | undefined {
    const storage = owner === undefined ? undefined : this.#storages.get(owner);
    const records = owner === undefined ? this.records : storage?.records;
    const record = records?.get(path);
    if (record !== undefined) return record;
    return records?.has(path) === true || storage?.wiped === true ? null : undefined;
  }

  /** Takes over what a layer above it says. */
  add(above: Layer): void {
    this.writes += above.writes;
    for (const [address, account] of above.accounts) this.accounts.set(address, account);
    for (const [hash, code] of above.codes) this.codes.set(hash, code);
    for (const [path, record] of above.records) this.records.set(path, record);
    for (const [address, { wiped, slots, records }] of above.#storages) {
      if (wiped) this.wipe(address);
      const storage = this.#storage(address);
      for (const [slot, value] of slots) storage.slots.set(slot, value);
      for (const [path, record] of records) storage.records.set(path, record);
    }
  }

  /**
   * Packs what a store below is to write, sorted, in slices: the layer must not change meanwhile.
   * PERF: O(n log n), and reads what is wiped.
   */
  async pack(store: OrderedStore, changes: PackedChanges): Promise<void> {
    const slices = new Slices(SLICE_MS);
    for (const [address, account] of await sorted(this.accounts, slices)) {
      changes.add(accountLookupKey(address), account === null ? undefined : encodeAccount(account));
      if (slices.isOver()) await slices.next();
    }
    const storages = await sorted(this.#storages, slices);
    for (const [address, storage] of storages) {
      for (const [slot, value] of await sorted(slotsToWrite(address, storage, store), slices)) {
        changes.add(slotLookupKey(address, slot), value === 0n ? undefined : encodeSlot(value));
        if (slices.isOver()) await slices.next();
      }
    }
    for (const [hash, code] of await sorted(this.codes, slices)) changes.add(codeKey(hash), code);
    await packRecords(undefined, this.records, { changes, slices });
    for (const [address, storage] of storages) {
      await packRecords(address, recordsToWrite(address, storage, store), { changes, slices });
    }
  }

  #storage(address: Address): GatheredStorage {
    const known = this.#storages.get(address);
    if (known !== undefined) return known;
    const storage = { wiped: false, slots: new WordMap<bigint>(), records: new Map() };
    this.#storages.set(address, storage);
    return storage;
  }
}

function slotsToWrite(
  address: Address,
  { wiped, slots }: GatheredStorage,
  store: OrderedStore,
): WordMap<bigint> {
  if (!wiped) return slots;
  const all = new WordMap<bigint>();
  const prefix = slotsPrefix(address);
  for (const { key } of store.range(prefix, prefixEnd(prefix))) all.set(slotOf(key), 0n);
  for (const [slot, value] of slots) all.set(slot, value);
  return all;
}

function recordsToWrite(
  address: Address,
  { wiped, records }: GatheredStorage,
  store: OrderedStore,
): GatheredRecords {
  if (!wiped) return records;
  const all: GatheredRecords = new Map();
  const prefix = recordsPrefix(address);
  for (const { key } of store.range(prefix, prefixEnd(prefix))) {
    all.set(placeOf(key).toHex(), undefined);
  }
  for (const [path, record] of records) all.set(path, record);
  return all;
}

async function packRecords(
  owner: Address | undefined,
  records: GatheredRecords,
  { changes, slices }: { readonly changes: PackedChanges; readonly slices: Slices },
): Promise<void> {
  for (const [path, record] of await sorted(records, slices)) {
    changes.add(recordKey(owner, Uint8Array.fromHex(path)), record);
    if (slices.isOver()) await slices.next();
  }
}

/** By key: hex text and integers sort as their bytes do. */
async function sorted<Key extends string | bigint, Value>(
  map: ReadonlyMap<Key, Value>,
  slices: Slices,
): Promise<[Key, Value][]> {
  return sortInSlices([...map], ([a], [b]) => (a < b ? -1 : 1), slices);
}
