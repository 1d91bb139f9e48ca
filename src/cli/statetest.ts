/**
 * `ironfly statetest`: runs official state tests and says which cases fail and why.
 *
 * Output: a line a failure and a summary; with --json one object a case and a last one with the
 * sums, on standard output alone; with --trace EIP-3155 lines on standard error, as differential
 * fuzzers expect them. Exit code 0 when all pass, 1 on any failure, 2 on wrong usage.
 */

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { findFork } from '../evm/forks/names.ts';
import type { Engine } from '../evm/types.ts';
import type { CaseChoice, FileResult } from './statetest/cases.ts';
import { runFile } from './statetest/file.ts';
import { openMachine } from './statetest/machine.ts';
import { runPool, testFiles } from './statetest/pool.ts';
import type { CaseResult } from './statetest/run.ts';

const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];

interface Options {
  readonly engine: Engine;
  readonly fork?: string;
  readonly filter?: string;
  readonly jobs: number;
  readonly json?: true;
  readonly trace?: true;
}

/** Sums of a run. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('statetest')
    .description('run official state tests (execution-spec-tests and the older format)')
    .argument('<path...>', 'test files, or folders that hold them')
    .addOption(new Option('--engine <engine>', 'what executes').choices(ENGINES).default('auto'))
    .option('--fork <name>', 'only cases of this fork', parseFork)
    .option('--filter <regexp>', 'only cases whose path::name::fork::index matches', parseRegExp)
    .option('--jobs <count>', 'threads', parseCount, availableParallelism())
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
  const report = (path: string, result: FileResult): void => {
    printFile(path, result, options.json === true, totals);
  };
  if (options.trace === true) {
    await traceFiles(paths, engine, choice, report);
    printTotals(totals, options.json === true);
    return totals.failed > 0 ? 1 : 0;
  }
  const progress = showsProgress(options) ? drawProgress(totals) : undefined;
  const { jobs } = options;
  await runPool(
    { paths, machine: { engine }, choice, jobs },
    { file: report, ...(progress && { progress }) },
  );
  if (progress !== undefined) clearLine();
  printTotals(totals, options.json === true);
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
  if (!json && process.stderr.isTTY) clearLine();
  process.stdout.write(`${lines.join('\n')}\n`);
}

function printTotals({ passed, failed, skipped }: Totals, json: boolean): void {
  if (passed + failed === 0) {
    process.stderr.write(
      'ironfly statetest: no case was chosen; look at paths, --fork, --filter\n',
    );
  }
  const text = json
    ? JSON.stringify({ passed, failed, skipped })
    : `${passed} passed, ${failed} failed, ${skipped} skipped`;
  process.stdout.write(`${text}\n`);
}

function showsProgress({ json }: Options): boolean {
  return process.stderr.isTTY === true && json !== true;
}

/** Milliseconds between two drawings of the progress line. */
const PROGRESS_INTERVAL_MS = 100;

function drawProgress(totals: Totals): (done: number, total: number) => void {
  let last = 0;
  return (done, total) => {
    const now = Date.now();
    if (now - last < PROGRESS_INTERVAL_MS && done < total) return;
    last = now;
    const { passed, failed } = totals;
    process.stderr.write(`\r\x1b[K${done}/${total} files, ${passed} passed, ${failed} failed`);
  };
}

function clearLine(): void {
  process.stderr.write('\r\x1b[K');
}

function parseFork(text: string): string {
  if (findFork(text) !== undefined) return text;
  throw new InvalidArgumentError(`${text} is not a fork; give a name such as Cancun.`);
}

function parseRegExp(text: string): string {
  try {
    new RegExp(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

const JOBS_MAX = 256;

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= JOBS_MAX) return count;
  throw new InvalidArgumentError(`${text} is not a whole number from 1 to ${JOBS_MAX}.`);
}
