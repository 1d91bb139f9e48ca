/**
 * A state with changes upon it that no block holds yet: what a development chain's users set by
 * hand. Reads see the changes first. As a block's state in the making, it takes the changes into
 * the block with the first thing that is applied.
 */

import type {
  Account,
  AccountChange,
  Address,
  Awaitable,
  Hash,
  StateChanges,
  StateReader,
} from '../evm/types.ts';
import { ChangeSet } from './change-set.ts';
import type { PendingState } from './pending.ts';

/** Reads of a state below changes. */
export class EditedState implements StateReader {
  readonly #below: StateReader;
  readonly #changes: StateChanges;

  constructor(below: StateReader, changes: StateChanges) {
    this.#below = below;
    this.#changes = changes;
  }

  getAccount(address: Address): Awaitable<Account | undefined> {
    const change = this.#changeOf(address);
    return change === undefined ? this.#below.getAccount(address) : (change ?? undefined);
  }

  getStorage(address: Address, slot: bigint): Awaitable<bigint> {
    const change = this.#changeOf(address);
    if (change === null) return 0n;
    const value = change?.storage.get(slot);
    if (value !== undefined) return value;
    return change?.storageWiped === true ? 0n : this.#below.getStorage(address, slot);
  }

  getCode(codeHash: Hash): Awaitable<Uint8Array> {
    return this.#changes.codes.get(codeHash) ?? this.#below.getCode(codeHash);
  }

  hasStorage(address: Address): Awaitable<boolean> {
    const change = this.#changeOf(address);
    if (change === null) return false;
    for (const value of change?.storage.values() ?? []) if (value !== 0n) return true;
    return change?.storageWiped === true ? false : this.#below.hasStorage(address);
  }

  getBlockHash(number: bigint): Awaitable<Hash> {
    return this.#below.getBlockHash(number);
  }

  #changeOf(address: Address): AccountChange | null | undefined {
    return this.#changes.accounts.get(address.toLowerCase() as Address);
  }
}

/** A block in the making, whose state begins with the changes. */
export function editedPending(state: PendingState, changes: StateChanges): PendingState {
  const edited = new EditedState(state, changes);
  let reads: StateReader = edited;
  const apply = (later: StateChanges | undefined): void => {
    if (reads === state) {
      if (later !== undefined) state.apply(later);
      return;
    }
    const all = new ChangeSet();
    all.add(changes);
    if (later !== undefined) all.add(later);
    state.apply(all);
    reads = state;
  };
  return {
    // What lies below answers at once.
    getAccount: (address) => reads.getAccount(address) as Account | undefined,
    getStorage: (address, slot) => reads.getStorage(address, slot),
    getCode: (hash) => reads.getCode(hash),
    hasStorage: (address) => reads.hasStorage(address),
    getBlockHash: (number) => reads.getBlockHash(number),
    apply,
    root: () => {
      apply(undefined);
      return state.root();
    },
  };
}
