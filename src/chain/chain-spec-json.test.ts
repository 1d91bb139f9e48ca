import { describe, expect, it } from 'vitest';
import type { ChainSpec } from './chain-spec.ts';
import { decodeChainSpec, encodeChainSpec } from './chain-spec-json.ts';
import { MAINNET } from './networks.ts';

const OWN: ChainSpec = {
  chainId: 2n ** 200n,
  forks: [
    { fork: 'london', bombDelay: 5n },
    { fork: 'paris', totalDifficulty: 7n },
    {
      fork: 'osaka',
      timestamp: 9n,
      rules: { maxCodeSize: 0, txGasLimit: 5n, warmth: false, transactionTypes: [0, 2] },
      blobs: { target: 1, max: 2, baseFeeUpdateFraction: 3n },
    },
  ],
  depositContract: `0x${'ab'.repeat(20)}`,
};

describe('a chain’s specification as JSON', () => {
  it.each([MAINNET, OWN])('is read as it was written', (spec) => {
    expect(decodeChainSpec(encodeChainSpec(spec))).toEqual(spec);
  });

  const point = (fields: object) => ({ chainId: '1', forks: [{ fork: 'london', ...fields }] });
  it.each([
    [[], 'the specification is []'],
    [{ forks: [] }, 'forks has no point'],
    [{ chainId: 1, forks: [{ fork: 'london' }] }, 'chainId is 1, not an integer'],
    [{ chainId: '01', forks: [{ fork: 'london' }] }, 'chainId is "01"'],
    [{ chainId: '-1', forks: [{ fork: 'london' }] }, 'chainId is "-1"'],
    [{ ...point({}), more: 1 }, 'the specification.more is no field'],
    [point({ fork: 'london2' }), 'forks[0].fork is "london2"'],
    [point({ Block: '1' }), 'forks[0].Block is no field'],
    [point({ rules: { maxCodeSize: '1' } }), 'forks[0].rules.maxCodeSize is "1"'],
    [point({ rules: { warmth: 1 } }), 'forks[0].rules.warmth is 1, where london has true'],
    [point({ rules: { transactionTypes: 1 } }), 'rules.transactionTypes is 1'],
    [point({ rules: { sstorePricing: [] } }), 'rules.sstorePricing is []'],
    [point({ rules: { other: 1 } }), 'forks[0].rules.other is no field'],
    [point({ blobs: { target: 1 } }), 'forks[0].blobs.max is missing'],
    [point({ blobs: { target: 0, max: 0, baseFeeUpdateFraction: '1' } }), 'blobs.max is 0'],
    [point({ blobs: { target: 2, max: 1, baseFeeUpdateFraction: '1' } }), 'blobs.max is 1'],
    [point({ blobs: { target: 1, max: 1, baseFeeUpdateFraction: '0' } }), 'Fraction is 0'],
    [{ ...point({}), depositContract: '0x12' }, 'depositContract is "0x12"'],
    [{ chainId: '1', forks: [{ fork: 'paris' }, { fork: 'london' }] }, 'which comes before paris'],
  ])('is refused: %j', (given, message) => {
    expect(() => decodeChainSpec(JSON.stringify(given))).toThrow(message);
  });

  it('is refused when it is no JSON, or endless', () => {
    expect(() => decodeChainSpec('{')).toThrow('is not JSON');
    expect(() => decodeChainSpec(' '.repeat(2 ** 20 + 1))).toThrow('1048577 characters');
  });
});
