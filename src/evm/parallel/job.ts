/** A block's transactions as a job for several threads: what it takes and what comes of it. */
import type { Arena } from '../machine/arena.ts';
import type { Machine } from '../machine/instance.ts';
import type { ReceiptLogs } from '../machine/receipt-logs.ts';
import type { Tiers } from '../machine/tiers.ts';
import type { PrecompileHost } from '../precompiles/precompile.ts';
import type { Address, Refused, StateChanges, StateReader, Transaction } from '../types.ts';
import type { JobAccesses } from './job-accesses.ts';

/** Who executes jobs: a crew of threads (crew.ts). */
export interface JobExecutor {
  /** Threads that execute, that of the machine among them. */
  readonly workers: number;
  /** Whether it may be given a job now. */
  readonly isFree: boolean;
  /** @see Crew.execute */
  execute(machine: JobMachine, transactions: JobTransactions): Promise<JobReport | undefined>;
}

/** A machine that is to execute a job, and what it stands upon. */
export interface JobMachine {
  readonly machine: Machine;
  /** Made ready for the block, the first worker's first. */
  readonly arenas: readonly Arena[];
  readonly tiers: Tiers;
  readonly state: StateReader;
  readonly precompiles: PrecompileHost;
  readonly coinbase: Address;
  readonly gasLimit: bigint;
}

/** A transaction as a block holds it: most are taken apart by the runtime. */
export interface RawTransaction {
  readonly raw: Uint8Array;
  readonly sender: Address;
  /** The same decoded and checked: for what the runtime leaves. May throw, if it does so again. */
  readonly decode: () => Transaction;
}

export type JobTransaction = Transaction | RawTransaction;

export function decoded(transaction: JobTransaction): Transaction {
  return 'raw' in transaction ? transaction.decode() : transaction;
}

/**
 * The transactions of a block. Whoever gives them is asked for one after another. Raw ones are of
 * blocks from Byzantium on.
 */
export interface JobTransactions extends Iterable<JobTransaction> {
  readonly length: number;
  /**
   * For tests: workers dawdle between transactions for times that chance gives, which begins with
   * this number; not when it is 0 or left out.
   */
  readonly seed?: number | undefined;
  /** For measurements: nobody begins before all are written. */
  readonly writesFirst?: boolean | undefined;
  /** A hint: of a transaction, one before it that it is likely to read from. */
  readonly after?: ((index: number) => number | undefined) | undefined;
  /** Whether what each looked at and left is wanted. */
  readonly listsAccesses?: boolean;
  /** Whether what the workers do is to be noted: each event takes 0.1 us. */
  readonly notesEvents?: boolean;
  /**
   * What the thread that imports has to do besides: it does so once all are written, while the
   * others execute. What it throws ends the job.
   */
  readonly meanwhile?: (() => void) | undefined;
}

export interface JobReport {
  /** Of each transaction, in order. */
  readonly results: readonly JobResult[];
  readonly changes: StateChanges;
  readonly statistics: JobStatistics;
  /** In the order of time, where they were asked for. */
  readonly events: readonly JobEvent[];
}

export type JobEventKind =
  | 'executes at head'
  | 'executes in advance'
  /** At what it had observed. */
  | 'looks'
  /** Of what it had observed, this is another by now. */
  | 'stale'
  | 'counts'
  | 'gives back'
  /** For want of anything to do, until its next event. */
  | 'sleeps'
  /** For state, until it is answered. */
  | 'asks'
  | 'is answered';

/** Something that a worker did. */
export interface JobEvent {
  /** From 1 on. */
  readonly worker: number;
  /** Since 1970. */
  readonly timeMs: number;
  readonly kind: JobEventKind;
  /** The transaction; of no meaning for one that sleeps. */
  readonly index: number;
  /** Where it is stale: the account, or one of its slots. */
  readonly address?: Address;
  readonly slot?: bigint;
}

/** What came of a transaction of a job. */
export type JobResult = JobOutcome | Refused;

export interface JobOutcome {
  readonly status: 'success' | 'failed';
  readonly gasUsed: bigint;
  /** @see ExecutionResult */
  readonly blockGasUsed: bigint;
  readonly stateGasUsed: bigint;
  readonly receiptLogs: ReceiptLogs;
  readonly created: Address | undefined;
  /** Where they were asked for. */
  readonly accesses: JobAccesses | undefined;
}

/** How a job went. */
export interface JobStatistics {
  /** Executed in advance, and counted as it was. */
  readonly kept: number;
  /** Executed in advance, and once more at the head. */
  readonly again: number;
  /** From when all were written until all count: without what the host does before and after. */
  readonly executionMs: number;
}
