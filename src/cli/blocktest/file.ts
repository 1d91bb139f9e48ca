/** A file of blockchain tests, read and run. */

import { readFileSync } from 'node:fs';
import type { PoolResult } from '../file-pool.ts';
import { isSampled } from '../sample.ts';
import { parseBlockTests } from './fixture.ts';
import { type BlockTestResult, runBlockTest, type TestBed } from './run.ts';

/** Larger files are refused: the largest official one has 100 MB. */
const FILE_BYTES_MAX = 268_435_456;

/** Which tests are run. Plain data: it crosses to workers. */
export interface TestChoice {
  /** Only tests whose `path::name` matches this regular expression. */
  readonly filter?: string;
  /** Only one test in so many, always the same ones; 1 = all. */
  readonly oneIn?: number;
}

/** Runs the chosen tests of the file at `path`. A file that is none is an error. */
export async function runBlockTestFile(
  path: string,
  choice: TestChoice,
  bed: TestBed,
): Promise<PoolResult<BlockTestResult>> {
  const results: BlockTestResult[] = [];
  try {
    const source = readFileSync(path);
    if (source.length > FILE_BYTES_MAX) throw new Error(`the file has ${source.length} bytes`);
    const filter = choice.filter === undefined ? undefined : new RegExp(choice.filter);
    for (const test of parseBlockTests(source.toString('utf8'))) {
      if (filter?.test(`${path}::${test.name}`) === false) continue;
      if (!isSampled(test.name, choice.oneIn ?? 1)) continue;
      results.push(await runBlockTest(test, bed));
    }
  } catch (cause) {
    return { results, error: `${path}: ${(cause as Error).message}` };
  }
  return { results };
}
