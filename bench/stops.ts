/**
 * How long a call takes to stop, whatever code runs: by a flag that another thread sets, by its
 * deadline, by a signal, and by ending the thread it runs in.
 *
 *   node bench/stops.ts [--rounds N] [--filter RE]
 *
 * Each round stops a call at some time between 5 and 25 ms after it began. Reported is the time
 * from then to the error, in milliseconds: median, 99th percentile, largest; and last over all.
 */

import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { requireBuild } from '../scripts/built.ts';
import { median, percentile } from '../src/cli/bench/statistics.ts';
import { EVMError } from '../src/evm/errors.ts';
import { createEVM, type EVM, type TransactOptions } from '../src/evm/evm.ts';
import type { Address, Engine } from '../src/evm/types.ts';
import { MemoryState } from '../src/state/memory.ts';

const A: Address = `0x${'a1'.repeat(20)}`;
const hex4 = (value: number) => value.toString(16).padStart(4, '0');
/** 32 MiB. */
const SIZE = '6302000000';

function endless(body: string, prepare = ''): string {
  return `${prepare}5b${body}61${hex4(prepare.length / 2)}56`;
}

/** Stores words one after the other, and calls a precompile with them for ever. */
function precompile(number: string, words: readonly string[], bytes: number): string {
  const stores = words.map((word, i) => `7f${word.padStart(64, '0')}61${hex4(32 * i)}52`);
  return endless(`5f5f61${hex4(bytes)}5f60${number}5afa50`, stores.join(''));
}

const ONES = 'f'.repeat(64);
const BN254_PAIR = [
  '1',
  '2',
  '198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2',
  '1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed',
  '090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b',
  '12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa',
];

const CODES: Readonly<Record<string, string>> = {
  jumps: endless(''),
  MULMOD: endless('6003195f195f190950'),
  EXP: endless('5f195f190a50'),
  SSTORE: endless('5a5a55'),
  'calls of itself': endless('5f5f5f5f5f305af150'),
  creations: endless('5f5f5ff050'),
  'KECCAK256 of 32 MiB': endless(`${SIZE}5f2050`),
  'MCOPY of 32 MiB': endless(`${SIZE}60015f5e`),
  'CALLDATACOPY of 32 MiB': endless(`${SIZE}5f5f37`),
  'return data of 32 MiB': `366012575b5f5f60015f5f305af1506004565b${SIZE}5ff3`,
  'BLAKE2F of 2^32 - 1 rounds': precompile('09', [`ffffffff${'0'.repeat(56)}`], 213),
  'MODEXP of 1,024 bytes': precompile(
    '05',
    [...['400', '400', '400'], ...Array<string>(96).fill(ONES)],
    96 + 3 * 1024,
  ),
  'pairing of 64 pairs': precompile('08', Array<string[]>(64).fill(BN254_PAIR).flat(), 64 * 192),
};

const TIERS: readonly Engine[] = ['interpreter', 'compiler'];

function open(code: string, engine: Engine): EVM {
  const state = new MemoryState();
  const account = { nonce: 0n, balance: 0n, code: Uint8Array.fromHex(code), storage: [] };
  state.setAccount(A, account);
  return createEVM({ state, engine });
}

/** Runs until it is stopped. @throws what is not a stop */
async function run(evm: EVM, options: TransactOptions): Promise<void> {
  try {
    await evm.call({ to: A, gas: 10n ** 17n, ...options });
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

type Way = (evm: EVM, afterMs: number) => Promise<number>;

function ways(): Readonly<Record<string, Way>> {
  const stopFlag = new Int32Array(new SharedArrayBuffer(4));
  const at = new BigInt64Array(new SharedArrayBuffer(8));
  const setter = new Worker(SETTER, { eval: true, workerData: [stopFlag, at] });
  setter.unref();
  return {
    flag: async (evm, afterMs) => {
      stopFlag[0] = 0;
      setter.postMessage(afterMs);
      await run(evm, { stopFlag });
      return Number(process.hrtime.bigint() - (at[0] as bigint)) / 1e6;
    },
    deadline: async (evm, afterMs) => {
      const start = performance.now();
      await run(evm, { timeoutMs: afterMs });
      return performance.now() - start - afterMs;
    },
    signal: async (evm, afterMs) => {
      const controller = new AbortController();
      const start = performance.now();
      setTimeout(() => controller.abort(), afterMs);
      await run(evm, { signal: controller.signal });
      return Math.max(performance.now() - start - afterMs, 0);
    },
  };
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

/** The time to end a thread that runs the code, from when it said that it begins. */
async function terminate(code: string, engine: Engine, afterMs: number): Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { code, engine } });
  await new Promise((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const start = performance.now();
  await worker.terminate();
  return performance.now() - start;
}

function describe(ms: readonly number[]): string {
  const figures = [median(ms), percentile(ms, 0.99), Math.max(...ms)];
  return figures.map((figure) => figure.toFixed(2).padStart(8)).join(' ');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '40' }, filter: { type: 'string', default: '' } },
  });
  const rounds = Number(values.rounds);
  const all = new Map<string, number[]>();
  const report = (name: string, way: string, ms: number[]): void => {
    console.log(`${`${name}, ${way}`.padEnd(60)} ${describe(ms)}`);
    all.set(way, [...(all.get(way) ?? []), ...ms]);
  };
  const delay = (round: number): number => 5 + ((round * 7.3) % 20);
  report('no machine, a loop in JavaScript', 'flag', await control(rounds, delay));
  for (const [name, code] of Object.entries(CODES)) {
    if (!RegExp(values.filter).test(name)) continue;
    for (const engine of TIERS) {
      for (const [way, stop] of Object.entries(ways())) {
        const evm = open(code, engine);
        const ms: number[] = [];
        for (let round = 0; round < rounds; round++) ms.push(await stop(evm, delay(round)));
        report(`${name} (${engine})`, way, ms);
      }
      const ended: number[] = [];
      for (let round = 0; round < Math.ceil(rounds / 10); round++) {
        ended.push(await terminate(code, engine, delay(round)));
      }
      report(`${name} (${engine})`, 'end of the thread', ended);
    }
  }
  for (const [way, ms] of all) console.log(`${`all, ${way}`.padEnd(60)} ${describe(ms)}`);
}

requireBuild();
if (isMainThread) await main();
else {
  const { code, engine } = workerData as { code: string; engine: Engine };
  const evm = open(code, engine);
  await run(evm, { timeoutMs: 1 });
  parentPort?.postMessage('begins');
  await evm.call({ to: A, gas: 10n ** 17n });
}
