/** Why the pool takes no transaction, in geth's words: clients look for them in messages. */

import type { FaultyTransaction, TransactionFault } from '../../chain/transactions/types.ts';
import { RpcError } from '../rpc/errors.ts';

/** What geth says; what is not here is said as it is, under `MALFORMED`. */
const TEXTS: Partial<Record<TransactionFault, string>> = {
  'type not supported': 'transaction type not supported',
  'nonce overflow': 'nonce has max value',
  'integer too large': 'rlp: value overflows',
  'gas price overflow': 'max fee per gas higher than 2^256-1',
  'priority fee above fee': 'max priority fee per gas higher than max fee per gas',
  'wrong chain id': 'invalid chain id for signer',
  'signature out of range': 'invalid sender: invalid transaction v, r, s values',
  'signature recovers nobody': 'invalid sender',
  'init code too large': 'max initcode size exceeded',
  'intrinsic gas too low': 'intrinsic gas too low',
  'floor gas too low': 'insufficient gas for floor data gas cost',
  'gas limit exceeds maximum': 'transaction gas limit too high',
  'no blobs': 'blobless blob transaction',
  'too many blobs': 'too many blobs in transaction',
  'invalid blob hash version': 'blob hash version mismatch',
  'blob creates contract': 'input string too short for common.Address, decoding into To',
  'empty authorization list': 'EIP-7702 transaction with empty auth list',
  'set code creates contract': 'input string too short for common.Address, decoding into To',
  empty: 'typed transaction too short',
};
const MALFORMED = 'rlp: the transaction is malformed';

/** What `acceptTransaction` found, as a client gets it. */
export function faultError({ fault, message }: FaultyTransaction): RpcError {
  return refusal(`${TEXTS[fault] ?? MALFORMED}: ${message}`);
}

export function refusal(message: string): RpcError {
  return new RpcError('server error', message);
}
