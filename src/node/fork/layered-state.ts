/**
 * A state upon another that never changes: what blocks have changed, in levels, the youngest first.
 * Nothing here changes once it is made, so that each block, each branch and each reader has its own
 * for the price of a list. Levels of like size are merged: there are as many as the count of all
 * changes has digits, and each change is copied as often.
 */

import { WordMap, WordSet } from '../../base/word-map.ts';
import type {
  Account,
  Address,
  Awaitable,
  Hash,
  StateChanges,
  StateReader,
} from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';

interface Storage {
  /** What lies below says nothing of it any more. */
  readonly wiped: boolean;
  readonly slots: ReadonlyMap<bigint, bigint>;
}

interface Level {
  readonly accounts: ReadonlyMap<Address, Account | null>;
  readonly storages: ReadonlyMap<Address, Storage>;
  readonly codes: ReadonlyMap<Hash, Uint8Array>;
  /** Accounts and slots. */
  readonly size: number;
}

/** What lies below; its code is asked for by hash, of accounts that it gave. */
export type BaseState = Omit<StateReader, 'getBlockHash'>;

export class LayeredState {
  readonly #base: BaseState;
  readonly #levels: readonly Level[];

  constructor(base: BaseState, levels: readonly Level[] = []) {
    this.#base = base;
    this.#levels = levels;
  }

  /** The same with changes upon it. PERF: O(changes · log(all changes)), in the mean. */
  with(changes: StateChanges): LayeredState {
    let young = levelOf(changes);
    let rest = this.#levels;
    for (let [next] = rest; next !== undefined && young.size * 2 >= next.size; [next] = rest) {
      young = merged(young, next);
      rest = rest.slice(1);
    }
    return new LayeredState(this.#base, [young, ...rest]);
  }

  getAccount(address: Address): Awaitable<Account | undefined> {
    for (const { accounts } of this.#levels) {
      const account = accounts.get(address);
      if (account !== undefined) return account ?? undefined;
    }
    return this.#base.getAccount(address);
  }

  getStorage(address: Address, slot: bigint): Awaitable<bigint> {
    for (const { storages } of this.#levels) {
      const storage = storages.get(address);
      const value = storage?.slots.get(slot);
      if (value !== undefined) return value;
      if (storage?.wiped === true) return 0n;
    }
    return this.#base.getStorage(address, slot);
  }

  getCode(codeHash: Hash): Awaitable<Uint8Array> {
    if (codeHash === EMPTY_CODE_HASH) return new Uint8Array(0);
    for (const { codes } of this.#levels) {
      const code = codes.get(codeHash);
      if (code !== undefined) return code;
    }
    return this.#base.getCode(codeHash);
  }

  hasStorage(address: Address): Awaitable<boolean> {
    const seen = new WordSet();
    for (const { storages } of this.#levels) {
      const storage = storages.get(address);
      for (const [slot, value] of storage?.slots ?? []) {
        if (value !== 0n && !seen.has(slot)) return true;
        seen.add(slot);
      }
      if (storage?.wiped === true) return false;
    }
    return this.#base.hasStorage(address);
  }
}

function levelOf({ accounts, codes }: StateChanges): Level {
  const plain = new Map<Address, Account | null>();
  const storages = new Map<Address, Storage>();
  let size = accounts.size;
  for (const [address, change] of accounts) {
    if (change === null) {
      plain.set(address, null);
      storages.set(address, { wiped: true, slots: new WordMap() });
      continue;
    }
    const { nonce, balance, codeHash, storageWiped: wiped, storage: slots } = change;
    plain.set(address, { nonce, balance, codeHash });
    if (wiped || slots.size > 0) storages.set(address, { wiped, slots });
    size += slots.size;
  }
  return { accounts: plain, storages, codes, size };
}

function merged(young: Level, old: Level): Level {
  const storages = new Map(old.storages);
  for (const [address, { wiped, slots }] of young.storages) {
    const below = storages.get(address);
    const keeps = below !== undefined && !wiped;
    storages.set(address, {
      wiped: wiped || below?.wiped === true,
      slots: keeps ? new WordMap([...below.slots, ...slots]) : slots,
    });
  }
  return {
    accounts: new Map([...old.accounts, ...young.accounts]),
    storages,
    codes: new Map([...old.codes, ...young.codes]),
    size: old.size + young.size,
  };
}
