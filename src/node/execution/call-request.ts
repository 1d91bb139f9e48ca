/**
 * The object by which calls, estimates and simulations say what is to be executed. Forms and texts
 * are geth's (internal/ethapi, TransactionArgs).
 */

import type { SignedAuthorization } from '../../chain/transactions/types.ts';
import type { AccessListEntry, Address, Hash } from '../../evm/types.ts';
import { invalidParams, RpcError } from '../rpc/errors.ts';
import {
  listOf,
  membersOf,
  objectOf,
  optional,
  type Read,
  readAddress,
  readData,
  readHash,
  readU64,
  readWord,
} from '../rpc/values.ts';

/** Of a call, and of a transaction that is to be signed, but for their lists. */
export interface CallFields {
  readonly from: Address | undefined;
  readonly to: Address | undefined;
  readonly gas: bigint | undefined;
  readonly gasPrice: bigint | undefined;
  readonly maxFeePerGas: bigint | undefined;
  readonly maxPriorityFeePerGas: bigint | undefined;
  readonly value: bigint | undefined;
  readonly nonce: bigint | undefined;
  readonly data: Uint8Array | undefined;
  /** The same as `data`, and preferred. */
  readonly input: Uint8Array | undefined;
  readonly chainId: bigint | undefined;
}

export interface CallRequest extends Omit<CallFields, 'input'> {
  readonly accessList: readonly AccessListEntry[] | undefined;
  readonly maxFeePerBlobGas: bigint | undefined;
  readonly blobVersionedHashes: readonly Hash[] | undefined;
  readonly authorizationList: readonly SignedAuthorization[] | undefined;
}

/** Entries of any list of a call; no block has room for more. */
const ENTRIES_MAX = 100_000;

const readAccessListEntry: Read<AccessListEntry> = objectOf({
  address: readAddress,
  storageKeys: optionalList(readHash),
});

const readAuthorization: Read<SignedAuthorization> = objectOf({
  chainId: readWord,
  address: readAddress,
  nonce: readU64,
  yParity: readWord,
  r: readWord,
  s: readWord,
});

export const CALL_FIELDS: { readonly [Name in keyof CallFields]: Read<CallFields[Name]> } = {
  from: optional(readAddress),
  to: optional(readAddress),
  gas: optional(readU64),
  gasPrice: optional(readWord),
  maxFeePerGas: optional(readWord),
  maxPriorityFeePerGas: optional(readWord),
  value: optional(readWord),
  nonce: optional(readU64),
  data: optional(readData),
  input: optional(readData),
  chainId: optional(readWord),
};

const readFields = objectOf({
  ...CALL_FIELDS,
  accessList: optional(listOf(readAccessListEntry, ENTRIES_MAX)),
  maxFeePerBlobGas: optional(readWord),
  blobVersionedHashes: optional(listOf(readHash, ENTRIES_MAX)),
  authorizationList: optional(listOf(readAuthorization, ENTRIES_MAX)),
});

function optionalList<T>(read: Read<T>): Read<T[]> {
  const list = listOf(read, ENTRIES_MAX);
  return (value, path) => (value === undefined || value === null ? [] : list(value, path));
}

export const readCallRequest: Read<CallRequest> = (value, path) => {
  const { data, input, ...rest } = readFields(membersOf(value, path), path);
  const isTwofold = data !== undefined && input !== undefined && Buffer.compare(data, input) !== 0;
  if (isTwofold) {
    const message = '"data" and "input" are set and not equal';
    throw invalidParams(`both ${message}. Please use "input" to pass transaction call data`);
  }
  return { ...rest, data: input ?? data };
};

/** What its fields say against each other. @throws RpcError */
export function checkCallRequest(request: CallRequest, chainId: bigint): void {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas, blobVersionedHashes, to } = request;
  if (gasPrice !== undefined && (maxFeePerGas ?? maxPriorityFeePerGas) !== undefined) {
    const message = 'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified';
    throw new RpcError('server error', message);
  }
  if (request.chainId !== undefined && request.chainId !== chainId) {
    const message = `chainId does not match node's (have=${request.chainId}, want=${chainId})`;
    throw new RpcError('server error', message);
  }
  if (blobVersionedHashes !== undefined && blobVersionedHashes.length === 0) {
    throw new RpcError('server error', 'need at least 1 blob for a blob transaction');
  }
  if (blobVersionedHashes !== undefined && to === undefined) {
    throw new RpcError('server error', 'missing "to" in blob transaction');
  }
}
