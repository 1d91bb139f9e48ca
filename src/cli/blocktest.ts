/**
 * `ironfly blocktest`: runs official blockchain tests and says which fail and why.
 *
 * Output: a line a failure and a summary; with --json one object a test and a last one with the
 * sums. Exit code 0 when all pass, 1 on any failure, 2 on wrong usage.
 */

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import type { Engine } from '../evm/types.ts';
import type { BlockTestResult } from './blocktest/run.ts';
import type { WorkerSetup } from './blocktest/worker.ts';
import { type PoolResult, runPool, workerProgram } from './file-pool.ts';
import { ProgressLine, parseJobs, parseRegExp, printTotals, type Totals } from './test-report.ts';

const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];

interface Options {
  readonly engine: Engine;
  readonly filter?: string;
  readonly jobs: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('blocktest')
    .description('run official blockchain tests (execution-spec-tests and the older format)')
    .argument('<path...>', 'test files, or folders that hold them')
    .addOption(new Option('--engine <engine>', 'what executes').choices(ENGINES).default('auto'))
    .option('--filter <regexp>', 'only tests whose path::name matches', parseRegExp)
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
  const { engine, filter, jobs } = options;
  const json = options.json === true;
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const progress = new ProgressLine({ json });
  const choice = filter === undefined ? {} : { filter };
  await runBlockTests(
    paths,
    { machine: { engine }, choice, jobs },
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

/** Runs files of blockchain tests on several threads. */
export function runBlockTests(
  paths: readonly string[],
  { jobs, ...setup }: WorkerSetup & { readonly jobs: number },
  report: Parameters<typeof runPool<BlockTestResult>>[1],
): Promise<void> {
  const worker = workerProgram('./blocktest/worker', import.meta.url);
  return runPool({ paths, jobs, setup, worker }, report);
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
