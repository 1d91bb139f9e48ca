/**
 * The dearest input of each precompile, in millions of gas a second:
 *
 *   node bench/precompiles.ts [--filter RE] [--ms N] [--all]
 *
 * Columns: the fast set and the portable set called directly, EthereumJS's function, and the fast
 * set as a contract calls it in a loop (calling included, in time and in gas), by which the dearest
 * input is chosen. Medians of five slices, the columns in turns; time is the thread's CPU time, so
 * that other work on the machine counts less; outputs are compared before anything is timed. --all
 * shows every input, --ms says how long a slice is (default 100).
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { median } from '../src/cli/bench/statistics.ts';
import { FAST } from '../src/evm/precompiles/fast/libraries.ts';
import { PORTABLE } from '../src/evm/precompiles/portable/libraries.ts';
import { contractRun, ethereumJsRun, gasOf, type Run, setRun } from './precompiles/engines.ts';
import { type Case, inputs } from './precompiles/inputs.ts';

/** What the issue asks for. */
const TARGET = 15;
const SLICES = 5;
const COLUMNS = ['fast set', 'portable set', 'EthereumJS', 'in a contract'] as const;

interface Result {
  readonly of: Case;
  readonly gas: bigint;
  /** Millions of gas a second, in the order of COLUMNS. */
  readonly speeds: readonly (number | undefined)[];
}

requireBuild();
const { values } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    ms: { type: 'string', default: '100' },
    all: { type: 'boolean', default: false },
  },
});
const sliceMs = Number(values.ms);
if (!(sliceMs > 0)) throw new RangeError(`--ms ${values.ms}: milliseconds above 0`);

const pattern = new RegExp(values.filter);
const results: Result[] = [];
for (const of of inputs().filter(({ precompile }) => pattern.test(precompile))) {
  process.stderr.write(`${of.precompile}, ${of.what}\n`);
  results.push(await measure(of));
}
print(values.all ? results : dearest(results));

async function measure(of: Case): Promise<Result> {
  const gas = gasOf(of);
  const runs: readonly (Run | undefined)[] = [
    setRun(FAST, of),
    setRun(PORTABLE, of),
    await ethereumJsRun(of),
  ];
  const outputs = await Promise.all(runs.map((run) => run?.()));
  for (const [i, output] of outputs.entries()) {
    if (runs[i] !== undefined && output !== outputs[0]) {
      throw new Error(`${of.precompile}, ${of.what}: ${COLUMNS[i]} gives ${output}`);
    }
  }
  const contract = contractRun(of, gas);
  const slices: number[][] = COLUMNS.map(() => []);
  for (let slice = 0; slice < SLICES; slice++) {
    for (const [i, run] of runs.entries()) {
      if (run !== undefined) slices[i]?.push(speed(gas, await secondsOf(run)));
    }
    slices.at(-1)?.push(await contractSpeed(contract, gas));
  }
  return { of, gas, speeds: slices.map((of) => (of.length === 0 ? undefined : median(of))) };
}

function speed(gas: bigint, seconds: number): number {
  return Number(gas) / seconds / 1e6;
}

/** CPU seconds of one run, over a slice. */
async function secondsOf(run: Run): Promise<number> {
  const before = cpuSeconds();
  const end = performance.now() + sliceMs;
  let count = 0;
  do {
    const output = run();
    if (output instanceof Promise) await output;
    count++;
    // Some kernels count CPU time in ticks of milliseconds.
  } while (performance.now() < end || cpuSeconds() === before);
  return (cpuSeconds() - before) / count;
}

function cpuSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}

async function contractSpeed(
  run: (count: number) => Promise<bigint>,
  gas: bigint,
): Promise<number> {
  // About as long as a slice at fifty million gas a second.
  const count = Math.max(1, Math.min(100_000, Math.round((50_000 * sliceMs) / Number(gas + 100n))));
  const before = cpuSeconds();
  let used = 0n;
  do used += await run(count);
  while (cpuSeconds() === before);
  return speed(used, cpuSeconds() - before);
}

/** Of each precompile the input on which a contract is slowest. */
function dearest(all: readonly Result[]): Result[] {
  const slowest = new Map<string, Result>();
  for (const result of all) {
    const before = slowest.get(result.of.precompile);
    const speedOf = ({ speeds }: Result): number => speeds.at(-1) ?? 0;
    if (before === undefined || speedOf(result) < speedOf(before)) {
      slowest.set(result.of.precompile, result);
    }
  }
  return [...slowest.values()];
}

function print(rows: readonly Result[]): void {
  const line = (cells: readonly string[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
  line(['precompile', 'input', 'gas', ...COLUMNS]);
  line(['---', '---', ...Array(COLUMNS.length + 1).fill('---:')]);
  for (const { of, gas, speeds } of rows) {
    const cells = speeds.map((value) => (value === undefined ? '' : shown(value)));
    line([of.precompile, of.what, String(gas), ...cells]);
  }
  COLUMNS.forEach((name, i) => {
    const short = rows.filter(({ speeds }) => (speeds[i] ?? TARGET) < TARGET);
    const names = short.map(({ of }) => `${of.precompile} (${of.what})`);
    process.stdout.write(`below ${TARGET} Mgas/s, ${name}: ${names.join(', ') || 'none'}\n`);
  });
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
