/** The machine under test: opens a workload on an engine and calls it. */
import { createEVM, type EVM } from '../../evm/evm.ts';
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
  return {
    type: 0,
    sender: CALLER,
    nonce: 0n,
    gasLimit: CALL_GAS,
    to,
    value: 0n,
    data: input,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: [],
    authorizationList: [],
  };
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

/** Calls until what is hot is compiled and optimised, or the time is up. */
export async function warmUp(opened: Opened, budgetMs: number = WARM_UP_MS): Promise<void> {
  const until = performance.now() + budgetMs;
  let letGo = performance.now() + LET_GO_MS;
  for (let i = 0; i < WARM_UP_CALLS_MAX && performance.now() < until; i++) {
    call(opened);
    if (performance.now() < letGo) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    letGo = performance.now() + LET_GO_MS;
  }
}
