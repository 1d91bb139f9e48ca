/**
 * One case of a state test on one machine: state and environment from the file, the transaction
 * executed, and root and logs, or the refusal, compared.
 */

import { keccak256 } from '../../base/keccak.ts';
import { blobBaseFee, blobSchedule } from '../../evm/forks/blob.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import { rulesOf } from '../../evm/forks/rules.ts';
import type {
  BlockEnvironment,
  Hash,
  StateReader,
  Transaction,
  TransactionResult,
} from '../../evm/types.ts';
import { logsHash } from '../../state/logs-hash.ts';
import { MemoryState } from '../../state/memory.ts';
import { refusalExpected } from './exceptions.ts';
import type { StateTest, StateTestCase, TestEnvironment } from './fixture.ts';
import { differenceFromBytes, type TransactionMaker, transactionMaker } from './transaction.ts';

/** What executes the transactions: our machine, or a peer that it is compared with. */
export interface TestMachine {
  /** Executes one transaction upon a state, which it does not change. */
  readonly execute: (job: TestJob) => TransactionResult | Promise<TransactionResult>;
}

export interface TestJob {
  readonly fork: ForkName;
  readonly chainId: bigint;
  readonly state: StateReader;
  readonly block: BlockEnvironment;
  readonly transaction: Transaction;
}

export interface CaseResult {
  readonly name: string;
  readonly fork: string;
  readonly index: number;
  readonly pass: boolean;
  /** What went wrong. */
  readonly error?: string;
  readonly stateRoot: Hash;
}

/** A test made ready: its state built, its signers recovered. */
export interface PreparedTest {
  readonly test: StateTest;
  readonly state: MemoryState;
  readonly transactions: TransactionMaker;
}

/** @throws when the test's transaction names no sender */
export function prepareTest(test: StateTest): PreparedTest {
  const state = new MemoryState();
  state.blockHash = testBlockHash;
  for (const [address, account] of test.pre) state.setAccount(address, account);
  return { test, state, transactions: transactionMaker(test.template) };
}

/** Runs one case; an exception of the machine is a failure of the case. */
export async function runCase(
  prepared: PreparedTest,
  testCase: StateTestCase,
  machine: TestMachine,
): Promise<CaseResult> {
  const { test, state } = prepared;
  const snapshot = state.snapshot();
  let error: string | undefined;
  try {
    error = await verdict(prepared, testCase, machine);
  } catch (cause) {
    error = `internal error: ${(cause as Error).stack ?? String(cause)}`;
  }
  if (test.rewardsMiner && !rulesOf(testCase.fork).clearsEmpty) {
    state.createAccount(test.environment.coinbase);
  }
  const stateRoot = state.root();
  state.restore(snapshot);
  if (error === undefined && stateRoot !== testCase.stateRoot) {
    error = `state root ${stateRoot}, expected ${testCase.stateRoot}`;
  }
  const { index, forkName: fork } = testCase;
  const pass = error === undefined;
  const result = { name: test.name, fork, index, pass, stateRoot };
  return error === undefined ? result : { ...result, error };
}

/** Executes and applies; says what is wrong apart from the state root. */
async function verdict(
  prepared: PreparedTest,
  testCase: StateTestCase,
  machine: TestMachine,
): Promise<string | undefined> {
  const { test, state, transactions } = prepared;
  const { exception, fork } = testCase;
  const transaction = transactions.make(testCase);
  if (typeof transaction === 'string') return refusalVerdict('malformed', transaction, exception);
  if (testCase.transactionBytes !== undefined && exception === undefined) {
    const difference = differenceFromBytes(transaction, testCase.transactionBytes);
    if (difference !== undefined) return `txbytes differ from the transaction: ${difference}`;
  }
  const { environment, chainId } = test;
  const result = await machine.execute({
    fork,
    chainId,
    state,
    block: blockOf(environment, fork),
    transaction,
  });
  if (result.status === 'refused') {
    return refusalVerdict(result.reason, result.message, exception);
  }
  if (exception !== undefined) return `executed (${result.status}), expected ${exception}`;
  state.apply(result.changes);
  const logs = logsHash(result.logs);
  if (logs === testCase.logsHash) return undefined;
  return `logs hash ${logs} (${result.logs.length} logs), expected ${testCase.logsHash}`;
}

function refusalVerdict(
  reason: Parameters<typeof refusalExpected>[0],
  message: string,
  expected: string | undefined,
): string | undefined {
  if (expected === undefined) return `refused: ${reason}: ${message}`;
  if (refusalExpected(reason, expected)) return undefined;
  return `refused: ${reason}: ${message}; expected ${expected}`;
}

function blockOf(environment: TestEnvironment, fork: ForkName): BlockEnvironment {
  const { number, timestamp, coinbase, gasLimit, difficulty } = environment;
  return {
    number,
    timestamp,
    coinbase,
    gasLimit,
    prevRandao: environment.random ?? 0n,
    difficulty,
    baseFee: rulesOf(fork).hasBaseFee ? (environment.baseFee ?? 10n) : 0n,
    blobBaseFee: blobFeeOf(environment, fork),
  };
}

function blobFeeOf({ excessBlobGas, blobFractions }: TestEnvironment, fork: ForkName): bigint {
  const fraction = blobFractions.get(fork) ?? blobSchedule(fork)?.baseFeeUpdateFraction;
  return fraction === undefined ? 0n : blobBaseFee(excessBlobGas ?? 0n, fraction);
}

/** The tests' block hashes: Keccak-256 of the number in decimal digits. */
export function testBlockHash(number: bigint): Hash {
  return `0x${keccak256(new TextEncoder().encode(number.toString())).toHex()}`;
}
