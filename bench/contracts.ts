/**
 * Many different contracts compiled and live in one process, then dropped: time, memory, slots.
 *
 *   node --expose-gc bench/contracts.ts [--count N]
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { createEVM } from '../src/evm/evm.ts';
import { dropModules } from '../src/evm/machine/tiers.ts';
import { plainTransaction } from '../src/evm/plain-transaction.ts';
import type { Address, Transaction } from '../src/evm/types.ts';
import { MemoryState } from '../src/state/memory.ts';

requireBuild();
const { values } = parseArgs({
  options: { count: { type: 'string', default: '5000' }, cycles: { type: 'string', default: '2' } },
});
const COUNT = Number(values.count);

const addressOf = (index: number): Address =>
  `0x${(0xc0de0000 + index).toString(16).padStart(40, '0')}`;

const FUNCTIONS = 4;

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

function call(index: number): Transaction {
  return plainTransaction({
    sender: addressOf(COUNT),
    gasLimit: 1_000_000n,
    to: addressOf(index),
    data: Uint8Array.fromHex((index % FUNCTIONS).toString(16).padStart(64, '0')),
  });
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
    const code = contract(index);
    state.setAccount(addressOf(index), { nonce: 1n, balance: 0n, code, storage: [] });
  }
  const evm = createEVM({ state, engine: 'compiler' });
  for (const round of ['compiled', 'called again']) {
    const start = performance.now();
    for (let index = 0; index < COUNT; index++) {
      const result = evm.transactSync(call(index), { callOnly: true, commit: false });
      if (result.status !== 'success' || Number(`0x${result.output.toHex()}`) !== index) {
        throw new Error(`contract ${index} ended with ${JSON.stringify(result.status)}`);
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
    `live: ${contracts} of ${contract(0).length} bytes, ${evicted} evicted, ${slots} slots, ` +
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
