/** The machine under test: opens a workload on an engine and calls it. */
import { createEVM, type EVM } from '../../evm/evm.ts';
import { plainTransaction } from '../../evm/plain-transaction.ts';
import type { Engine, Transaction } from '../../evm/types.ts';
import { MemoryState } from '../../state/memory.ts';
import { CALL_GAS, CALLER, type Workload } from './workload.ts';

/** How a workload is run: warm on one of two tiers, or as a machine that just met it. */
export type Tier = 'interpreter' | 'compiler' | 'auto';

export interface Called {
  readonly ms: number;
  readonly gas: bigint;
  readonly output: string;
}

/** A workload in a machine of its own. */
export interface Opened {
  readonly workload: Workload;
  readonly evm: EVM;
  readonly transaction: Transaction;
}

/** Calls before timing, and the time they may take: V8 optimises what is hot in the background. */
const WARM_UP_MS = 1_500;
const WARM_UP_CALLS_MAX = 3_000;
/** Compilations of one contract follow each other, each with the counts since the one before. */
const WARM_UP_ROUNDS_MAX = 6;
/** A worker that takes longer for a contract is not waited for. */
const COMPILE_MS_MAX = 20_000;
/** Modules compiled by a worker arrive when this thread lets go; so it does, this often. */
const LET_GO_MS = 20;

/** Every call starts from the same state: nothing that one changed is kept for the next. */
export function open(workload: Workload, tier: Tier): Opened {
  const state = stateOf(workload);
  // Compiled from the interpreter's counts, as `auto` does once a contract is warm.
  const engine: Engine = tier === 'compiler' ? 'auto' : tier;
  const evm = createEVM({ state, engine });
  return { workload, evm, transaction: transactionOf(workload) };
}

export function stateOf(workload: Workload): MemoryState {
  const state = new MemoryState();
  for (const { address, ...account } of workload.accounts) state.setAccount(address, account);
  return state;
}

function transactionOf({ to, input }: Workload): Transaction {
  return plainTransaction({
    sender: CALLER,
    gasLimit: CALL_GAS,
    to,
    data: input,
  });
}

/** Calls once. @throws when the call does not succeed */
export function call({ evm, transaction, workload }: Opened): Called {
  const start = performance.now();
  const result = evm.transactSync(transaction, { callOnly: true, commit: false });
  const ms = performance.now() - start;
  if (result.status !== 'success') {
    const why = 'reason' in result ? `${result.status} (${result.reason})` : result.status;
    const output = result.status === 'refused' ? '' : ` with output 0x${result.output.toHex()}`;
    throw new Error(`${workload.name} ended with ${why}${output}`);
  }
  return { ms, gas: result.gasUsed, output: `0x${result.output.toHex()}` };
}

/**
 * Calls for a while, waits for what a worker still compiles, and once more if something came, until
 * nothing does: then what is hot is compiled and optimised.
 */
export async function warmUp(opened: Opened, budgetMs: number = WARM_UP_MS): Promise<void> {
  for (let round = 0; round < WARM_UP_ROUNDS_MAX; round++) {
    const before = opened.evm.tierStatistics().compiled;
    await callFor(opened, budgetMs);
    await compiled(opened);
    if (opened.evm.tierStatistics().compiled === before) return;
  }
}

/** Waits for what a worker compiles. */
export async function compiled({ evm }: Opened): Promise<void> {
  const until = performance.now() + COMPILE_MS_MAX;
  while (evm.tierStatistics().waiting > 0 && performance.now() < until) await letGo();
}

async function callFor(opened: Opened, budgetMs: number): Promise<void> {
  const until = performance.now() + budgetMs;
  let next = performance.now() + LET_GO_MS;
  for (let i = 0; i < WARM_UP_CALLS_MAX && performance.now() < until; i++) {
    call(opened);
    if (performance.now() < next) continue;
    await letGo();
    next = performance.now() + LET_GO_MS;
  }
}

/** Lets answers of workers in. */
function letGo(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
