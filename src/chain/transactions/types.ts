/**
 * Transactions as they are signed and sent: the fields of every type in one shape, and why bytes
 * are not a transaction or a transaction is not acceptable.
 *
 * Specifications: EIP-155, EIP-2718, EIP-2930 (type 1), EIP-1559 (type 2), EIP-4844 (type 3),
 * EIP-7702 (type 4).
 */

import type { RlpRefusal } from '../../base/rlp.ts';
import type { AccessListEntry, Address, Hash } from '../../evm/types.ts';

export type TransactionType = 0 | 1 | 2 | 3 | 4;

/** An authorisation of EIP-7702 as it is signed. */
export interface SignedAuthorization {
  readonly chainId: bigint;
  readonly address: Address;
  readonly nonce: bigint;
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

/** A transaction with its signature. Fields that a type lacks are zero or empty. */
export interface SignedTransaction {
  readonly type: TransactionType;
  /** Zero for type 0, whose chain id is in `v`. */
  readonly chainId: bigint;
  readonly nonce: bigint;
  /** Gas price of types 0 and 1. */
  readonly maxFeePerGas: bigint;
  /** Gas price of types 0 and 1. */
  readonly maxPriorityFeePerGas: bigint;
  readonly gasLimit: bigint;
  readonly to: Address | undefined;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly AccessListEntry[];
  readonly maxFeePerBlobGas: bigint;
  readonly blobVersionedHashes: readonly Hash[];
  readonly authorizationList: readonly SignedAuthorization[];
  /** `v` of type 0 (27, 28, or 35 and more by EIP-155), y parity of the others. */
  readonly v: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

/** Name of a field in the specifications of the types. */
export type FieldName = Exclude<keyof SignedTransaction, 'type'>;

/** Why bytes are not a transaction, or the transaction may not be sent; one name a rule. */
export type TransactionFault =
  | RlpRefusal
  // what is not a transaction at all
  | 'empty'
  | 'not a list'
  | 'network form'
  | 'too few fields'
  | 'too many fields'
  | 'list where bytes belong'
  | 'bytes where a list belongs'
  | 'integer with leading zeros'
  | 'address of wrong length'
  | 'hash of wrong length'
  | 'malformed access list'
  | 'malformed authorization'
  // what no fork, or not this one, accepts
  | 'type not supported'
  | 'integer too large'
  | 'nonce overflow'
  | 'gas price overflow'
  | 'priority fee above fee'
  | 'wrong chain id'
  | 'signature out of range'
  | 'signature recovers nobody'
  | 'init code too large'
  | 'intrinsic gas too low'
  | 'floor gas too low'
  | 'gas limit exceeds maximum'
  | 'no blobs'
  | 'too many blobs'
  | 'invalid blob hash version'
  | 'blob creates contract'
  | 'empty authorization list'
  | 'set code creates contract';

/** A fault, where it is, and a sentence that names the values. */
export interface FaultyTransaction {
  readonly ok: false;
  readonly fault: TransactionFault;
  readonly field: FieldName | undefined;
  readonly message: string;
}
