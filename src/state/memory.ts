/**
 * A state held in memory: what tests, tools and small chains put behind the machine.
 *
 * Accounts are immutable records in a map, storage a map of slots each. A snapshot costs nothing:
 * while one is open, every write notes what it replaced, and going back undoes the notes. Storage
 * roots are remembered until the storage changes, so the root of the whole costs one pass over
 * the accounts and the storages that changed. PERF: `root` is O(accounts) hashes.
 */

import { keccak256 } from '../base/keccak.ts';
import { encodeRlp } from '../base/rlp.ts';
import { WordMap } from '../base/word-map.ts';
import { checkAddress, checkBytes, checkU64, checkWord } from '../evm/input.ts';
import type {
  Account,
  AccountChange,
  Address,
  Hash,
  StateChanges,
  StateReader,
} from '../evm/types.ts';
import { EMPTY_ROOT, type TrieEntry, trieRoot } from './trie.ts';

/** Keccak-256 of nothing: the code hash of an account without code. */
export const EMPTY_CODE_HASH: Hash =
  '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';

/** An account as genesis files and tests give it. */
export interface AccountInput {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly code: Uint8Array;
  /** Zero values are left out. */
  readonly storage: Iterable<readonly [slot: bigint, value: bigint]>;
}

/** A point to go back to, good until an older one is restored. */
export type Snapshot = number;

interface Stored extends Account {
  readonly storage: Storage;
}

interface Storage {
  readonly slots: WordMap<bigint>;
  /** Root of the slots, undefined after a write. */
  root: Uint8Array | undefined;
}

type Undo = () => void;

/** Hashes of keys are remembered, up to this many; then the memory starts anew. */
const KEY_HASHES_MAX = 65_536;

export class MemoryState implements StateReader {
  /** Answers BLOCKHASH; replace it where block hashes matter. */
  blockHash: (number: bigint) => Hash = () => `0x${'00'.repeat(32)}`;

  #accounts = new Map<Address, Stored>();
  #codes = new Map<Hash, Uint8Array>();
  #undo: Undo[] | undefined;

  getAccount(address: Address): Account | undefined {
    return this.#accounts.get(lowerCase(address));
  }

  getStorage(address: Address, slot: bigint): bigint {
    return this.#accounts.get(lowerCase(address))?.storage.slots.get(slot) ?? 0n;
  }

  /** @throws when the state holds no such code, which is a bug of whoever asks */
  getCode(codeHash: Hash): Uint8Array {
    const code = this.#codes.get(codeHash);
    if (code !== undefined) return code;
    if (codeHash === EMPTY_CODE_HASH) return new Uint8Array(0);
    throw new Error(`state: no code with hash ${codeHash}`);
  }

  hasStorage(address: Address): boolean {
    return (this.#accounts.get(lowerCase(address))?.storage.slots.size ?? 0) > 0;
  }

  getBlockHash(number: bigint): Hash {
    return this.blockHash(number);
  }

  /** The addresses of all accounts, in no particular order. */
  addresses(): IterableIterator<Address> {
    return this.#accounts.keys();
  }

  /** The non-zero slots of an account. */
  storageOf(address: Address): ReadonlyMap<bigint, bigint> {
    return this.#accounts.get(lowerCase(address))?.storage.slots ?? new Map();
  }

  /**
   * Puts an account in place, whatever was there before. Addresses may be of any case.
   * @throws InputError for a value of the wrong type, shape or range
   */
  setAccount(to: Address, input: AccountInput): void {
    const address = checkAddress('address', to);
    checkU64('nonce', input.nonce);
    checkWord('balance', input.balance);
    checkBytes('code', input.code);
    const slots = new WordMap<bigint>();
    for (const [slot, value] of input.storage) {
      checkWord('a slot', slot);
      if (checkWord('the value of a slot', value) !== 0n) slots.set(slot, value);
    }
    const codeHash = this.#addCode(input.code);
    const { nonce, balance } = input;
    this.#replace(address, { nonce, balance, codeHash, storage: { slots, root: undefined } });
  }

  /** Brings an empty account into being where there is none. */
  createAccount(address: Address): void {
    if (this.#accounts.has(lowerCase(address))) return;
    this.setAccount(address, { nonce: 0n, balance: 0n, code: new Uint8Array(0), storage: [] });
  }

  /** Takes over what transactions changed. */
  apply(changes: StateChanges): void {
    for (const [hash, code] of changes.codes) this.#codes.set(hash, code);
    for (const [address, change] of changes.accounts) {
      if (change === null) {
        this.#replace(address, undefined);
        continue;
      }
      const { nonce, balance, codeHash } = change;
      const before = this.#accounts.get(address);
      const keep = before !== undefined && !change.storageWiped;
      const storage = keep ? before.storage : { slots: new WordMap<bigint>(), root: undefined };
      this.#replace(address, { nonce, balance, codeHash, storage });
      for (const [slot, value] of change.storage) this.#write(storage, slot, value);
    }
  }

  /** All of it, as changes of an empty state. */
  asChanges(): StateChanges {
    const accounts = new Map<Address, AccountChange>();
    for (const [address, { nonce, balance, codeHash, storage }] of this.#accounts) {
      const { slots } = storage;
      accounts.set(address, { nonce, balance, codeHash, storageWiped: false, storage: slots });
    }
    return { accounts, codes: this.#codes };
  }

  snapshot(): Snapshot {
    this.#undo ??= [];
    return this.#undo.length;
  }

  /** Makes the state what it was when the snapshot was taken; the snapshot stays good. */
  restore(snapshot: Snapshot): void {
    const undo = this.#undo;
    if (undo === undefined || snapshot > undo.length) {
      throw new Error(`state: snapshot ${snapshot} is not open`);
    }
    while (undo.length > snapshot) (undo.pop() as Undo)();
  }

  /** The state root. */
  root(): Hash {
    const entries: TrieEntry[] = [];
    for (const [address, account] of this.#accounts) {
      const value = encodeRlp([
        account.nonce,
        account.balance,
        storageRoot(account.storage),
        account.codeHash,
      ]);
      entries.push({ key: hashOfKey(address.slice(2)), value });
    }
    return `0x${trieRoot(entries).toHex()}`;
  }

  #addCode(code: Uint8Array): Hash {
    if (code.length === 0) return EMPTY_CODE_HASH;
    const hash: Hash = `0x${keccak256(code).toHex()}`;
    this.#codes.set(hash, code);
    return hash;
  }

  #replace(address: Address, account: Stored | undefined): void {
    const before = this.#accounts.get(address);
    this.#undo?.push(() => this.#put(address, before));
    this.#put(address, account);
  }

  #put(address: Address, account: Stored | undefined): void {
    if (account === undefined) this.#accounts.delete(address);
    else this.#accounts.set(address, account);
  }

  #write(storage: Storage, slot: bigint, value: bigint): void {
    const before = storage.slots.get(slot) ?? 0n;
    if (before === value) return;
    const root = storage.root;
    this.#undo?.push(() => {
      writeSlot(storage, slot, before);
      storage.root = root;
    });
    writeSlot(storage, slot, value);
    storage.root = undefined;
  }
}

/** The machine asks in lower case; users have checksummed addresses, too. */
function lowerCase(address: Address): Address {
  return address.toLowerCase() as Address;
}

function writeSlot(storage: Storage, slot: bigint, value: bigint): void {
  if (value === 0n) storage.slots.delete(slot);
  else storage.slots.set(slot, value);
}

const EMPTY_ROOT_BYTES = Uint8Array.fromHex(EMPTY_ROOT.slice(2));

function storageRoot(storage: Storage): Uint8Array {
  if (storage.slots.size === 0) return EMPTY_ROOT_BYTES;
  if (storage.root !== undefined) return storage.root;
  const entries: TrieEntry[] = [];
  for (const [slot, value] of storage.slots) {
    const key = hashOfKey(slot.toString(16).padStart(64, '0'));
    entries.push({ key, value: encodeRlp(value) });
  }
  storage.root = trieRoot(entries);
  return storage.root;
}

const keyHashes = new Map<string, Uint8Array>();

/** Keccak-256 of an address or a slot, given as hex digits; not to be written to. */
function hashOfKey(digits: string): Uint8Array {
  const known = keyHashes.get(digits);
  if (known !== undefined) return known;
  const hash = keccak256(Uint8Array.fromHex(digits));
  if (keyHashes.size >= KEY_HASHES_MAX) keyHashes.clear();
  keyHashes.set(digits, hash);
  return hash;
}
