/**
 * What the official tests call a refusal of a block, and what the chain calls it. The names of the
 * older suites overlap and contradict each other, so there any refusal counts.
 */

import type { BlockFault, InvalidBlock } from '../../chain/blocks/fault.ts';
import { refusalExpected } from '../statetest/exceptions.ts';

/** Names of execution-spec-tests, without `BlockException.`. */
const FAULTS: Readonly<Record<string, readonly BlockFault[]>> = {
  RLP_STRUCTURES_ENCODING: ['block/malformed', 'block/invalid transaction'],
  // An access list that is out of order is none that an execution gives: its hash is wrong.
  INCORRECT_BLOCK_FORMAT: [
    'block/malformed',
    'block/missing field',
    'block/field of another fork',
    'block/wrong access list hash',
  ],
  INVALID_BLOCK_ACCESS_LIST: ['block/wrong access list hash'],
  INVALID_BAL_HASH: ['block/wrong access list hash'],
  BLOCK_ACCESS_LIST_GAS_LIMIT_EXCEEDED: ['block/access list too long'],
  GAS_USED_OVERFLOW: ['block/gas used above limit'],
  RLP_BLOCK_LIMIT_EXCEEDED: ['block/too large'],
  INVALID_GASLIMIT: ['block/wrong gas limit'],
  INVALID_BASEFEE_PER_GAS: ['block/wrong base fee'],
  INCORRECT_EXCESS_BLOB_GAS: ['block/wrong excess blob gas'],
  INCORRECT_BLOB_GAS_USED: ['block/wrong blob gas used'],
  BLOB_GAS_USED_ABOVE_LIMIT: ['block/wrong blob gas used'],
  INVALID_WITHDRAWALS_ROOT: ['block/wrong withdrawals root'],
  INVALID_REQUESTS: ['block/wrong requests hash'],
  INVALID_DEPOSIT_EVENT_LAYOUT: ['block/invalid deposit'],
  SYSTEM_CONTRACT_EMPTY: ['block/system contract missing'],
  SYSTEM_CONTRACT_CALL_FAILED: ['block/system call failed'],
  INVALID_STATE_ROOT: ['block/wrong state root'],
  INVALID_RECEIPTS_ROOT: ['block/wrong receipts root'],
  INVALID_TRANSACTIONS_ROOT: ['block/wrong transactions root'],
  INVALID_LOG_BLOOM: ['block/wrong logs bloom'],
  INVALID_GAS_USED: ['block/wrong gas used'],
  INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT: ['block/wrong timestamp'],
  INVALID_BLOCK_NUMBER: ['block/wrong number'],
  EXTRA_DATA_TOO_BIG: ['block/extra data too long'],
  UNKNOWN_PARENT: ['block/unknown parent'],
  IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS: ['block/wrong difficulty'],
  IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS: ['block/wrong uncles hash'],
};

/** Names of transactions' refusals beyond those of state tests: faults of check.ts. */
const TRANSACTION_FAULTS: Readonly<Record<string, readonly string[]>> = {
  TYPE_3_TX_WITH_FULL_BLOBS: ['network form'],
};

const TOO_MANY_BLOBS = 'TransactionException.TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED';

const BLOCK_PREFIX = 'BlockException.';
const TRANSACTION_PREFIX = 'TransactionException.';

/** A transaction whose gas limit is more than the block has left: nothing of it is used. */
const GAS_USED_OVERFLOW = 'BlockException.GAS_USED_OVERFLOW';
/** Amsterdam's tests have one name for a gas limit below the intrinsic gas and below the floor. */
const INTRINSIC_GAS_TOO_LOW = 'TransactionException.INTRINSIC_GAS_TOO_LOW';

/** Whether a refusal is one of those that a test of the network expects, given as `A|B`. */
export function blockRefusalExpected(
  { code, details }: InvalidBlock,
  expected: string,
  network: string,
): boolean {
  const found = code === 'block/invalid transaction' ? (details['reason'] as string) : undefined;
  return expected.split('|').some((name) => {
    if (name === GAS_USED_OVERFLOW && found === 'gas limit exceeds block') return true;
    if (name.startsWith(BLOCK_PREFIX)) {
      return FAULTS[name.slice(BLOCK_PREFIX.length)]?.includes(code) === true;
    }
    if (!name.startsWith(TRANSACTION_PREFIX)) return true;
    // The header that counts the blobs of such a transaction breaks the limit before it.
    if (name === TOO_MANY_BLOBS && code === 'block/wrong blob gas used') return true;
    if (found === undefined) return false;
    const faults = TRANSACTION_FAULTS[name.slice(TRANSACTION_PREFIX.length)];
    if (faults?.includes(found) === true) return true;
    const hasOneName = network === 'Amsterdam' && name === INTRINSIC_GAS_TOO_LOW;
    if (hasOneName && found === 'floor gas too low') return true;
    return refusalExpected(found as Parameters<typeof refusalExpected>[0], name);
  });
}
