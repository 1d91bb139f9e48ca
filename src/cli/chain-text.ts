/** A chain's rules as people read them. */

import type { ChainSpec } from '../chain/chain-spec.ts';
import { forkText } from '../chain/database/kept-spec.ts';

/** Its id, then a fork a line. */
export function chainText({ chainId, forks, daoFork, depositContract }: ChainSpec): string {
  const lines = [
    `chain ${chainId}`,
    ...forks.map((point) => `  ${forkText(point)}`),
    ...(daoFork === undefined ? [] : [`  the DAO’s fork at block ${daoFork}`]),
    ...(depositContract === undefined ? [] : [`  deposits at ${depositContract}`]),
  ];
  return lines.join('\n');
}
