/** What proof of work paid: to the miner of a block and to those of its uncles. */

import type { Address } from '../../evm/types.ts';
import type { BlockRules } from '../chain-spec.ts';
import type { BlockHeader } from './header.ts';

const ETHER = 10n ** 18n;
/** Uncles come from up to so many blocks before. */
const UNCLE_DISTANCE = 8n;
/** Part of the reward for each uncle that a block names. */
const NEPHEW_DIVISOR = 32n;

export interface Reward {
  readonly address: Address;
  /** Wei. */
  readonly amount: bigint;
}

/** In the order of payment; none from Paris on. EIP-649, EIP-1234. */
export function blockRewards(
  header: Pick<BlockHeader, 'number' | 'coinbase'>,
  uncles: readonly BlockHeader[],
  { is }: Pick<BlockRules, 'is'>,
): Reward[] {
  if (is('paris')) return [];
  const reward = (is('constantinople') ? 2n : is('byzantium') ? 3n : 5n) * ETHER;
  const nephews = (reward / NEPHEW_DIVISOR) * BigInt(uncles.length);
  return [
    ...uncles.map(({ coinbase, number }) => ({
      address: coinbase,
      amount: (reward * (number + UNCLE_DISTANCE - header.number)) / UNCLE_DISTANCE,
    })),
    { address: header.coinbase, amount: reward + nephews },
  ];
}
