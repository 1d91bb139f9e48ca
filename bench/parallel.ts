/**
 * Blocks by several threads, really: execution alone, and all that comes of it beside the executor
 * that executes one transaction after another. And how they would go on more cores than there are:
 * transactions recorded with what they read, write and take, scheduled on 1 to 128 simulated cores
 * by the scheduler of parallel execution (bench/parallel/simulate.ts).
 *
 *   node bench/parallel.ts [--cores N]... [--threads N]... [--rounds N] [--filter RE]
 *                          [--plot FILE.svg] [--tiny]
 *
 * Each thread has a core of its own, where the machine has as many. `alone` is against one thread
 * that does the same; `whole` against the sequential executor. At most: what the longest chain of
 * transactions that read each other's writes allows.
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
import { computing, conflicting, ofMainnet, ofScenario, transfers } from './parallel/blocks.ts';
import { plotSpeedUps, type SpeedUps } from './parallel/plot.ts';
import { type RealRun, runReally } from './parallel/real.ts';
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
    threads: { type: 'string', multiple: true, default: ['1', '2'] },
    rounds: { type: 'string', default: '21' },
    filter: { type: 'string', default: '' },
    plot: { type: 'string' },
    tiny: { type: 'boolean', default: false },
  },
});
const CORES = values.cores.map(Number);
const THREADS = values.threads.map(Number);
const ROUNDS = values.tiny ? 1 : Number(values.rounds);
/** As far as a real job looks ahead. */
const WINDOW = 256;
/** Microseconds, measured on an EPYC (Zen 5) of two virtual cores. */
const COSTS = { compare: 0.04, step: 0.1, keep: 0.3, wake: 60 };
const SENDERS = values.tiny ? 60 : 1_200;

const missing = (what: string): void => console.error(`left out: ${what}`);
const module = await compileRuntime(['parallel/tasks']);
const filter = new RegExp(values.filter);
const all: SpeedUps[] = [];

for (const [name, make] of blocks()) {
  if (!filter.test(name)) continue;
  const block = await make();
  const real = await runReally(block, { threads: THREADS, rounds: ROUNDS });
  const transactions = await recordBlock(block);
  const machine = transactions.reduce((sum, { micros }) => sum + micros, 0);
  const limit = machine / longestChain(transactions).micros;
  const speedUps = CORES.map((cores) => {
    const simulator = new Simulator(module, transactions, { window: WINDOW, costs: COSTS });
    const { micros, inVain } = simulator.run(cores);
    return { cores, speedUp: machine / micros, inVain };
  });
  all.push({ name, limit, speedUps });
  const what = `${transactions.length} transactions, ${(machine / 1_000).toFixed(2)} ms`;
  console.log(`${name}: ${what}, at most ${limit.toFixed(2)} x`);
  console.log(`  real: ${sayReal(real)}`);
  console.log(`  simulated: ${speedUps.map(saySimulated).join(', ')}`);
}
if (values.plot !== undefined) writeFileSync(values.plot, plotSpeedUps(all));
process.exit();

function sayReal({ sequential, alone, whole, kept, again }: RealRun): string {
  const one = alone[THREADS[0] as number] as number;
  const said = THREADS.map((count) => {
    const [execution = 0, all = 0] = [alone[count], whole[count]];
    return (
      `${count}: alone ${execution.toFixed(2)} ms (${(one / execution).toFixed(2)} x), ` +
      `whole ${all.toFixed(2)} ms (${(sequential / all).toFixed(2)} x)`
    );
  });
  return `sequential ${sequential.toFixed(2)} ms; ${said.join('; ')}; ${kept} held, ${again} not`;
}

function saySimulated({ cores, speedUp, inVain }: SpeedUps['speedUps'][number]): string {
  return `${cores}: ${speedUp.toFixed(2)} x${inVain > 0 ? ` (${inVain} in vain)` : ''}`;
}

function* blocks(): Generator<readonly [string, () => Promise<Recordable> | Recordable]> {
  const senders = makeSenders(SENDERS);
  yield ['transfers of ether', () => transfers(senders)];
  yield ['a loop each', () => computing(senders)];
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
