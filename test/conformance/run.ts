/**
 * `npm run conformance`: every official state, blockchain and VM test on every engine, and, where
 * there are no fixtures too, the differential suite beside EthereumJS.
 *
 *   node test/conformance/run.ts [--engine E]... [--suite S]... [--sample N] [--jobs N]
 *
 * --sample N runs one case in N, always the same ones. Prints failures as they come, then a table,
 * and as the last line {"passed":N,"failed":N,"skipped":N}. Suites whose fixtures are missing count
 * as one skipped each and are named. Exit code 1 on any failure, 2 on wrong usage.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireBuild } from '../../scripts/built.ts';
import type { MachineOptions as ChainMachineOptions } from '../../src/chain/machines.ts';
import type { BlockTestResult } from '../../src/cli/blocktest/run.ts';
import { runBlockTests } from '../../src/cli/blocktest.ts';
import { runPool, workerProgram } from '../../src/cli/file-pool.ts';
import type { MachineOptions } from '../../src/cli/statetest/machine.ts';
import { runStateTestPool } from '../../src/cli/statetest/pool.ts';
import { openVmTestMachine, parseVmTests, runVmTest } from '../../src/cli/statetest/vmtest.ts';
import type { Engine } from '../../src/evm/types.ts';
import { fixtures } from '../fixtures.ts';
import { runDifferentialForks } from './differential-forks.ts';
import type { PayloadSetup } from './engine/worker.ts';
import { openConversationNode, readConversations, runConversation } from './rpc-conversations.ts';

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

interface Run {
  readonly folder: string;
  readonly machine: MachineOptions;
  readonly sample: number;
  readonly jobs: number;
}

interface Suite {
  readonly name: string;
  /** Folder of the fixtures, and the part of it that holds the tests. */
  readonly fixtures: string;
  readonly part: string;
  readonly run: (run: Run, totals: Totals) => Promise<void>;
}

/** Needs no fixtures; compares the engines with each other, too. */
const DIFFERENTIAL = 'differential';

const SUITES: readonly Suite[] = [
  { name: 'eest', fixtures: 'eest-v5.4.0', part: 'state_tests', run: runStateTests },
  { name: 'legacy', fixtures: 'legacytests-Cancun', part: 'GeneralStateTests', run: runStateTests },
  { name: 'blocks', fixtures: 'eest-v5.4.0', part: 'blockchain_tests', run: runBlocks },
  { name: 'chains', fixtures: 'legacytests-Cancun', part: 'BlockchainTests', run: runBlocks },
  { name: 'engine', fixtures: 'eest-v5.4.0', part: 'blockchain_tests', run: runPayloads },
  { name: 'engine', fixtures: 'legacytests-Cancun', part: 'BlockchainTests', run: runPayloads },
  { name: 'amsterdam', fixtures: 'eest-bal-v5.7.0', part: 'blockchain_tests', run: runBlocks },
  { name: 'parallel', fixtures: 'eest-v5.4.0', part: 'blockchain_tests', run: runSpread },
  { name: 'parallel', fixtures: 'legacytests-Cancun', part: 'BlockchainTests', run: runSpread },
  { name: 'parallel', fixtures: 'eest-bal-v5.7.0', part: 'blockchain_tests', run: runSpread },
  { name: 'rpc', fixtures: 'execution-apis', part: 'tests', run: runConversations },
  { name: 'vm', fixtures: 'legacytests-Constantinople', part: 'VMTests', run: runVmTests },
];

const SUITE_NAMES = [...new Set(SUITES.map(({ name }) => name)), DIFFERENTIAL];

/** BLAKE2F of 2^32 - 1 rounds, two minutes of one thread, is among them. */
const LONGEST = /stTimeConsuming/;

/** With `auto` the second visit compiles, so that calls move over in mid-run. */
const ENGINES: Readonly<Record<string, MachineOptions>> = {
  interpreter: { engine: 'interpreter' },
  compiler: { engine: 'compiler' },
  auto: { engine: 'auto', hotThreshold: 2 },
};

/** How blocks are spread: threads, and the number by which chance has them dawdle; 0 = not. */
const SPREADINGS = [2, 4, 8].flatMap((workers) => [0, 1, 2].map((seed) => ({ workers, seed })));
/** Of which a sample takes one in so many: another number of threads and another seed each. */
const SPREADINGS_SAMPLED = 4;

/** Failures printed a suite and engine; more are only counted. */
const FAILURES_SHOWN = 20;
/** Seconds between two lines of progress where the output is no terminal. */
const PROGRESS_SECONDS = 30;

requireBuild();
/** Results of the longest precompiles, for all engines. */
const sharedResults = mkdtempSync(join(tmpdir(), 'ironfly-conformance-'));

try {
  process.exitCode = await main();
} finally {
  rmSync(sharedResults, { recursive: true, force: true });
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', multiple: true, default: Object.keys(ENGINES) },
      suite: { type: 'string', multiple: true, default: SUITE_NAMES },
      sample: { type: 'string', default: '1' },
      jobs: { type: 'string', default: String(availableParallelism()) },
    },
  });
  const [sample, jobs] = [Number(values.sample), Number(values.jobs)];
  const suites = SUITES.filter(({ name }) => values.suite.includes(name));
  const unknown = values.engine.find((name) => ENGINES[name] === undefined);
  const wrong = values.suite.some((name) => !SUITE_NAMES.includes(name));
  if (unknown !== undefined || wrong || !(sample >= 1) || !(jobs >= 1)) {
    const names = SUITE_NAMES.join(', ');
    process.stderr.write(
      `conformance: engines are ${Object.keys(ENGINES).join(', ')}; suites are ${names}; ` +
        'sample and jobs are whole numbers from 1\n',
    );
    return 2;
  }
  const all: Totals = { passed: 0, failed: 0, skipped: 0 };
  const table: string[] = [];
  for (const suite of suites) {
    const base = fixtures(suite.fixtures);
    for (const engine of values.engine) {
      const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
      const start = performance.now();
      const machine = ENGINES[engine] as MachineOptions;
      if (base === undefined) totals.skipped = 1;
      else await suite.run({ folder: join(base, suite.part), machine, sample, jobs }, totals);
      table.push(row(suite.name, engine, totals, (performance.now() - start) / 1000));
      all.passed += totals.passed;
      all.failed += totals.failed;
      all.skipped += totals.skipped;
    }
  }
  if (values.suite.includes(DIFFERENTIAL)) {
    const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
    const start = performance.now();
    await runDifferentialForks(
      { engines: values.engine as Engine[], oneIn: sample, jobs },
      {
        passed: (count) => {
          totals.passed += count;
        },
        failed: (message) => fail(totals, message),
      },
    );
    const seconds = (performance.now() - start) / 1000;
    table.push(row(DIFFERENTIAL, values.engine.join('+').slice(0, 12), totals, seconds));
    all.passed += totals.passed;
    all.failed += totals.failed;
  }
  process.stdout.write(`${table.join('\n')}\n${JSON.stringify(all)}\n`);
  return all.failed > 0 ? 1 : 0;
}

function row(suite: string, engine: string, totals: Totals, seconds: number): string {
  const { passed, failed, skipped } = totals;
  const rate = Math.round((passed + failed) / Math.max(seconds, 0.001));
  return (
    `${suite.padEnd(12)} ${engine.padEnd(12)} ${String(passed).padStart(7)} passed ` +
    `${String(failed).padStart(6)} failed ${String(skipped).padStart(3)} skipped ` +
    `${seconds.toFixed(1).padStart(7)} s ${String(rate).padStart(6)}/s`
  );
}

async function runStateTests(run: Run, totals: Totals): Promise<void> {
  const { folder, machine, sample, jobs } = run;
  const progress = drawProgress(`${machine.engine} ${folder}`);
  await runStateTestPool(
    { paths: [folder], machine, choice: { oneIn: sample }, jobs, longest: LONGEST, sharedResults },
    {
      progress,
      file: (path, { results, error }) => {
        if (error !== undefined) fail(totals, error);
        for (const result of results) {
          if (result.pass) totals.passed++;
          else
            fail(totals, `${path} ${result.name} ${result.fork} ${result.index} ${result.error}`);
        }
      },
    },
  );
}

async function runBlocks(
  { folder, machine, sample, jobs }: Run & { readonly machine: ChainMachineOptions },
  totals: Totals,
): Promise<void> {
  const { workers, seed } = machine;
  const spread = workers === undefined ? '' : `${workers} workers, seed ${seed} `;
  await runBlockTests(
    [folder],
    { machine, choice: { oneIn: sample }, jobs },
    {
      progress: drawProgress(`${machine.engine} ${spread}${folder}`),
      file: (path, { results, error }) => {
        if (error !== undefined) fail(totals, `${spread}${error}`);
        for (const { pass, name, error: wrong } of results) {
          if (pass) totals.passed++;
          else fail(totals, `${spread}${path} ${name} ${wrong}`);
        }
      },
    },
  );
}

/** Blocks from the merge on as a consensus client sends them. */
async function runPayloads(
  { folder, machine, sample, jobs }: Run & { readonly machine: ChainMachineOptions },
  totals: Totals,
): Promise<void> {
  const setup: PayloadSetup = { machine: { ...machine, workers: 1 }, oneIn: sample };
  const worker = workerProgram('./engine/worker', import.meta.url);
  await runPool<BlockTestResult>(
    { paths: [folder], jobs, setup, worker },
    {
      progress: drawProgress(`payloads ${machine.engine} ${folder}`),
      file: (path, { results, error }) => {
        if (error !== undefined) fail(totals, error);
        for (const { pass, name, error: wrong } of results) {
          if (pass) totals.passed++;
          else fail(totals, `${path} ${name} ${wrong}`);
        }
      },
    },
  );
}

/** Requests to a node, and what geth answered. */
async function runConversations({ folder, machine, sample }: Run, totals: Totals): Promise<void> {
  const node = await openConversationNode(folder, { engine: machine.engine });
  const conversations = readConversations(folder).filter((_, index) => index % sample === 0);
  for (const conversation of conversations) {
    const { ok, name, message } = await runConversation(node, conversation);
    if (ok) totals.passed++;
    else fail(totals, `${name} ${message}`);
  }
  await node.close();
}

/** Every block on several threads, however small it is. */
async function runSpread(run: Run, totals: Totals): Promise<void> {
  for (const [index, { workers, seed }] of SPREADINGS.entries()) {
    if (run.sample > 1 && index % SPREADINGS_SAMPLED !== 0) continue;
    const machine = { ...run.machine, workers, seed, spreadFrom: 1 };
    await runBlocks({ ...run, machine }, totals);
  }
}

async function runVmTests({ folder, machine, sample }: Run, totals: Totals): Promise<void> {
  const evm = openVmTestMachine(machine);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort();
  for (const [index, name] of files.entries()) {
    if (index % sample !== 0) continue;
    for (const test of parseVmTests(readFileSync(join(folder, name), 'utf8'))) {
      let error: string | undefined;
      try {
        error = runVmTest(test, evm);
      } catch (cause) {
        error = `internal error: ${(cause as Error).stack}`;
      }
      if (error === undefined) totals.passed++;
      else fail(totals, `${name} ${test.name} ${error}`);
    }
  }
}

function fail(totals: Totals, message: string): void {
  totals.failed++;
  if (totals.failed <= FAILURES_SHOWN) process.stdout.write(`FAIL ${message}\n`);
}

function drawProgress(title: string): (done: number, total: number) => void {
  const terminal = process.stderr.isTTY === true;
  let last = performance.now();
  return (done, total) => {
    const now = performance.now();
    if (now - last < (terminal ? 0.1 : PROGRESS_SECONDS) * 1000) return;
    last = now;
    const text = `${title}: ${done} of ${total} files`;
    process.stderr.write(terminal ? `\r\x1b[K${text}` : `${text}\n`);
  };
}
