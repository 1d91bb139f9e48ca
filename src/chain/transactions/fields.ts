/**
 * What each type of transaction consists of, in the order in which it is encoded, and of which
 * kind each field is. Decoder and encoder both read these two tables.
 */

import type { FieldName, TransactionType } from './types.ts';

export type FieldKind =
  | 'integer'
  | 'recipient'
  | 'bytes'
  | 'access list'
  | 'hashes'
  | 'authorizations';

export const FIELD_KIND: Readonly<Record<FieldName, FieldKind>> = {
  chainId: 'integer',
  nonce: 'integer',
  maxFeePerGas: 'integer',
  maxPriorityFeePerGas: 'integer',
  gasLimit: 'integer',
  to: 'recipient',
  value: 'integer',
  data: 'bytes',
  accessList: 'access list',
  maxFeePerBlobGas: 'integer',
  blobVersionedHashes: 'hashes',
  authorizationList: 'authorizations',
  v: 'integer',
  r: 'integer',
  s: 'integer',
};

const CALL = ['gasLimit', 'to', 'value', 'data'] as const;
const FEES = ['chainId', 'nonce', 'maxPriorityFeePerGas', 'maxFeePerGas'] as const;

/** The fields of each type without the signature. `maxFeePerGas` is types 0 and 1's gas price. */
export const UNSIGNED_FIELDS: Readonly<Record<TransactionType, readonly FieldName[]>> = {
  0: ['nonce', 'maxFeePerGas', ...CALL],
  1: ['chainId', 'nonce', 'maxFeePerGas', ...CALL, 'accessList'],
  2: [...FEES, ...CALL, 'accessList'],
  3: [...FEES, ...CALL, 'accessList', 'maxFeePerBlobGas', 'blobVersionedHashes'],
  4: [...FEES, ...CALL, 'accessList', 'authorizationList'],
};

export const SIGNATURE_FIELDS: readonly FieldName[] = ['v', 'r', 's'];

/** Fields of the type that has most. */
export const FIELDS_MAX = 14;
