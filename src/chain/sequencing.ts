/**
 * What the configuration of an application chain may ask beyond Ethereum's rules, held against
 * every block that is imported.
 *
 * Milliseconds: blocks may have equal seconds. Then a header's extra data is 8 bytes, milliseconds
 * since 1970, which rise from block to block and have the timestamp as their seconds; a system
 * call tells them to a contract at the block's start, where other contracts read them.
 *
 * Lanes: a block's transactions stand in the order of their lanes: first those that call an address
 * of the first lane, then those of the second, last those of none. So a venue has cancellations
 * and prices of an oracle come before orders, whoever makes the block.
 */

import type { Address, Hex } from '../evm/types.ts';
import { InvalidBlock } from './blocks/fault.ts';
import type { BlockHeader } from './blocks/header.ts';
import { recipientOf } from './transactions/touched.ts';

export interface Sequencing {
  /** The contract that is told; blocks may have equal seconds. */
  readonly milliseconds?: Address;
  readonly lanes?: readonly (readonly Address[])[];
}

/**
 * Code of the contract at `Sequencing.milliseconds`: keeps in slot 0 what the system says, and
 * gives it to everybody else.
 *
 *   CALLER PUSH20 0xff..fe EQ PUSH1 tell JUMPI  PUSH0 SLOAD PUSH0 MSTORE PUSH1 32 PUSH0 RETURN
 *   tell: JUMPDEST PUSH0 CALLDATALOAD PUSH0 SSTORE STOP
 */
export const MILLISECONDS_CODE: Uint8Array = Uint8Array.fromHex(
  '3373fffffffffffffffffffffffffffffffffffffffe146022575f545f5260205ff35b5f355f5500',
);

const MILLISECONDS_BYTES = 8;
const MS_PER_SECOND = 1_000n;

/** Extra data that says them. */
export function millisecondsData(milliseconds: bigint): Hex {
  return `0x${milliseconds.toString(16).padStart(2 * MILLISECONDS_BYTES, '0')}`;
}

/** What a header says; of the first block, whose extra data is its own, its seconds. */
export function millisecondsOf({ extraData, timestamp, number }: BlockHeader): bigint {
  const says = number > 0n && extraData.length === 2 + 2 * MILLISECONDS_BYTES;
  return says ? BigInt(extraData) : timestamp * MS_PER_SECOND;
}

/** @throws InvalidBlock `block/wrong timestamp`, `block/wrong extra data` */
export function checkMilliseconds(header: BlockHeader, parent: BlockHeader): void {
  const { extraData, timestamp } = header;
  if (extraData.length !== 2 + 2 * MILLISECONDS_BYTES) {
    const message = `extra data is ${extraData}, not ${MILLISECONDS_BYTES} bytes of milliseconds`;
    throw new InvalidBlock('block/wrong extra data', message);
  }
  const [says, before] = [millisecondsOf(header), millisecondsOf(parent)];
  if (says <= before) {
    const message = `milliseconds ${says} are not after the parent's ${before}`;
    throw new InvalidBlock('block/wrong timestamp', message, { says, before });
  }
  if (says / MS_PER_SECOND === timestamp) return;
  const message = `timestamp ${timestamp} is not the second of ${says} milliseconds`;
  throw new InvalidBlock('block/wrong timestamp', message, { says, timestamp });
}

/** The number of a transaction's lane, from 0 on; of none, as many as there are. */
export function laneOf(transaction: Uint8Array, lanes: readonly (readonly Address[])[]): number {
  const to = recipientOf(transaction);
  const lane = to === undefined ? -1 : lanes.findIndex((each) => each.includes(to));
  return lane < 0 ? lanes.length : lane;
}

/** @throws InvalidBlock `block/wrong lane order` */
export function checkLanes(
  transactions: readonly Uint8Array[],
  lanes: readonly (readonly Address[])[],
): void {
  if (lanes.length === 0) return;
  let before = 0;
  for (const [index, transaction] of transactions.entries()) {
    const lane = laneOf(transaction, lanes);
    if (lane < before) {
      const message = `transaction ${index} is of lane ${lane}, and one before it of ${before}`;
      throw new InvalidBlock('block/wrong lane order', message, { index, lane, before });
    }
    before = lane;
  }
}
