import { expect, it } from 'vitest';
import { BLOB_PARAMETER_ONLY } from '../evm/forks/blob.ts';
import { networkSpec } from './blocktest/networks.ts';
import { network } from './network.ts';

const { bpo1, bpo2 } = BLOB_PARAMETER_ONLY;

it('forks of blobs alone have their own', () => {
  expect(network('BPO1', 5n)).toEqual({ chainId: 5n, forks: [{ fork: 'osaka', blobs: bpo1 }] });
  expect(network('OsakaToBPO1AtTime15k', 1n)?.forks).toEqual([
    { fork: 'osaka' },
    { fork: 'osaka', blobs: bpo1, timestamp: 15_000n },
  ]);
  expect(network('BPO1ToBPO2AtTime15k', 1n)?.forks[1]).toMatchObject({ blobs: bpo2 });
});

it('a fork whose blobs nobody gave is none', () => {
  for (const name of ['BPO3', 'BPO2ToBPO3AtTime15k', 'BPO4ToOsakaAtTime1']) {
    expect(network(name, 1n)).toBeUndefined();
  }
  expect(networkSpec('BPO1', 1n, new Map())).toBeUndefined();
  expect(networkSpec('BPO3', 1n, new Map([['BPO3', bpo1]]))?.forks).toEqual([
    { fork: 'osaka', blobs: bpo1 },
  ]);
});

it('mainnet is known', () => {
  expect(network('mainnet', 1n)?.daoFork).toBe(1_920_000n);
});
