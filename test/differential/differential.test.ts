/**
 * A part of the differential suite: one scenario in many, of every family on every fork, another
 * one from fork to fork. All of it is `npm run conformance`.
 */
import { expect, test } from 'vitest';
import { forkIndex } from '../../src/evm/forks/names.ts';
import { PEER_FORKS } from './ethereumjs.ts';
import { createSuite, FAMILIES } from './suite.ts';

const ONE_IN = 60;

test.each(PEER_FORKS)('every family on %s: EthereumJS and all tiers agree', async (fork) => {
  const suite = createSuite(fork);
  for (const family of Object.keys(FAMILIES)) {
    const { failures } = await suite.run(family, { oneIn: ONE_IN, first: forkIndex(fork) });
    expect(failures).toEqual([]);
  }
});
