/**
 * The state of a remote chain at one block: what is asked for is fetched once, and remembered. The
 * machine asks in the midst of a call, which is suspended meanwhile.
 */

import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import type { Account, Address, Awaitable, Hash, StateReader } from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { quantity, readData, readU64, readWord, wordHex } from '../rpc/values.ts';
import { type Remote, RemoteError } from './remote.ts';
import type { RemoteCache } from './remote-cache.ts';

const ABSENT: Account = { nonce: 0n, balance: 0n, codeHash: EMPTY_CODE_HASH };

export class RemoteState implements StateReader {
  readonly #remote: Remote;
  readonly #cache: RemoteCache;
  /** As the remote is asked. */
  readonly #block: string;
  readonly #accounts = new Map<Address, Account | undefined | Promise<Account | undefined>>();
  readonly #slots = new Map<string, bigint | Promise<bigint>>();
  readonly #codes = new Map<Hash, Uint8Array>();

  constructor(remote: Remote, cache: RemoteCache, number: bigint) {
    this.#remote = remote;
    this.#cache = cache;
    this.#block = quantity(number);
  }

  getAccount(address: Address): Awaitable<Account | undefined> {
    if (this.#accounts.has(address)) return this.#accounts.get(address);
    const account = this.#fetchAccount(address).then(
      (found) => {
        this.#accounts.set(address, found);
        return found;
      },
      (error: unknown) => {
        // Another time it may be there.
        this.#accounts.delete(address);
        throw error;
      },
    );
    this.#accounts.set(address, account);
    return account;
  }

  getStorage(address: Address, slot: bigint): Awaitable<bigint> {
    const key = `${address} ${slot.toString(16)}`;
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const value = this.#ask('eth_getStorageAt', [address, wordHex(slot)]).then(
      (given) => {
        const read = wordOf(given);
        this.#slots.set(key, read);
        return read;
      },
      (error: unknown) => {
        this.#slots.delete(key);
        throw error;
      },
    );
    this.#slots.set(key, value);
    return value;
  }

  /** Of an account that was asked for. */
  getCode(codeHash: Hash): Uint8Array {
    if (codeHash === EMPTY_CODE_HASH) return new Uint8Array(0);
    const code = this.#codes.get(codeHash);
    if (code !== undefined) return code;
    throw new Error(`no account that was asked for has the code ${codeHash}`);
  }

  /**
   * Whether a contract could not be created there for its storage alone (EIP-7610): a remote does
   * not say. Who has neither code nor nonce has none, but for a few on the main network.
   */
  hasStorage(): boolean {
    return false;
  }

  async getBlockHash(number: bigint): Promise<Hash> {
    const block = (await this.#remote.request('eth_getBlockByNumber', [
      quantity(number),
      false,
    ])) as { readonly hash?: unknown } | null;
    if (typeof block?.hash === 'string') return block.hash as Hash;
    throw new RemoteError('remote/refused', `${this.#remote.name} has no block ${number}`);
  }

  /** Asks for accounts before anybody waits for them. */
  readAhead(accounts: Iterable<Address>): void {
    for (const address of accounts) {
      const account = this.getAccount(address);
      // Whoever asks for it is told.
      if (account instanceof Promise) account.catch(() => {});
    }
  }

  async #fetchAccount(address: Address): Promise<Account | undefined> {
    const [balance, nonce, code] = await Promise.all([
      this.#ask('eth_getBalance', [address]),
      this.#ask('eth_getTransactionCount', [address]),
      this.#ask('eth_getCode', [address]),
    ]);
    const bytes = readData(code, `the code of ${address}`);
    const codeHash = bytes.length === 0 ? EMPTY_CODE_HASH : toHex(keccak256(bytes));
    if (bytes.length > 0) this.#codes.set(codeHash, bytes);
    const account = {
      nonce: readU64(nonce, `the nonce of ${address}`),
      balance: readWord(balance, `the balance of ${address}`),
      codeHash,
    };
    const isAbsent =
      account.nonce === ABSENT.nonce &&
      account.balance === ABSENT.balance &&
      codeHash === EMPTY_CODE_HASH;
    return isAbsent ? undefined : account;
  }

  /** A value at the block. @throws RemoteError, RpcError */
  async #ask(method: string, params: readonly string[]): Promise<unknown> {
    const key = `${method} ${params.join(' ')}`;
    if (this.#cache.has(key)) return this.#cache.get(key);
    const value = await this.#remote.request(method, [...params, this.#block]).catch((error) => {
      const message = `${(error as Error).message} (asked for ${key} at block ${this.#block})`;
      const how = 'fork from a younger block, or from a node that keeps old states';
      throw new RemoteError('remote/refused', `${message}: ${how}`, { cause: error });
    });
    if (typeof value !== 'string') {
      const message = `${this.#remote.name} answers ${JSON.stringify(value)} to ${key}`;
      throw new RemoteError('remote/malformed', message);
    }
    this.#cache.set(key, value);
    return value;
  }
}

/** Some remotes cut zeros off. */
function wordOf(value: unknown): bigint {
  const text = String(value);
  if (/^0x[0-9a-fA-F]{0,64}$/.test(text)) return text === '0x' ? 0n : BigInt(text);
  throw new RemoteError('remote/malformed', `a slot is ${text.slice(0, 80)}, no word`);
}
