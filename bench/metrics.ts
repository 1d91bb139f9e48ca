/**
 * The three metrics of the design: how long one transaction takes (p50, p99, p99.9), how many
 * slots a second are read, written and committed to a root, and what an instruction costs.
 *
 *   node bench/metrics.ts [--transactions N] [--slots N] [--warm-up MS] [--tiny]
 *
 * Results are compared with what they must be before anything is timed.
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { bigintToBytes, concatBytes } from '../src/base/bytes.ts';
import { coverageOf } from '../src/cli/bench/coverage.ts';
import { call, open, stateOf, warmUp } from '../src/cli/bench/machine.ts';
import { CALLER, CONTRACT, type Workload } from '../src/cli/bench/workload.ts';
import { encodeWords } from '../src/cli/bench/workloads/scenario.ts';
import { loadWorkloads } from '../src/cli/bench/workloads.ts';
import { createEVM } from '../src/evm/evm.ts';
import { plainTransaction } from '../src/evm/plain-transaction.ts';
import { MemoryState } from '../src/state/memory.ts';
import { PathTrie } from '../src/state/path-trie.ts';
import { TrieMemory } from '../src/state/trie-memory.ts';

requireBuild();
const { values } = parseArgs({
  options: {
    transactions: { type: 'string', default: '20000' },
    slots: { type: 'string', default: '100000' },
    'warm-up': { type: 'string', default: '1500' },
    tiny: { type: 'boolean', default: false },
  },
});
const transactions = values.tiny ? 20 : Number(values.transactions);
const slots = values.tiny ? 500 : Number(values.slots);
const warmUpMs = values.tiny ? 20 : Number(values['warm-up']);
/** Instructions are counted over so much of a workload, one by one. */
const COUNTED_GAS = values.tiny ? 100_000n : 20_000_000n;
const ROUNDS = values.tiny ? 1 : 7;

/** For i from the first word of input down to 1: SLOAD(i), or SSTORE(i, i + second word). */
const READS = '5f355b805450600190038060025700';
const WRITES = '5f355b60203581018155600190038060025700';

const missing = (what: string) => console.log(`not there: ${what}`);
const workloads = loadWorkloads({ tiny: values.tiny, missing });
await latency();
await throughput();
await efficiency();
process.exit();

/** One transaction each, with nonce, fees, logs and the state that it changed read out. */
async function latency(): Promise<void> {
  const chosen: readonly (readonly [what: string, name: RegExp, argument: bigint])[] = [
    ['ERC-20 mint and transfer', /^TokenLoops transferLoop/, 1n],
    ['two orders that match', /^OrderBook run/, 2n],
    ['an option priced', /^OptionPricing run/, 1n],
    ['swap on Uniswap v3', /^UniswapV3Loops run/, 1n],
  ];
  console.log('\nexecution latency          p50 us    p99 us  p99.9 us      gas');
  for (const [what, name, argument] of chosen) {
    const workload = workloads.find((candidate) => name.test(candidate.name));
    if (workload === undefined) continue;
    const input = concatBytes(workload.input.subarray(0, 4), bigintToBytes(argument, 32));
    const { us, gas } = await timeTransactions({ ...workload, input });
    const at = (share: number) => (us[Math.floor(us.length * share)] ?? 0).toFixed(1).padStart(10);
    console.log(`${what.padEnd(25)}${at(0.5)}${at(0.99)}${at(0.999)}${String(gas).padStart(9)}`);
  }
}

async function timeTransactions(workload: Workload): Promise<{ us: number[]; gas: bigint }> {
  const state = stateOf(workload);
  state.setAccount(CALLER, { nonce: 0n, balance: 10n ** 30n, code: new Uint8Array(), storage: [] });
  const evm = createEVM({ state, block: { baseFee: 7n } });
  const transaction = plainTransaction({
    sender: CALLER,
    gasLimit: 5_000_000n,
    to: workload.to,
    data: workload.input,
    maxFeePerGas: 10n,
    maxPriorityFeePerGas: 10n,
  });
  let gas = 0n;
  const run = (): number => {
    const start = performance.now();
    const result = evm.transactSync(transaction, { commit: false });
    const us = (performance.now() - start) * 1_000;
    if (result.status !== 'success') throw new Error(`${workload.name}: ${result.status}`);
    if (!result.changes.accounts.has(CALLER)) throw new Error(`${workload.name}: nobody paid`);
    gas = result.gasUsed;
    return us;
  };
  const until = performance.now() + warmUpMs;
  while (performance.now() < until) {
    for (let i = 0; i < 50; i++) run();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const us = Array.from({ length: transactions }, run).sort((a, b) => a - b);
  return { us, gas };
}

async function throughput(): Promise<void> {
  const state = new MemoryState();
  const storage: [bigint, bigint][] = Array.from({ length: slots }, (_, i) => {
    const word = BigInt(i + 1);
    return [word, word];
  });
  const writer = `0x${'d0'.repeat(20)}` as const;
  const nothing = { nonce: 1n, balance: 0n };
  state.setAccount(CONTRACT, { ...nothing, code: Uint8Array.fromHex(READS), storage });
  state.setAccount(writer, { ...nothing, code: Uint8Array.fromHex(WRITES), storage });
  const evm = createEVM({ state });
  let round = 0n;
  const run = (to: typeof writer) => {
    round += 1n;
    const data = Uint8Array.fromHex(encodeWords([BigInt(slots), round]));
    const gasLimit = 10n ** 12n;
    const transaction = plainTransaction({ sender: CALLER, gasLimit, to, data });
    const result = evm.transactSync(transaction, { callOnly: true, commit: false });
    if (result.status !== 'success') throw new Error(`slots: ${JSON.stringify(result.status)}`);
    return result;
  };
  const times: Record<string, number[]> = {};
  const time = <T>(what: string, work: () => T): T => {
    const start = performance.now();
    const result = work();
    times[what] = [...(times[what] ?? []), performance.now() - start];
    return result;
  };
  const trie = new PathTrie(new TrieMemory());
  trie.updateSlots(slotBytes(storage));
  trie.root();
  for (let i = 0; i < ROUNDS; i++) {
    evm.setState(state);
    time('read, asked of the state', () => run(CONTRACT));
    time('read, from the machine’s tables', () => run(CONTRACT));
    const { changes } = time('written', () => run(writer));
    const written = changes.accounts.get(writer)?.storage;
    if (written?.size !== slots) throw new Error(`${written?.size} slots were written`);
    const bytes = slotBytes([...written]);
    const root = time('committed to a root', () => {
      trie.updateSlots(bytes);
      return trie.root();
    });
    if (i === 0 && slots <= 1_000) checkRoot(root, written);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  console.log(`\nstate throughput, ${slots} slots        a second`);
  for (const [what, ms] of Object.entries(times)) {
    const median = [...ms].sort((a, b) => a - b)[ms.length >> 1] as number;
    const rate = Math.round((slots / median) * 1_000);
    console.log(`${what.padEnd(36)}${rate.toLocaleString('en').padStart(12)}`);
  }
}

function slotBytes(list: readonly (readonly [bigint, bigint])[]): Uint8Array {
  return Uint8Array.fromHex(encodeWords(list.flat()));
}

/** Holds the root against that of the plain trie. */
function checkRoot(root: string, storage: ReadonlyMap<bigint, bigint>): void {
  const plain = new PathTrie(new TrieMemory());
  plain.updateSlots(slotBytes([...storage].reverse()));
  if (plain.root() !== root) throw new Error(`the root is ${root}, expected ${plain.root()}`);
}

/** Nanoseconds and gas of an instruction, by workload. */
async function efficiency(): Promise<void> {
  const head = 'gas an instruction  interpreter ns  compiler ns  ns a gas, compiled';
  console.log(`\nopcode efficiency                       ${head}`);
  for (const workload of workloads) {
    const { instructions, gas } = await coverageOf(workload, COUNTED_GAS);
    if (instructions === 0) continue;
    const perGas = instructions / Number(gas);
    const ns: number[] = [];
    let used = 0n;
    for (const tier of ['interpreter', 'compiler'] as const) {
      const opened = open(workload, tier);
      await warmUp(opened, warmUpMs);
      const called = Array.from({ length: ROUNDS }, () => call(opened));
      used = called[0]?.gas ?? 0n;
      ns.push((called.map(({ ms }) => ms).sort((a, b) => a - b)[ROUNDS >> 1] as number) * 1e6);
    }
    const count = Number(used) * perGas;
    const [interpreted = 0, compiled = 0] = ns.map((total) => total / count);
    const perGasNs = (ns[1] as number) / Number(used);
    console.log(
      `${workload.name.padEnd(40)}${(1 / perGas).toFixed(2).padStart(18)}` +
        `${interpreted.toFixed(2).padStart(16)}${compiled.toFixed(2).padStart(13)}` +
        `${perGasNs.toFixed(3).padStart(20)}`,
    );
  }
}
