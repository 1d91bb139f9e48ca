/**
 * `ironfly bench`: the workloads on each engine beside the peers that are installed. Outputs are
 * compared before anything is timed; nothing is remembered from call to call but compiled code.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { startAnvil } from './bench/anvil.ts';
import {
  compileTable,
  hardContracts,
  realContracts,
  timeCompiler,
} from './bench/compile-figures.ts';
import { loadEthereumJs } from './bench/ethereumjs.ts';
import { openEvmone } from './bench/evmone.ts';
import type { Tier } from './bench/machine.ts';
import { type Measured, measure, type Peers } from './bench/measure.ts';
import { asJson, asLine, asTable } from './bench/report.ts';
import type { Workload } from './bench/workload.ts';
import { loadWorkloads } from './bench/workloads.ts';

interface BenchOptions {
  readonly filter?: RegExp;
  readonly engine?: Tier;
  readonly json?: true;
  readonly runs: number;
  readonly warmUp: number;
  readonly peers: boolean;
  readonly evmone?: string;
  readonly compiler?: true;
}

const ENGINES: readonly Tier[] = ['interpreter', 'compiler', 'auto'];

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('bench')
    .description('time the workloads on each engine, beside Anvil, EthereumJS and evmone')
    .option('--filter <regexp>', 'only workloads whose name matches', parseFilter)
    .addOption(new Option('--engine <engine>', 'only this engine').choices(ENGINES))
    .option('--runs <count>', 'timed runs of each', parseCount, 9)
    .option('--warm-up <ms>', 'calls before timing, on each engine', parseCount, 1_500)
    .option('--no-peers', 'without Anvil, EthereumJS and evmone')
    .addOption(
      new Option('--evmone <path>', "evmone's benchmark program, evmone-bench").env(
        'IRONFLY_EVMONE',
      ),
    )
    .option('--compiler', 'time the compiler instead, on real contracts and on hard ones')
    .option('--json', 'one JSON object a case')
    .action(bench);
}

function parseFilter(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError(`${text} is not a whole number above 0.`);
}

async function bench(options: BenchOptions): Promise<void> {
  const note = (text: string) => process.stderr.write(`${text}\n`);
  const { filter } = options;
  const all = loadWorkloads({ tiny: false, missing: (what) => note(`left out: ${what}`) });
  if (all.length === 0) {
    throw new Error('there are no workloads here: what is left out says why');
  }
  const workloads = all.filter(({ name }) => filter === undefined || filter.test(name));
  if (workloads.length === 0) {
    const names = all.map(({ name }) => name).join(', ');
    throw new RangeError(`no workload's name matches ${filter}; there are ${names}`);
  }
  if (options.compiler === true) {
    for (const [title, contracts] of [
      ['contracts of the workloads', realContracts(workloads)],
      ['contracts made to be hard', hardContracts()],
    ] as const) {
      process.stdout.write(`${compileTable(title, timeCompiler(contracts))}\n`);
    }
    return;
  }
  const peers = await openPeers(options, note);
  try {
    const rows = await measureAll(workloads, peers, options);
    if (options.json !== true) process.stdout.write(asTable(rows));
  } finally {
    peers.anvil?.stop();
  }
}

async function openPeers(
  { peers, evmone }: BenchOptions,
  note: (text: string) => void,
): Promise<Peers> {
  if (!peers) return { anvil: undefined, ethereumjs: undefined, evmone: undefined };
  // Anvil last: it is a process that has to be stopped.
  const found = {
    evmone: evmone === undefined ? undefined : await openEvmone(evmone, note),
    ethereumjs: await loadEthereumJs(),
    anvil: await startAnvil(),
  };
  if (found.anvil === undefined) note('left out: Anvil (npm has no binary for this platform)');
  if (found.ethereumjs === undefined) note('left out: EthereumJS (not installed)');
  if (found.evmone === undefined) note('left out: evmone (name its program with --evmone)');
  return found;
}

async function measureAll(
  workloads: readonly Workload[],
  peers: Peers,
  { engine, runs, warmUp, json }: BenchOptions,
): Promise<Measured[]> {
  const tiers = engine === undefined ? ENGINES : [engine];
  const rows: Measured[] = [];
  const terminal = process.stderr.isTTY === true;
  for (const [index, workload] of workloads.entries()) {
    const place = `${index + 1}/${workloads.length}`;
    if (terminal) process.stderr.write(`\r\x1b[K${place} ${workload.name}`);
    const row = await measure(workload, peers, {
      tiers,
      runs,
      warmUpMs: warmUp,
      details: json !== true,
    });
    rows.push(row);
    if (json === true) process.stdout.write(asJson(row));
    if (!terminal) process.stderr.write(`${place} ${asLine(row)}\n`);
  }
  if (terminal) process.stderr.write('\r\x1b[K');
  return rows;
}
