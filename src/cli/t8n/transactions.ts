/**
 * The transactions of a transition, as blocks hold them: given as one RLP list, or as JSON, signed
 * or with the key that is to sign.
 */

import { bigintFromBytes, fromHex } from '../../base/bytes.ts';
import type { JsonField } from '../../base/json-field.ts';
import { decodeRlp, encodeRlp } from '../../base/rlp.ts';
import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { encodeTransaction } from '../../chain/transactions/encode.ts';
import { SECP256K1_ORDER, signTransaction } from '../../chain/transactions/signature.ts';
import type {
  SignedAuthorization,
  SignedTransaction,
  TransactionType,
} from '../../chain/transactions/types.ts';
import type { AccessListEntry } from '../../evm/types.ts';
import { TransitionError } from './fault.ts';
import { address, hash, integer, listed, optional } from './values.ts';

const TYPE_MAX = 4n;

/**
 * Transactions of an RLP list in hexadecimal.
 * @throws TransitionError `t8n/rlp` for what is no list; what is wrong with one is its own
 */
export function rlpTransactions(hex: string): Uint8Array[] {
  let list: Uint8Array;
  try {
    list = fromHex(hex);
  } catch (cause) {
    const message = `the transactions are not RLP in hexadecimal: ${(cause as Error).message}`;
    throw new TransitionError('t8n/rlp', message, { cause });
  }
  if (list.length === 0) return [];
  const result = decodeRlp(list);
  if (!result.ok) {
    const message = `the transactions are not RLP: ${result.reason} at byte ${result.offset}`;
    throw new TransitionError('t8n/rlp', message);
  }
  if (result.item instanceof Uint8Array) {
    throw new TransitionError('t8n/rlp', 'the transactions are bytes, not an RLP list');
  }
  return result.item.map((item) => (item instanceof Uint8Array ? item : encodeRlp(item)));
}

/** Transactions of a JSON list. @throws JsonError naming the field */
export function jsonTransactions(field: JsonField, chainId: bigint): Uint8Array[] {
  return listed(field, (item) => encodeTransaction(readTransaction(item, chainId)));
}

/** Signs what has a key and no signature. @throws JsonError */
function readTransaction(item: JsonField, chainId: bigint): SignedTransaction {
  const from = item.object();
  const given = <T>(name: string, read: (field: JsonField) => T) => optional(from, name, read);
  const number = (name: string): bigint => given(name, integer) ?? 0n;
  const type = Number(given('type', (field) => field.integer(TYPE_MAX)) ?? 0n) as TransactionType;
  const to = from.get('to');
  const unsigned: SignedTransaction = {
    ...BLANK_TRANSACTION,
    type,
    chainId: type === 0 ? 0n : (given('chainId', integer) ?? chainId),
    nonce: number('nonce'),
    gasLimit: given('gas', integer) ?? number('gasLimit'),
    maxFeePerGas: number(type < 2 ? 'gasPrice' : 'maxFeePerGas'),
    maxPriorityFeePerGas: number(type < 2 ? 'gasPrice' : 'maxPriorityFeePerGas'),
    to: to.isAbsent || to.value === '' ? undefined : address(to),
    value: number('value'),
    data: given('input', bytes) ?? given('data', bytes) ?? new Uint8Array(0),
    accessList: listed(from.get('accessList'), readEntry),
    maxFeePerBlobGas: number('maxFeePerBlobGas'),
    blobVersionedHashes: listed(from.get('blobVersionedHashes'), hash),
    authorizationList: listed(from.get('authorizationList'), readAuthorization),
    v: given('v', integer) ?? number('yParity'),
    r: number('r'),
    s: number('s'),
  };
  const key = from.get('secretKey');
  if (key.isAbsent || unsigned.v + unsigned.r + unsigned.s > 0n) return unsigned;
  // Where it is protected, `v` says for which chain (EIP-155).
  const v = type === 0 && from.get('protected').value !== false ? 35n + 2n * chainId : 0n;
  return signTransaction({ ...unsigned, v }, keyOf(key));
}

function keyOf(field: JsonField): Uint8Array {
  const key = fromHex(hash(field));
  const number = bigintFromBytes(key);
  if (number > 0n && number < SECP256K1_ORDER) return key;
  throw field.refusal('a key: above zero and below the order of secp256k1');
}

function bytes(field: JsonField): Uint8Array {
  return field.bytes();
}

function readEntry(item: JsonField): AccessListEntry {
  const entry = item.object();
  const storageKeys = listed(entry.get('storageKeys'), hash);
  return { address: address(entry.get('address')), storageKeys };
}

function readAuthorization(item: JsonField): SignedAuthorization {
  const entry = item.object();
  const number = (name: string): bigint => integer(entry.get(name));
  return {
    chainId: number('chainId'),
    address: address(entry.get('address')),
    nonce: number('nonce'),
    yParity: number(entry.get('yParity').isAbsent ? 'v' : 'yParity'),
    r: number('r'),
    s: number('s'),
  };
}
