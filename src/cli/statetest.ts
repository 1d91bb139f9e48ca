/**
 * `ironfly statetest`: runs official state tests and says which cases fail and why.
 *
 * Output: a line a failure and a summary; with --json one object a case and a last one with the
 * sums, on standard output alone; with --trace EIP-3155 lines on standard error, as differential
 * fuzzers expect them. Exit code 0 when all pass, 1 on any failure, 2 on wrong usage.
 */

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { findFork } from '../evm/forks/names.ts';
import type { Engine } from '../evm/types.ts';
import { testFiles } from './file-pool.ts';
import { engineOption } from './options.ts';
import type { CaseChoice, FileResult } from './statetest/cases.ts';
import { runFile } from './statetest/file.ts';
import { openMachine } from './statetest/machine.ts';
import { runStateTestPool } from './statetest/pool.ts';
import type { CaseResult } from './statetest/run.ts';
import { ProgressLine, parseJobs, parseRegExp, printTotals, type Totals } from './test-report.ts';

interface Options {
  readonly engine: Engine;
  readonly fork?: string;
  readonly filter?: string;
  readonly jobs: number;
  readonly json?: true;
  readonly trace?: true;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('statetest')
    .description('run official state tests (execution-spec-tests and the older format)')
    .argument('<path...>', 'test files, or folders that hold them')
    .addOption(engineOption())
    .option('--fork <name>', 'only cases of this fork', parseFork)
    .option('--filter <regexp>', 'only cases whose path::name::fork::index matches', parseRegExp)
    .option('--jobs <count>', 'threads', parseJobs, availableParallelism())
    .option('--json', 'print one JSON object a case, and last the sums')
    .option('--trace', 'write each step to standard error as EIP-3155 has it, on one thread')
    .action(async (paths: string[], options: Options) => {
      process.exitCode = await stateTest(paths, options);
    });
}

/** Runs the command; gives its exit code. */
export async function stateTest(paths: readonly string[], options: Options): Promise<number> {
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) {
    process.stderr.write(`ironfly statetest: there is no file or folder ${missing}\n`);
    return 2;
  }
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const { engine, fork, filter } = options;
  const choice = {
    ...(fork === undefined ? {} : { fork }),
    ...(filter === undefined ? {} : { filter }),
  };
  const json = options.json === true;
  const progress = new ProgressLine({ json });
  const report = (path: string, result: FileResult): void => {
    progress.clear();
    printFile(path, result, json, totals);
  };
  const finish = () => printTotals('statetest', 'paths, --fork, --filter', totals, json);
  if (options.trace === true) {
    await traceFiles(paths, engine, choice, report);
    finish();
    return totals.failed > 0 ? 1 : 0;
  }
  const { jobs } = options;
  await runStateTestPool(
    { paths, machine: { engine }, choice, jobs },
    { file: report, progress: (done, total) => progress.draw(done, total, totals) },
  );
  progress.clear();
  finish();
  return totals.failed > 0 ? 1 : 0;
}

/** Runs all files in this thread, their steps and state roots on standard error. */
async function traceFiles(
  paths: readonly string[],
  engine: Engine,
  choice: CaseChoice,
  report: (path: string, result: FileResult) => void,
): Promise<void> {
  const onTrace = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const machine = openMachine({ engine, onTrace });
  for (const path of paths.flatMap(testFiles)) {
    const onCase = ({ stateRoot }: CaseResult): void => onTrace(JSON.stringify({ stateRoot }));
    report(path, await runFile(path, choice, machine, onCase));
  }
}

function printFile(path: string, result: FileResult, json: boolean, totals: Totals): void {
  const lines: string[] = [];
  if (result.error !== undefined) {
    totals.failed++;
    const failure = { name: path, fork: '', index: 0, pass: false, error: result.error };
    lines.push(json ? JSON.stringify({ ...failure, stateRoot: '' }) : `FAIL ${result.error}`);
  }
  for (const item of result.results) {
    if (item.pass) totals.passed++;
    else totals.failed++;
    if (json) {
      const { name, fork, index, pass, error, stateRoot } = item;
      lines.push(JSON.stringify({ name, fork, index, pass, error, stateRoot }));
    } else if (!item.pass) {
      lines.push(`FAIL ${path} ${item.name} ${item.fork} ${item.index}\n     ${item.error}`);
    }
  }
  if (lines.length === 0) return;
  process.stdout.write(`${lines.join('\n')}\n`);
}

function parseFork(text: string): string {
  if (findFork(text) !== undefined) return text;
  throw new InvalidArgumentError(`${text} is not a fork; give a name such as Cancun.`);
}
