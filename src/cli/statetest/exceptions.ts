/**
 * What the official tests call a refusal, and what the machine calls it. The names of the older
 * suites overlap and contradict each other, so there any refusal counts.
 */

import type { RefusalReason } from '../../evm/types.ts';

/** Names of execution-spec-tests, without `TransactionException.`. */
const REASONS: Readonly<Record<string, readonly RefusalReason[]>> = {
  TYPE_1_TX_PRE_FORK: ['type not supported'],
  TYPE_2_TX_PRE_FORK: ['type not supported'],
  TYPE_3_TX_PRE_FORK: ['type not supported'],
  TYPE_4_TX_PRE_FORK: ['type not supported'],
  TYPE_NOT_SUPPORTED: ['type not supported'],
  NONCE_MISMATCH_TOO_LOW: ['nonce too low'],
  NONCE_MISMATCH_TOO_HIGH: ['nonce too high'],
  NONCE_IS_MAX: ['nonce overflow'],
  NONCE_OVERFLOW: ['nonce overflow'],
  NONCE_TOO_BIG: ['nonce overflow'],
  SENDER_NOT_EOA: ['sender has code'],
  INSUFFICIENT_ACCOUNT_FUNDS: ['insufficient funds'],
  GASLIMIT_PRICE_PRODUCT_OVERFLOW: ['gas price overflow'],
  INTRINSIC_GAS_TOO_LOW: ['intrinsic gas too low'],
  INTRINSIC_GAS_BELOW_FLOOR_GAS_COST: ['floor gas too low'],
  GAS_ALLOWANCE_EXCEEDED: ['gas limit exceeds block'],
  GAS_LIMIT_EXCEEDS_MAXIMUM: ['gas limit exceeds maximum'],
  INSUFFICIENT_MAX_FEE_PER_GAS: ['fee below base fee'],
  PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS: ['priority fee above fee'],
  PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2: ['priority fee above fee'],
  INITCODE_SIZE_EXCEEDED: ['init code too large'],
  INSUFFICIENT_MAX_FEE_PER_BLOB_GAS: ['blob fee below base'],
  TYPE_3_TX_ZERO_BLOBS: ['no blobs'],
  TYPE_3_TX_BLOB_COUNT_EXCEEDED: ['too many blobs'],
  TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED: ['too many blobs'],
  TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH: ['invalid blob hash version'],
  TYPE_3_TX_CONTRACT_CREATION: ['blob creates contract'],
  TYPE_4_EMPTY_AUTHORIZATION_LIST: ['empty authorization list'],
  TYPE_4_TX_CONTRACT_CREATION: ['set code creates contract'],
};

const PREFIX = 'TransactionException.';

/** Whether a refusal is one of those that a test expects, given as `A|B`. */
export function refusalExpected(reason: RefusalReason | 'malformed', expected: string): boolean {
  return expected.split('|').some((name) => {
    if (!name.startsWith(PREFIX)) return true;
    const reasons: readonly string[] = REASONS[name.slice(PREFIX.length)] ?? [];
    return reasons.includes(reason);
  });
}
