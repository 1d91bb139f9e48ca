/**
 * Difficulty of a block of proof of work.
 *
 * Specifications: yellow paper, 4.4.4 (Frontier), EIP-2 (Homestead), EIP-100 (Byzantium), and the
 * delays of the bomb (EIP-649, EIP-1234, EIP-2384, EIP-3554, EIP-4345, EIP-5133).
 */

import type { BlockRules } from '../chain-spec.ts';

export interface DifficultyParent {
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly difficulty: bigint;
  readonly hasUncles: boolean;
}

const DIFFICULTY_MIN = 131_072n;
const BOUND_DIVISOR = 2048n;
const BOMB_PERIOD = 100_000n;
const ADJUSTMENT_MIN = -99n;
/** Frontier: a block slower than this lowers the difficulty. */
const DURATION_LIMIT = 13n;

/** Difficulty of the block after `parent` with the given timestamp. */
export function nextDifficulty(
  parent: DifficultyParent,
  timestamp: bigint,
  { is, bombDelay }: Pick<BlockRules, 'is' | 'bombDelay'>,
): bigint {
  const step = parent.difficulty / BOUND_DIVISOR;
  const adjusted = parent.difficulty + step * adjustment(parent, timestamp, is);
  const bounded = adjusted < DIFFICULTY_MIN ? DIFFICULTY_MIN : adjusted;
  const counted = parent.number + 1n - bombDelay;
  const period = (counted < 0n ? 0n : counted) / BOMB_PERIOD;
  if (period < 2n) return bounded;
  return bounded + 2n ** (period - 2n);
}

function adjustment(
  { timestamp: before, hasUncles }: DifficultyParent,
  timestamp: bigint,
  is: BlockRules['is'],
): bigint {
  const seconds = timestamp - before;
  if (!is('homestead')) return seconds < DURATION_LIMIT ? 1n : -1n;
  const factor = is('byzantium') ? (hasUncles ? 2n : 1n) - seconds / 9n : 1n - seconds / 10n;
  return factor < ADJUSTMENT_MIN ? ADJUSTMENT_MIN : factor;
}
