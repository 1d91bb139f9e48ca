/** Changes of many transactions, one upon the other, as one set: what a block does to its state. */

import type { AccountChange, Address, Hash, StateChanges } from '../evm/types.ts';

interface GatheredAccount extends Omit<AccountChange, 'storage'> {
  readonly storage: Map<bigint, bigint>;
}

export class ChangeSet implements StateChanges {
  readonly accounts: Map<Address, GatheredAccount | null> = new Map();
  readonly codes: Map<Hash, Uint8Array> = new Map();

  /** Takes over later changes. */
  add(changes: StateChanges): void {
    for (const [hash, code] of changes.codes) this.codes.set(hash, code);
    for (const [address, change] of changes.accounts) {
      this.accounts.set(address, change === null ? null : this.#merge(address, change));
    }
  }

  #merge(address: Address, change: AccountChange): GatheredAccount {
    const before = this.accounts.get(address);
    // An account that was deleted in between begins without storage.
    const wiped = change.storageWiped || before === null || before?.storageWiped === true;
    const keeps = before !== undefined && before !== null && !change.storageWiped;
    const storage = keeps ? before.storage : new Map<bigint, bigint>();
    for (const [slot, value] of change.storage) storage.set(slot, value);
    return { ...change, storageWiped: wiped, storage };
  }
}
