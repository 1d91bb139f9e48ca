/**
 * A state behind EthereumJS that can be filled anew in no time: maps with one list of undo notes.
 * (Its own managers copy all of the state at each call, or build tries.)
 */
import { Account, type Address, KECCAK256_RLP } from '@ethereumjs/util';
import { keccak256 } from '../../src/base/keccak.ts';
import type { Hash, Address as HexAddress } from '../../src/evm/types.ts';
import type { CaseAccount } from './case.ts';
import type { AccountState } from './outcome.ts';

interface Stored {
  readonly account: Account;
  readonly code: Uint8Array;
  readonly storage: Map<string, Uint8Array>;
}

const NOTHING = new Uint8Array();
/** Says that a storage root is not the empty one, which is all that EthereumJS asks (EIP-7610). */
const SOME_ROOT = new Uint8Array(32).fill(1);

export class PeerState {
  readonly #accounts = new Map<string, Stored>();
  /** Values that slots had when the transaction began, and accounts that came into being since. */
  readonly #originals = new Map<string, Uint8Array>();
  readonly #wiped = new Set<string>();
  #undo: (() => void)[] = [];
  readonly #checkpoints: number[] = [];

  readonly originalStorageCache = {
    get: async (address: Address, key: Uint8Array): Promise<Uint8Array> => {
      const at = address.toString();
      // A contract made in this transaction began it with no storage.
      if (this.#wiped.has(at)) return NOTHING;
      const slot = key.toHex();
      return this.#originals.get(`${at}${slot}`) ?? this.#slot(at, slot);
    },
    clear: (): void => {
      this.#originals.clear();
      this.#wiped.clear();
    },
  };

  /** Replaces all of the state. */
  reset(accounts: readonly CaseAccount[]): void {
    this.#accounts.clear();
    this.originalStorageCache.clear();
    this.#undo = [];
    this.#checkpoints.length = 0;
    for (const { address, nonce, balance, code, storage } of accounts) {
      const account = new Account(nonce, balance, KECCAK256_RLP, keccak256(code));
      const slots = new Map<string, Uint8Array>();
      for (const [slot, value] of storage) if (value !== 0n) slots.set(word(slot), trim(value));
      this.#accounts.set(address, { account, code, storage: slots });
    }
  }

  /** All there is. */
  dump(): Map<HexAddress, AccountState> {
    const all = new Map<HexAddress, AccountState>();
    for (const [address, { account, storage }] of this.#accounts) {
      const slots = new Map<bigint, bigint>();
      for (const [slot, value] of storage) slots.set(BigInt(`0x${slot}`), toBigInt(value));
      const { nonce, balance } = account;
      const codeHash: Hash = `0x${account.codeHash.toHex()}`;
      all.set(address as HexAddress, { nonce, balance, codeHash, storage: slots });
    }
    return all;
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    const stored = this.#accounts.get(address.toString());
    if (stored === undefined) return undefined;
    const { nonce, balance, codeHash } = stored.account;
    return new Account(
      nonce,
      balance,
      stored.storage.size > 0 ? SOME_ROOT : KECCAK256_RLP,
      codeHash,
    );
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    const at = address.toString();
    if (account === undefined) {
      this.#set(at, undefined);
      return;
    }
    const { nonce, balance, codeHash } = account;
    const copy = new Account(nonce, balance, KECCAK256_RLP, codeHash);
    const before = this.#accounts.get(at);
    const { code, storage } = before ?? { code: NOTHING, storage: new Map<string, Uint8Array>() };
    this.#set(at, { account: copy, code, storage });
  }

  deleteAccount(address: Address): Promise<void> {
    return this.putAccount(address, undefined);
  }

  async modifyAccountFields(address: Address, fields: Partial<Account>): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account();
    await this.putAccount(address, Object.assign(account, fields));
  }

  async putCode(address: Address, code: Uint8Array): Promise<void> {
    await this.modifyAccountFields(address, { codeHash: keccak256(code) });
    const at = address.toString();
    this.#set(at, { ...(this.#accounts.get(at) as Stored), code });
  }

  async getCode(address: Address): Promise<Uint8Array> {
    return this.#accounts.get(address.toString())?.code ?? NOTHING;
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length;
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return this.#slot(address.toString(), key.toHex());
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    const at = address.toString();
    const stored = this.#accounts.get(at);
    if (stored === undefined) return;
    const slot = key.toHex();
    const { storage } = stored;
    const before = storage.get(slot);
    const original = `${at}${slot}`;
    if (!this.#originals.has(original)) this.#originals.set(original, before ?? NOTHING);
    this.#undo.push(() => write(storage, slot, before));
    const start = value.findIndex((byte) => byte !== 0);
    write(storage, slot, start < 0 ? undefined : value.slice(start));
  }

  /** Called for a contract that comes into being. */
  async clearStorage(address: Address): Promise<void> {
    const at = address.toString();
    const stored = this.#accounts.get(at);
    if (stored === undefined) return;
    if (!this.#wiped.has(at)) {
      this.#wiped.add(at);
      this.#undo.push(() => this.#wiped.delete(at));
    }
    this.#set(at, { ...stored, storage: new Map() });
  }

  async checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length);
  }

  async commit(): Promise<void> {
    this.#checkpoints.pop();
    if (this.#checkpoints.length === 0) this.#undo = [];
  }

  async revert(): Promise<void> {
    const start = this.#checkpoints.pop() ?? 0;
    while (this.#undo.length > start) this.#undo.pop()?.();
  }

  // What the virtual machine never asks for here.
  async getStateRoot(): Promise<Uint8Array> {
    return new Uint8Array(32);
  }
  async setStateRoot(): Promise<void> {}
  async hasStateRoot(): Promise<boolean> {
    return true;
  }
  clearCaches(): void {}
  shallowCopy(): PeerState {
    throw new Error('EthereumJS wants a copy of the state');
  }

  #slot(at: string, slot: string): Uint8Array {
    return this.#accounts.get(at)?.storage.get(slot) ?? NOTHING;
  }

  #set(at: string, stored: Stored | undefined): void {
    const before = this.#accounts.get(at);
    this.#undo.push(() => put(this.#accounts, at, before));
    put(this.#accounts, at, stored);
  }
}

function put(accounts: Map<string, Stored>, at: string, stored: Stored | undefined): void {
  if (stored === undefined) accounts.delete(at);
  else accounts.set(at, stored);
}

function write(storage: Map<string, Uint8Array>, slot: string, value: Uint8Array | undefined) {
  if (value === undefined) storage.delete(slot);
  else storage.set(slot, value);
}

function word(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}

function trim(value: bigint): Uint8Array {
  const digits = value.toString(16);
  return Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`);
}
