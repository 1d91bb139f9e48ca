/**
 * A whole state put into an empty store: what `FlatState.apply` would come to, in bounded memory
 * and without a search for anything.
 *
 *   take:    accounts, slots and codes in the order of their keys, as they come; each write is a
 *            checkpoint that says how far it is
 *   finish:  each storage's trie out of its slots, and the account trie out of the accounts
 *
 * An account has no storage root until its trie is written. What was interrupted goes on: `take`
 * behind the last checkpoint, `finish` at the first account whose slots have no root.
 */

import { Slices } from '../../../base/turn.ts';
import type { Address, Hash, StateChanges } from '../../../evm/types.ts';
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
  CHECKPOINT_KEY,
  codeKey,
  recordKey,
  recordsPrefix,
  slotLookupKey,
  slotsPrefix,
  slotWordOf,
  storageTriesPrefix,
} from '../keys.ts';
import type { GatheredRecords } from '../layer.ts';
import {
  type Checkpoint,
  decodeAccount,
  decodeCheckpoint,
  encodeAccount,
  encodeCheckpoint,
  encodeSlot,
  type FlatAccount,
  StateError,
} from '../values.ts';
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
const BATCH_BYTES = 2_097_152;
/** Writes that wait for one another. */
const WRITES_MAX = 16;
/** Entries of the store that are read at once. */
const READ_AT_ONCE = 4096;
/** How long reading holds the thread. */
const SLICE_MS = 20;

/** How far a store is; undefined before the first checkpoint. */
export function loadedTo(store: OrderedStore): Checkpoint | undefined {
  const bytes = store.get(CHECKPOINT_KEY);
  return bytes && decodeCheckpoint(bytes);
}

export class StateLoad {
  readonly #options: StateLoadOptions;
  readonly #writes: BehindWrites;
  #codes = new PackedChanges();
  #accounts = new PackedChanges();
  #slots = new PackedChanges();
  /** The account that was taken last: its slots may go on in the next changes. */
  #last: Address | undefined;

  constructor(options: StateLoadOptions) {
    this.#options = options;
    this.#writes = new BehindWrites(options.store);
  }

  /**
   * Takes the next part: accounts upwards, of each its slots upwards, codes upwards, none of it
   * twice; the last account may go on.
   */
  take({ accounts, codes }: StateChanges): void {
    for (const [hash, code] of codes) this.#codes.add(codeKey(hash), code);
    for (const [address, account] of accounts) {
      if (account === null) continue;
      if (address !== this.#last) {
        const { nonce, balance, codeHash } = account;
        const flat: FlatAccount = { nonce, balance, codeHash, storageRoot: EMPTY_ROOT };
        this.#accounts.add(accountLookupKey(address), encodeAccount(flat));
        this.#last = address;
      }
      for (const [slot, value] of account.storage) {
        this.#slots.add(slotLookupKey(address, slot), encodeSlot(value));
      }
    }
  }

  /** Whether so much was taken that it should be written. */
  get isDue(): boolean {
    const taken = this.#codes.bytes + this.#accounts.bytes + this.#slots.bytes;
    return taken >= (this.#options.batchBytes ?? BATCH_BYTES);
  }

  /**
   * Writes what was taken, all or nothing, behind what was written before: the next part can be
   * taken meanwhile. @throws StoreError of this write or the one before
   */
  async write(at: Omit<Checkpoint, 'stateRoot'>): Promise<void> {
    const changes = new PackedChanges();
    changes.add(CHECKPOINT_KEY, encodeCheckpoint({ ...at, stateRoot: EMPTY_ROOT }));
    changes.append(this.#accounts);
    changes.append(this.#slots);
    changes.append(this.#codes);
    this.#codes = new PackedChanges();
    this.#accounts = new PackedChanges();
    this.#slots = new PackedChanges();
    await this.#writes.begin(changes);
  }

  /** Resolves when all that was written is on the disk. @throws StoreError */
  settled(): Promise<void> {
    return this.#writes.settled();
  }

  /**
   * Makes the tries; the state root.
   * @param onProgress told now and then; it may throw, and the tries are gone on with later
   * @throws StateError `state/damaged`, StoreError, TrieError
   */
  async finish(onProgress: (progress: LoadProgress) => void = () => {}): Promise<Hash> {
    await this.#writes.settled();
    const tries = new Tries(this.#options, this.#writes, onProgress);
    try {
      return await tries.make();
    } finally {
      tries.free();
      await this.#writes.settled();
    }
  }
}

/** Writes one after another, while the next ones are being made. */
class BehindWrites {
  readonly #store: OrderedStore;
  #running: Promise<void>[] = [];

  constructor(store: OrderedStore) {
    this.#store = store;
  }

  /** Begins a write, or, where too many wait, when the first is done. @throws its fault */
  async begin(changes: PackedChanges): Promise<void> {
    if (this.#running.length === WRITES_MAX) await this.#running.shift();
    const write = this.#store.write(changes);
    // Whoever waits for it is told.
    write.catch(() => {});
    this.#running.push(write);
  }

  /** None is under way then. @throws the first fault */
  async settled(): Promise<void> {
    const running = this.#running;
    this.#running = [];
    await Promise.allSettled(running);
    await Promise.all(running);
  }
}

class Tries {
  readonly #store: OrderedStore;
  readonly #writes: BehindWrites;
  readonly #onProgress: (progress: LoadProgress) => void;
  readonly #batchBytes: number;
  readonly #slots: TrieLoad;
  readonly #accounts: TrieLoad;
  readonly #slotEntries: Entries;
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
    this.#slotEntries = new Entries(store, slotsPrefix());
  }

  async make(): Promise<Hash> {
    await this.#dropUnfinished();
    for (const { key, value } of new Entries(this.#store, accountsPrefix)) {
      const address = addressOf(key);
      const known = decodeAccount(value, `account ${address}`);
      const account = await this.#rootedAccount(address, known);
      this.#accounts.add(accountsInput([[address, account]]));
      this.#count.accounts += 1;
      if (this.#slices.isOver()) await this.#pause();
    }
    const orphan = this.#slotEntries.peek();
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
    const next = this.#slotEntries.peek();
    if (next === undefined || addressOf(next.key) !== address) return known;
    if (known.storageRoot !== EMPTY_ROOT) {
      this.#slotEntries.skipTo(prefixEnd(slotsPrefix(address)));
      return known;
    }
    for (const { key, value } of this.#slotEntries.of(slotsPrefix(address))) {
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
    const records = new Entries(this.#store, storageTriesPrefix);
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

/** Entries of a store in portions, so that it may be written to meanwhile. */
class Entries implements Iterable<StoreEntry> {
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
      if (portion.length === READ_AT_ONCE) {
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

function withoutAccount({ key }: StoreEntry): StateError {
  const message = `the state in the store is damaged: slots of ${addressOf(key)}, and no account`;
  return new StateError('state/damaged', message);
}
