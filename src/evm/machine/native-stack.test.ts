/** 1,024 nested calls use no native stack: they run where hardly anything has room. */
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

/** Of which Node.js keeps 192 KiB: 312 bytes are left for each call. Usual are 4 MiB. */
const STACK_MIB = 0.5;
const library = new URL('../evm.ts', import.meta.url).href;
const state = new URL('../../state/memory.ts', import.meta.url).href;

/** Calls itself with its depth, from 1 on, and returns the depth that was reached. */
const CODE = '5f356001015f5260205f60205f5f305af15060205ff3';
const PROGRAM = `
const { parentPort } = require('node:worker_threads');
(async () => {
  const { createEVM } = await import(${JSON.stringify(library)});
  const { MemoryState } = await import(${JSON.stringify(state)});
  // What JavaScript itself reaches here, so that the test knows that the stack is small.
  const deepest = (depth) => { try { return deepest(depth + 1); } catch { return depth; } };
  const depths = { javascript: deepest(0) };
  for (const engine of ['interpreter', 'compiler', 'auto']) {
    const state = new MemoryState();
    const to = '0x' + 'a1'.repeat(20);
    const code = Uint8Array.fromHex('${CODE}');
    state.setAccount(to, { nonce: 1n, balance: 0n, code, storage: [] });
    const evm = createEVM({ state, engine, hotThreshold: engine === 'auto' ? 100 : undefined });
    const result = await evm.call({ to, gas: 10n ** 13n });
    depths[engine] = Number('0x' + (result.output?.toHex() ?? '00'));
  }
  parentPort.postMessage(depths);
})();
`;

it('1,024 nested calls in a thread with a small stack', async () => {
  const worker = new Worker(PROGRAM, { eval: true, resourceLimits: { stackSizeMb: STACK_MIB } });
  const depths = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  // The outermost frame, and 1,024 nested ones.
  expect(depths).toMatchObject({ interpreter: 1_025, compiler: 1_025, auto: 1_025 });
  expect((depths as { javascript: number }).javascript).toBeLessThan(10_000);
});
