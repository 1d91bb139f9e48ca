/** Why a transaction was refused, by the number that the runtime says. */
import type { RefusalReason, Refused, Transaction } from '../types.ts';

const REFUSALS: readonly RefusalReason[] = [
  'type not supported',
  'nonce too low',
  'nonce too high',
  'nonce overflow',
  'sender has code',
  'insufficient funds',
  'intrinsic gas too low',
  'floor gas too low',
  'gas limit exceeds block',
  'gas limit exceeds maximum',
  'fee below base fee',
  'priority fee above fee',
  'init code too large',
  'blob fee below base',
  'no blobs',
  'too many blobs',
  'invalid blob hash version',
  'blob creates contract',
  'empty authorization list',
  'set code creates contract',
  'gas price overflow',
];

/** What is said of one. */
export type RefusedTransaction = Pick<
  Transaction,
  'sender' | 'nonce' | 'gasLimit' | 'maxFeePerGas' | 'value'
>;

/** @param number from 1, as TX_REFUSED has it */
export function refusalOf(number: number, transaction: RefusedTransaction): Refused {
  const reason = REFUSALS[number - 1] as RefusalReason;
  return { status: 'refused', reason, message: describeRefusal(reason, transaction) };
}

/** TX_REFUSED for a reason. */
export function refusalNumber(reason: RefusalReason): number {
  return REFUSALS.indexOf(reason) + 1;
}

function describeRefusal(reason: RefusalReason, transaction: RefusedTransaction): string {
  const { sender, nonce, gasLimit, maxFeePerGas, value } = transaction;
  return (
    `${reason}: sender ${sender}, nonce ${nonce}, gas limit ${gasLimit}, ` +
    `max fee ${maxFeePerGas}, value ${value}`
  );
}
