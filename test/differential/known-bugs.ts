/**
 * What EthereumJS is known to do otherwise than the specification says, and how it is brought in
 * line, so that nothing has to be left out of the comparison.
 */
import type { Case, CaseTransaction } from './case.ts';
import type { Outcome } from './outcome.ts';

export interface KnownBug {
  readonly what: string;
  /** The text that says otherwise. */
  readonly specification: string;
  /** Makes of EthereumJS's outcome what it should have been. */
  readonly correct: (outcome: Outcome, transaction: CaseTransaction, test: Case) => Outcome;
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
];

/** The outcome without the known bugs. */
export function corrected(outcome: Outcome, transaction: CaseTransaction, test: Case): Outcome {
  return KNOWN_BUGS.reduce((left, { correct }) => correct(left, transaction, test), outcome);
}
