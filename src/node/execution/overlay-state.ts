/** A state with changes upon it that no block has: what is pending, simulated, or pretended. */

import type {
  Account,
  Address,
  Awaitable,
  Hash,
  StateChanges,
  StateReader,
} from '../../evm/types.ts';
import { ChangeSet } from '../../state/change-set.ts';
import type { ClosableState } from './call-machines.ts';

export class OverlayState implements ClosableState {
  readonly #below: StateReader & Partial<Pick<ClosableState, 'close'>>;
  readonly #changes = new ChangeSet();
  /** Hashes of blocks that are not in the chain. */
  readonly #hashes = new Map<bigint, Hash>();

  constructor(below: StateReader & Partial<Pick<ClosableState, 'close'>>) {
    this.#below = below;
  }

  apply(changes: StateChanges): void {
    this.#changes.add(changes);
  }

  setBlockHash(number: bigint, hash: Hash): void {
    this.#hashes.set(number, hash);
  }

  getAccount(address: Address): Awaitable<Account | undefined> {
    const change = this.#changes.accounts.get(address);
    if (change === null) return undefined;
    return change ?? this.#below.getAccount(address);
  }

  getStorage(address: Address, slot: bigint): Awaitable<bigint> {
    const change = this.#changes.accounts.get(address);
    if (change === null) return 0n;
    const value = change?.storage.get(slot);
    if (value !== undefined) return value;
    return change?.storageWiped === true ? 0n : this.#below.getStorage(address, slot);
  }

  getCode(codeHash: Hash): Awaitable<Uint8Array> {
    return this.#changes.codes.get(codeHash) ?? this.#below.getCode(codeHash);
  }

  hasStorage(address: Address): Awaitable<boolean> {
    const change = this.#changes.accounts.get(address);
    if (change === undefined) return this.#below.hasStorage(address);
    if (change === null) return false;
    for (const value of change.storage.values()) if (value !== 0n) return true;
    return change.storageWiped ? false : this.#below.hasStorage(address);
  }

  getBlockHash(number: bigint): Awaitable<Hash> {
    return this.#hashes.get(number) ?? this.#below.getBlockHash(number);
  }

  close(): void {
    this.#below.close?.();
  }
}
