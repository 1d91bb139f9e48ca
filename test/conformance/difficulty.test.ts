/** The difficulty tests of ethereum/tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nextDifficulty } from '../../src/chain/blocks/difficulty.ts';
import { NO_UNCLES_HASH } from '../../src/chain/blocks/header-rules.ts';
import { type ChainSpec, ForkTimeline } from '../../src/chain/chain-spec.ts';
import { networkSpec } from '../../src/cli/blocktest/networks.ts';
import { fixtures } from '../fixtures.ts';

/** File, and the network whose rules hold in all of its blocks. */
const FILES: readonly (readonly [path: string, network: string])[] = [
  ['dfFrontier/difficultyFrontier', 'Frontier'],
  ['dfHomestead/difficultyHomestead', 'Homestead'],
  ['dfByzantium/difficultyByzantium', 'Byzantium'],
  ['dfConstantinople/difficultyConstantinople', 'Constantinople'],
  ['dfEIP2384/difficultyEIP2384', 'MuirGlacier'],
  ['dfEIP2384/difficultyEIP2384_random', 'MuirGlacier'],
  ['dfEIP2384/difficultyEIP2384_random_to20M', 'MuirGlacier'],
  ['dfArrowGlacier/difficultyArrowGlacier', 'ArrowGlacier'],
  ['dfArrowGlacier/difficultyArrowGlacierForkBlock', 'ArrowGlacier'],
  ['dfArrowGlacier/difficultyArrowGlacierMinus1', 'ArrowGlacier'],
  ['dfArrowGlacier/difficultyArrowGlacierTimeDiff1', 'ArrowGlacier'],
  ['dfArrowGlacier/difficultyArrowGlacierTimeDiff2', 'ArrowGlacier'],
  ['dfGrayGlacier/difficultyGrayGlacier', 'GrayGlacier'],
  ['dfGrayGlacier/difficultyGrayGlacierForkBlock', 'GrayGlacier'],
  ['dfGrayGlacier/difficultyGrayGlacierMinus1', 'GrayGlacier'],
  ['dfGrayGlacier/difficultyGrayGlacierTimeDiff1', 'GrayGlacier'],
  ['dfGrayGlacier/difficultyGrayGlacierTimeDiff2', 'GrayGlacier'],
];

interface DifficultyTest {
  readonly parentTimestamp: string;
  readonly parentDifficulty: string;
  readonly parentUncles: string;
  readonly currentTimestamp: string;
  readonly currentBlockNumber: string;
  readonly currentDifficulty: string;
}

const folder = fixtures('ethereum-tests');

describe.skipIf(folder === undefined)('official difficulty tests', () => {
  for (const [path, network] of FILES) {
    it(path, () => {
      const source = readFileSync(join(folder ?? '', 'DifficultyTests', `${path}.json`), 'utf8');
      const cases = casesOf(JSON.parse(source));
      expect(cases.length).toBeGreaterThan(0);
      const spec = networkSpec(network, 1n, new Map());
      const timeline = new ForkTimeline(spec as ChainSpec);
      for (const [name, test] of cases) {
        const number = BigInt(test.currentBlockNumber);
        const timestamp = BigInt(test.currentTimestamp);
        const rules = timeline.at({ number, timestamp: 0n, parentTotalDifficulty: 0n });
        const parent = {
          number: number - 1n,
          timestamp: BigInt(test.parentTimestamp),
          difficulty: BigInt(test.parentDifficulty),
          hasUncles: hasUncles(test.parentUncles),
        };
        const difficulty = nextDifficulty(parent, timestamp, rules);
        expect(difficulty, name).toBe(BigInt(test.currentDifficulty));
      }
    });
  }
});

/** The hash of the uncles, or just whether there are any. */
function hasUncles(uncles: string): boolean {
  return uncles.length > 4 ? uncles !== NO_UNCLES_HASH : BigInt(uncles) !== 0n;
}

/** Tests stand at any depth, under names of suites and networks. */
function casesOf(value: unknown, name = ''): [string, DifficultyTest][] {
  if (typeof value !== 'object' || value === null) return [];
  if ('currentDifficulty' in value) return [[name, value as DifficultyTest]];
  return Object.entries(value).flatMap(([key, inner]) => casesOf(inner, `${name}/${key}`));
}
