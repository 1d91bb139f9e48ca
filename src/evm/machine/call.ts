/** A call as an EVM is asked for it: what it needs, how the machine is told, how it ended. */
import type { TransactOptions } from '../evm-interface.ts';
import { InputError } from '../input.ts';
import * as layout from '../layout.ts';
import type { BlockEnvironment, HaltReason, Transaction } from '../types.ts';
import type { ContextNeed } from './contexts.ts';
import { haltReason } from './statuses.ts';

/** A call as it was asked for, with the block it was asked in. */
export interface Call {
  readonly transaction: Transaction;
  readonly options: TransactOptions;
  readonly block: BlockEnvironment;
  readonly chainId: bigint;
  /** No transaction, but wei that come from nobody. */
  readonly isCredit: boolean;
}

/**
 * What commits runs alone. Neither that nor what is watched is begun again: code that a run
 * deposits before it is given up stays known (CODE_KNOWN).
 */
export function needOf({ commit, onStep, hooks }: TransactOptions): ContextNeed {
  const alone = commit !== false;
  return { alone, large: alone || onStep !== undefined || hooks !== undefined };
}

/** How a transaction ended. */
export type Outcome =
  | { readonly status: 'success' }
  | { readonly status: 'revert' }
  | { readonly status: 'halt'; readonly reason: HaltReason };

/** The machine has no sender then to take a value from, or to make an address of. */
export function checkSystemCall({ value, to }: Transaction, { callOnly }: TransactOptions): void {
  if (callOnly === true && value === 0n && to !== undefined) return;
  throw new InputError('options.systemCall', true, 'it with callOnly, an address and no value');
}

export function flagsOf({ options, isCredit }: Call): number {
  const { callOnly, systemCall, checks = {} } = options;
  const skipped = (check: boolean | undefined, flag: number) => (check === false ? flag : 0);
  return (
    (isCredit ? layout.TX_FLAG_CREDIT : 0) |
    (callOnly === true ? layout.TX_FLAG_CALL_ONLY : 0) |
    (systemCall === true ? layout.TX_FLAG_SYSTEM : 0) |
    skipped(checks.nonce, layout.TX_FLAG_SKIP_NONCE) |
    skipped(checks.balance, layout.TX_FLAG_SKIP_BALANCE) |
    skipped(checks.baseFee, layout.TX_FLAG_SKIP_BASE_FEE) |
    skipped(checks.senderCode, layout.TX_FLAG_SKIP_SENDER_CODE)
  );
}

/** What a final status of the machine means. */
export function outcomeOf(status: number): Outcome {
  if (status === layout.STATUS_REVERT) return { status: 'revert' };
  const reason = haltReason(status);
  return reason === undefined ? { status: 'success' } : { status: 'halt', reason };
}
