/**
 * `ironfly blocktest`: runs official blockchain tests and says which fail and why.
 *
 * Output: a line a failure and a summary; with --json one object a test and a last one with the
 * sums. Exit code 0 when all pass, 1 on any failure, 2 on wrong usage.
 */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { WORKERS_MAX } from '../chain/workers.ts';
import type { Engine } from '../evm/types.ts';
import type { BlockTestResult } from './blocktest/run.ts';
import type { WorkerSetup } from './blocktest/worker.ts';
import { type PoolResult, runPool, workerProgram } from './file-pool.ts';
import { engineOption, wholeNumber } from './options.ts';
import { ProgressLine, parseJobs, parseRegExp, printTotals, type Totals } from './test-report.ts';

const SEED_MAX = 2 ** 31 - 1;
const PLACES = ['memory', 'disk'] as const;

interface Options {
  readonly engine: Engine;
  readonly database: (typeof PLACES)[number];
  readonly filter?: string;
  readonly workers: number;
  readonly seed: number;
  readonly jobs: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('blocktest')
    .description('run official blockchain tests (execution-spec-tests and the older format)')
    .argument('<path...>', 'test files, or folders that hold them')
    .addOption(engineOption())
    .option('--filter <regexp>', 'only tests whose path::name matches', parseRegExp)
    .addOption(
      new Option(
        '--database <place>',
        'where each test’s database lies; on disk it is opened twice',
      )
        .choices(PLACES)
        .default('memory'),
    )
    .addOption(
      new Option('--workers <count>', 'threads that execute each block, however small it is')
        .argParser(wholeNumber(1, WORKERS_MAX))
        .default(1),
    )
    .addOption(
      new Option('--seed <number>', 'workers dawdle by chance, which begins with this number')
        .argParser(wholeNumber(0, SEED_MAX))
        .default(0),
    )
    .option('--jobs <count>', 'threads', parseJobs, availableParallelism())
    .option('--json', 'print one JSON object a test, and last the sums')
    .action(async (paths: string[], options: Options) => {
      process.exitCode = await blockTest(paths, options);
    });
}

/** Runs the command; gives its exit code. */
export async function blockTest(paths: readonly string[], options: Options): Promise<number> {
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) {
    process.stderr.write(`ironfly blocktest: there is no file or folder ${missing}\n`);
    return 2;
  }
  const { engine, workers, seed, filter, jobs, database } = options;
  const json = options.json === true;
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const progress = new ProgressLine({ json });
  const choice = filter === undefined ? {} : { filter };
  await runBlockTests(
    paths,
    {
      machine: { engine, workers, seed, spreadFrom: 1 },
      choice,
      jobs,
      onDisk: database === 'disk',
    },
    {
      file: (path, result) => {
        progress.clear();
        printFile(path, result, json, totals);
      },
      progress: (done, total) => progress.draw(done, total, totals),
    },
  );
  progress.clear();
  printTotals('blocktest', 'paths and --filter', totals, json);
  return totals.failed > 0 ? 1 : 0;
}

export interface BlockTestSetup extends Omit<WorkerSetup, 'folder'> {
  readonly jobs: number;
  /** Each test's database is on the disk, and opened again at its end. */
  readonly onDisk?: boolean;
}

/** Runs files of blockchain tests on several threads. */
export async function runBlockTests(
  paths: readonly string[],
  { jobs, onDisk = false, ...given }: BlockTestSetup,
  report: Parameters<typeof runPool<BlockTestResult>>[1],
): Promise<void> {
  const worker = workerProgram('./blocktest/worker', import.meta.url);
  if (!onDisk) return runPool({ paths, jobs, setup: given, worker }, report);
  const folder = await mkdtemp(join(tmpdir(), 'ironfly-blocktest-'));
  try {
    const setup: WorkerSetup = { ...given, folder };
    await runPool({ paths, jobs, setup, worker }, report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function printFile(
  path: string,
  { results, error }: PoolResult<BlockTestResult>,
  json: boolean,
  totals: Totals,
): void {
  const lines: string[] = [];
  if (error !== undefined) {
    totals.failed++;
    const failure = { name: path, network: '', pass: false, error };
    lines.push(json ? JSON.stringify(failure) : `FAIL ${error}`);
  }
  for (const result of results) {
    if (result.pass) totals.passed++;
    else totals.failed++;
    if (json) lines.push(JSON.stringify(result));
    else if (!result.pass) lines.push(`FAIL ${path} ${result.name}\n     ${result.error}`);
  }
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}
