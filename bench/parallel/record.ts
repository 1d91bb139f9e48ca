/**
 * A block's transactions as the simulator takes them: how long each takes the machine, and the
 * values that it reads and writes. Balances and nonces are left out: amounts that are added and
 * taken are deltas, and a sender's nonces are taken for right (docs/design/parallel.md).
 */

import { median } from '../../src/cli/bench/statistics.ts';
import { createEVM, type EVM } from '../../src/evm/evm.ts';
import type { Rules } from '../../src/evm/forks/rules.ts';
import type {
  Address,
  BlockEnvironment,
  ExecutionResult,
  StateReader,
  Transaction,
} from '../../src/evm/types.ts';

export interface RecordedTransaction {
  /** Of the machine, optimised, with what a call costs beside it. */
  readonly micros: number;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export interface Recordable {
  readonly rules: Rules;
  readonly chainId: bigint;
  readonly block: BlockEnvironment;
  readonly state: StateReader;
  readonly transactions: readonly Transaction[];
}

const ROUNDS = 9;
/** Passes before, in which code becomes hot and is compiled. */
const ROUNDS_BEFORE = 6;

export async function recordBlock(given: Recordable): Promise<RecordedTransaction[]> {
  const { rules, chainId, block, state, transactions } = given;
  const evm = createEVM({ rules, chainId, block, state, engine: 'auto' });
  const touched = await accessesOf(evm, state, transactions);
  const times: number[][] = transactions.map(() => []);
  for (let round = 0; round < ROUNDS_BEFORE + ROUNDS; round++) {
    evm.setState(state);
    // What is read the first time is in the tables then, as a block read ahead has it.
    if (round >= ROUNDS_BEFORE) await runAll(evm, transactions);
    evm.setState(state);
    await runAll(evm, transactions, (index, ms) => {
      if (round >= ROUNDS_BEFORE) times[index]?.push(ms * 1_000);
    });
  }
  return touched.map((accesses, index) => ({ ...accesses, micros: median(times[index] ?? []) }));
}

async function runAll(
  evm: EVM,
  transactions: readonly Transaction[],
  took?: (index: number, ms: number) => void,
): Promise<void> {
  for (const [index, transaction] of transactions.entries()) {
    const start = performance.now();
    const result = await evm.transact(transaction, { receiptLogs: true });
    took?.(index, performance.now() - start);
    if (result.status === 'refused') throw new Error(`transaction ${index}: ${result.message}`);
  }
}

type Touched = Pick<RecordedTransaction, 'reads' | 'writes'>;

async function accessesOf(
  evm: EVM,
  state: StateReader,
  transactions: readonly Transaction[],
): Promise<Touched[]> {
  const touched: Touched[] = [];
  const codes = new Map<Address, string>();
  for (const transaction of transactions) {
    const result = (await evm.transact(transaction, { accesses: true })) as ExecutionResult;
    touched.push(await touchedBy(result, codes, state));
  }
  return touched;
}

async function touchedBy(
  { accesses, changes }: ExecutionResult,
  codes: Map<Address, string>,
  state: StateReader,
): Promise<Touched> {
  const reads: string[] = [];
  const writes: string[] = [];
  for (const [address, { reads: fields, slots }] of accesses?.accounts ?? []) {
    if (fields.code || fields.existence) reads.push(`${address} code`);
    for (const [slot, { read }] of slots) if (read) reads.push(`${address} ${slot}`);
  }
  for (const [address, change] of changes.accounts) {
    for (const slot of change?.storage.keys() ?? []) writes.push(`${address} ${slot}`);
    const before = codes.get(address) ?? (await state.getAccount(address))?.codeHash ?? 'none';
    const after = change?.codeHash ?? 'none';
    codes.set(address, after);
    if (before !== after) writes.push(`${address} code`);
  }
  return { reads, writes };
}
