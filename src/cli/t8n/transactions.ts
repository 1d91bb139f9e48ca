/**
 * The transactions of a transition, as blocks hold them: given as one RLP list, or as JSON, signed
 * or with the key that is to sign.
 */

import { fromHex } from '../../base/bytes.ts';
import { decodeRlp, encodeRlp } from '../../base/rlp.ts';
import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { encodeTransaction } from '../../chain/transactions/encode.ts';
import { signTransaction } from '../../chain/transactions/signature.ts';
import type {
  SignedAuthorization,
  SignedTransaction,
  TransactionType,
} from '../../chain/transactions/types.ts';
import type { AccessListEntry, Address } from '../../evm/types.ts';
import { address, bytes, FixtureError, hash, list, object } from '../fixture-json.ts';
import { TransitionError } from './fault.ts';
import { integer, isGiven, optional } from './values.ts';

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

/** Transactions of a JSON list. @throws FixtureError naming the field */
export function jsonTransactions(value: unknown, chainId: bigint): Uint8Array[] {
  if (!isGiven(value)) return [];
  return list(value, 'txs', (entry, at) => encodeTransaction(readTransaction(entry, at, chainId)));
}

/** Signs what has a key and no signature. @throws FixtureError */
function readTransaction(value: unknown, at: string, chainId: bigint): SignedTransaction {
  const fields = object(value, at);
  const field = <T>(name: string, read: (value: unknown, at: string) => T): T | undefined =>
    optional(fields, name, (given) => read(given, `${at}.${name}`));
  const type = typeOf(field('type', integer) ?? 0n, at);
  const price = field('gasPrice', integer) ?? 0n;
  const to = field('to', (given, place) => (given === '' ? undefined : address(given, place)));
  const unsigned: SignedTransaction = {
    ...BLANK_TRANSACTION,
    type,
    chainId: type === 0 ? 0n : (field('chainId', integer) ?? chainId),
    nonce: field('nonce', integer) ?? 0n,
    gasLimit: field('gas', integer) ?? field('gasLimit', integer) ?? 0n,
    maxFeePerGas: type < 2 ? price : (field('maxFeePerGas', integer) ?? 0n),
    maxPriorityFeePerGas: type < 2 ? price : (field('maxPriorityFeePerGas', integer) ?? 0n),
    to: to as Address | undefined,
    value: field('value', integer) ?? 0n,
    data: field('input', bytes) ?? field('data', bytes) ?? new Uint8Array(0),
    accessList: field('accessList', (all, place) => list(all, place, readEntry)) ?? [],
    maxFeePerBlobGas: field('maxFeePerBlobGas', integer) ?? 0n,
    blobVersionedHashes: field('blobVersionedHashes', (all, place) => list(all, place, hash)) ?? [],
    authorizationList:
      field('authorizationList', (all, place) => list(all, place, readAuthorization)) ?? [],
    v: field('v', integer) ?? field('yParity', integer) ?? 0n,
    r: field('r', integer) ?? 0n,
    s: field('s', integer) ?? 0n,
  };
  const key = field('secretKey', hash);
  if (key === undefined || unsigned.v + unsigned.r + unsigned.s > 0n) return unsigned;
  // Where it is protected, `v` says for which chain (EIP-155).
  const v = type === 0 && fields['protected'] !== false ? 35n + 2n * chainId : 0n;
  return signTransaction({ ...unsigned, v }, fromHex(key));
}

function typeOf(type: bigint, at: string): TransactionType {
  if (type <= 4n) return Number(type) as TransactionType;
  throw new FixtureError(`${at}.type`, `is ${type}, which is no transaction's`);
}

function readEntry(value: unknown, at: string): AccessListEntry {
  const entry = object(value, at);
  return {
    address: address(entry['address'], `${at}.address`),
    storageKeys: list(entry['storageKeys'] ?? [], `${at}.storageKeys`, hash),
  };
}

function readAuthorization(value: unknown, at: string): SignedAuthorization {
  const entry = object(value, at);
  const number = (name: string): bigint => integer(entry[name], `${at}.${name}`);
  return {
    chainId: number('chainId'),
    address: address(entry['address'], `${at}.address`),
    nonce: number('nonce'),
    yParity: number(isGiven(entry['yParity']) ? 'yParity' : 'v'),
    r: number('r'),
    s: number('s'),
  };
}
