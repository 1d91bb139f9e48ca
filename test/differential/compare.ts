/** Runs a case on EthereumJS and on all tiers, and says where they part. */
import type { ForkName } from '../../src/evm/forks/names.ts';
import type { Engine } from '../../src/evm/types.ts';
import type { MemoryState } from '../../src/state/memory.ts';
import type { Case, CaseAccount } from './case.ts';
import { createPeer, type Peer } from './ethereumjs.ts';
import {
  createMachine,
  type Forcing,
  type Machine,
  outcomeOf,
  stateOf,
  tierDifference,
  UNFORCED,
} from './machines.ts';
import { difference, type Outcome, type Step, stepDifference } from './outcome.ts';

export interface Difference {
  /** Index of the transaction. */
  readonly index: number;
  /** Which machine differs: an engine, from EthereumJS or from the interpreter. */
  readonly machine: string;
  readonly text: string;
}

export interface Comparison {
  readonly difference: Difference | undefined;
  /** The interpreter's outcome of each transaction, up to the difference. */
  readonly outcomes: readonly Outcome[];
}

export interface CompareOptions {
  /** One a tier that is compared with the interpreter. */
  readonly forcing?: Partial<Record<Engine, Forcing>>;
  /** Transactions whose steps are compared as well. */
  readonly steps?: ReadonlySet<number>;
  /** Before these transactions the tiers forget what they have cached of the state. */
  readonly forgets?: ReadonlySet<number>;
}

export interface Comparer {
  compare(test: Case, options?: CompareOptions): Promise<Comparison>;
}

export const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];

/** Cases after which the machines are made anew: code that was seen is kept until then. */
const CASES_MAX = 1_000;

/** Machines of one fork, kept from case to case. */
export function createComparer(fork: ForkName, engines: readonly Engine[] = ENGINES): Comparer {
  let peer: Promise<Peer> | undefined;
  let machines: Machine[] = [];
  let cases = 0;
  return {
    compare: async function compare(test, options = {}) {
      peer ??= createPeer(fork);
      if (machines.length === 0 || cases >= CASES_MAX) {
        machines = engines.map((engine) => createMachine(engine, fork));
        cases = 0;
      }
      cases += 1;
      try {
        return await run(await peer, machines, test, options);
      } catch (error) {
        // Whatever state they are in, they are not used again.
        machines = [];
        peer = undefined;
        if (options.steps !== undefined && isUnreadable(error)) {
          const { steps: _, ...others } = options;
          return compare(test, others);
        }
        throw error;
      }
    },
  };
}

/** What V8 says of more bytes than an array may have, and of more than there are. */
const TOO_LARGE = ['Invalid typed array length', 'Array buffer allocation failed'];

/** EthereumJS cannot report a step of REVERT whose data would not fit into memory. */
function isUnreadable(error: unknown): boolean {
  if (!(error instanceof RangeError) || error.stack?.includes('_runStepHook') !== true)
    return false;
  return TOO_LARGE.some((text) => error.message.startsWith(text));
}

async function run(
  peer: Peer,
  machines: readonly Machine[],
  test: Case,
  { forcing = {}, steps: stepped = new Set(), forgets = new Set() }: CompareOptions,
): Promise<Comparison> {
  const state = stateOf(test);
  let parent = stateOf(test);
  const open = () => {
    for (const machine of machines) {
      machine.open(test, parent, forcing[machine.engine] ?? UNFORCED);
    }
  };
  open();
  peer.open(test);
  const outcomes: Outcome[] = [];
  for (const [index, transaction] of test.transactions.entries()) {
    if (index > 0 && forgets.has(index)) {
      parent = stateOf({ accounts: [...accountsOf(state)] });
      open();
    }
    const steps = stepped.has(index);
    const expected = await peer.run(transaction, { steps });
    const [first, ...others] = machines as [Machine, ...Machine[]];
    const taken: Step[] = [];
    const result = first.run(transaction, steps ? { steps: taken } : {});
    const before = result.status === 'refused' ? undefined : result.changes;
    if (before !== undefined) state.apply(before);
    const outcome = outcomeOf(result, state, taken);
    const text =
      difference(expected, outcome) ?? (steps ? stepDifference(expected.steps, taken) : undefined);
    if (text !== undefined) {
      return { difference: { index, machine: `${first.engine} and EthereumJS`, text }, outcomes };
    }
    outcomes.push(outcome);
    for (const machine of others) {
      const differs = tierDifference(result, machine.run(transaction));
      if (differs !== undefined) {
        const name = `${machine.engine} and ${first.engine}`;
        return { difference: { index, machine: name, text: differs }, outcomes };
      }
    }
  }
  // The states are equal, account by account: one root in many transactions says it of all.
  const [root, other] = [await peer.root(), state.root()];
  if (root === other) return { difference: undefined, outcomes };
  const index = test.transactions.length - 1;
  const text = `state root ${other}, not ${root}`;
  return { difference: { index, machine: 'interpreter and EthereumJS', text }, outcomes };
}

function* accountsOf(state: MemoryState): Generator<CaseAccount> {
  for (const address of state.addresses()) {
    const account = state.getAccount(address);
    if (account === undefined) continue;
    const { nonce, balance, codeHash } = account;
    const code = state.getCode(codeHash);
    yield { address, nonce, balance, code, storage: state.storageOf(address) };
  }
}
