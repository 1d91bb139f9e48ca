/**
 * A block's transactions as the simulator takes them: how long each takes the machine, and the
 * values that it reads and writes.
 */

import {
  Codes,
  type ReadAndWritten,
  readAndWritten,
} from '../../src/chain/executor/read-and-written.ts';
import { median } from '../../src/cli/bench/statistics.ts';
import { createEVM, type EVM } from '../../src/evm/evm.ts';
import { Crew } from '../../src/evm/parallel/crew.ts';
import type { ExecutionResult, Transaction } from '../../src/evm/types.ts';
import { readAll } from './real.ts';
import type { Recordable } from './recordable.ts';

export interface RecordedTransaction extends ReadAndWritten {
  /** Of the machine, optimised, as a job's head executes it. */
  readonly micros: number;
}

const ROUNDS = 9;
/** Passes before, in which code becomes hot and is compiled. */
const ROUNDS_BEFORE = 6;

export async function recordBlock(given: Recordable): Promise<RecordedTransaction[]> {
  const { rules, chainId, block, state, transactions } = given;
  const evm = createEVM({ rules, chainId, block, state, engine: 'auto' });
  const seen = await accessesOf(evm, state, transactions);
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
  return seen.map((each, index) => ({ ...each, micros: median(times[index] ?? []) }));
}

async function accessesOf(
  evm: EVM,
  state: Recordable['state'],
  transactions: readonly Transaction[],
): Promise<ReadAndWritten[]> {
  const seen: ReadAndWritten[] = [];
  const codes = new Codes((address) => state.getAccount(address)?.codeHash);
  for (const transaction of transactions) {
    const result = (await evm.transact(transaction, { accesses: true })) as ExecutionResult;
    seen.push(readAndWritten(result, codes));
  }
  return seen;
}
