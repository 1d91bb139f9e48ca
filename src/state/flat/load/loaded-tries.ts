/**
 * The tries of a state that lies flat in a store: each storage's out of its slots, and that of the
 * accounts, which have the roots of their storages then.
 */

import { Slices } from '../../../base/turn.ts';
import type { Address, Hash } from '../../../evm/types.ts';
import { ACCOUNTS, SLOTS } from '../../path-trie.ts';
import { type OrderedStore, prefixEnd, type StoreEntry } from '../../store/ordered-store.ts';
import { PackedChanges } from '../../store/packed-changes.ts';
import { EMPTY_ROOT } from '../../trie.ts';
import { SLOT_INPUT_BYTES } from '../../trie-layout.ts';
import { TrieMemory } from '../../trie-memory.ts';
import { accountsInput } from '../flat-state.ts';
import {
  accountLookupKey,
  accountsPrefix,
  accountTriePrefix,
  addressOf,
  recordKey,
  recordsPrefix,
  slotsPrefix,
  slotWordOf,
  storageTriesPrefix,
} from '../keys.ts';
import type { GatheredRecords } from '../layer.ts';
import { decodeAccount, encodeAccount, type FlatAccount, StateError } from '../values.ts';
import type { BehindWrites } from './behind-writes.ts';
import { StoreCursor } from './store-cursor.ts';
import { type RecordSink, TrieLoad } from './trie-load.ts';

export interface StateLoadOptions {
  readonly store: OrderedStore;
  /** Where there is room for what is sorted: 67 bytes a slot of the largest storage. */
  readonly folder: string;
  /** Bytes that are written at once; 2 MiB when left out. */
  readonly batchBytes?: number;
  /** Entries of a trie that are sorted in memory; 65,536 when left out. */
  readonly entriesHeld?: number;
}

/** Accounts and slots whose tries are there. */
export interface LoadProgress {
  readonly accounts: number;
  readonly slots: number;
}

/** One transaction of the store is 4 MiB at most, and a part of a snapshot 1 MiB. */
export const BATCH_BYTES = 2_097_152;
/** How long reading holds the thread. */
const SLICE_MS = 20;

export class LoadedTries {
  readonly #store: OrderedStore;
  readonly #writes: BehindWrites;
  readonly #onProgress: (progress: LoadProgress) => void;
  readonly #batchBytes: number;
  readonly #slots: TrieLoad;
  readonly #accounts: TrieLoad;
  readonly #cursor: StoreCursor;
  /** Accounts with their storage roots, and records of storages, to be written together. */
  #rooted = new PackedChanges();
  #records = new PackedChanges();
  readonly #entry = new Uint8Array(SLOT_INPUT_BYTES);
  readonly #count = { accounts: 0, slots: 0 };
  readonly #slices = new Slices(SLICE_MS);

  constructor(
    { store, folder, batchBytes, entriesHeld }: StateLoadOptions,
    writes: BehindWrites,
    onProgress: (progress: LoadProgress) => void,
  ) {
    this.#store = store;
    this.#writes = writes;
    this.#onProgress = onProgress;
    this.#batchBytes = batchBytes ?? BATCH_BYTES;
    const options = { memory: new TrieMemory(), folder, ...(entriesHeld && { entriesHeld }) };
    this.#slots = new TrieLoad({ ...options, form: SLOTS });
    this.#accounts = new TrieLoad({ ...options, form: ACCOUNTS });
    this.#cursor = new StoreCursor(store, slotsPrefix());
  }

  async make(): Promise<Hash> {
    await this.#dropUnfinished();
    for (const { key, value } of new StoreCursor(this.#store, accountsPrefix)) {
      const address = addressOf(key);
      const known = decodeAccount(value, `account ${address}`);
      const account = await this.#rootedAccount(address, known);
      this.#accounts.add(accountsInput([[address, account]]));
      this.#count.accounts += 1;
      if (this.#slices.isOver()) await this.#pause();
    }
    const orphan = this.#cursor.peek();
    if (orphan !== undefined) throw withoutAccount(orphan);
    await this.#write();
    const root = await this.#accounts.finish(this.#sink(undefined));
    await this.#write();
    return root;
  }

  free(): void {
    this.#slots.free();
    this.#accounts.free();
  }

  /** The account with the root of its slots, whose trie is made unless it is there. */
  async #rootedAccount(address: Address, known: FlatAccount): Promise<FlatAccount> {
    const next = this.#cursor.peek();
    if (next === undefined || addressOf(next.key) !== address) return known;
    if (known.storageRoot !== EMPTY_ROOT) {
      this.#cursor.skipTo(prefixEnd(slotsPrefix(address)));
      return known;
    }
    for (const { key, value } of this.#cursor.of(slotsPrefix(address))) {
      this.#entry.set(slotWordOf(key));
      this.#entry.fill(0, 32, SLOT_INPUT_BYTES - value.length);
      this.#entry.set(value, SLOT_INPUT_BYTES - value.length);
      this.#slots.add(this.#entry);
      this.#count.slots += 1;
      if (this.#slices.isOver()) await this.#pause();
    }
    const account = { ...known, storageRoot: await this.#slots.finish(this.#sink(address)) };
    this.#rooted.add(accountLookupKey(address), encodeAccount(account));
    return account;
  }

  async #pause(): Promise<void> {
    this.#onProgress({ ...this.#count });
    await this.#slices.next();
  }

  /** Records of what an end in the midst left without a root: they would be taken for its trie. */
  async #dropUnfinished(): Promise<void> {
    await this.#drop(accountTriePrefix, prefixEnd(accountTriePrefix));
    const records = new StoreCursor(this.#store, storageTriesPrefix);
    for (let first = records.peek(); first !== undefined; first = records.peek()) {
      const owner = addressOf(first.key);
      const account = this.#store.get(accountLookupKey(owner));
      const isRooted =
        account !== undefined && decodeAccount(account, owner).storageRoot !== EMPTY_ROOT;
      const end = prefixEnd(recordsPrefix(owner));
      if (!isRooted) await this.#drop(recordsPrefix(owner), end);
      records.skipTo(end);
    }
  }

  async #drop(from: Uint8Array, to: Uint8Array): Promise<void> {
    for (let at = from; ; ) {
      const changes = new PackedChanges();
      for (const { key } of this.#store.range(at, to)) {
        changes.add(key, undefined);
        at = key.slice();
        if (changes.bytes >= this.#batchBytes) break;
      }
      if (changes.count === 0) return;
      await this.#writes.begin(changes);
      await this.#writes.settled();
    }
  }

  #sink(owner: Address | undefined): RecordSink {
    return {
      read: (place) => this.#store.get(recordKey(owner, place)),
      put: (records) => this.#put(owner, records),
      settled: async () => {
        await this.#write();
        await this.#writes.settled();
      },
    };
  }

  /** What is put of one trie after other records of it comes behind `settled`. */
  async #put(owner: Address | undefined, records: GatheredRecords): Promise<void> {
    for (const place of [...records.keys()].sort()) {
      this.#records.add(recordKey(owner, Uint8Array.fromHex(place)), records.get(place));
      if (this.#rooted.bytes + this.#records.bytes >= this.#batchBytes) await this.#write();
    }
  }

  async #write(): Promise<void> {
    if (this.#rooted.count + this.#records.count === 0) return;
    const changes = this.#rooted;
    changes.append(this.#records);
    this.#rooted = new PackedChanges();
    this.#records = new PackedChanges();
    await this.#writes.begin(changes);
  }
}

function withoutAccount({ key }: StoreEntry): StateError {
  const message = `the state in the store is damaged: slots of ${addressOf(key)}, and no account`;
  return new StateError('state/damaged', message);
}
