/** Cases that a fuzzer has found, or that a planted bug has shown to be missing: they stay. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Case, readCase } from './case.ts';
import { type CompareOptions, createComparer } from './compare.ts';

const FOLDER = new URL('found/', import.meta.url);

for (const name of readdirSync(FOLDER)) {
  if (!name.endsWith('.json')) continue;
  test(`${name}: EthereumJS and all tiers agree`, async () => {
    const found = readCase(readFileSync(new URL(name, FOLDER), 'utf8')) as Case & CompareOptions;
    const { forcing = {} } = found;
    const { difference } = await createComparer(found.fork).compare(found, {
      forcing,
      steps: new Set(found.transactions.keys()),
    });
    expect(difference).toBeUndefined();
  });
}
