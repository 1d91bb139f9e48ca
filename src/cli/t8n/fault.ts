/** Why the transition tool gives no result, and the exit code that others give for the like. */

import { IronflyError } from '../../base/errors.ts';

export type TransitionFault =
  | 't8n/execution'
  | 't8n/configuration'
  | 't8n/missing block hash'
  | 't8n/json'
  | 't8n/file'
  | 't8n/rlp';

/** Those of geth's `evm t8n`, which its callers tell apart. */
export const EXIT_CODES: Readonly<Record<TransitionFault, number>> = {
  't8n/execution': 2,
  't8n/configuration': 3,
  't8n/missing block hash': 4,
  't8n/json': 10,
  't8n/file': 11,
  't8n/rlp': 12,
};

export class TransitionError extends IronflyError<TransitionFault> {}
