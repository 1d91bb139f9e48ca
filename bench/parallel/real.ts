/**
 * A block executed by threads that there are, beside the sequential executor: execution alone, with
 * all transactions written before it begins, and all that comes of it. What a block reads is in the
 * machine's tables then, as one that was read ahead has it.
 */

import { median } from '../../src/cli/bench/statistics.ts';
import { createEVM, type EVM } from '../../src/evm/evm.ts';
import { Crew } from '../../src/evm/parallel/crew.ts';
import type { JobReport } from '../../src/evm/parallel/job.ts';
import { ChangeSet } from '../../src/state/change-set.ts';
import { pinThreads } from './pin.ts';
import type { Recordable } from './recordable.ts';

export interface RealRun {
  /** Milliseconds: of the executor that executes one transaction after another. */
  readonly sequential: number;
  /** By threads: execution alone; and from transactions to results and changes. */
  readonly alone: Readonly<Record<number, number>>;
  readonly whole: Readonly<Record<number, number>>;
  /** Of the last run by most threads. */
  readonly kept: number;
  readonly again: number;
}

/** Passes before, in which code becomes hot, and V8 compiles what it is going to. */
const ROUNDS_BEFORE = 6;

export async function runReally(
  given: Recordable,
  { threads, rounds }: { readonly threads: readonly number[]; readonly rounds: number },
): Promise<RealRun> {
  const sequential: number[] = [];
  const alone = new Map<number, number[]>(threads.map((count) => [count, []]));
  const whole = new Map<number, number[]>(threads.map((count) => [count, []]));
  const seats = threads.map((count) => ({ count, crew: new Crew(count), evm: evmOf(given) }));
  const evm = evmOf(given);
  let last: JobReport | undefined;
  for (let round = 0; round < ROUNDS_BEFORE + rounds; round++) {
    const counts = round >= ROUNDS_BEFORE;
    await readAll(evm, given);
    const start = performance.now();
    const gas = await executeSequentially(evm, given);
    if (counts) sequential.push(performance.now() - start);
    for (const seat of seats) {
      await readAll(seat.evm, given);
      const first = await executeJob(seat, given, true);
      if (first.gas !== gas) throw new Error(`${first.gas} gas by threads, ${gas} without`);
      if (counts) alone.get(seat.count)?.push(first.report.statistics.executionMs);
      await readAll(seat.evm, given);
      const begin = performance.now();
      const { report } = await executeJob(seat, given, false);
      if (counts) whole.get(seat.count)?.push(performance.now() - begin);
      last = report;
    }
    if (round === 0) pinThreads();
  }
  for (const { crew } of seats) await crew.close();
  const medians = (times: Map<number, number[]>) =>
    Object.fromEntries([...times].map(([count, each]) => [count, median(each)]));
  const { kept = 0, again = 0 } = last?.statistics ?? {};
  return {
    sequential: median(sequential),
    alone: medians(alone),
    whole: medians(whole),
    kept,
    again,
  };
}

function evmOf({ rules, chainId, block, state }: Recordable): EVM {
  return createEVM({ rules, chainId, block, state, engine: 'auto' });
}

/** Forgets what was written, and has all that the block reads in the machine's tables. */
export async function readAll(evm: EVM, given: Recordable): Promise<void> {
  evm.setState(given.state);
  const beginning = evm.snapshot();
  await executeSequentially(evm, given);
  evm.revert(beginning);
  evm.continueOn(given.state);
}

async function executeSequentially(evm: EVM, { transactions, block }: Recordable): Promise<bigint> {
  const changes = new ChangeSet();
  let gas = 0n;
  for (const transaction of transactions) {
    const blockGasLeft = block.gasLimit - gas;
    const result = await evm.transact(transaction, { blockGasLeft, receiptLogs: true });
    if (result.status === 'refused') throw new Error(result.message);
    changes.add(result.changes);
    gas += result.gasUsed;
  }
  return gas;
}

async function executeJob(
  { crew, evm }: { readonly crew: Crew; readonly evm: EVM },
  { transactions }: Recordable,
  writesFirst: boolean,
): Promise<{ report: JobReport; gas: bigint }> {
  const { length } = transactions;
  const job = { length, writesFirst, [Symbol.iterator]: () => transactions[Symbol.iterator]() };
  const report = await evm.transactAll(job, crew);
  if (report === undefined) throw new Error('the block was not executed by threads');
  const gas = report.results.reduce((sum, result) => {
    if (result.status === 'refused') throw new Error(result.message);
    return sum + result.gasUsed;
  }, 0n);
  return { report, gas };
}
