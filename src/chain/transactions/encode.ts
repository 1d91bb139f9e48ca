/** A transaction to bytes: the form in which blocks hold it, and the form that is signed. */

import { keccak256 } from '../../base/keccak.ts';
import { encodeRlp, type RlpInput } from '../../base/rlp.ts';
import type { Hash } from '../../evm/types.ts';
import { FIELD_KIND, SIGNATURE_FIELDS, UNSIGNED_FIELDS } from './fields.ts';
import type { FieldName, SignedAuthorization, SignedTransaction } from './types.ts';

/** What EIP-7702 puts before an authorisation when it is signed. */
const AUTHORIZATION_MAGIC = 0x05;

/** The bytes of a transaction as a block holds them: RLP for type 0, else type and RLP. */
export function encodeTransaction(transaction: SignedTransaction): Uint8Array {
  const names = [...UNSIGNED_FIELDS[transaction.type], ...SIGNATURE_FIELDS];
  return envelope(transaction.type, fieldsOf(transaction, names));
}

/** Keccak-256 of the encoded transaction. */
export function transactionHash(transaction: SignedTransaction): Hash {
  return `0x${keccak256(encodeTransaction(transaction)).toHex()}`;
}

/** What the sender signs, 32 bytes. Type 0 includes the chain id when `v` says so (EIP-155). */
export function signingHash(transaction: SignedTransaction): Uint8Array {
  const items = fieldsOf(transaction, UNSIGNED_FIELDS[transaction.type]);
  if (transaction.type === 0 && transaction.v >= 35n) {
    items.push(protectedChainId(transaction.v), 0n, 0n);
  }
  return keccak256(envelope(transaction.type, items));
}

/** What the signer of an authorisation signs, 32 bytes. */
export function authorizationHash(authorization: SignedAuthorization): Uint8Array {
  const { chainId, address, nonce } = authorization;
  return keccak256(envelope(AUTHORIZATION_MAGIC, [chainId, address, nonce]));
}

/** Chain id in a `v` of 35 and more (EIP-155). */
export function protectedChainId(v: bigint): bigint {
  return (v - 35n) / 2n;
}

function envelope(type: number, items: readonly RlpInput[]): Uint8Array {
  const list = encodeRlp(items);
  if (type === 0) return list;
  const bytes = new Uint8Array(1 + list.length);
  bytes[0] = type;
  bytes.set(list, 1);
  return bytes;
}

function fieldsOf(transaction: SignedTransaction, names: readonly FieldName[]): RlpInput[] {
  return names.map((name) => {
    switch (FIELD_KIND[name]) {
      case 'integer':
        return transaction[name] as bigint;
      case 'recipient':
        return transaction.to ?? '0x';
      case 'bytes':
        return transaction.data;
      case 'access list':
        return transaction.accessList.map((entry) => [entry.address, entry.storageKeys]);
      case 'hashes':
        return transaction.blobVersionedHashes;
      case 'authorizations':
        return transaction.authorizationList.map(authorizationItems);
    }
  });
}

function authorizationItems(authorization: SignedAuthorization): RlpInput[] {
  const { chainId, address, nonce, yParity, r, s } = authorization;
  return [chainId, address, nonce, yParity, r, s];
}
