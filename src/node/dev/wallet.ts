/**
 * Who a development chain signs for: the accounts whose keys it has, and whoever is impersonated.
 *
 * Nobody can sign for an address without its key, so a transaction of someone impersonated has a
 * signature that is none: r is the word `impersonated` and the address, s is 1. That it is taken
 * is a matter of this pool and of this chain's own blocks, which say who sent it (`impersonated`
 * of a block); to everybody else it is the transaction of a stranger without funds.
 */

import { encodeTransaction } from '../../chain/transactions/encode.ts';
import { signTransaction } from '../../chain/transactions/signature.ts';
import { signHash } from '../../chain/transactions/signing.ts';
import type { SignedTransaction } from '../../chain/transactions/types.ts';
import type { Address, Hex } from '../../evm/types.ts';
import { RpcError } from '../rpc/errors.ts';
import { wordHex } from '../rpc/values.ts';
import type { DevAccount } from './accounts.ts';

/** 12 letters, and so with an address 32 bytes. */
const MARK = BigInt(`0x${Buffer.from('impersonated').toString('hex')}`) << 160n;

/** A transaction that the pool takes of its sender. */
export interface Sendable {
  readonly bytes: Uint8Array;
  readonly sender: Address;
  /** The sender is said, and nobody signed. */
  readonly isImpersonated: boolean;
}

export class DevWallet {
  readonly #keys: ReadonlyMap<Address, Uint8Array>;
  readonly #impersonated = new Set<Address>();
  impersonatesAll = false;

  constructor(accounts: readonly DevAccount[]) {
    this.#keys = new Map(accounts.map(({ address, privateKey }) => [address, privateKey]));
  }

  /** Those with keys, then those impersonated. */
  get addresses(): Address[] {
    return [...new Set([...this.#keys.keys(), ...this.#impersonated])];
  }

  impersonate(address: Address): void {
    this.#impersonated.add(address);
  }

  stopImpersonating(address: Address): void {
    this.#impersonated.delete(address);
  }

  isImpersonated(address: Address): boolean {
    return this.impersonatesAll || this.#impersonated.has(address);
  }

  /** @throws RpcError where there is no key, and the sender is not impersonated */
  sign(transaction: SignedTransaction, from: Address): Sendable {
    if (this.isImpersonated(from)) return this.signForAnybody(transaction, from);
    const bytes = encodeTransaction(signTransaction(transaction, this.#keyOf(from)));
    return { bytes, sender: from, isImpersonated: false };
  }

  /** Without a key: as above. */
  signForAnybody(transaction: SignedTransaction, from: Address): Sendable {
    const signed = { ...transaction, r: MARK | BigInt(from), s: 1n };
    return { bytes: encodeTransaction(signed), sender: from, isImpersonated: true };
  }

  /** With the key alone. */
  signRaw(transaction: SignedTransaction, from: Address): Uint8Array {
    return encodeTransaction(signTransaction(transaction, this.#keyOf(from)));
  }

  /** r, s and v (27 or 28) of a hash of 32 bytes. @throws RpcError where there is no key */
  signHash(hash: Uint8Array, from: Address): Hex {
    const { r, s, yParity } = signHash(hash, this.#keyOf(from));
    return `${wordHex(r)}${wordHex(s).slice(2)}${(27n + yParity).toString(16)}`;
  }

  #keyOf(address: Address): Uint8Array {
    const key = this.#keys.get(address);
    if (key !== undefined) return key;
    throw new RpcError('invalid params', `No Signer available: unknown account ${address}`);
  }
}
