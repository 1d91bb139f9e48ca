/**
 * What a contract costs that was not seen before: one call on `auto`, whose worker compiles beside
 * it, against one on the interpreter, each in a new machine, in turns. Outputs are compared.
 *
 *   node bench/cold.ts [--pairs N] [--filter RE] [--awake]
 *
 * The first compilation of the process, which starts the worker, is made before and reported apart,
 * and so are the next ten, in which V8 optimises the compiler.
 * --awake keeps the cores awake (awake.ts), or a call may wait for the compilation beside which it
 * should run.
 * Two ratios: of the least of each, and the median of those of pairs, whose two calls are next to
 * each other. The least may be one call that ran while the machine was faster than ever else.
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { call, open, type Tier } from '../src/cli/bench/machine.ts';
import { geometricMean, median } from '../src/cli/bench/statistics.ts';
import { unseen, type Workload } from '../src/cli/bench/workload.ts';
import { loadWorkloads } from '../src/cli/bench/workloads.ts';
import { keepAwake } from './awake.ts';

/** Whose compilation takes some time; where the filter leaves it out, the first that it takes. */
const FIRST = 'blake2b_shifts';

requireBuild();
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '15' },
    filter: { type: 'string', default: '' },
    awake: { type: 'boolean', default: false },
  },
});
if (values.awake) keepAwake();

const missing = (what: string) => console.log(`not there: ${what}`);
const workloads = loadWorkloads({ tiny: false, missing }).filter(({ name }) =>
  RegExp(values.filter).test(name),
);
const first = workloads.find(({ name }) => name === FIRST) ?? workloads[0];
if (first === undefined) throw new RangeError(`no workload matches ${values.filter}`);

function time(workload: Workload, tier: Tier): { ms: number; output: string } {
  return call(open(unseen(workload), tier));
}

/** The least: what other work on the machine adds is never taken away. */
function quiet(ms: readonly number[]): number {
  return Math.min(...ms);
}

/** Over the workloads, once on each tier. */
const PASSES_BEFORE = 4;

async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

const startMs = { interpreter: time(first, 'interpreter').ms, auto: time(first, 'auto').ms };
await new Promise((resolve) => setTimeout(resolve, 2_000));
console.log(
  `first of the process, ${first.name}: interpreter ${startMs.interpreter.toFixed(3)} ms, ` +
    `auto ${startMs.auto.toFixed(3)} ms`,
);

interface Compared {
  readonly interpreterMs: number;
  readonly autoMs: number;
  readonly ofLeast: number;
  readonly ofPairs: number;
}

/** So many calls on each tier. @throws Error where their outputs differ */
async function compare(workload: Workload, pairs: number): Promise<Compared> {
  const times: Record<Tier, number[]> = { interpreter: [], auto: [], compiler: [] };
  for (let pair = 0; pair < pairs; pair++) {
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
  const [interpreterMs, autoMs] = [quiet(times.interpreter), quiet(times.auto)];
  const ofPairs = median(times.auto.map((ms, i) => ms / (times.interpreter[i] as number)));
  return { interpreterMs, autoMs, ofLeast: autoMs / interpreterMs, ofPairs };
}

function print(name: string, { interpreterMs, autoMs, ofLeast, ofPairs }: Compared): void {
  const columns = [interpreterMs, autoMs].map((ms) => ms.toFixed(3).padStart(9)).join(' ');
  const both = [ofLeast, ofPairs].map((ratio) => `${ratio.toFixed(2)} x`).join('  ');
  console.log(`${name.padEnd(48)} ${columns} ${both}`);
}

// V8 optimises the interpreter in the calls before; and the compiler in its first compilations,
// with threads that take a core from the call where there are two.
for (let i = 0; i < 3; i++) time(first, 'interpreter');
print(`the first ten compilations, ${first.name}`, await compare(first, 10));
for (let pass = 0; pass < PASSES_BEFORE; pass++) {
  for (const workload of workloads) {
    for (const tier of ['interpreter', 'auto'] as const) time(workload, tier);
    await settle();
  }
}

const all: Compared[] = [];
for (const workload of workloads) {
  for (let i = 0; i < 3; i++) time(workload, 'interpreter');
  const compared = await compare(workload, Number(values.pairs));
  print(workload.name, compared);
  all.push(compared);
}
for (const [what, ratioOf] of [
  ['of the least', ({ ofLeast }: Compared) => ofLeast],
  ['median of pairs', ({ ofPairs }: Compared) => ofPairs],
] as const) {
  const ratios = all.map(ratioOf);
  const mean = geometricMean(ratios).toFixed(3);
  console.log(`${what}: geometric mean ${mean} x, largest ${Math.max(...ratios).toFixed(2)} x`);
}
