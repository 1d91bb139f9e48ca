/**
 * How blocks would go on more cores than this machine has: their transactions, recorded with what
 * they read and write and how long they take, scheduled on 1 to 128 simulated cores by the
 * scheduler of parallel execution (bench/parallel/simulate.ts).
 *
 *   node bench/parallel.ts [--cores N]... [--window N] [--filter RE] [--plot FILE.svg] [--tiny]
 *
 * For each block the speed-up against one core without a scheduler, how many executions were in
 * vain, and what the longest chain of transactions that read each other's writes allows.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { compileWorkloads } from '../src/cli/bench/workloads/compile.ts';
import { longestChain } from '../src/cli/explain-block/longest-chain.ts';
import { compileRuntime } from '../test/runtime-internals.ts';
import { mainnetBlocks } from './blocks/mainnet.ts';
import { makeSenders, scenarios } from './blocks/scenario.ts';
import { conflicting, ofMainnet, ofScenario, transfers } from './parallel/blocks.ts';
import { plotSpeedUps, type SpeedUps } from './parallel/plot.ts';
import { recordBlock } from './parallel/record.ts';
import type { Recordable } from './parallel/recordable.ts';
import { Simulator } from './parallel/simulate.ts';

requireBuild();
const { values } = parseArgs({
  options: {
    cores: {
      type: 'string',
      multiple: true,
      default: ['1', '2', '4', '8', '16', '32', '64', '128'],
    },
    window: { type: 'string', default: '512' },
    filter: { type: 'string', default: '' },
    plot: { type: 'string' },
    tiny: { type: 'boolean', default: false },
  },
});
const CORES = values.cores.map(Number);
const WINDOW = Number(values.window);
/** Microseconds, as on an EPYC (Zen 5): measured but for `wake`, which is what a futex takes. */
const COSTS = { compare: 0.1, step: 0.25, keep: 0.5, wake: 5 };
const SENDERS = values.tiny ? 60 : 1_200;

const missing = (what: string): void => console.error(`left out: ${what}`);
const module = await compileRuntime(['parallel/tasks']);
const filter = new RegExp(values.filter);
const all: SpeedUps[] = [];

for (const [name, make] of blocks()) {
  if (!filter.test(name)) continue;
  const transactions = await recordBlock(await make());
  const alone = transactions.reduce((sum, { micros }) => sum + micros, 0);
  const limit = alone / longestChain(transactions).micros;
  const speedUps = CORES.map((cores) => {
    const simulator = new Simulator(module, transactions, { window: WINDOW, costs: COSTS });
    const { micros, inVain } = simulator.run(cores);
    return { cores, speedUp: alone / micros, inVain };
  });
  all.push({ name, limit, speedUps });
  const said = speedUps.map(({ cores, speedUp, inVain }) => {
    return `${cores}: ${speedUp.toFixed(2)} x${inVain > 0 ? ` (${inVain} in vain)` : ''}`;
  });
  const what = `${transactions.length} transactions, ${(alone / 1_000).toFixed(1)} ms`;
  console.log(`${name}: ${what}, at most ${limit.toFixed(1)} x\n  ${said.join(', ')}`);
}
if (values.plot !== undefined) writeFileSync(values.plot, plotSpeedUps(all));
process.exit();

function* blocks(): Generator<readonly [string, () => Promise<Recordable> | Recordable]> {
  const senders = makeSenders(SENDERS);
  yield ['transfers of ether', () => transfers(senders)];
  yield ['one slot, counted up', () => conflicting(senders)];
  if (values.tiny) return;
  const compiled = compileWorkloads(missing);
  if (compiled === undefined) throw new Error('the scenarios need solc: npm ci');
  for (const scenario of scenarios(compiled, senders, missing)) {
    yield [scenario.name, () => ofScenario(scenario, senders)];
  }
  const folder = join(process.env['IRONFLY_FIXTURES'] ?? '.cache/fixtures', 'pevm-mainnet-blocks');
  if (!existsSync(folder)) {
    missing('the mainnet blocks (set IRONFLY_FIXTURES to where the fixtures are unpacked)');
    return;
  }
  for (const block of mainnetBlocks(folder)) {
    yield [`block ${block.number} of mainnet`, () => ofMainnet(block)];
  }
}
