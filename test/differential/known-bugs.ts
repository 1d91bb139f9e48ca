/**
 * What EthereumJS is known to do otherwise than the specification says: brought in line where that
 * can be done, else nothing is compared that would show it.
 */
import type { Case, CaseTransaction } from './case.ts';
import type { Outcome } from './outcome.ts';

export interface KnownBug {
  readonly what: string;
  /** The text that says otherwise. */
  readonly specification: string;
  /** Makes of EthereumJS's outcome what it should have been; without it, the case is avoided. */
  readonly correct?: (outcome: Outcome, transaction: CaseTransaction, test: Case) => Outcome;
}

/** The last of the numbered precompiles; P256VERIFY at 0x100 never fails. */
const PRECOMPILE_MAX = 0x11n;

export const KNOWN_BUGS: readonly KnownBug[] = [
  {
    what: 'A transaction to a precompile (0x06 to 0x11) that fails ends as "revert".',
    specification:
      'EIP-196, EIP-197, EIP-4844, EIP-2537: a call with input that is none fails and takes all ' +
      'gas. That is an exceptional halt (Yellow Paper, 9.4.2); only REVERT reverts (EIP-140).',
    correct: (outcome, { to }) => {
      const precompile = to !== undefined && BigInt(to) <= PRECOMPILE_MAX;
      return outcome.status === 'revert' && precompile ? { ...outcome, status: 'halt' } : outcome;
    },
  },
  {
    what: 'Code that begins with 0xef00 is EOF to EXTCODESIZE, -COPY, -HASH, CREATE in any fork.',
    specification:
      'EIP-3540 is part of no fork up to Osaka; without it such code, made before London or ' +
      'never made at all, is bytes like others, and as init code it halts at 0xef (EIP-3541).',
  },
  {
    what: 'A step of REVERT is not reported where its operands are missing or too large.',
    specification: 'EIP-3155: every instruction is, with the error that it ends in.',
  },
  {
    what: 'A step of SSTORE is reported with the refund that the instruction itself makes.',
    specification: 'EIP-3155: the state of the machine is that before the instruction.',
  },
];

/** The outcome without the known bugs. */
export function corrected(outcome: Outcome, transaction: CaseTransaction, test: Case): Outcome {
  return KNOWN_BUGS.reduce(
    (left, { correct }) => correct?.(left, transaction, test) ?? left,
    outcome,
  );
}
