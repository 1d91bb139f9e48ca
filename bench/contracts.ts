/**
 * Many different contracts compiled and live in one process, then dropped: time, memory, slots.
 *
 *   node --expose-gc bench/contracts.ts [--count N] [--cycles N] [--real] [--wasm-mib N]
 *
 * --real: the contracts of the workloads (OpenZeppelin, Solady, Uniswap and our own) in turns, each
 * copy with a number behind it, so that its hash is one that was not seen before. All of their
 * blocks are compiled, though a call without data runs only a few. --wasm-mib: how much compiled
 * code may be live, where the machine's own limit (512 MiB) is to be another.
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { realContracts } from '../src/cli/bench/compile-figures.ts';
import { loadWorkloads } from '../src/cli/bench/workloads.ts';
import { createEVM } from '../src/evm/evm.ts';
import { dropModules } from '../src/evm/machine/tiers.ts';
import { plainTransaction } from '../src/evm/plain-transaction.ts';
import type { Address, Transaction } from '../src/evm/types.ts';
import { MemoryState } from '../src/state/memory.ts';

requireBuild();
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '5000' },
    cycles: { type: 'string', default: '2' },
    real: { type: 'boolean', default: false },
    'wasm-mib': { type: 'string', default: '512' },
  },
});
const COUNT = Number(values.count);
const wasmBytesMax = Number(values['wasm-mib']) * 2 ** 20;

const addressOf = (index: number): Address =>
  `0x${(0xc0de0000 + index).toString(16).padStart(40, '0')}`;

const FUNCTIONS = 4;
/** STOP and a number. */
const TAG_BYTES = 5;

/** A dispatcher over four functions, each with a loop of its own; returns its index. */
function contract(index: number): Uint8Array {
  const tag = index.toString(16).padStart(8, '0');
  const heads = Array.from(
    { length: FUNCTIONS },
    (_, i) => `80${'60'}${i.toString(16).padStart(2, '0')}14`,
  );
  // JUMPDEST POP, a loop of four rounds, and the tag returned.
  const body = (at: number) => {
    const loop = (at + 4).toString(16).padStart(4, '0');
    return `5b5060045b6001900380${'61'}${loop}57${'63'}${tag}5f5260205ff3`;
  };
  const bodyBytes = body(0).length / 2;
  const start = 3 + FUNCTIONS * 8 + 4;
  const jumps = heads.map(
    (head, i) => `${head}61${(start + i * bodyBytes).toString(16).padStart(4, '0')}57`,
  );
  const bodies = heads.map((_, i) => body(start + i * bodyBytes));
  return Uint8Array.fromHex(`${'5f35'}5b${jumps.join('')}5f5f5ffd${bodies.join('')}`);
}

const REAL = values.real
  ? [...realContracts(loadWorkloads({ tiny: true, missing: console.log })).values()]
  : [];

/** A real contract with its number behind it, where metadata differ from build to build. */
function realContract(index: number): Uint8Array {
  const code = REAL[index % REAL.length] as Uint8Array;
  const copy = new Uint8Array(code.length + TAG_BYTES);
  copy.set(code);
  new DataView(copy.buffer).setUint32(code.length + 1, index);
  return copy;
}

const codeOf = values.real ? realContract : contract;

function call(index: number): Transaction {
  return plainTransaction({
    sender: addressOf(COUNT),
    gasLimit: 1_000_000n,
    to: addressOf(index),
    data: Uint8Array.fromHex((index % FUNCTIONS).toString(16).padStart(64, '0')),
  });
}

function meanBytes(): number {
  const sample = Math.min(COUNT, 100);
  const sizes = Array.from({ length: sample }, (_, index) => codeOf(index).length);
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / sample);
}

async function settledMiB(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return process.memoryUsage().rss / 2 ** 20;
}

function runAll(): ReturnType<typeof createEVM> {
  const state = new MemoryState();
  for (let index = 0; index < COUNT; index++) {
    const code = codeOf(index);
    state.setAccount(addressOf(index), { nonce: 1n, balance: 0n, code, storage: [] });
  }
  const evm = createEVM({ state, engine: 'compiler', compilation: { wasmBytesMax } });
  for (const round of ['compiled', 'called again']) {
    const start = performance.now();
    for (let index = 0; index < COUNT; index++) {
      const result = evm.transactSync(call(index), { callOnly: true, commit: false });
      const { status } = result;
      // A real one may refuse what it is called with.
      const isRight = values.real
        ? status === 'success' || status === 'revert'
        : status === 'success' && Number(`0x${result.output.toHex()}`) === index;
      if (!isRight) {
        throw new Error(`contract ${index} ended with ${JSON.stringify(status)}`);
      }
    }
    const us = ((performance.now() - start) / COUNT) * 1000;
    console.log(`${COUNT} contracts ${round}: ${us.toFixed(0)} microseconds each`);
  }
  return evm;
}

const before = await settledMiB();
for (let cycle = 0; cycle < Number(values.cycles); cycle++) await runCycle();

/** All of it once; what a second time adds was not freed. */
async function runCycle(): Promise<void> {
  let evm: ReturnType<typeof createEVM> | undefined = runAll();
  const { contracts, wasmBytes, slots, evicted } = evm.tierStatistics();
  const live = await settledMiB();
  console.log(
    `live: ${contracts} of ${meanBytes()} bytes in the mean, ${evicted} evicted, ${slots} slots, ` +
      `${(wasmBytes / 2 ** 20).toFixed(1)} MiB of wasm; ` +
      `${(live - before).toFixed(0)} MiB more than before`,
  );
  evm = undefined;
  console.log(
    `machine dropped: ${((await settledMiB()) - before).toFixed(0)} MiB more than before`,
  );
  dropModules();
  console.log(
    `modules dropped: ${((await settledMiB()) - before).toFixed(0)} MiB more than before`,
  );
}
