/** A sample of the official blockchain tests, sent to a node as payloads. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Machines } from '../../src/chain/machines.ts';
import { parseBlockTests } from '../../src/cli/blocktest/fixture.ts';
import { testFiles } from '../../src/cli/file-pool.ts';
import { isSampled } from '../../src/cli/sample.ts';
import { TrieMemory } from '../../src/state/trie-memory.ts';
import { fixtures } from '../fixtures.ts';
import { isOfPayloads, playPayloads } from './engine/payloads.ts';

const ONE_IN = 25;
const folder = fixtures('eest-v5.4.0');

test.skipIf(folder === undefined)('blockchain tests from Paris on, as payloads', async () => {
  const bed = {
    machines: new Machines({ engine: 'auto', workers: 1 }),
    trieMemory: new TrieMemory(),
  };
  const failed: string[] = [];
  let played = 0;
  for (const path of testFiles(join(folder ?? '', 'blockchain_tests'))) {
    for (const each of parseBlockTests(readFileSync(path, 'utf8'))) {
      if (!isSampled(each.name, ONE_IN) || !isOfPayloads(each)) continue;
      const wrong = await playPayloads(each, bed);
      played += 1;
      if (wrong !== undefined) failed.push(`${each.name}: ${wrong}`);
    }
  }
  expect(failed).toEqual([]);
  expect(played).toBeGreaterThan(20);
});
