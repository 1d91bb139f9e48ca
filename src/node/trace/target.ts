/** What is traced: one transaction, or a call, upon the state before it. */

import type { BlockRules } from '../../chain/chain-spec.ts';
import type { TransactOptions } from '../../evm/evm-interface.ts';
import type {
  BlockEnvironment,
  ExecutionResult,
  Hash,
  StateReader,
  Transaction,
} from '../../evm/types.ts';
import { ExecutionAborted } from '../execution/call-failure.ts';

/** How a run is watched, and what bounds it instead of the budget. */
export type RunWatch = Pick<
  TransactOptions,
  'hooks' | 'onStep' | 'stepMemory' | 'accesses' | 'timeoutMs'
>;

/** Where a transaction stands in the chain. */
export interface TracePlace {
  readonly blockHash: Hash;
  readonly blockNumber: bigint;
  readonly transactionHash: Hash;
  readonly index: number;
}

export interface TraceTarget {
  readonly transaction: Transaction;
  readonly rules: BlockRules;
  readonly environment: BlockEnvironment;
  /** Before the transaction; what is pretended of it included. */
  readonly state: StateReader;
  /** Undefined for a call. */
  readonly place: TracePlace | undefined;
  readonly budget: TraceBudget;
  /**
   * Executes it; as often as one likes, each time upon the state before it.
   * @throws RpcError for one that may not be executed, and when the budget is spent
   */
  run(watch: RunWatch): Promise<ExecutionResult>;
}

/** Traces, and gives a value for JSON. */
export type Tracer = (target: TraceTarget) => Promise<unknown>;

/** What may be spent on a request's traces, all of them together. */
export class TraceBudget {
  readonly limitMs: number;
  readonly signal: AbortSignal;
  #endMs: number;

  constructor({ limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal }) {
    this.limitMs = limitMs;
    this.signal = signal;
    this.#endMs = performance.now() + limitMs;
  }

  /** Milliseconds that are left, at least one: what starts late ends at once. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.#endMs - performance.now()));
  }

  get isSpent(): boolean {
    return performance.now() >= this.#endMs || this.signal.aborted;
  }

  /** @throws ExecutionAborted when it is spent */
  check(): void {
    if (this.isSpent) throw ExecutionAborted.after(this.limitMs);
  }

  /** Time in which somebody else was waited for does not count. */
  extend(milliseconds: number): void {
    this.#endMs += milliseconds;
  }

  /** Waits for what does not count: one's turn, a machine. */
  async pause<T>(wait: Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await wait;
    } finally {
      this.extend(performance.now() - start);
    }
  }
}
