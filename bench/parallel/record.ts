/**
 * A block's transactions as the simulator takes them: how long each takes the machine, and the
 * values that it reads and writes. Balances and nonces are left out: amounts that are added and
 * taken are deltas, and a sender's nonces are taken for right (docs/design/parallel.md).
 */

import { median } from '../../src/cli/bench/statistics.ts';
import { createEVM, type EVM } from '../../src/evm/evm.ts';
import { Crew } from '../../src/evm/parallel/crew.ts';
import type { Address, ExecutionResult, StateReader, Transaction } from '../../src/evm/types.ts';
import { readAll } from './real.ts';
import type { Recordable } from './recordable.ts';

export interface RecordedTransaction {
  /** Of the machine, optimised, as a job's head executes it. */
  readonly micros: number;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

const ROUNDS = 9;
/** Passes before, in which code becomes hot and is compiled. */
const ROUNDS_BEFORE = 6;

export async function recordBlock(given: Recordable): Promise<RecordedTransaction[]> {
  const { rules, chainId, block, state, transactions } = given;
  const evm = createEVM({ rules, chainId, block, state, engine: 'auto' });
  const touched = await accessesOf(evm, state, transactions);
  const crew = new Crew(1);
  const times: number[][] = transactions.map(() => []);
  for (let round = 0; round < ROUNDS_BEFORE + ROUNDS; round++) {
    await readAll(evm, given);
    const { length } = transactions;
    const each = () => transactions[Symbol.iterator]();
    const report = await evm.transactAll(
      { length, notesEvents: true, [Symbol.iterator]: each },
      crew,
    );
    if (report === undefined) throw new Error('the block was not executed as a job');
    if (round < ROUNDS_BEFORE) continue;
    const began = new Map<number, number>();
    for (const { kind, index, timeMs } of report.events) {
      if (kind === 'executes at head') began.set(index, timeMs);
      if (kind === 'counts') times[index]?.push((timeMs - (began.get(index) ?? 0)) * 1_000);
    }
  }
  return touched.map((accesses, index) => ({ ...accesses, micros: median(times[index] ?? []) }));
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
