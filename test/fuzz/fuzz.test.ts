/** The fuzzer, briefly: seeds that are always the same, on every fork. */
import { expect, test } from 'vitest';
import { PEER_FORKS } from '../differential/ethereumjs.ts';
import { createCampaign } from './campaign.ts';
import { Random } from './random.ts';

const ROUNDS = 2;

test.each(PEER_FORKS)('random transactions on %s: EthereumJS and all tiers agree', async (fork) => {
  const campaign = createCampaign();
  for (let round = 0; round < ROUNDS; round++) {
    const { comparison } = await campaign.round(fork, `smoke ${round}`);
    expect({ round, difference: comparison.difference }).toEqual({ round, difference: undefined });
  }
});

test('a seed gives the same numbers again, and another seed others', () => {
  const drawn = (seed: string) => {
    const random = new Random(seed);
    return Array.from({ length: 8 }, () => random.u32());
  };
  expect(drawn('one')).toEqual(drawn('one'));
  expect(drawn('one')).not.toEqual(drawn('two'));
});
