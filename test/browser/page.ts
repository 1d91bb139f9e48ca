/** What runs in the browser: state tests and workloads, by the code that runs them in Node.js. */
import type { Opened, Tier } from '../../src/cli/bench/machine.ts';
import { call, open, warmUp } from '../../src/cli/bench/machine.ts';
import { median } from '../../src/cli/bench/statistics.ts';
import type { Workload } from '../../src/cli/bench/workload.ts';
import { runCases } from '../../src/cli/statetest/cases.ts';
import { openMachine } from '../../src/cli/statetest/machine.ts';
import { canShareMemory } from '../../src/evm/machine/memory.ts';
import type { BrowserCounts, Page, SentWorkload } from './messages.ts';
import { verifyProofs } from './proofs.ts';

const TIERS: readonly Tier[] = ['interpreter', 'compiler'];
const RUNS = 3;
/** Pages that are not isolated see a clock of 0.1 ms: calls are timed many at once. */
const RUN_MS = 20;

const PAGE: Page = {
  sharesMemory: () => Promise.resolve(canShareMemory()),

  async stateTests(paths, engine, choice) {
    const counts: BrowserCounts = { passed: 0, failures: [] };
    const machine = openMachine({ engine, hotThreshold: 2, suspends: true });
    for (const path of paths) {
      const text = await (await fetch(path)).text();
      const { results, error } = await runCases({ path, text }, choice, machine);
      if (error !== undefined) counts.failures.push(error);
      for (const { pass, name, fork, index, error: why } of results) {
        if (pass) counts.passed += 1;
        else counts.failures.push(`${path} ${name} ${fork} ${index}: ${why}`);
      }
    }
    return counts;
  },

  proofs: verifyProofs,

  async workload(sent, warmUpMs) {
    const workload = received(sent);
    const ms: Record<string, number> = {};
    for (const tier of TIERS) {
      const opened = open(workload, tier);
      await warmUp(opened, warmUpMs);
      ms[tier] = median(Array.from({ length: RUNS }, () => timeCalls(workload, opened)));
    }
    return { name: workload.name, ms };
  },
};

/** Milliseconds of a call. @throws where the output is not what it must be */
function timeCalls({ name, expected }: Workload, opened: Opened): number {
  const start = performance.now();
  for (let calls = 1; ; calls++) {
    const { output } = call(opened);
    if (output !== expected) throw new Error(`${name} gives ${output}, it must be ${expected}`);
    const ms = performance.now() - start;
    if (ms >= RUN_MS) return ms / calls;
  }
}

function received({ accounts, input, ...rest }: SentWorkload): Workload {
  return {
    ...rest,
    input: Uint8Array.fromHex(input),
    accounts: accounts.map(({ address, nonce, balance, code, storage }) => ({
      address,
      nonce: BigInt(nonce),
      balance: BigInt(balance),
      code: Uint8Array.fromHex(code),
      storage: new Map(storage.map(([slot, value]) => [BigInt(slot), BigInt(value)])),
    })),
  };
}

Object.assign(globalThis, { ironfly: PAGE });
