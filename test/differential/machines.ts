/**
 * Ironfly's tiers as machines that run the transactions of a case, with changes of tier and side
 * exits forced: gas is granted in slices so small that compiled code leaves for the interpreter
 * almost anywhere, contracts become hot after a chosen number of jumps, and the caches of the state
 * can be dropped between transactions, so that any access may suspend the run.
 */
import { createEVM, type EVM } from '../../src/evm/evm.ts';
import type { ForkName } from '../../src/evm/forks/names.ts';
import * as layout from '../../src/evm/layout.ts';
import { ARENAS_START } from '../../src/evm/machine/memory.ts';
import type { TraceStep } from '../../src/evm/machine/steps.ts';
import { plainTransaction } from '../../src/evm/plain-transaction.ts';
import type { Engine, StateChanges, TransactionResult } from '../../src/evm/types.ts';
import { MemoryState } from '../../src/state/memory.ts';
import {
  blockEnvironment,
  blockHashOf,
  type Case,
  type CaseTransaction,
  CHAIN_ID,
  machineTransaction,
} from './case.ts';
import {
  type AccountState,
  INVALID,
  isKept,
  type Outcome,
  STACK_KEPT,
  type Step,
} from './outcome.ts';

/** What is forced upon a machine. */
export interface Forcing {
  /** Calls or jumps after which `auto` compiles. */
  readonly hotThreshold: number;
  /** Gas granted at a time. */
  readonly gasSlice: bigint;
}

export const UNFORCED: Forcing = { hotThreshold: 2, gasSlice: 200_000n };

export interface Machine {
  readonly engine: Engine;
  /** Begins a case, or goes on in a state that is given anew. */
  open(test: Case, state: MemoryState, forcing: Forcing): void;
  run(transaction: CaseTransaction, options?: RunOptions): TransactionResult;
}

export interface RunOptions {
  readonly steps?: Step[];
  /** Whether the changes are kept for what follows. */
  readonly commit?: boolean;
}

/** One machine of an engine and a fork. */
export function createMachine(engine: Engine, fork: ForkName): Machine {
  const { evm, memory } = openWithMemory(engine, fork);
  return {
    engine,
    open: (test, state, { hotThreshold, gasSlice }) => {
      evm.setState(state);
      evm.setBlock(blockEnvironment(test));
      // The large context is the first, and the one that `transactSync` uses.
      const view = new DataView(memory.buffer);
      view.setBigInt64(ARENAS_START + layout.C_GAS_SLICE, gasSlice, true);
      if (engine === 'auto') {
        view.setUint32(ARENAS_START + layout.C_HOT_THRESHOLD, hotThreshold, true);
      }
    },
    run: (transaction, { steps, commit = true } = {}) => {
      const onStep =
        steps === undefined ? {} : { onStep: (step: TraceStep) => keepStep(steps, step) };
      return evm.transactSync(machineTransaction(transaction), { commit, ...onStep });
    },
  };
}

function keepStep(steps: Step[], step: TraceStep): void {
  const { pc, op, gas, depth, memSize, stack, refund } = step;
  // What the fork does not know is INVALID to EthereumJS, REVERT before Byzantium too.
  if (!isKept(step.opName === undefined ? INVALID : op, stack.length, steps)) return;
  const kept = stack.slice(-STACK_KEPT);
  steps.push({ pc, op, gas, depth, memSize, height: stack.length, stack: kept, refund });
}

/** An EVM and the memory it lives in, which the library keeps to itself. */
function openWithMemory(
  engine: Engine,
  fork: ForkName,
): { readonly evm: EVM; readonly memory: WebAssembly.Memory } {
  const { Memory } = WebAssembly;
  let memory: WebAssembly.Memory | undefined;
  class Watched extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memory = this;
    }
  }
  WebAssembly.Memory = Watched;
  let evm: EVM;
  try {
    evm = createEVM({ engine, fork, chainId: CHAIN_ID, hotThreshold: UNFORCED.hotThreshold });
  } finally {
    WebAssembly.Memory = Memory;
  }
  if (memory === undefined) throw new Error('createEVM made no memory');
  const slice = new DataView(memory.buffer).getBigInt64(ARENAS_START + layout.C_GAS_SLICE, true);
  if (slice !== UNFORCED.gasSlice) throw new Error(`the first context grants ${slice} gas`);
  // A context takes its settings over with its first call: have that behind us.
  evm.transactSync(EMPTY_CALL, { commit: false, callOnly: true });
  return { evm, memory };
}

const EMPTY_CALL = plainTransaction({
  sender: `0x${'00'.repeat(20)}`,
  gasLimit: 0n,
  to: `0x${'ff'.repeat(20)}`,
});

/** The state that a case begins with. */
export function stateOf({ accounts }: Pick<Case, 'accounts'>): MemoryState {
  const state = new MemoryState();
  state.blockHash = blockHashOf;
  for (const { address, ...account } of accounts) state.setAccount(address, account);
  return state;
}

export function dumpState(state: MemoryState): Map<`0x${string}`, AccountState> {
  const all = new Map<`0x${string}`, AccountState>();
  for (const address of state.addresses()) {
    const account = state.getAccount(address);
    if (account === undefined) continue;
    const { nonce, balance, codeHash } = account;
    all.set(address, { nonce, balance, codeHash, storage: state.storageOf(address) });
  }
  return all;
}

/** The outcome of a result whose changes have been applied to `state`. */
export function outcomeOf(result: TransactionResult, state: MemoryState, steps: Step[]): Outcome {
  if (result.status === 'refused') {
    return { ...EMPTY_OUTCOME, reason: result.message, state: dumpState(state), steps };
  }
  const { status, gasUsed, output, logs, created } = result;
  const reason = result.status === 'halt' ? result.reason : undefined;
  return { status, reason, gasUsed, output, logs, created, state: dumpState(state), steps };
}

const EMPTY_OUTCOME = {
  status: 'refused',
  gasUsed: 0n,
  output: new Uint8Array(),
  logs: [],
  created: undefined,
} as const;

/** In what two tiers' results differ, or undefined. Refusals and halts must have one reason. */
export function tierDifference(
  expected: TransactionResult,
  found: TransactionResult,
): string | undefined {
  const one = plain(expected);
  const other = plain(found);
  if (one === other) return undefined;
  const at = [...one].findIndex((char, index) => char !== other[index]);
  const from = Math.max(0, at - 60);
  return `…${other.slice(from, at + 80)}…, not …${one.slice(from, at + 80)}…`;
}

function plain(result: TransactionResult): string {
  if (result.status === 'refused') return `refused: ${result.reason}`;
  const { status, gasUsed, gasRefunded, output, logs, created, changes } = result;
  const reason = result.status === 'halt' ? result.reason : '';
  const lines = [`${status} ${reason} gas ${gasUsed} refund ${gasRefunded} created ${created}`];
  lines.push(`output ${output.toHex()}`);
  for (const { address, topics, data } of logs) {
    lines.push(`log ${address} ${topics.join()} ${data.toHex()}`);
  }
  lines.push(...plainChanges(changes));
  return lines.join('\n');
}

function plainChanges({ accounts, codes }: StateChanges): string[] {
  const lines = [...accounts].map(([address, change]) => {
    if (change === null) return `${address} gone`;
    const { nonce, balance, codeHash, storageWiped, storage } = change;
    const slots = [...storage].map(([slot, value]) => `${slot}=${value}`).sort();
    return `${address} ${nonce} ${balance} ${codeHash} ${storageWiped} ${slots.join()}`;
  });
  return [...lines.sort(), [...codes.keys()].sort().join()];
}
