/**
 * What a contract costs that was not seen before: one call on `auto`, whose worker compiles beside
 * it, against one on the interpreter, each in a new machine, in turns. Outputs are compared.
 *
 *   node bench/cold.ts [--pairs N] [--filter RE]
 *
 * The first compilation of the process, which starts the worker, is made before and reported apart.
 * Two ratios: of the least of each, and the median of those of pairs, whose two calls are next to
 * each other. The least may be one call that ran while the machine was faster than ever else.
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { call, open, type Tier } from '../src/cli/bench/machine.ts';
import { geometricMean, median } from '../src/cli/bench/statistics.ts';
import { unseen, type Workload } from '../src/cli/bench/workload.ts';
import { loadWorkloads } from '../src/cli/bench/workloads.ts';

requireBuild();
const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '15' }, filter: { type: 'string', default: '' } },
});

const missing = (what: string) => console.log(`not there: ${what}`);
const workloads = loadWorkloads({ tiny: false, missing }).filter(({ name }) =>
  RegExp(values.filter).test(name),
);
const [first] = workloads;
if (first === undefined) throw new RangeError(`no workload matches ${values.filter}`);

function time(workload: Workload, tier: Tier): { ms: number; output: string } {
  return call(open(unseen(workload), tier));
}

/** The least: what other work on the machine adds is never taken away. */
function quiet(ms: readonly number[]): number {
  return Math.min(...ms);
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

const startMs = { interpreter: time(first, 'interpreter').ms, auto: time(first, 'auto').ms };
await new Promise((resolve) => setTimeout(resolve, 2_000));
console.log(
  `first of the process, ${first.name}: interpreter ${startMs.interpreter.toFixed(3)} ms, ` +
    `auto ${startMs.auto.toFixed(3)} ms`,
);

const ratios: number[] = [];
const pairRatios: number[] = [];
for (const workload of workloads) {
  const times: Record<Tier, number[]> = { interpreter: [], auto: [], compiler: [] };
  // V8 optimises the interpreter itself.
  for (let i = 0; i < 3; i++) time(workload, 'interpreter');
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    const order =
      pair % 2 === 0 ? (['interpreter', 'auto'] as const) : (['auto', 'interpreter'] as const);
    const outputs = new Set<string>();
    for (const tier of order) {
      const { ms, output } = time(workload, tier);
      times[tier].push(ms);
      outputs.add(output);
      await settle();
    }
    if (outputs.size !== 1) throw new Error(`${workload.name} differs: ${[...outputs].join(', ')}`);
  }
  const [interpreter, auto] = [quiet(times.interpreter), quiet(times.auto)];
  ratios.push(auto / interpreter);
  const ofPairs = median(times.auto.map((ms, i) => ms / (times.interpreter[i] as number)));
  pairRatios.push(ofPairs);
  const columns = [interpreter, auto].map((ms) => ms.toFixed(3).padStart(9)).join(' ');
  const both = [auto / interpreter, ofPairs].map((ratio) => `${ratio.toFixed(2)} x`).join('  ');
  console.log(`${workload.name.padEnd(36)} ${columns} ${both}`);
}
for (const [what, all] of [
  ['of the least', ratios],
  ['median of pairs', pairRatios],
] as const) {
  const mean = geometricMean(all).toFixed(3);
  console.log(`${what}: geometric mean ${mean} x, largest ${Math.max(...all).toFixed(2)} x`);
}
