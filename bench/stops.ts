/**
 * How long a call takes to stop, whatever code runs: by a flag that another thread sets, by its
 * deadline, by a signal, and by ending the thread it runs in.
 *
 *   node bench/stops.ts [--rounds N] [--filter RE] [--cpu | --wall]
 *
 * Each round stops a call at some time between 5 and 25 ms after it began. Reported is the time
 * from then to the error, in milliseconds: median, 99th percentile, largest; and last over all.
 * `turn` is how late the timer was that aborts the signal: what holds up the event loop.
 * --cpu measures instead how much CPU time passes between two looks at whether to stop, which
 * other work on the machine does not lengthen: the median, the 99th percentile, the largest.
 * --wall measures the same in wall time: some kernels count a thread's CPU time by 4 ms.
 */

import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { requireBuild } from '../scripts/built.ts';
import { median, percentile } from '../src/cli/bench/statistics.ts';
import { EVMError } from '../src/evm/errors.ts';
import { createEVM, type EVM, type TransactOptions } from '../src/evm/evm.ts';
import type { ForkName } from '../src/evm/forks/names.ts';
import type { Address, Engine } from '../src/evm/types.ts';
import { MemoryState } from '../src/state/memory.ts';

const A: Address = `0x${'a1'.repeat(20)}`;
const GAS = 10n ** 17n;
/** 32 MiB. */
const SIZE = '6302000000';

interface Endless {
  readonly code: string;
  readonly data?: Uint8Array;
  readonly fork?: ForkName;
}

function endless(body: string): Endless {
  return { code: `5b${body}5f56` };
}

/** Copies the call data to memory, and calls a precompile with it for ever. */
function precompile(number: string, digits: string, fork?: ForkName): Endless {
  const code = `365f5f375b5f5f365f60${number}5afa50600456`;
  return { code, data: Uint8Array.fromHex(digits), ...(fork && { fork }) };
}

/** Calls itself for ever; the callee does the rest. */
function callee(rest: string): Endless {
  return { code: `366012575b5f5f60015f5f305af1506004565b${rest}` };
}

/** A power of numbers of ones: lengths and exponents in bytes. */
function power(length: number, exponent: number): string {
  const lengths = [length, exponent, length].map((size) => size.toString(16).padStart(64, '0'));
  return lengths.join('') + 'ff'.repeat(2 * length + exponent);
}

/** A power modulo 2^k + 1, whose digits are zeros but for the ends. */
function sparseModulus(length: number): string {
  const lengths = [1, 1, length].map((size) => size.toString(16).padStart(64, '0'));
  return `${lengths.join('')}03ff10${'00'.repeat(length - 2)}01`;
}

/** A small power with a long exponent, modulo a small number. */
function longExponent(length: number, byte: string): Endless {
  const lengths = [1, length, 1].map((size) => size.toString(16).padStart(64, '0'));
  return precompile('05', `${lengths.join('')}03${byte.repeat(length)}fb`, 'prague');
}

const BN254_PAIR = [
  '1',
  '2',
  '198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2',
  '1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed',
  '090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b',
  '12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa',
].map((word) => word.padStart(64, '0'));

/** A field element of BLS12-381 as the precompiles take it. */
const element = (value: bigint) => value.toString(16).padStart(128, '0');
const { G1, G2 } = bls12_381;
const g1 = G1.Point.BASE.toAffine();
const g2 = G2.Point.BASE.toAffine();
const BLS_G1 = [g1.x, g1.y].map(element).join('');
const BLS_G2 = [g2.x.c0, g2.x.c1, g2.y.c0, g2.y.c1].map(element).join('');
const SCALAR = `53${'a7'.repeat(31)}`;

const CODES: Readonly<Record<string, Endless>> = {
  jumps: endless(''),
  MULMOD: endless('6003195f195f190950'),
  EXP: endless('5f195f190a50'),
  SSTORE: endless('5a5a55'),
  'calls of itself': endless('5f5f5f5f5f305af150'),
  creations: endless('5f5f5ff050'),
  'KECCAK256 of 32 MiB': endless(`${SIZE}5f2050`),
  'MCOPY of 32 MiB': endless(`${SIZE}60015f5e`),
  'CALLDATACOPY of 32 MiB': endless(`${SIZE}5f5f37`),
  'CODECOPY of 32 MiB': endless(`${SIZE}5f5f39`),
  'EXTCODECOPY of 32 MiB': endless(`${SIZE}5f5f303c`),
  'creation by 32 MiB, Paris': { code: `5b${SIZE}60006000f050600056`, fork: 'paris' },
  'CREATE2 by 32 MiB, Paris': { code: `5b5a${SIZE}60006000f550600056`, fork: 'paris' },
  'LOG of 32 MiB that is undone': callee(`${SIZE}5fa05f5ffd`),
  'call with 32 MiB': { code: `366015575b5f5f${SIZE}5f5f305af1506004565b00` },
  'identity of 32 MiB': endless(`${SIZE}5f${SIZE}5f60045afa50`),
  'ECRECOVER with 32 MiB': endless(`5f5f${SIZE}5f60015afa50`),
  'SHA256 that is not paid': endless(`5f5f${SIZE}5f60025ffa50`),
  'return data of 32 MiB': callee(`${SIZE}5ff3`),
  'memory grows to 1 GiB': callee('633fffffe0515000'),
  'SHA256 of 32 MiB': endless(`5f5f${SIZE}5f60025afa50`),
  'RIPEMD160 of 32 MiB': endless(`5f5f${SIZE}5f60035afa50`),
  'BLAKE2F of 2^32 - 1 rounds': precompile('09', `ffffffff${'00'.repeat(209)}`),
  'MODEXP of 1,024 bytes': precompile('05', power(1_024, 1_024)),
  // 60 million gas.
  'MODEXP by an exponent of 5 MB, Prague': longExponent(5_000_000, 'ff'),
  'MODEXP by 5 MB of zeros, Prague': longExponent(5_000_000, '00'),
  'MODEXP modulo 32,000 bytes, sparse, Prague': precompile('05', sparseModulus(32_000), 'prague'),
  'MODEXP of 107,000 bytes, Prague': precompile('05', power(107_000, 1), 'prague'),
  // What 60 million gas buy.
  'BN254 pairing of 1,763 pairs': precompile('08', BN254_PAIR.join('').repeat(1_763)),
  'BLS12-381 pairing of 1,839 pairs': precompile('0f', (BLS_G1 + BLS_G2).repeat(1_839)),
  'BLS12-381 sum of 9,633 in G1': precompile('0c', (BLS_G1 + SCALAR).repeat(9_633)),
  'BLS12-381 sum of 5,089 in G2': precompile('0e', (BLS_G2 + SCALAR).repeat(5_089)),
};

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

async function stretchesOf(
  { evm, code, clock }: Stretched,
  looks: number,
  before: number,
): Promise<number[]> {
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
  return at.slice(before + 1).map((ms, i) => ms - (at[before + i] as number));
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

/**
 * The time to end a thread that runs the code; or, as a control, one that did, and is in a loop of
 * JavaScript now.
 */
async function terminate(work: ThreadWork, afterMs: number): Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: work });
  await new Promise((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const start = performance.now();
  await worker.terminate();
  return performance.now() - start;
}

interface ThreadWork {
  readonly code: Endless;
  readonly engine: Engine;
  readonly control?: boolean;
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
    },
  });
  const rounds = Number(values.rounds);
  const all = new Map<string, number[]>();
  const report = (name: string, way: string, ms: number[]): void => {
    console.log(`${`${name}, ${way}`.padEnd(60)} ${describe(ms)}`);
    all.set(way, [...(all.get(way) ?? []), ...ms]);
  };
  const delay = (round: number): number => 5 + ((round * 7.3) % 20);
  const codes = Object.entries(CODES).filter(([name]) => RegExp(values.filter).test(name));
  if (values.cpu || values.wall) {
    const [clock, what] = values.wall ? [wallTime, 'wall'] : [cpuTime, 'CPU'];
    for (const [name, code] of codes) {
      const evm = open(code, 'interpreter');
      report(name, `${what} between looks`, await stretches({ evm, code, clock }));
    }
    return;
  }
  report('a loop in JavaScript', 'flag', await control(rounds, delay));
  const ends = async (work: ThreadWork): Promise<number[]> => {
    const ms: number[] = [];
    for (let i = 0; i < Math.ceil(rounds / 4); i++) ms.push(await terminate(work, delay(i)));
    return ms;
  };
  const jumps = { code: endless(''), engine: 'interpreter', control: true } as const;
  report('a loop in JavaScript, after a machine', 'end of the thread', await ends(jumps));
  all.clear();
  for (const [name, code] of codes) {
    for (const engine of TIERS) {
      for (const [way, stop] of Object.entries(ways())) {
        const evm = open(code, engine);
        const ms: number[] = [];
        for (let round = 0; round < rounds; round++) ms.push(await stop(evm, code, delay(round)));
        report(`${name} (${engine})`, way, ms);
      }
      report(`${name} (${engine})`, 'end of the thread', await ends({ code, engine }));
    }
  }
  for (const [way, ms] of all) console.log(`${`all, ${way}`.padEnd(60)} ${describe(ms)}`);
}

requireBuild();
if (isMainThread) await main();
else {
  const { code, engine, control: isControl } = workerData as ThreadWork;
  const evm = open(code, engine);
  await run(evm, code, { timeoutMs: 1 });
  parentPort?.postMessage('begins');
  while (isControl);
  await evm.call({ to: A, gas: GAS, ...(code.data && { data: code.data }) });
}
