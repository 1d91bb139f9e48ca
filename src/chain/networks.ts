/** Ethereum's networks as data. Sources: EIP-2387 to EIP-7892's tables, and geth's `params`. */

import { BLOB_PARAMETER_ONLY } from '../evm/forks/blob.ts';
import { MAINNET as MAINNET_FORKS } from '../evm/forks/schedule.ts';
import type { ChainSpec, ForkPoint } from './chain-spec.ts';

/** Difficulty of all blocks up to the merge: EIP-3675. */
const TERMINAL_TOTAL_DIFFICULTY = 58_750_000_000_000_000_000_000n;

/** What moved the difficulty bomb and nothing else: EIP-2384, EIP-4345, EIP-5133. */
const GLACIERS: readonly ForkPoint[] = [
  { fork: 'istanbul', block: 9_200_000n, bombDelay: 9_000_000n },
  { fork: 'london', block: 13_773_000n, bombDelay: 10_700_000n },
  { fork: 'london', block: 15_050_000n, bombDelay: 11_400_000n },
];

/** Ethereum's main network. */
export const MAINNET: ChainSpec = {
  chainId: 1n,
  daoFork: 1_920_000n,
  forks: MAINNET_FORKS.flatMap((point): ForkPoint[] => {
    if (point.fork === 'istanbul' || point.fork === 'london') {
      return [point, ...GLACIERS.filter(({ fork }) => fork === point.fork)];
    }
    if (point.fork === 'paris') {
      return [{ fork: 'paris', totalDifficulty: TERMINAL_TOTAL_DIFFICULTY }];
    }
    const max = point.rules?.maxBlobsBlock;
    if (max === undefined) return [point];
    const blobs = Object.values(BLOB_PARAMETER_ONLY).find((schedule) => schedule.max === max);
    if (blobs === undefined) return [point];
    // The blobs say how many a block has: as a genesis file's chain, so that both are one.
    const { rules: _, ...place } = point;
    return [{ ...place, blobs }];
  }),
};
