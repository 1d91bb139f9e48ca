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

import type { Address, Hash, StateChanges } from '../../../evm/types.ts';
import type { OrderedStore } from '../../store/ordered-store.ts';
import { PackedChanges } from '../../store/packed-changes.ts';
import { EMPTY_ROOT } from '../../trie.ts';
import { accountLookupKey, CHECKPOINT_KEY, codeKey, slotLookupKey } from '../keys.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeAccount,
  encodeCheckpoint,
  encodeSlot,
  type FlatAccount,
} from '../values.ts';
import { BehindWrites } from './behind-writes.ts';
import {
  BATCH_BYTES,
  LoadedTries,
  type LoadProgress,
  type StateLoadOptions,
} from './loaded-tries.ts';

export type { LoadProgress, StateLoadOptions };

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
    const tries = new LoadedTries(this.#options, this.#writes, onProgress);
    try {
      return await tries.make();
    } finally {
      tries.free();
      await this.#writes.settled();
    }
  }
}
