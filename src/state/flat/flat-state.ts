/**
 * The committed state at one block: a store that is at a checkpoint, the changes since in memory
 * above it, and the tries of both.
 *
 *   reads:       changes since the checkpoint | changes being written | store
 *   apply:       storages' tries, then the account trie; what was there before is noted
 *   undo:        the notes of a block, applied
 *   checkpoint:  changes and trie records as one transaction; reads and blocks go on meanwhile
 *
 * What an abrupt end loses is what came after the last checkpoint: the block log has it. An error
 * in the middle of `apply` (a damaged record, no memory) leaves a state that is neither the one
 * nor the other: from then on it answers with that error alone.
 */

import { fromHex, putHex } from '../../base/bytes.ts';
import { WordMap } from '../../base/word-map.ts';
import type {
  Account,
  AccountChange,
  Address,
  Hash,
  StateChanges,
  StateReader,
} from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../memory.ts';
import type { PathTrie, TrieRecords } from '../path-trie.ts';
import { type OrderedStore, prefixEnd } from '../store/ordered-store.ts';
import { PackedChanges } from '../store/packed-changes.ts';
import { EMPTY_ROOT } from '../trie.ts';
import * as layout from '../trie-layout.ts';
import { TrieMemory } from '../trie-memory.ts';
import { CHECKPOINT_KEY, codeKey, putWord, recordKey, slotOf, slotsPrefix } from './keys.ts';
import { Layer } from './layer.ts';
import { NamedSlots } from './named-slots.ts';
import { StateTries } from './state-tries.ts';
import { StoreReads } from './store-reads.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeSlot,
  encodeCheckpoint,
  type FlatAccount,
  StateError,
} from './values.ts';

export interface FlatStateOptions {
  /** The caller's, who closes it after the state. */
  readonly store: OrderedStore;
  /** Where the tries are; one of the state's own when left out. */
  readonly trieMemory?: TrieMemory;
  /** Bytes of trie nodes that stay in memory from block to block; 256 MiB when left out. */
  readonly trieBytes?: number;
  /** Storages whose tries stay open from block to block; 4,096 when left out. */
  readonly openStorages?: number;
}

/** Addresses in lower case. */
export interface Touched {
  readonly accounts: Iterable<Address>;
  readonly slots: Iterable<readonly [Address, bigint]>;
  /** Whose code is called: they are read now, and the slots that their codes name read ahead. */
  readonly called?: Iterable<Address>;
}

/** What leads from the state of a block back to that of its parent. */
export interface Reverse {
  readonly changes: StateChanges;
  /** Of the parent. */
  readonly stateRoot: Hash;
}

export interface Applied {
  readonly root: Hash;
  readonly reverse: Reverse;
}

/**
 * A trie of the state as it is whenever it is asked, whatever else was asked in between: what is
 * read of it leaves memory again like what blocks read.
 */
export interface StateTrie {
  root(): Hash;
  /** The nodes on the way of a key, from the root down; none of an empty trie. */
  prove(key: Uint8Array): Uint8Array[];
}

const TRIE_BYTES = 268_435_456;
const OPEN_STORAGES = 4096;
/** Contracts of a block whose codes are looked at: more than transactions fit in one. */
const CALLED_MAX = 4_096;
/** Slots that are read ahead because codes name them: strangers may have them named for nothing. */
const NAMED_MAX = 4_096;
const NO_CODES: StateChanges['codes'] = new Map();

export class FlatState implements Omit<StateReader, 'getBlockHash'> {
  readonly #store: OrderedStore;
  readonly #reads: StoreReads;
  readonly #named = new NamedSlots();
  readonly #tries: StateTries;
  /** The upper first: changes since, and below them those that are being written. */
  #layers: readonly [Layer, ...Layer[]] = [new Layer()];
  #checkpoint: Checkpoint | undefined;
  #root: Hash = EMPTY_ROOT;
  #failure: unknown;
  #isFreed = false;

  /**
   * The state of a store's checkpoint; of an empty store, the empty state.
   * @throws StateError `state/damaged`, TrieError
   */
  constructor(options: FlatStateOptions) {
    this.#store = options.store;
    this.#reads = new StoreReads(options.store);
    this.#checkpoint = readCheckpoint(options.store);
    this.#tries = new StateTries({
      memory: options.trieMemory ?? new TrieMemory(),
      recordsOf: (owner) => this.#recordsOf(owner),
      nodeBytes: options.trieBytes ?? TRIE_BYTES,
      openStorages: options.openStorages ?? OPEN_STORAGES,
    });
    this.#root = this.#tries.accounts.root();
    const expected = this.#checkpoint?.stateRoot ?? EMPTY_ROOT;
    if (this.#root !== expected) {
      const found = `the account trie in the store has the root ${this.#root}`;
      throw new StateError('state/damaged', `${found}, its checkpoint says ${expected}`);
    }
  }

  /** What the store is at; undefined before the first checkpoint. */
  get checkpointed(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  /** The state root. */
  root(): Hash {
    return this.#root;
  }

  /** Accounts and slots that were written since the last checkpoint, some more than once. */
  get gathered(): number {
    return this.#layers[0].writes;
  }

  getAccount(address: Address): FlatAccount | undefined {
    return this.#account(address.toLowerCase() as Address);
  }

  getStorage(address: Address, slot: bigint): bigint {
    return this.#slot(address.toLowerCase() as Address, slot);
  }

  /** @throws StateError `state/unknown code`, which is a bug of whoever asks */
  getCode(codeHash: Hash): Uint8Array {
    this.#checkUsable();
    if (codeHash === EMPTY_CODE_HASH) return new Uint8Array(0);
    for (const layer of this.#layers) {
      const code = layer.codes.get(codeHash);
      if (code !== undefined) return code;
    }
    const code = this.#store.get(codeKey(codeHash));
    if (code !== undefined) return code.slice();
    throw new StateError('state/unknown code', `state: no code with hash ${codeHash}`);
  }

  hasStorage(address: Address): boolean {
    const account = this.getAccount(address);
    return account !== undefined && account.storageRoot !== EMPTY_ROOT;
  }

  /**
   * Accounts and slots that a block will ask for: where reads wait for the disk, they are read
   * ahead, and the slots that the codes of `called` name. What they are is asked for then alone.
   */
  readAhead(touched: () => Touched): void {
    this.#checkUsable();
    if (this.#store.readAhead === undefined || !this.#reads.wait) return;
    const { accounts, slots, called = [] } = touched();
    this.#reads.readAhead(accounts, slots);
    this.#reads.readAhead([], this.#namedSlots(called));
  }

  /**
   * Takes over what a block changed. PERF: O(changes · log state); an account that goes, or
   * begins without its storage, costs a read of all that it held.
   * @throws TrieError, StateError `state/damaged`: the state must be opened anew then
   */
  apply(changes: StateChanges): Applied {
    const stateRoot = this.#root;
    const reverse = { changes: this.#move(changes), stateRoot };
    return { root: this.#root, reverse };
  }

  /**
   * Goes back over what `apply` did last; what leads forward again, as `apply` gives it.
   * @throws StateError `state/damaged` when it is something else's reverse
   */
  undo({ changes, stateRoot }: Reverse): Applied {
    const applied = this.apply(changes);
    if (applied.root === stateRoot) return applied;
    const message = `undoing led to the root ${applied.root}, not to ${stateRoot}`;
    this.#failure = new StateError('state/damaged', `the state is damaged: ${message}`);
    throw this.#failure;
  }

  /**
   * Writes the state as it is now, all of it or none, once what `ready` gives resolves. Blocks may
   * be applied and undone while it is written. PERF: O(n log n) of what was gathered.
   * @throws StateError `state/busy` while another is written, `state/two writers`; StoreError
   *   `store/failed` when nothing was written: all is as before then; `store/unfinished` when the
   *   store must be opened again, which writes the rest
   */
  async checkpoint(at: Omit<Checkpoint, 'stateRoot'>, ready?: () => Promise<void>): Promise<void> {
    this.#checkUsable();
    const [layer, being] = this.#layers;
    if (being !== undefined) {
      throw new StateError('state/busy', 'a checkpoint is being written: wait for it');
    }
    this.#checkSoleWriter();
    const checkpoint = { ...at, stateRoot: this.#root };
    this.#orFail(() => this.#tries.takeRecords(layer));
    this.#layers = [new Layer(), layer];
    try {
      const changes = new PackedChanges();
      changes.add(CHECKPOINT_KEY, encodeCheckpoint(checkpoint));
      await layer.pack(this.#store, changes);
      if (ready !== undefined) await ready();
      await this.#store.write(changes);
      this.#layers = [this.#layers[0]];
      this.#reads.forget();
      this.#checkpoint = checkpoint;
    } catch (error) {
      layer.add(this.#layers[0]);
      this.#layers = [layer];
      throw error;
    }
  }

  /** Begins reading of the tries: what is read is younger than what the last block used. */
  beginProofs(): void {
    this.#tries.tick();
  }

  /** The trie of accounts. */
  get accountTrie(): StateTrie {
    return this.#trieOf(undefined);
  }

  /** The trie of an account's storage. */
  storageTrie(address: Address): StateTrie {
    return this.#trieOf(address.toLowerCase() as Address);
  }

  #trieOf(owner: Address | undefined): StateTrie {
    this.#checkUsable();
    return {
      root: () => this.#openTrie(owner).root(),
      prove: (key) => this.#openTrie(owner).prove(key),
    };
  }

  /** Whatever was read before may go from memory now: a proof is as good as a block. */
  #openTrie(owner: Address | undefined): PathTrie {
    this.#checkUsable();
    this.#orFail(() => this.#tries.keepWithinLimits(this.#layers[0]));
    return owner === undefined ? this.#tries.accounts : this.#tries.storage(owner);
  }

  /** Frees the tries' memory; the state must not be used afterwards. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#tries.free();
    this.#failure = new StateError('state/failed', 'the state was freed');
  }

  #account(address: Address): FlatAccount | undefined {
    this.#checkUsable();
    for (const layer of this.#layers) {
      const account = layer.accounts.get(address);
      if (account !== undefined) return account ?? undefined;
    }
    return this.#reads.account(address);
  }

  #slot(address: Address, slot: bigint): bigint {
    this.#checkUsable();
    for (const layer of this.#layers) {
      const value = layer.slot(address, slot);
      if (value !== undefined) return value;
    }
    return this.#reads.slot(address, slot);
  }

  /**
   * Slots that the codes of accounts name as constants, but for those that changed since the
   * checkpoint. What is damaged is for who executes to find.
   */
  *#namedSlots(called: Iterable<Address>): Iterable<readonly [Address, bigint]> {
    let [accounts, slots] = [0, 0];
    try {
      for (const address of called) {
        if (accounts++ >= CALLED_MAX) return;
        const codeHash = this.#account(address)?.codeHash ?? EMPTY_CODE_HASH;
        if (codeHash === EMPTY_CODE_HASH) continue;
        for (const slot of this.#named.of(codeHash, (hash) => this.getCode(hash))) {
          if (this.#layers.some((layer) => layer.slot(address, slot) !== undefined)) continue;
          if (slots++ >= NAMED_MAX) return;
          yield [address, slot];
        }
      }
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
    }
  }

  /** All slots of an account. PERF: O(slots). */
  storageOf(address: Address): WordMap<bigint> {
    return this.#storageOf(address.toLowerCase() as Address);
  }

  #storageOf(address: Address): WordMap<bigint> {
    this.#checkUsable();
    const slots = new WordMap<bigint>();
    const above = this.#layers.findIndex((layer) => layer.isWiped(address));
    if (above < 0) {
      const prefix = slotsPrefix(address);
      for (const { key, value } of this.#store.range(prefix, prefixEnd(prefix))) {
        const slot = slotOf(key);
        slots.set(slot, decodeSlot(value, `slot ${slot} of ${address}`));
      }
    }
    const layers = above < 0 ? this.#layers : this.#layers.slice(0, above + 1);
    for (const layer of layers.toReversed()) {
      for (const [slot, value] of layer.slots(address)) {
        if (value === 0n) slots.delete(slot);
        else slots.set(slot, value);
      }
    }
    return slots;
  }

  #recordsOf(owner: Address | undefined): TrieRecords {
    return {
      read: (place) => {
        const name = place.toHex();
        for (const layer of this.#layers) {
          const record = layer.record(owner, name);
          if (record !== undefined) return record ?? undefined;
        }
        return this.#store.get(recordKey(owner, place));
      },
    };
  }

  /** Applies changes; what leads back. */
  #move(changes: StateChanges): StateChanges {
    this.#checkUsable();
    return this.#orFail(() => {
      this.#tries.tick();
      const [layer] = this.#layers;
      for (const [hash, code] of changes.codes) layer.codes.set(hash, code);
      const reverse = new Map<Address, AccountChange | null>();
      const changed: [Address, FlatAccount | null][] = [];
      for (const [address, change] of changes.accounts) {
        const before = this.#account(address);
        const after = change === null ? null : this.#change(address, before, change, reverse);
        if (after === null && before !== undefined) {
          reverse.set(address, this.#wipe(address, before));
        }
        if (after === null ? before === undefined : isSame(before, after)) continue;
        if (!reverse.has(address)) reverse.set(address, backTo(before));
        layer.setAccount(address, after);
        changed.push([address, after]);
      }
      const between = () => this.#tries.keepNodesWithinLimit(layer);
      this.#tries.accounts.updateAccounts(accountsInput(changed), between);
      this.#root = this.#tries.accounts.root();
      this.#tries.keepWithinLimits(layer);
      return { accounts: reverse, codes: NO_CODES };
    });
  }

  /** Changes an account's storage; the account that comes of it. */
  #change(
    address: Address,
    before: FlatAccount | undefined,
    change: AccountChange,
    reverse: Map<Address, AccountChange | null>,
  ): FlatAccount {
    const { nonce, balance, codeHash } = change;
    const wipes = before !== undefined && change.storageWiped;
    const wiped = wipes ? this.#wipe(address, before) : undefined;
    const replaced = this.#putSlots(address, change.storage);
    if (wiped !== undefined) reverse.set(address, wiped);
    else if (replaced.size > 0 && before !== undefined) {
      reverse.set(address, { ...backTo(before), storage: replaced });
    }
    const kept = wipes || before === undefined ? EMPTY_ROOT : before.storageRoot;
    const storageRoot = replaced.size === 0 ? kept : this.#tries.storage(address).root();
    return { nonce, balance, codeHash, storageRoot };
  }

  /** Removes an account's storage; the change that brings the account back with it. */
  #wipe(address: Address, before: FlatAccount): AccountChange {
    const back = { ...backTo(before), storageWiped: true };
    if (before.storageRoot === EMPTY_ROOT) return back;
    const storage = this.#storageOf(address);
    this.#layers[0].wipe(address);
    this.#tries.forget(address);
    return { ...back, storage };
  }

  /** Puts slots; the values of those that are others now, as they were. */
  #putSlots(address: Address, slots: ReadonlyMap<bigint, bigint>): WordMap<bigint> {
    const replaced = new WordMap<bigint>();
    const input = new Uint8Array(slots.size * layout.SLOT_INPUT_BYTES);
    const view = new DataView(input.buffer);
    let end = 0;
    for (const [slot, value] of slots) {
      const before = this.#slot(address, slot);
      if (before === value) continue;
      replaced.set(slot, before);
      this.#layers[0].setSlot(address, slot, value);
      putWord(view, end, slot);
      putWord(view, end + 32, value);
      end += layout.SLOT_INPUT_BYTES;
    }
    if (end > 0) {
      const [layer] = this.#layers;
      const between = () => this.#tries.keepNodesWithinLimit(layer);
      this.#tries.storage(address).updateSlots(input.subarray(0, end), between);
    }
    return replaced;
  }

  /** What two states wrote to one store would be neither's. */
  #checkSoleWriter(): void {
    const found = readCheckpoint(this.#store);
    const known = this.#checkpoint;
    if (found?.block === known?.block && found?.stateRoot === known?.stateRoot) return;
    const where = `the store is at block ${found?.number}, not at ${known?.number}`;
    throw new StateError('state/two writers', `${where}: something else writes to it`);
  }

  #checkUsable(): void {
    if (this.#failure === undefined) return;
    const message = `the state failed and must be opened anew: ${String(this.#failure)}`;
    throw new StateError('state/failed', message, { cause: this.#failure });
  }

  /** Does what leaves the state broken when it fails half-way. */
  #orFail<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}

/** @throws StateError `state/damaged` for a store with a state and no checkpoint */
function readCheckpoint(store: OrderedStore): Checkpoint | undefined {
  const bytes = store.get(CHECKPOINT_KEY);
  if (bytes !== undefined) return decodeCheckpoint(bytes);
  for (const { key } of store.range(Uint8Array.of(1), Uint8Array.of(0xff))) {
    const message = `the store holds keys (0x${key.toHex()}) and no checkpoint`;
    throw new StateError('state/damaged', message);
  }
  return undefined;
}

function isSame(before: FlatAccount | undefined, after: FlatAccount): boolean {
  return (
    before !== undefined &&
    before.nonce === after.nonce &&
    before.balance === after.balance &&
    before.codeHash === after.codeHash &&
    before.storageRoot === after.storageRoot
  );
}

/** The change that makes an account what it was, its storage aside. */
function backTo(before: Account): AccountChange;
function backTo(before: Account | undefined): AccountChange | null;
function backTo(before: Account | undefined): AccountChange | null {
  if (before === undefined) return null;
  const { nonce, balance, codeHash } = before;
  return { nonce, balance, codeHash, storageWiped: false, storage: new Map() };
}

/** Accounts as the trie's runtime takes them (trie-layout.ts). */
export function accountsInput(
  accounts: readonly (readonly [Address, FlatAccount | null])[],
): Uint8Array {
  const size = layout.ACCOUNT_INPUT_BYTES;
  const input = new Uint8Array(accounts.length * size);
  const view = new DataView(input.buffer);
  for (const [index, [address, account]] of accounts.entries()) {
    const at = index * size;
    putHex(input, at, address);
    if (account === null) continue;
    input[at + layout.ACCOUNT_EXISTS] = 1;
    view.setBigUint64(at + layout.ACCOUNT_NONCE, account.nonce, true);
    putWord(view, at + layout.ACCOUNT_BALANCE, account.balance);
    putHash(input, at + layout.ACCOUNT_STORAGE_ROOT, account.storageRoot);
    putHash(input, at + layout.ACCOUNT_CODE_HASH, account.codeHash);
  }
  return input;
}

const EMPTY_ROOT_BYTES = fromHex(EMPTY_ROOT);
const EMPTY_CODE_HASH_BYTES = fromHex(EMPTY_CODE_HASH);

/** PERF: most accounts have neither code nor storage. */
function putHash(input: Uint8Array, at: number, hash: Hash): void {
  if (hash === EMPTY_ROOT) input.set(EMPTY_ROOT_BYTES, at);
  else if (hash === EMPTY_CODE_HASH) input.set(EMPTY_CODE_HASH_BYTES, at);
  else putHex(input, at, hash);
}
