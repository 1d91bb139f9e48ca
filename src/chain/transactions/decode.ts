/**
 * Bytes to a transaction: canonical RLP, the right fields, each of its form. What it accepts
 * encodes to the same bytes again. Ranges, forks and signatures are for check.ts, because whether
 * a value is too large matters only once its type is known to be supported.
 *
 * Integers are bounded by the bytes given: callers limit the size of what they decode.
 */

import { decodeRlp, type RlpItem } from '../../base/rlp.ts';
import type { AccessListEntry, Address, Hash } from '../../evm/types.ts';
import { BLANK_TRANSACTION } from './blank.ts';
import { FIELD_KIND, SIGNATURE_FIELDS, UNSIGNED_FIELDS } from './fields.ts';
import type {
  FaultyTransaction,
  FieldName,
  SignedAuthorization,
  SignedTransaction,
  TransactionFault,
  TransactionType,
} from './types.ts';

export type DecodedTransaction =
  | { readonly ok: true; readonly transaction: SignedTransaction }
  | FaultyTransaction;

/** Network form, transaction, access list, its entry, its keys. */
const DEPTH_MAX = 5;

/** First byte of a legacy transaction's RLP list; below lie the types of EIP-2718. */
const LIST = 0xc0;

/** Decodes a transaction of any type in the form in which blocks hold it. */
export function decodeTransaction(bytes: Uint8Array): DecodedTransaction {
  const first = bytes[0];
  if (first === undefined) return faulty('empty', undefined, 'the transaction has no bytes');
  if (first >= LIST) return decodeFields(bytes, 0);
  if (first === 0 || first > 4) {
    return faulty('type not supported', undefined, `0x${hexByte(first)} is no transaction type`);
  }
  return decodeFields(bytes.subarray(1), first as TransactionType);
}

function decodeFields(bytes: Uint8Array, type: TransactionType): DecodedTransaction {
  const result = decodeRlp(bytes, { depthMax: DEPTH_MAX });
  if (!result.ok) {
    return faulty(result.reason, undefined, `RLP: ${result.reason} at byte ${result.offset}`);
  }
  if (result.item instanceof Uint8Array) {
    return faulty('not a list', undefined, `type ${type}: the fields are not a list`);
  }
  const items = result.item;
  const names = [...UNSIGNED_FIELDS[type], ...SIGNATURE_FIELDS];
  if (type === 3 && items[0] !== undefined && !(items[0] instanceof Uint8Array)) {
    return faulty('network form', undefined, 'type 3: blobs do not belong into a block');
  }
  if (items.length !== names.length) {
    const fault = items.length < names.length ? 'too few fields' : 'too many fields';
    const message = `type ${type} has ${names.length} fields, not ${items.length}`;
    return faulty(fault, undefined, message);
  }
  const fields: Record<string, unknown> = { ...BLANK_TRANSACTION, type };
  for (const [index, name] of names.entries()) {
    const value = decodeField(name, items[index] as RlpItem);
    if (value instanceof Fault) return faulty(value.fault, name, `${name}: ${value.message}`);
    fields[name] = value;
  }
  if (type < 2) fields['maxPriorityFeePerGas'] = fields['maxFeePerGas'];
  return { ok: true, transaction: fields as unknown as SignedTransaction };
}

/** Carries a fault out of a field's decoder; never thrown. */
class Fault {
  readonly fault: TransactionFault;
  readonly message: string;
  constructor(fault: TransactionFault, message: string) {
    this.fault = fault;
    this.message = message;
  }
}

function decodeField(name: FieldName, item: RlpItem): unknown {
  switch (FIELD_KIND[name]) {
    case 'integer':
      return decodeInteger(item);
    case 'recipient':
      if (item instanceof Uint8Array && item.length === 0) return undefined;
      return decodeAddress(item);
    case 'bytes':
      return item instanceof Uint8Array ? item : NOT_BYTES;
    case 'access list':
      return decodeEach(item, decodeAccessListEntry);
    case 'hashes':
      return decodeEach(item, decodeHash);
    case 'authorizations':
      return decodeEach(item, decodeAuthorization);
  }
}

const NOT_BYTES = new Fault('list where bytes belong', 'is a list');
const NOT_A_LIST = new Fault('bytes where a list belongs', 'is not a list');

function decodeInteger(item: RlpItem): bigint | Fault {
  if (!(item instanceof Uint8Array)) return NOT_BYTES;
  if (item.length === 0) return 0n;
  if (item[0] === 0) return new Fault('integer with leading zeros', 'begins with a zero byte');
  return BigInt(`0x${item.toHex()}`);
}

function decodeAddress(item: RlpItem): Address | Fault {
  if (!(item instanceof Uint8Array)) return NOT_BYTES;
  if (item.length === 20) return `0x${item.toHex()}`;
  return new Fault('address of wrong length', `${item.length} bytes are no address`);
}

function decodeHash(item: RlpItem): Hash | Fault {
  if (!(item instanceof Uint8Array)) return NOT_BYTES;
  if (item.length === 32) return `0x${item.toHex()}`;
  return new Fault('hash of wrong length', `${item.length} bytes are no hash`);
}

function decodeEach<T>(item: RlpItem, decode: (item: RlpItem) => T | Fault): T[] | Fault {
  if (item instanceof Uint8Array) return NOT_A_LIST;
  const values: T[] = [];
  for (const [index, entry] of item.entries()) {
    const value = decode(entry);
    if (value instanceof Fault) return new Fault(value.fault, `${index}: ${value.message}`);
    values.push(value);
  }
  return values;
}

function decodeAccessListEntry(item: RlpItem): AccessListEntry | Fault {
  if (item instanceof Uint8Array || item.length !== 2) {
    return new Fault('malformed access list', 'is no pair of address and keys');
  }
  const address = decodeAddress(item[0] as RlpItem);
  if (address instanceof Fault) return address;
  const storageKeys = decodeEach(item[1] as RlpItem, decodeHash);
  if (storageKeys instanceof Fault) return storageKeys;
  return { address, storageKeys };
}

function decodeAuthorization(item: RlpItem): SignedAuthorization | Fault {
  if (item instanceof Uint8Array || item.length !== 6) {
    return new Fault('malformed authorization', 'is not a list of six fields');
  }
  const address = decodeAddress(item[1] as RlpItem);
  if (address instanceof Fault) return address;
  const integers: bigint[] = [];
  for (const index of [0, 2, 3, 4, 5]) {
    const value = decodeInteger(item[index] as RlpItem);
    if (value instanceof Fault) return value;
    integers.push(value);
  }
  const [chainId, nonce, yParity, r, s] = integers as [bigint, bigint, bigint, bigint, bigint];
  return { chainId, address, nonce, yParity, r, s };
}

function faulty(
  fault: TransactionFault,
  field: FieldName | undefined,
  message: string,
): FaultyTransaction {
  return { ok: false, fault, field, message };
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
