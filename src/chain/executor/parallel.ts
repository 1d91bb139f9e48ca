/**
 * A block's transactions executed on several threads, where it is worth it and possible. What comes
 * of it is what one after another gives (docs/design/parallel.md).
 */
import { EVMError } from '../../evm/errors.ts';
import type { EVM } from '../../evm/evm.ts';
import type {
  JobExecutor,
  JobReport,
  JobTransaction,
  JobTransactions,
} from '../../evm/parallel/job.ts';
import { InvalidBlock } from '../blocks/fault.ts';
import type { BlockRules } from '../chain-spec.ts';

/** Fewer transactions are not spread: waking a thread takes as long as executing one or two. */
export const TRANSACTIONS_MIN = 8;

/** The threads that blocks may be spread over. */
export interface Spreading {
  readonly crew: JobExecutor;
  /** Blocks of fewer transactions are executed by the thread that imports; 8 when left out. */
  readonly transactionsMin?: number | undefined;
  /** For tests: see JobTransactions. */
  readonly seed?: number | undefined;
  /** For who looks at what the workers do: see JobTransactions. */
  readonly notesEvents?: boolean;
  /** Told of each block that was spread. */
  readonly onReport?: (report: JobReport) => void;
}

/** Transactions of a block, made when they are asked for; whoever makes them may refuse one. */
export interface Offered extends Iterable<JobTransaction> {
  readonly length: number;
  /** As in JobTransactions, all three. */
  readonly after?: JobTransactions['after'];
  readonly listsAccesses?: boolean;
  readonly meanwhile?: (() => void) | undefined;
}

/** Whether a block's transactions may be executed on these threads. */
export function canSpread(
  { is }: BlockRules,
  transactions: number,
  spreading: Spreading | undefined,
): spreading is Spreading {
  // Before Byzantium each receipt has a root.
  if (spreading === undefined || !is('byzantium')) return false;
  return transactions >= (spreading.transactionsMin ?? TRANSACTIONS_MIN);
}

/**
 * undefined: they are to be executed one after another, which also says what is wrong with one
 * that cannot be made. Nothing has changed then.
 */
export async function transactTogether(
  evm: EVM,
  offered: Offered,
  { crew, seed, notesEvents = false, onReport }: Spreading,
): Promise<JobReport | undefined> {
  try {
    const { length, after, listsAccesses = false, meanwhile } = offered;
    const transactions = {
      ...{ length, seed, after, listsAccesses, notesEvents, meanwhile },
      [Symbol.iterator]: () => offered[Symbol.iterator](),
    };
    const report = await evm.transactAll(transactions, crew);
    if (report !== undefined) onReport?.(report);
    return report;
  } catch (error) {
    if (error instanceof InvalidBlock) return undefined;
    throw error;
  }
}

/** Whether the block is to be executed again, by one thread and a machine that is new. */
export function failedTogether(error: unknown): boolean {
  if (!(error instanceof EVMError)) return false;
  return error.code === 'evm/worker lost' || error.code === 'evm/host limit';
}
