/**
 * `ironfly bench`: the workloads on each engine beside the peers that are installed. Outputs are
 * compared before anything is timed; nothing is remembered from call to call but compiled code.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { createEVM, type EVM } from '../evm/evm.ts';
import type { Address, Engine, Transaction } from '../evm/types.ts';
import { MemoryState } from '../state/memory.ts';
import { type Anvil, median, startAnvil } from './bench/anvil.ts';
import { type EthereumJs, loadEthereumJs } from './bench/ethereumjs.ts';
import { loadWorkloads, type Workload } from './bench/workloads.ts';

interface BenchOptions {
  readonly filter?: RegExp;
  readonly engine?: Engine;
  readonly json?: true;
  readonly runs: number;
  readonly peers: boolean;
}

/** One row of the table. */
interface Row {
  readonly name: string;
  readonly contract: string;
  readonly judged: boolean;
  readonly gas: number;
  readonly output: string;
  readonly ms: Partial<Record<Engine, number>>;
  readonly peers: { anvil?: number; ethereumjs?: number };
}

const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];
const CONTRACT: Address = `0x${'c0de'.padStart(40, '0')}`;
const CALLER: Address = `0x${'ca11'.padStart(40, '0')}`;
const GAS = 1_000_000_000_000n;
/** Calls before timing, and the time they may take: V8 optimises what is hot in the background. */
const WARM_UP_MS = 1_500;
const WARM_UP_RUNS_MAX = 3_000;

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('bench')
    .description('time the workloads on each engine, beside Anvil and EthereumJS')
    .option('--filter <regexp>', 'only workloads whose name matches', parseFilter)
    .addOption(new Option('--engine <engine>', 'only this engine').choices(ENGINES))
    .option('--runs <count>', 'timed runs of each', parseRuns, 9)
    .option('--no-peers', 'without Anvil and EthereumJS')
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

function parseRuns(text: string): number {
  const runs = Number(text);
  if (Number.isInteger(runs) && runs > 0) return runs;
  throw new InvalidArgumentError(`${text} is not a number of runs.`);
}

async function bench(options: BenchOptions): Promise<void> {
  const note = (text: string) => process.stderr.write(`${text}\n`);
  const workloads = loadWorkloads((what) => note(`left out: ${what}`)).filter(
    ({ name }) => options.filter === undefined || options.filter.test(name),
  );
  if (workloads.length === 0) throw new RangeError('no workload matches the filter');
  const anvil = options.peers ? await startAnvil() : undefined;
  const ethereumjs = options.peers ? await loadEthereumJs() : undefined;
  if (options.peers && anvil === undefined) note('left out: Anvil (no binary for this platform)');
  if (options.peers && ethereumjs === undefined) note('left out: EthereumJS (not installed)');
  const rows: Row[] = [];
  try {
    for (const [index, workload] of workloads.entries()) {
      if (process.stderr.isTTY) {
        process.stderr.write(`\r\x1b[K${index + 1}/${workloads.length} ${workload.name}`);
      }
      const row = await measure(workload, options, { anvil, ethereumjs });
      rows.push(row);
      if (options.json === true) printJson(row);
    }
  } finally {
    anvil?.stop();
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  if (options.json !== true) process.stdout.write(table(rows));
}

interface Peers {
  readonly anvil: Anvil | undefined;
  readonly ethereumjs: EthereumJs | undefined;
}

async function measure(workload: Workload, options: BenchOptions, peers: Peers): Promise<Row> {
  const reference = await peers.ethereumjs?.call(workload.code, workload.input);
  const ms: Row['ms'] = {};
  let gas = 0n;
  let output = reference?.output;
  for (const engine of ENGINES) {
    if (options.engine !== undefined && options.engine !== engine) continue;
    const timed = timeEngine(workload, engine, options.runs);
    if (output !== undefined && timed.output !== output) {
      throw new Error(`${workload.name} on ${engine} gives ${timed.output}, expected ${output}`);
    }
    output = timed.output;
    gas = timed.gas;
    ms[engine] = timed.ms;
  }
  const other = await peers.anvil?.call(workload.code, workload.input, options.runs);
  if (other !== undefined && output !== undefined && other.output !== output) {
    throw new Error(`${workload.name} in Anvil gives ${other.output}, expected ${output}`);
  }
  return {
    name: workload.name,
    contract: workload.contract,
    judged: workload.judged,
    gas: Number(gas),
    output: output ?? '',
    ms,
    peers: {
      ...(other === undefined ? {} : { anvil: other.ms }),
      ...(reference === undefined ? {} : { ethereumjs: reference.ms }),
    },
  };
}

interface Timed {
  readonly ms: number;
  readonly gas: bigint;
  readonly output: string;
}

/**
 * `interpreter` and `compiler` are timed warm; for the compiler code is compiled from the
 * interpreter's counts, as `auto` does. `auto` is timed cold: a contract not seen before.
 */
function timeEngine(workload: Workload, engine: Engine, runs: number): Timed {
  const cold = engine === 'auto';
  const times: number[] = [];
  let last = callOnce(openEVM(workload, 'interpreter'), workload);
  let evm = openEVM(workload, engine);
  if (!cold) {
    const until = performance.now() + WARM_UP_MS;
    for (let i = 0; i < WARM_UP_RUNS_MAX && performance.now() < until; i++) callOnce(evm, workload);
  }
  for (let i = 0; i < runs; i++) {
    if (cold) evm = openEVM(workload, engine);
    const start = performance.now();
    last = callOnce(evm, workload);
    times.push(performance.now() - start);
  }
  return { ms: median(times), ...last };
}

function openEVM({ code }: Workload, engine: Engine): EVM {
  const state = new MemoryState();
  state.setAccount(CONTRACT, { nonce: 1n, balance: 0n, code, storage: new Map() });
  if (engine === 'compiler') return createEVM({ state, engine: 'auto', hotThreshold: 500 });
  return createEVM({ state, engine });
}

function callOnce(evm: EVM, { name, input }: Workload): { gas: bigint; output: string } {
  const transaction: Transaction = {
    type: 0,
    sender: CALLER,
    nonce: 0n,
    gasLimit: GAS,
    to: CONTRACT,
    value: 0n,
    data: input,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: [],
    authorizationList: [],
  };
  const result = evm.transactSync(transaction, { callOnly: true, commit: false });
  if (result.status !== 'success') {
    throw new Error(`${name} ended with ${result.status}`);
  }
  return { gas: result.gasUsed, output: `0x${result.output.toHex()}` };
}

function printJson({ name, gas, output, ms, peers }: Row): void {
  for (const [engine, value] of Object.entries(ms)) {
    process.stdout.write(`${JSON.stringify({ name, engine, ms: value, gas, output, peers })}\n`);
  }
}

function table(rows: readonly Row[]): string {
  const head = [
    'workload',
    'Mgas',
    ...ENGINES.map(engineTitle),
    'Anvil',
    'EthereumJS',
    'Anvil/comp',
  ];
  const lines = rows.map(({ name, gas, ms, peers }) => [
    name,
    (gas / 1e6).toFixed(3),
    ...ENGINES.map((engine) => figure(ms[engine])),
    figure(peers.anvil),
    figure(peers.ethereumjs),
    ratio(peers.anvil, ms.compiler),
  ]);
  const widths = head.map((title, i) =>
    Math.max(title.length, ...lines.map((line) => (line[i] as string).length)),
  );
  const format = (line: readonly string[]) =>
    line
      .map((cell, i) =>
        i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number),
      )
      .join('  ');
  const text = [head, ...lines].map(format).join('\n');
  return `${text}\n\nmilliseconds, medians; auto is a cold contract's first call\n${means(rows)}`;
}

function engineTitle(engine: Engine): string {
  return engine === 'auto' ? 'auto (cold)' : engine;
}

function figure(ms: number | undefined): string {
  return ms === undefined ? '-' : ms.toFixed(ms < 10 ? 3 : 1);
}

function ratio(peer: number | undefined, own: number | undefined): string {
  return peer === undefined || own === undefined ? '-' : `${(peer / own).toFixed(2)} x`;
}

/** Geometric means per contract over its inputs, then over contracts. */
function means(rows: readonly Row[]): string {
  const lines: string[] = [];
  for (const judged of [true, false]) {
    const set = rows.filter((row) => row.judged === judged);
    for (const peer of ['anvil', 'ethereumjs'] as const) {
      for (const engine of ['interpreter', 'compiler'] as const) {
        const value = meanRatio(set, peer, engine);
        if (value === undefined) continue;
        const name = judged ? 'judged set' : 'other workloads';
        lines.push(`${name}: ${engine} is ${value.toFixed(2)} x as fast as ${peer}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

function meanRatio(
  rows: readonly Row[],
  peer: 'anvil' | 'ethereumjs',
  engine: Engine,
): number | undefined {
  const byContract = new Map<string, number[]>();
  for (const { contract, ms, peers } of rows) {
    const [own, other] = [ms[engine], peers[peer]];
    if (own === undefined || other === undefined || other === 0) continue;
    const logs = byContract.get(contract) ?? [];
    logs.push(Math.log(other / own));
    byContract.set(contract, logs);
  }
  if (byContract.size === 0) return undefined;
  const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return Math.exp(average([...byContract.values()].map(average)));
}
