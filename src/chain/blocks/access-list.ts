/**
 * Block access lists (EIP-7928, Amsterdam): every account and slot that a block's execution looked
 * at, and what each transaction left there. A header holds the hash of the list.
 *
 *   [[address, [[slot, [[index, value]...]]...], [slot read...],
 *     [[index, balance]...], [[index, nonce]...], [[index, code]...]]...]
 */

import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem, rlpInteger } from '../../base/rlp.ts';
import { WordMap, WordSet } from '../../base/word-map.ts';
import type { StateAccesses } from '../../evm/machine/accesses.ts';
import type { JobAccesses } from '../../evm/parallel/job-accesses.ts';
import type { Account, Address, Hash, StateChanges } from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { decodeInteger, malformed } from './header.ts';

/** What is left after step `index`: 0 before the transactions, then each of them, then the end. */
export interface IndexedChange<T> {
  readonly index: number;
  readonly value: T;
}

export interface AccountAccesses {
  readonly address: Address;
  readonly storageChanges: readonly (readonly [
    slot: bigint,
    changes: readonly IndexedChange<bigint>[],
  ])[];
  /** Slots that were looked at and never changed. */
  readonly storageReads: readonly bigint[];
  readonly balanceChanges: readonly IndexedChange<bigint>[];
  readonly nonceChanges: readonly IndexedChange<bigint>[];
  readonly codeChanges: readonly IndexedChange<Uint8Array>[];
}

/** In the order of addresses. */
export type BlockAccessList = readonly AccountAccesses[];

/** Gas of the block's limit for each account or slot of its list. */
const ITEM_GAS = 2_000n;

/** Whether the list is no longer than a block of this gas limit may have. */
export function fitsGasLimit(list: BlockAccessList, gasLimit: bigint): boolean {
  let items = list.length;
  for (const { storageChanges, storageReads } of list) {
    items += storageChanges.length + storageReads.length;
  }
  return BigInt(items) <= gasLimit / ITEM_GAS;
}

/** Keccak-256 of the encoded list. */
export function accessListHash(list: BlockAccessList): Hash {
  return toHex(keccak256(encodeAccessList(list)));
}

export function encodeAccessList(list: BlockAccessList): Uint8Array {
  return encodeRlp(list.map(accountItems));
}

/** @throws InvalidBlock `block/malformed` for what `encodeAccessList` does not make */
export function decodeAccessList(bytes: Uint8Array): BlockAccessList {
  const result = decodeRlp(bytes);
  if (!result.ok) throw malformed(`access list: ${result.reason} at byte ${result.offset}`);
  return listOf(result.item).map(accountOf);
}

function accountOf(item: RlpItem): AccountAccesses {
  const [address, changes, reads, balances, nonces, codes] = listOf(item, 6) as Items6;
  if (!(address instanceof Uint8Array)) throw malformed('access list: an address is a list');
  return {
    address: toHex(address),
    storageChanges: listOf(changes).map((entry) => {
      const [slot, values] = listOf(entry, 2) as Items2;
      return [integerOf(slot), indexed(values, integerOf)];
    }),
    storageReads: listOf(reads).map(integerOf),
    balanceChanges: indexed(balances, integerOf),
    nonceChanges: indexed(nonces, integerOf),
    codeChanges: indexed(codes, (code) => {
      if (code instanceof Uint8Array) return code;
      throw malformed('access list: a code is a list');
    }),
  };
}

type Items2 = readonly [RlpItem, RlpItem];
type Items6 = readonly [RlpItem, RlpItem, RlpItem, RlpItem, RlpItem, RlpItem];

function indexed<T>(item: RlpItem, decode: (value: RlpItem) => T): IndexedChange<T>[] {
  return listOf(item).map((entry) => {
    const [index, value] = listOf(entry, 2) as Items2;
    return { index: Number(integerOf(index)), value: decode(value) };
  });
}

function integerOf(item: RlpItem): bigint {
  return decodeInteger('access list: an integer', item, 32);
}

function listOf(item: RlpItem, length?: number): readonly RlpItem[] {
  if (!(item instanceof Uint8Array) && (length ?? item.length) === item.length) return item;
  throw malformed(`access list: no list of ${length ?? 'any'} parts where one should be`);
}

function accountItems(account: AccountAccesses): RlpInput[] {
  const integers = (changes: readonly IndexedChange<bigint>[]): RlpInput[] =>
    changes.map(({ index, value }) => [rlpInteger(BigInt(index)), rlpInteger(value)]);
  return [
    Uint8Array.fromHex(account.address.slice(2)),
    account.storageChanges.map(([slot, changes]) => [rlpInteger(slot), integers(changes)]),
    account.storageReads.map(rlpInteger),
    integers(account.balanceChanges),
    integers(account.nonceChanges),
    account.codeChanges.map(({ index, value }) => [rlpInteger(BigInt(index)), value]),
  ];
}

/**
 * Of each transaction the latest one before it that changes a slot which it changes, too: it reads
 * what that one leaves there. PERF: O(changes).
 */
export function orderListed(
  list: BlockAccessList,
  transactions: number,
): (index: number) => number | undefined {
  const after = new Map<number, number>();
  for (const { storageChanges } of list) {
    for (const [, changes] of storageChanges) {
      // Of the system's calls, the first is before all transactions, the last behind.
      const by = changes.map(({ index }) => index - 1).filter((index) => index < transactions);
      for (const [place, index] of by.entries()) {
        const before = by[place - 1] ?? -1;
        if (before >= 0) after.set(index, Math.max(before, after.get(index) ?? 0));
      }
    }
  }
  return (index) => after.get(index);
}

/** An account as the block has left it so far. */
interface Tracked {
  balance: bigint;
  nonce: bigint;
  codeHash: Hash;
  readonly slots: WordMap<IndexedChange<bigint>[]>;
  readonly reads: WordSet;
  readonly balances: IndexedChange<bigint>[];
  readonly nonces: IndexedChange<bigint>[];
  readonly codes: IndexedChange<Uint8Array>[];
}

const GONE: Account = { balance: 0n, nonce: 0n, codeHash: EMPTY_CODE_HASH };

/** The account before the block. */
type AccountBefore = (address: Address) => Account | undefined;

/** Gathers the list while a block is executed. */
export class AccessListBuilder {
  readonly #before: AccountBefore;
  readonly #accounts = new Map<Address, Tracked>();
  #index = 0;

  constructor(before: AccountBefore) {
    this.#before = before;
  }

  /** What follows is the next step. */
  next(): void {
    this.#index += 1;
  }

  /** The account is looked at, without a call of the machine. */
  touch(address: Address): void {
    this.#at(address);
  }

  add(accesses: StateAccesses | undefined, changes: StateChanges): void {
    for (const [address, { slots }] of accesses?.accounts ?? []) {
      const account = this.#at(address);
      for (const slot of slots.keys()) account.reads.add(slot);
    }
    for (const [address, change] of changes.accounts) {
      for (const [slot, value] of change?.storage ?? []) this.#putSlot(address, slot, value);
      this.#putAccount(address, change ?? undefined, (codeHash) => changes.codes.get(codeHash));
    }
  }

  /** The same of a transaction that was executed beside others. */
  addJob(accesses: JobAccesses): void {
    for (const address of accesses.accounts) this.#at(address);
    for (const [address, slot] of accesses.slots) this.#at(address).reads.add(slot);
    for (const [address, slot, value] of accesses.changedSlots) this.#putSlot(address, slot, value);
    for (const [address, account] of accesses.changedAccounts) {
      this.#putAccount(address, account, accesses.codeOf);
    }
  }

  #putSlot(address: Address, slot: bigint, value: bigint): void {
    const { slots } = this.#at(address);
    const values = slots.get(slot);
    if (values === undefined) slots.set(slot, [{ index: this.#index, value }]);
    else put(values, this.#index, value);
  }

  #putAccount(
    address: Address,
    left: Account | undefined,
    codeOf: (codeHash: Hash) => Uint8Array | undefined,
  ): void {
    const account = this.#at(address);
    const now = left ?? GONE;
    if (now.balance !== account.balance) put(account.balances, this.#index, now.balance);
    if (now.nonce !== account.nonce) put(account.nonces, this.#index, now.nonce);
    if (now.codeHash !== account.codeHash) {
      put(account.codes, this.#index, codeOf(now.codeHash) ?? new Uint8Array());
    }
    account.balance = now.balance;
    account.nonce = now.nonce;
    account.codeHash = now.codeHash;
  }

  build(): BlockAccessList {
    const addresses = [...this.#accounts.keys()].sort();
    return addresses.map((address) => {
      const account = this.#accounts.get(address) as Tracked;
      const reads = [...account.reads].filter((slot) => !account.slots.has(slot));
      return {
        address,
        storageChanges: [...account.slots].sort(([a], [b]) => compare(a, b)),
        storageReads: reads.sort(compare),
        balanceChanges: account.balances,
        nonceChanges: account.nonces,
        codeChanges: account.codes,
      };
    });
  }

  #at(address: Address): Tracked {
    let tracked = this.#accounts.get(address);
    if (tracked === undefined) {
      const { balance = 0n, nonce = 0n, codeHash = EMPTY_CODE_HASH } = this.#before(address) ?? {};
      const changes = {
        slots: new WordMap<IndexedChange<bigint>[]>(),
        reads: new WordSet(),
        balances: [],
        nonces: [],
      };
      tracked = { balance, nonce, codeHash, ...changes, codes: [] };
      this.#accounts.set(address, tracked);
    }
    return tracked;
  }
}

/** The last change of a step is what it left. */
function put<T>(changes: IndexedChange<T>[], index: number, value: T): void {
  if (changes.at(-1)?.index === index) changes.pop();
  changes.push({ index, value });
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
