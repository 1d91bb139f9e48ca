/** One round of the campaign: a random case on all machines, gas limits and forcing included. */

import { intrinsicGas } from '../../src/chain/transactions/intrinsic-gas.ts';
import type { ForkName } from '../../src/evm/forks/names.ts';
import { rulesOf } from '../../src/evm/forks/rules.ts';
import type { Engine } from '../../src/evm/types.ts';
import type { Case, CaseTransaction } from '../differential/case.ts';
import {
  type CompareOptions,
  type Comparer,
  type Comparison,
  createComparer,
  ENGINES,
} from '../differential/compare.ts';
import {
  createMachine,
  type Forcing,
  type Machine,
  stateOf,
  UNFORCED,
} from '../differential/machines.ts';
import { Random } from './random.ts';
import { randomCase } from './world.ts';

export interface Round {
  readonly seed: string;
  readonly test: Case;
  readonly options: CompareOptions;
  readonly comparison: Comparison;
}

export interface Campaign {
  /** Runs the case of a seed. */
  round(fork: ForkName, seed: string): Promise<Round>;
  /** Runs a case that is given. */
  compare(test: Case, options: CompareOptions): Promise<Comparison>;
}

/** Code is compiled once a case: many transactions make the most of it. */
const [TRANSACTIONS_MIN, TRANSACTIONS_MAX] = [24, 96];
/** Gas of the runs that find out how much gas is needed. */
const GENEROUS = 200_000n;

export function createCampaign(engines: readonly Engine[] = ENGINES): Campaign {
  const comparers = new Map<ForkName, Comparer>();
  const scouts = new Map<ForkName, Machine>();
  const comparerOf = (fork: ForkName) =>
    remember(comparers, fork, (f) => createComparer(f, engines));
  const scoutOf = (fork: ForkName) =>
    remember(scouts, fork, (f) => createMachine('interpreter', f));
  const compare = (test: Case, options: CompareOptions) =>
    comparerOf(test.fork).compare(test, options);
  return {
    compare,
    round: async (fork, seed) => {
      const random = new Random(`${seed} ${fork}`);
      const drawn = randomCase(random, fork, random.between(TRANSACTIONS_MIN, TRANSACTIONS_MAX));
      const test = gasLimits(random, drawn, scoutOf(fork));
      const options: CompareOptions = {
        forcing: {
          interpreter: randomForcing(random),
          compiler: randomForcing(random),
          auto: randomForcing(random),
        },
        steps: new Set(test.transactions.keys().filter(() => random.once(24))),
        forgets: new Set(test.transactions.keys().filter(() => random.once(6))),
      };
      return { seed, test, options, comparison: await compare(test, options) };
    },
  };
}

function remember<T>(known: Map<ForkName, T>, fork: ForkName, make: (fork: ForkName) => T): T {
  const found = known.get(fork) ?? make(fork);
  known.set(fork, found);
  return found;
}

/** What is forced upon a tier. */
export function randomForcing(random: Random): Forcing {
  if (random.once(4)) return UNFORCED;
  return {
    hotThreshold: random.pick([1, 1, 2, 3, 5, 10]),
    gasSlice: BigInt(random.pick([1, 3, 10, 30, 100, 300, 1_000, 5_000, 200_000])),
  };
}

/**
 * Gives each transaction a gas limit: often plenty, often a little less than it needs, at any of
 * its instructions, and at times less than it may have at all.
 */
function gasLimits(random: Random, test: Case, scout: Machine): Case {
  scout.open(test, stateOf(test), UNFORCED);
  const rules = rulesOf(test.fork);
  const nonces = new Map(test.accounts.map(({ address, nonce }) => [address, nonce]));
  const transactions = test.transactions.map((drawn): CaseTransaction => {
    // Those before it may have been refused.
    const nonce = random.once(40) ? drawn.nonce : (nonces.get(drawn.sender) ?? 0n);
    const transaction = { ...drawn, nonce };
    const { intrinsic, floor } = intrinsicGas(transaction, rules);
    const least = larger(intrinsic, floor);
    const generous = { ...transaction, gasLimit: least + GENEROUS };
    const found = scout.run(generous, { commit: false });
    const needed = found.status === 'refused' ? generous.gasLimit : found.gasUsed;
    const gasLimit = limit(random, least, larger(needed, least));
    const limited = { ...transaction, gasLimit };
    const result = scout.run(limited);
    if (result.status !== 'refused') {
      for (const [address, change] of result.changes.accounts) {
        nonces.set(address, change?.nonce ?? 0n);
      }
    }
    return limited;
  });
  return { ...test, transactions };
}

function limit(random: Random, least: bigint, needed: bigint): bigint {
  const between = needed - least;
  const part = (between * BigInt(random.u32())) / 2n ** 32n;
  switch (random.below(8)) {
    case 0:
    case 1:
      return least + part;
    case 2:
      return random.once(2) ? needed : needed - 1n > least ? needed - 1n : least;
    case 3:
      return random.once(10) ? least - 1n : needed + BigInt(random.below(3_000));
    default:
      return least + GENEROUS;
  }
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
