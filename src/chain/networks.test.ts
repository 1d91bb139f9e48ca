import { describe, expect, it } from 'vitest';
import { ForkTimeline } from './chain-spec.ts';
import { MAINNET } from './networks.ts';

/** Block, timestamp and what holds there, from the announcements of the forks. */
const PLACES = [
  [0n, 0n, 'frontier', 0n],
  [1_150_000n, 0n, 'homestead', 0n],
  [4_369_999n, 0n, 'spuriousDragon', 0n],
  [4_370_000n, 0n, 'byzantium', 3_000_000n],
  [7_280_000n, 0n, 'petersburg', 5_000_000n],
  [9_199_999n, 0n, 'istanbul', 5_000_000n],
  [9_200_000n, 0n, 'istanbul', 9_000_000n],
  [12_244_000n, 0n, 'berlin', 9_000_000n],
  [12_965_000n, 0n, 'london', 9_700_000n],
  [13_773_000n, 0n, 'london', 10_700_000n],
  [15_050_000n, 0n, 'london', 11_400_000n],
] as const;

describe('mainnet', () => {
  const timeline = new ForkTimeline(MAINNET);

  it('has each fork of proof of work and its bomb in its place', () => {
    for (const [number, timestamp, fork, bombDelay] of PLACES) {
      const rules = timeline.at({ number, timestamp, parentTotalDifficulty: 0n });
      expect([number, rules.rules.fork, rules.bombDelay]).toEqual([number, fork, bombDelay]);
    }
  });

  it('merges by total difficulty, then forks by time', () => {
    const terminal = 58_750_000_000_000_000_000_000n;
    const at = (parentTotalDifficulty: bigint, timestamp: bigint) =>
      timeline.at({ number: 24_000_000n, timestamp, parentTotalDifficulty });
    expect(at(terminal - 1n, 1_663_224_000n).rules.fork).toBe('london');
    expect(at(terminal, 1_663_224_000n).rules.fork).toBe('paris');
    expect(at(terminal, 1_746_612_311n).rules.fork).toBe('prague');
    expect(at(terminal, 1_746_612_311n).blobs?.max).toBe(9);
    expect(at(terminal, 1_765_290_071n).blobs).toMatchObject({ target: 10, max: 15 });
    expect(at(terminal, 1_767_747_671n).rules.maxBlobsBlock).toBe(21);
  });
});
