/** The differential suite: its families of scenarios, and how they are run. */
import type { ForkName } from '../../src/evm/forks/names.ts';
import type { Engine } from '../../src/evm/types.ts';
import type { Case } from './case.ts';
import { type Comparer, createComparer, ENGINES } from './compare.ts';
import { createMachine, type Forcing, UNFORCED } from './machines.ts';
import { casesOf, type NamedScenario } from './scenario.ts';
import { branches } from './scenarios/branches.ts';
import { callData, calls, precompiles } from './scenarios/calls.ts';
import { creations } from './scenarios/creations.ts';
import { depth } from './scenarios/depth.ts';
import { environment } from './scenarios/environment.ts';
import { failures, jumps } from './scenarios/failures.ts';
import { memory, returnData } from './scenarios/memory.ts';
import { statics } from './scenarios/statics.ts';
import { stipends, storage } from './scenarios/storage.ts';
import { transactions } from './scenarios/transactions.ts';
import { positions, values } from './scenarios/values.ts';

export const FAMILIES: Readonly<Record<string, (fork: ForkName) => Iterable<NamedScenario>>> = {
  values,
  positions,
  memory,
  returnData,
  environment,
  storage,
  stipends,
  calls,
  statics,
  depth,
  callData,
  precompiles,
  creations,
  failures,
  jumps,
  branches,
  transactions,
};

export interface SuiteOptions {
  /** One scenario in so many, beginning with the one of this number. */
  readonly oneIn: number;
  readonly first: number;
  /** Ends with the first difference. */
  readonly stopsAtFailure?: boolean;
}

export interface SuiteResult {
  /** Scenarios that were compared. */
  passed: number;
  readonly failures: string[];
}

/** Tiers change in mid-run and compiled code leaves often, in a different way from case to case. */
const FORCING: readonly Forcing[] = [
  UNFORCED,
  { hotThreshold: 1, gasSlice: 1n },
  { hotThreshold: 1, gasSlice: 200_000n },
  { hotThreshold: 1, gasSlice: 100n },
  { hotThreshold: 2, gasSlice: 7n },
];

export interface Suite {
  /** Runs a family, or a part of it. */
  run(family: string, options: SuiteOptions): Promise<SuiteResult>;
}

/** The suite of a fork; its machines are kept from family to family. */
export function createSuite(fork: ForkName, engines: readonly Engine[] = ENGINES): Suite {
  const comparer = createComparer(fork, engines);
  const scout = createMachine('interpreter', fork);
  return {
    run: async (family, { oneIn, first, stopsAtFailure = false }) => {
      const scenarios = FAMILIES[family];
      if (scenarios === undefined) throw new RangeError(`no family is called ${family}`);
      const result: SuiteResult = { passed: 0, failures: [] };
      const chosen = everyNth([...scenarios(fork)], oneIn, first);
      const cases = casesOf(fork, chosen, scout);
      let number = first;
      for (const { test, names } of cases) {
        if (stopsAtFailure && result.failures.length > 0) break;
        const forced = FORCING[number % FORCING.length] as Forcing;
        number += 1;
        await runCase(comparer, { test, names }, forced, result);
      }
      return result;
    },
  };
}

interface NamedCase {
  readonly test: Case;
  readonly names: readonly string[];
}

/** After a difference it goes on: what follows does not depend on what came before. */
async function runCase(
  comparer: Comparer,
  { test, names }: NamedCase,
  forced: Forcing,
  result: SuiteResult,
): Promise<void> {
  let start = 0;
  while (start < names.length) {
    const rest = { ...test, transactions: test.transactions.slice(start) };
    const { difference, outcomes } = await comparer.compare(rest, {
      forcing: { compiler: forced, auto: forced },
    });
    result.passed += outcomes.length;
    if (difference === undefined) return;
    const { index, machine, text } = difference;
    result.failures.push(`${test.fork}, ${names[start + index]}: ${machine}: ${text}`);
    start += index + 1;
  }
}

/** Scenarios of a family that a part of it has at least. */
const CHOSEN_MIN = 16;

function everyNth<T>(items: readonly T[], oneIn: number, first: number): T[] {
  const step = Math.max(1, Math.min(oneIn, Math.floor(items.length / CHOSEN_MIN)));
  return items.filter((_, index) => index % step === first % step);
}
