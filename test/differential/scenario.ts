/**
 * One thing to be compared: a few accounts and a transaction. Scenarios are made lazily and share
 * cases: each has a sender and addresses of its own, so that none sees another.
 */
import { intrinsicGas } from '../../src/chain/transactions/intrinsic-gas.ts';
import type { ForkName } from '../../src/evm/forks/names.ts';
import { rulesOf } from '../../src/evm/forks/rules.ts';
import type { Address } from '../../src/evm/types.ts';
import type { Case, CaseAccount, CaseBlock, CaseTransaction } from './case.ts';
import { type Machine, stateOf, UNFORCED } from './machines.ts';
import { since } from './since.ts';

/** Addresses that a scenario has to itself. */
export interface Stage {
  readonly fork: ForkName;
  readonly sender: Address;
  /** The contract that the transaction calls, unless it says otherwise. */
  readonly target: Address;
  /** Other addresses, from 1 on. */
  readonly other: (index: number) => Address;
}

/** How much gas the transaction gets. */
export type GasChoice =
  | 'plenty'
  /** The least with which it ends as it does with plenty, and so many units more. */
  | { readonly beyondNeeded: bigint }
  /** What it costs before its first instruction, and so many units more. */
  | { readonly beyondIntrinsic: bigint };

export interface Scenario {
  readonly accounts: readonly CaseAccount[];
  readonly transaction: Partial<CaseTransaction>;
  readonly gas?: GasChoice;
}

export interface NamedScenario {
  readonly name: string;
  readonly make: (stage: Stage) => Scenario;
}

/** Gas of a transaction that says 'plenty'. */
export const PLENTY = 1_000_000n;
/** Scenarios that share a case. */
const CASE_SIZE = 24;

export const BLOCK: CaseBlock = {
  number: 1_000n,
  timestamp: 1_700_000_000n,
  coinbase: addressAt(0xc01bba5en),
  // Room for a transaction whose gas lasts to the depth of 1,024.
  gasLimit: 2n ** 43n,
  prevRandao: 0x123456789abcdefn,
  difficulty: 0x20000n,
  baseFee: 0n,
  excessBlobGas: 0n,
};

export function addressAt(value: bigint): Address {
  return `0x${value.toString(16).padStart(40, '0')}`;
}

export function contract(address: Address, code: Uint8Array): CaseAccount {
  return { address, nonce: 1n, balance: 0n, code, storage: new Map() };
}

/** A scenario whose target has this code. */
export function running(code: Uint8Array, more: Partial<Scenario> = {}) {
  return ({ target }: Stage): Scenario => ({
    transaction: {},
    ...more,
    accounts: [contract(target, code), ...(more.accounts ?? [])],
  });
}

/** Cases that hold the scenarios, in their order. */
export function* casesOf(
  fork: ForkName,
  scenarios: Iterable<NamedScenario>,
  scout: Machine,
): Generator<{ readonly test: Case; readonly names: readonly string[] }> {
  let batch: NamedScenario[] = [];
  let first = 1;
  for (const scenario of scenarios) {
    batch.push(scenario);
    if (batch.length < CASE_SIZE) continue;
    yield caseOf(fork, batch, first, scout);
    first += batch.length;
    batch = [];
  }
  if (batch.length > 0) yield caseOf(fork, batch, first, scout);
}

function caseOf(fork: ForkName, batch: readonly NamedScenario[], first: number, scout: Machine) {
  const made = batch.map(({ make }, index) => {
    // Far from precompiles, and never the same one twice.
    const base = BigInt(first + index) << 32n;
    const stage: Stage = {
      fork,
      sender: addressAt(base + 1n),
      target: addressAt(base + 2n),
      other: (at) => addressAt(base + 0x100n + BigInt(at)),
    };
    return { stage, scenario: make(stage) };
  });
  const accounts = made.flatMap(({ stage, scenario }) => [
    { ...contract(stage.sender, new Uint8Array()), nonce: 0n, balance: 10n ** 20n },
    ...scenario.accounts,
  ]);
  // The last account of an address counts: scenarios may give the sender another one.
  const unique = [...new Map(accounts.map((account) => [account.address, account])).values()];
  const block = { ...BLOCK, baseFee: since(fork, 'london') ? 7n : 0n };
  const empty: Case = { fork, block, accounts: unique, transactions: [] };
  const transactions = made.map(({ stage, scenario }) => transactionOf(stage, scenario, block));
  const test = { ...empty, transactions };
  return {
    test: limited(
      test,
      made.map(({ scenario }) => scenario.gas ?? 'plenty'),
      scout,
    ),
    names: batch.map(({ name }) => name),
  };
}

function transactionOf(stage: Stage, scenario: Scenario, block: CaseBlock): CaseTransaction {
  const transaction: CaseTransaction = {
    type: 0,
    sender: stage.sender,
    nonce: 0n,
    gasLimit: PLENTY,
    to: stage.target,
    value: 0n,
    data: new Uint8Array(),
    maxFeePerGas: block.baseFee,
    maxPriorityFeePerGas: 0n,
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: [],
    authorizationList: [],
    ...scenario.transaction,
  };
  // The first types have one price.
  const { type, maxFeePerGas } = transaction;
  return type < 2 ? { ...transaction, maxPriorityFeePerGas: maxFeePerGas } : transaction;
}

/** Gas limits as they were chosen; what is used with plenty the scout finds out. */
function limited(test: Case, choices: readonly GasChoice[], scout: Machine): Case {
  const rules = rulesOf(test.fork);
  if (choices.some((choice) => choice !== 'plenty')) scout.open(test, stateOf(test), UNFORCED);
  const transactions = test.transactions.map((transaction, index) => {
    const choice = choices[index] as GasChoice;
    if (choice === 'plenty') return transaction;
    const { intrinsic } = intrinsicGas(transaction, rules);
    if ('beyondIntrinsic' in choice) {
      return { ...transaction, gasLimit: intrinsic + choice.beyondIntrinsic };
    }
    const gasLimit = needed(transaction, intrinsic, scout) + choice.beyondNeeded;
    return { ...transaction, gasLimit };
  });
  return { ...test, transactions };
}

/** The least gas limit of which the end is that with the transaction's own. */
function needed(transaction: CaseTransaction, intrinsic: bigint, scout: Machine): bigint {
  const end = (gasLimit: bigint): string => {
    const result = scout.run({ ...transaction, gasLimit }, { commit: false });
    return 'reason' in result ? `${result.status} ${result.reason}` : result.status;
  };
  const wanted = end(transaction.gasLimit);
  let [enough, least] = [transaction.gasLimit, intrinsic];
  while (least < enough) {
    const middle = (least + enough) / 2n;
    if (end(middle) === wanted) enough = middle;
    else least = middle + 1n;
  }
  return enough;
}
