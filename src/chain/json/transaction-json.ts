/** Transactions as JSON-RPC has them, to the bytes that a block holds, and back. */

import { toHex } from '../../base/bytes.ts';
import { JsonError } from '../../base/json.ts';
import type { JsonField, JsonObject } from '../../base/json-field.ts';
import { keccak256 } from '../../base/keccak.ts';
import type { AccessListEntry, Address } from '../../evm/types.ts';
import { BLANK_TRANSACTION } from '../transactions/blank.ts';
import { decodeTransaction } from '../transactions/decode.ts';
import { encodeTransaction, protectedChainId } from '../transactions/encode.ts';
import { UNSIGNED_FIELDS } from '../transactions/fields.ts';
import { senderOf } from '../transactions/sender-of.ts';
import type {
  FieldName,
  SignedAuthorization,
  SignedTransaction,
  TransactionType,
} from '../transactions/types.ts';

const U64_MAX = 2n ** 64n - 1n;
const WORD_MAX = 2n ** 256n - 1n;
const TYPE_MAX = 4n;

/** Bytes of a transaction as a block holds it. @throws JsonError naming the field */
export function readTransaction(field: JsonField): Uint8Array {
  if (typeof field.value === 'string') {
    const message = `${field.path} is a hash: ask for blocks with their full transactions`;
    throw new JsonError('json/value', message, { details: { path: field.path } });
  }
  const from = field.object();
  const given = from.get('type');
  const type = Number(given.isAbsent ? 0n : given.integer(TYPE_MAX)) as TransactionType;
  const has = (name: FieldName) => UNSIGNED_FIELDS[type].includes(name);
  const word = (name: string) => from.get(name).integer(WORD_MAX);
  const to = from.get('to');
  const transaction: SignedTransaction = {
    ...BLANK_TRANSACTION,
    type,
    nonce: from.get('nonce').integer(U64_MAX),
    gasLimit: from.get('gas').integer(U64_MAX),
    to: to.isAbsent ? undefined : to.fixedBytes(20),
    value: word('value'),
    data: from.get('input').bytes(),
    ...(type < 2 ? bothFees(word('gasPrice')) : {}),
    ...(type < 2 ? {} : { maxFeePerGas: word('maxFeePerGas') }),
    ...(type < 2 ? {} : { maxPriorityFeePerGas: word('maxPriorityFeePerGas') }),
    ...(has('chainId') ? { chainId: word('chainId') } : {}),
    ...(has('accessList') ? { accessList: readAccessList(from.get('accessList')) } : {}),
    ...(has('maxFeePerBlobGas') ? { maxFeePerBlobGas: word('maxFeePerBlobGas') } : {}),
    ...(has('blobVersionedHashes')
      ? { blobVersionedHashes: hashes(from.get('blobVersionedHashes')) }
      : {}),
    ...(has('authorizationList')
      ? { authorizationList: from.get('authorizationList').list().map(readAuthorization) }
      : {}),
    v: parity(from, type === 0 ? 'v' : 'yParity'),
    r: word('r'),
    s: word('s'),
  };
  return encodeTransaction(transaction);
}

/** A transaction as JSON-RPC answers, its place aside; its sender is asked of its signature. */
export function transactionJson(
  bytes: Uint8Array,
  baseFee: bigint | undefined,
  sender?: Address,
): Record<string, unknown> {
  const decoded = decodeTransaction(bytes);
  // No chain holds one that is none.
  if (!decoded.ok) throw new Error(`a transaction of the chain is damaged: ${decoded.message}`);
  const { transaction } = decoded;
  const { type, nonce, gasLimit, to, value, data, v, r, s } = transaction;
  return {
    type: quantity(BigInt(type)),
    hash: toHex(keccak256(bytes)),
    from: sender ?? senderOf(bytes) ?? null,
    nonce: quantity(nonce),
    gas: quantity(gasLimit),
    to: to ?? null,
    value: quantity(value),
    input: toHex(data),
    ...feesJson(transaction, baseFee),
    ...typeFieldsJson(transaction),
    v: quantity(v),
    ...(type === 0 ? {} : { yParity: quantity(v) }),
    r: quantity(r),
    s: quantity(s),
  };
}

/** An integer as JSON-RPC has it. */
export function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function feesJson(
  { type, maxFeePerGas, maxPriorityFeePerGas }: SignedTransaction,
  baseFee = 0n,
): Record<string, string> {
  if (type < 2) return { gasPrice: quantity(maxFeePerGas) };
  const most = baseFee + maxPriorityFeePerGas;
  return {
    gasPrice: quantity(most < maxFeePerGas ? most : maxFeePerGas),
    maxFeePerGas: quantity(maxFeePerGas),
    maxPriorityFeePerGas: quantity(maxPriorityFeePerGas),
  };
}

function typeFieldsJson(transaction: SignedTransaction): Record<string, unknown> {
  const { type, chainId, v, accessList, maxFeePerBlobGas, blobVersionedHashes } = transaction;
  if (type === 0) return v >= 35n ? { chainId: quantity(protectedChainId(v)) } : {};
  return {
    chainId: quantity(chainId),
    accessList,
    ...(type === 3 ? { maxFeePerBlobGas: quantity(maxFeePerBlobGas), blobVersionedHashes } : {}),
    ...(type === 4
      ? { authorizationList: transaction.authorizationList.map(authorizationJson) }
      : {}),
  };
}

function authorizationJson(authorization: SignedAuthorization): object {
  const { address, ...integers } = authorization;
  const fields = Object.entries(integers).map(([name, value]) => [name, quantity(value)]);
  return { address, ...Object.fromEntries(fields) };
}

function bothFees(price: bigint): Pick<SignedTransaction, 'maxFeePerGas' | 'maxPriorityFeePerGas'> {
  return { maxFeePerGas: price, maxPriorityFeePerGas: price };
}

/** Some nodes give `v` where others give `yParity`, or both. */
function parity(from: JsonObject, name: 'v' | 'yParity'): bigint {
  const field = from.get(name);
  return (field.isAbsent ? from.get('v') : field).integer(WORD_MAX);
}

function readAccessList(field: JsonField): AccessListEntry[] {
  return field.list().map((item) => {
    const entry = item.object();
    const storageKeys = hashes(entry.get('storageKeys'));
    return { address: entry.get('address').fixedBytes(20), storageKeys };
  });
}

function hashes(field: JsonField): `0x${string}`[] {
  return field.list().map((item) => item.fixedBytes(32));
}

function readAuthorization(field: JsonField): SignedAuthorization {
  const from = field.object();
  return {
    chainId: from.get('chainId').integer(WORD_MAX),
    address: from.get('address').fixedBytes(20),
    nonce: from.get('nonce').integer(U64_MAX),
    yParity: parity(from, 'yParity'),
    r: from.get('r').integer(WORD_MAX),
    s: from.get('s').integer(WORD_MAX),
  };
}
