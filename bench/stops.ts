/**
 * How long a call takes to stop, whatever code runs: by a flag that another thread sets, by its
 * deadline, by a signal, and by ending the thread it runs in.
 *
 *   node bench/stops.ts [--rounds N] [--filter RE] [--cpu | --wall | --first] [--awake]
 *
 * Each round stops a call at some time between 5 and 25 ms after it began. Reported is the time
 * from then to the error, in milliseconds: median, 99th percentile, largest; and last over all.
 * `turn` is how late the timer was that aborts the signal: what holds up the event loop.
 * --cpu measures instead how much CPU time passes between two looks at whether to stop, which
 * other work on the machine does not lengthen: the median, the 99th percentile, the largest.
 * --wall measures the same in wall time: some kernels count a thread's CPU time by 4 ms.
 * --first measures it in the first call of each precompile, in processes of their own: libraries
 * are loaded in it. And how long the first stop of a process takes, by a flag: the others come
 * after one of each way.
 * --awake keeps the cores awake (awake.ts).
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { requireBuild } from '../scripts/built.ts';
import { median, percentile } from '../src/cli/bench/statistics.ts';
import { EVMError } from '../src/evm/errors.ts';
import { createEVM, type EVM, type TransactOptions } from '../src/evm/evm.ts';
import type { Address, Engine } from '../src/evm/types.ts';
import { MemoryState } from '../src/state/memory.ts';
import { keepAwake } from './awake.ts';
import { CODES, type Endless, endless, FIRST_CALLS } from './stops/codes.ts';

const A: Address = `0x${'a1'.repeat(20)}`;
const GAS = 10n ** 17n;
const TIERS: readonly Engine[] = ['interpreter', 'compiler'];

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** A machine, while none of those before is left: giving back a gigabyte takes 300 ms. */
function open({ code, fork = 'osaka' }: Endless, engine: Engine): EVM {
  collectGarbage();
  const state = new MemoryState();
  const account = { nonce: 0n, balance: 0n, code: Uint8Array.fromHex(code), storage: [] };
  state.setAccount(A, account);
  return createEVM({ state, engine, fork });
}

/** Runs until it is stopped. @throws what is not a stop */
async function run(evm: EVM, { data }: Endless, options: TransactOptions): Promise<void> {
  try {
    await evm.call({ to: A, gas: GAS, ...(data && { data }), ...options });
  } catch (error) {
    if (error instanceof EVMError && error.code === 'evm/stopped') return;
    throw error;
  }
  throw new Error('the call ended by itself');
}

/** A thread that sets the flag when it is time, and notes when it did. */
const SETTER = `const { parentPort, workerData: [flag, at] } = require('node:worker_threads');
parentPort.on('message', (ms) => setTimeout(() => {
  at[0] = process.hrtime.bigint();
  Atomics.store(flag, 0, 1);
}, ms));`;

/** Looks at a signal in a first call. */
const FIRST_CALL_LOOKS = 40;

/** The longest time between two looks in a call that is the first of its process. */
async function firstCall(code: Endless): Promise<number> {
  const evm = open(code, 'interpreter');
  const start = performance.now();
  const at = await looksAt({ evm, code, clock: wallTime }, FIRST_CALL_LOOKS);
  return Math.max(...at.map((ms, i) => ms - (at[i - 1] ?? start)));
}

/** What is stopped first in a process, before V8 has compiled what that takes. */
const FIRST_STOP = 'first stop';

const firstStop = (): Promise<number> => stopped(ways()['flag'] as Way, endless(''), 'interpreter');

/** The same in a process of its own. */
function inProcess(name: string): number {
  const args = [fileURLToPath(import.meta.url), '--first-of', name];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

/** A call in a machine of its own, which is stopped after 10 ms. */
const stopped = (way: Way, code: Endless, engine: Engine): Promise<number> =>
  way(open(code, engine), code, 10);

type Way = (evm: EVM, code: Endless, afterMs: number) => Promise<number>;

function ways(): Readonly<Record<string, Way>> {
  const stopFlag = new Int32Array(new SharedArrayBuffer(4));
  const at = new BigInt64Array(new SharedArrayBuffer(8));
  const setter = new Worker(SETTER, { eval: true, workerData: [stopFlag, at] });
  setter.unref();
  return {
    flag: async (evm, code, afterMs) => {
      stopFlag[0] = 0;
      setter.postMessage(afterMs);
      await run(evm, code, { stopFlag });
      return Number(process.hrtime.bigint() - (at[0] as bigint)) / 1e6;
    },
    deadline: async (evm, code, afterMs) => {
      const start = performance.now();
      await run(evm, code, { timeoutMs: afterMs });
      return performance.now() - start - afterMs;
    },
    signal: async (evm, code, afterMs) => {
      const controller = new AbortController();
      let aborted = Number.NaN;
      setTimeout(() => {
        aborted = performance.now();
        controller.abort();
      }, afterMs);
      await run(evm, code, { signal: controller.signal });
      return performance.now() - aborted;
    },
    turn: async (evm, code, afterMs) => {
      const controller = new AbortController();
      const start = performance.now();
      let late = Number.NaN;
      setTimeout(() => {
        late = Math.max(performance.now() - start - afterMs, 0);
        controller.abort();
      }, afterMs);
      await run(evm, code, { signal: controller.signal });
      return late;
    },
  };
}

/** Looks of a measurement, and how many come before it: code is being optimised in them. */
const LOOKS = 400;
const LOOKS_BEFORE = 100;

/** Calls whose first looks are measured, in which the input is read. */
const CALLS = 20;
const FIRST_LOOKS = 24;

interface Stretched {
  readonly evm: EVM;
  readonly code: Endless;
  readonly clock: Clock;
}

/** Time between looks at a signal that is aborted at the last. */
async function stretches(stretched: Stretched): Promise<number[]> {
  const long = await stretchesOf(stretched, LOOKS, LOOKS_BEFORE);
  const first: number[] = [];
  for (let i = 0; i < CALLS; i++) first.push(...(await stretchesOf(stretched, FIRST_LOOKS, 0)));
  return [...long, ...first];
}

/** Milliseconds. */
type Clock = () => number;

const wallTime: Clock = () => performance.now();
const cpuTime: Clock = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

async function stretchesOf(stretched: Stretched, looks: number, before: number): Promise<number[]> {
  const at = await looksAt(stretched, looks);
  return at.slice(before + 1).map((ms, i) => ms - (at[before + i] as number));
}

/** When a call looks at its signal, so many times. */
async function looksAt({ evm, code, clock }: Stretched, looks: number): Promise<number[]> {
  const at: number[] = [];
  const signal: AbortSignal = Object.create(AbortSignal.prototype, {
    aborted: {
      get: () => {
        at.push(clock());
        return at.length >= looks;
      },
    },
    reason: { value: 'measured' },
  });
  await run(evm, code, { signal });
  return at;
}

/** What the host adds: how late a loop that only looks at the flag sees it. */
async function control(rounds: number, delay: (round: number) => number): Promise<number[]> {
  const stopFlag = new Int32Array(new SharedArrayBuffer(4));
  const at = new BigInt64Array(new SharedArrayBuffer(8));
  const setter = new Worker(SETTER, { eval: true, workerData: [stopFlag, at] });
  const ms: number[] = [];
  for (let round = 0; round < rounds; round++) {
    stopFlag[0] = 0;
    setter.postMessage(delay(round));
    while (Atomics.load(stopFlag, 0) === 0);
    ms.push(Number(process.hrtime.bigint() - (at[0] as bigint)) / 1e6);
  }
  await setter.terminate();
  return ms;
}

interface Termination {
  /** Milliseconds until the code ran no more: until its last sign of life. */
  readonly code: number;
  /** Until the thread had been taken down. */
  readonly thread: number;
}

/**
 * Ends a thread that runs the code; or, as a control, one that did, and is in a loop of JavaScript
 * now.
 */
async function terminate(work: ThreadWork, afterMs: number): Promise<Termination> {
  const alive = new BigInt64Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL(import.meta.url), { workerData: { ...work, alive } });
  await new Promise((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const start = process.hrtime.bigint();
  await worker.terminate();
  const end = process.hrtime.bigint();
  const last = alive[0] as bigint;
  const ms = (until: bigint) => Math.max(Number(until - start) / 1e6, 0);
  return { code: ms(last), thread: ms(end) };
}

interface ThreadWork {
  readonly code: Endless;
  readonly engine: Engine;
  readonly control?: boolean;
}

/** A signal that is never aborted, and notes when it was last looked at. */
function signOfLife(alive: BigInt64Array): AbortSignal {
  return Object.create(AbortSignal.prototype, {
    aborted: {
      get: () => {
        alive[0] = process.hrtime.bigint();
        return false;
      },
    },
  }) as AbortSignal;
}

function describe(ms: readonly number[]): string {
  const figures = [median(ms), percentile(ms, 0.99), Math.max(...ms)];
  return figures.map((figure) => figure.toFixed(2).padStart(8)).join(' ');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '40' },
      filter: { type: 'string', default: '' },
      cpu: { type: 'boolean', default: false },
      wall: { type: 'boolean', default: false },
      first: { type: 'boolean', default: false },
      awake: { type: 'boolean', default: false },
      'first-of': { type: 'string' },
    },
  });
  const firstOf = values['first-of'];
  if (firstOf !== undefined) {
    const isStop = firstOf === FIRST_STOP;
    console.log(await (isStop ? firstStop() : firstCall(FIRST_CALLS[firstOf] ?? { code: '00' })));
    process.exit();
  }
  if (values.awake) keepAwake();
  const rounds = Number(values.rounds);
  const all = new Map<string, number[]>();
  const report = (name: string, way: string, ms: number[]): void => {
    console.log(`${`${name}, ${way}`.padEnd(60)} ${describe(ms)}`);
    all.set(way, [...(all.get(way) ?? []), ...ms]);
  };
  const delay = (round: number): number => 5 + ((round * 7.3) % 20);
  const codes = Object.entries(CODES).filter(([name]) => RegExp(values.filter).test(name));
  if (values.first) {
    const all = [...Object.keys(FIRST_CALLS), FIRST_STOP];
    for (const name of all.filter((name) => RegExp(values.filter).test(name))) {
      report(
        name,
        name === FIRST_STOP ? 'flag' : 'first call',
        Array.from({ length: rounds }, () => inProcess(name)),
      );
    }
    return;
  }
  if (values.cpu || values.wall) {
    const [clock, what] = values.wall ? [wallTime, 'wall'] : [cpuTime, 'CPU'];
    for (const [name, code] of codes) {
      const evm = open(code, 'interpreter');
      report(name, `${what} between looks`, await stretches({ evm, code, clock }));
    }
    return;
  }
  for (const way of Object.values(ways())) await stopped(way, endless(''), 'interpreter');
  report('a loop in JavaScript', 'flag', await control(rounds, delay));
  const reportEnds = async (name: string, work: ThreadWork): Promise<void> => {
    const ends: Termination[] = [];
    for (let i = 0; i < Math.ceil(rounds / 4); i++) ends.push(await terminate(work, delay(i)));
    const [code, thread] = [ends.map((end) => end.code), ends.map((end) => end.thread)];
    report(name, 'termination', code);
    report(name, 'end of the thread', thread);
  };
  const jumps = { code: endless(''), engine: 'interpreter', control: true } as const;
  await reportEnds('a loop in JavaScript, after a machine', jumps);
  all.clear();
  for (const [name, code] of codes) {
    for (const engine of TIERS) {
      for (const [way, stop] of Object.entries(ways())) {
        const evm = open(code, engine);
        const ms: number[] = [];
        for (let round = 0; round < rounds; round++) ms.push(await stop(evm, code, delay(round)));
        report(`${name} (${engine})`, way, ms);
      }
      await reportEnds(`${name} (${engine})`, { code, engine });
    }
  }
  for (const [way, ms] of all) console.log(`${`all, ${way}`.padEnd(60)} ${describe(ms)}`);
}

requireBuild();
if (isMainThread) await main();
else {
  const work = workerData as ThreadWork & { readonly alive: BigInt64Array };
  const { code, engine } = work;
  const evm = open(code, engine);
  await run(evm, code, { timeoutMs: 1 });
  const signal = signOfLife(work.alive);
  parentPort?.postMessage('begins');
  while (work.control) signal.aborted;
  await run(evm, code, { signal });
}
