/**
 * `npm run models`: explores the models whole, at the sizes that are promised. Minutes, and some
 * gigabytes of memory; `npm test` explores them at smaller ones.
 *
 * Exit code 1 when something is violated.
 */
import { readFileSync } from 'node:fs';
import { canExplore, explore } from './explore.ts';

const MEMORY_MAX = 12_000;
const SIZES = [
  { WORKERS: 3, TRANSACTIONS: 4, AGAIN: 0, LARGE: 0 },
  { WORKERS: 3, TRANSACTIONS: 4, AGAIN: 0, LARGE: 0, LEFT: 2 },
  { WORKERS: 3, TRANSACTIONS: 3, AGAIN: 1, LARGE: 1 },
] as const;

const counts = { passed: 0, failed: 0, skipped: 0 };
if (canExplore()) {
  const model = readFileSync(new URL('./parallel.pml', import.meta.url), 'utf8');
  for (const constants of SIZES) {
    const named = Object.entries(constants).map(([name, value]) => `${name} ${value}`);
    const start = performance.now();
    const { states, fault } = explore(model, { constants, memoryMax: MEMORY_MAX });
    const seconds = ((performance.now() - start) / 1_000).toFixed(0);
    const said = `${states.toLocaleString('en')} states in ${seconds} s`;
    console.log(`parallel.pml, ${named.join(', ')}: ${said}: ${fault ?? 'nothing violated'}`);
    counts[fault === undefined ? 'passed' : 'failed'] += 1;
  }
} else {
  console.log('skipped: spin or a C compiler is missing (Debian: apt-get install spin gcc)');
  counts.skipped = SIZES.length;
}
console.log(JSON.stringify(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
