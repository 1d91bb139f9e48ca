/**
 * One workload measured on every tier and beside every peer, in turns, so that whatever else the
 * machine does falls on all of them alike. Outputs are compared before anything is timed.
 */
import { execFile } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Anvil } from './anvil.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import type { EthereumJs } from './ethereumjs.ts';
import type { Evmone } from './evmone.ts';
import { call, compiled, type Opened, open, type Tier, warmUp } from './machine.ts';
import { median } from './statistics.ts';
import { LOOPS_MAX, looped, unseen, type Workload } from './workload.ts';

export interface Peers {
  readonly anvil: Anvil | undefined;
  readonly ethereumjs: EthereumJs | undefined;
  readonly evmone: Evmone | undefined;
}

export type PeerName = keyof Peers;

export interface MeasureOptions {
  readonly tiers: readonly Tier[];
  readonly runs: number;
  /** Calls before timing may take this long on each tier. */
  readonly warmUpMs: number;
  /** What takes a while and is no time of a warm machine: first calls of processes, coverage. */
  readonly details: boolean;
}

/** What was measured of one workload, in milliseconds a call. */
export interface Measured {
  readonly workload: Workload;
  readonly gas: number;
  readonly output: string;
  /** Calls in one timed run. */
  readonly loops: number;
  readonly ms: Partial<Record<Tier, number>>;
  /** A new machine's first call on the interpreter, beside which `auto` (cold) stands. */
  readonly coldInterpreterMs: number | undefined;
  /** The first call after the start of a process, on `auto`; the machine's making is part of it. */
  readonly firstCallMs: number | undefined;
  /** How much of the run is in regions. */
  readonly coverage: Coverage | undefined;
  readonly peers: Partial<Record<PeerName, number>>;
}

/** A call shorter than this is looped inside a contract: a socket's noise can be a millisecond. */
const LOOPED_BELOW_MS = 3;
/** Empty calls beside each timed one: a single one is as noisy as what it is subtracted from. */
const EMPTY_CALLS = 5;
/** Calls until the interpreter is optimised, before it is seen how long one takes. */
const LOOPS_WARM_UP_MS = 200;
/** So many times that a run takes about this long on the interpreter. */
const LOOPED_RUN_MS = 10;
/** EthereumJS is timed until it has used up this. */
const ETHEREUMJS_BUDGET_MS = 3_000;

export async function measure(
  workload: Workload,
  peers: Peers,
  options: MeasureOptions,
): Promise<Measured> {
  const opened = open(workload, 'interpreter');
  const { gas, output } = call(opened);
  if (workload.expected !== undefined && workload.expected !== output) {
    throw new Error(`${workload.name} gives ${output}, and it must be ${workload.expected}`);
  }
  const loops = await loopsFor(opened);
  const timed = loops === 1 ? workload : looped(workload, loops);
  const check = (who: string, found: string) => {
    if (found === output) return;
    throw new Error(`${workload.name}: ${who} gives ${found}, the interpreter gives ${output}`);
  };
  const ethereumjs = await timeEthereumJs(workload, peers.ethereumjs, check);
  const { anvil } = peers;
  await anvil?.load(timed);
  if (anvil !== undefined) check('Anvil', (await anvil.call(timed)).output);
  const warm = await openWarm(timed, options, check);
  const times = new Times();
  for (let run = 0; run < options.runs; run++) {
    for (const [tier, machine] of warm) times.add(tier, call(machine).ms / loops);
    if (anvil !== undefined) {
      for (let i = 0; i < EMPTY_CALLS; i++) times.add('nothing', await anvil.callNothing());
      times.add('anvil', (await anvil.call(timed)).ms);
    }
    if (options.tiers.includes('auto')) await timeCold(workload, times, check);
  }
  const evmone = await peers.evmone?.time(workload, gas);
  const details = options.details && options.tiers.includes('auto');
  const anvilMs = anvil && (times.median('anvil') - times.median('nothing')) / loops;
  return {
    workload,
    gas: Number(gas),
    output,
    loops,
    ms: Object.fromEntries(options.tiers.map((tier) => [tier, times.median(tier)])),
    coldInterpreterMs: options.tiers.includes('auto')
      ? times.median('cold interpreter')
      : undefined,
    firstCallMs: details ? await firstCall(workload, check) : undefined,
    coverage: options.details ? await coverageOf(workload) : undefined,
    peers: {
      ...(anvilMs === undefined ? {} : { anvil: Math.max(anvilMs, 0) }),
      ...(ethereumjs === undefined ? {} : { ethereumjs }),
      ...(evmone === undefined ? {} : { evmone }),
    },
  };
}

type Check = (who: string, output: string) => void;

class Times {
  readonly #byName = new Map<string, number[]>();

  add(name: string, ms: number): void {
    const times = this.#byName.get(name);
    if (times === undefined) this.#byName.set(name, [ms]);
    else times.push(ms);
  }

  median(name: string): number {
    return median(this.#byName.get(name) ?? []);
  }
}

/** A call in a process of its own, that has called nothing before. */
async function firstCall({ name }: Workload, check: Check): Promise<number> {
  const here = fileURLToPath(import.meta.url);
  const file = join(dirname(here), `first-call${extname(here)}`);
  const { stdout } = await promisify(execFile)(process.execPath, [file, name, 'auto']);
  const { ms, output } = JSON.parse(stdout) as { ms: number; output: string };
  check('auto (first call)', output);
  return ms;
}

/** A call that changes state is refused inside a loop of static calls; all such are long enough. */
async function loopsFor(opened: Opened): Promise<number> {
  await warmUp(opened, LOOPS_WARM_UP_MS);
  const ms = Math.min(...Array.from({ length: 5 }, () => call(opened).ms));
  if (ms >= LOOPED_BELOW_MS) return 1;
  try {
    call(open(looped(opened.workload, 1), 'interpreter'));
  } catch {
    return 1;
  }
  return Math.min(Math.max(Math.round(LOOPED_RUN_MS / ms), 1), LOOPS_MAX);
}

async function openWarm(
  workload: Workload,
  { tiers, warmUpMs }: MeasureOptions,
  check: Check,
): Promise<Map<Tier, Opened>> {
  const warm = new Map<Tier, Opened>();
  for (const tier of tiers) {
    if (tier === 'auto') continue;
    const opened = open(workload, tier);
    await warmUp(opened, warmUpMs);
    check(tier, call(opened).output);
    warm.set(tier, opened);
  }
  return warm;
}

/** A contract that was not seen before, on `auto` and on the interpreter, each in a new machine. */
async function timeCold(workload: Workload, times: Times, check: Check): Promise<void> {
  for (const tier of ['interpreter', 'auto'] as const) {
    const opened = open(unseen(workload), tier);
    const { ms, output } = call(opened);
    check(`${tier} (cold)`, output);
    times.add(tier === 'auto' ? 'auto' : 'cold interpreter', ms);
    // What a worker still does falls on nobody else's time.
    await compiled(opened);
  }
}

async function timeEthereumJs(
  workload: Workload,
  ethereumjs: EthereumJs | undefined,
  check: Check,
): Promise<number | undefined> {
  if (ethereumjs === undefined) return undefined;
  const times: number[] = [];
  const until = performance.now() + ETHEREUMJS_BUDGET_MS;
  do {
    const { ms, output } = await ethereumjs.call(workload);
    check('EthereumJS', output);
    times.push(ms);
  } while (performance.now() < until && times.length < 20);
  return median(times);
}
