/** Changes of many transactions, one upon the other, as one set: what a block does to its state. */

import { WordMap } from '../base/word-map.ts';
import type { AccountChange, Address, Hash, StateChanges } from '../evm/types.ts';

export class ChangeSet implements StateChanges {
  readonly accounts: Map<Address, AccountChange | null> = new Map();
  readonly codes: Map<Hash, Uint8Array> = new Map();
  /** Of those that were merged: others are as they were given, and whoever gave them has them. */
  readonly #storages = new Map<Address, WordMap<bigint>>();

  /** Takes over later changes. */
  add(changes: StateChanges): void {
    for (const [hash, code] of changes.codes) this.codes.set(hash, code);
    for (const [address, change] of changes.accounts) {
      if (change === null) this.#storages.delete(address);
      this.accounts.set(address, change === null ? null : this.#merge(address, change));
    }
  }

  #merge(address: Address, change: AccountChange): AccountChange {
    const before = this.accounts.get(address);
    if (before === undefined) return change;
    // An account that was deleted in between begins without storage.
    const wiped = change.storageWiped || before === null || before.storageWiped;
    if (before === null || change.storageWiped) {
      this.#storages.delete(address);
      return { ...change, storageWiped: wiped };
    }
    let storage = this.#storages.get(address);
    if (storage === undefined) {
      storage = new WordMap(before.storage);
      this.#storages.set(address, storage);
    }
    for (const [slot, value] of change.storage) storage.set(slot, value);
    return { ...change, storageWiped: wiped, storage };
  }
}
