/**
 * A block on any number of cores, simulated: the scheduler is the real one
 * (src/evm/runtime/parallel/tasks.ts), cores and time are not. A core that executes a transaction
 * is busy for as long as it was measured to take; what it reads is what had been written when it
 * began, and it counts where that is still so when the head comes to it.
 */

import * as layout from '../../src/evm/parallel-layout.ts';
import type { RecordedTransaction } from './record.ts';

/** Microseconds. */
export interface Costs {
  /** To look up a value again and compare it. */
  readonly compare: number;
  /** To take or give back a task, or to have one count. */
  readonly step: number;
  /** In advance, beside the transaction: to keep what it observed. */
  readonly keep: number;
  /** From the bell to the first step of who slept. */
  readonly wake: number;
}

export interface Simulation {
  readonly micros: number;
  /** Executions that did not count. */
  readonly inVain: number;
}

/** Until something is known. */
const WINDOW_FIRST = 16;
const MEMORY_PAGES = 64;
const JOB = 65_536 * 2;
const TASKS = JOB + 4_096;
const NO_TASK = 0xffff_ffff;
const ANYBODY = 0;
const NOBODY = -1;

type Scheduler = Readonly<Record<string, (...args: number[]) => number>>;

/** What a core does when its time has come. */
type Step = (now: number) => void;

export class Simulator {
  readonly #transactions: readonly RecordedTransaction[];
  readonly #costs: Costs;
  readonly #view: DataView;
  readonly #scheduler: Scheduler;
  /** Who writes a value, in order. */
  readonly #writers = new Map<string, number[]>();
  /** How often each was executed to its end, and what of whom it has read. */
  readonly #executions: number[];
  readonly #seen: string[];
  readonly #queue: { readonly at: number; readonly order: number; readonly step: Step }[] = [];
  readonly #sleeping: Step[] = [];
  #order = 0;
  #inVain = 0;
  #end = 0;

  constructor(
    module: WebAssembly.Module,
    transactions: readonly RecordedTransaction[],
    { window, costs }: { readonly window: number; readonly costs: Costs },
  ) {
    this.#transactions = transactions;
    this.#costs = costs;
    this.#executions = transactions.map(() => 0);
    this.#seen = transactions.map(() => '');
    for (const [index, { writes }] of transactions.entries()) {
      for (const key of writes) {
        const writers = this.#writers.get(key);
        if (writers === undefined) this.#writers.set(key, [index]);
        else if (writers.at(-1) !== index) writers.push(index);
      }
    }
    const pages = MEMORY_PAGES + Math.ceil((transactions.length * layout.TASK_BYTES) / 65_536);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: 65_536 });
    const table = new WebAssembly.Table({ initial: 1, element: 'anyfunc' });
    const env = { memory, table, watch: () => 0 };
    this.#scheduler = new WebAssembly.Instance(module, { env }).exports as unknown as Scheduler;
    this.#view = new DataView(memory.buffer);
    this.#put(layout.J_COUNT, transactions.length);
    this.#put(layout.J_READY, transactions.length);
    this.#put(layout.J_WINDOW, Math.min(WINDOW_FIRST, window));
    this.#put(layout.J_WINDOW_MAX, window);
    this.#put(layout.J_TASKS, TASKS);
  }

  run(cores: number): Simulation {
    // All but the first are woken.
    for (let core = 1; core <= cores; core++) {
      this.#at(core === 1 ? 0 : this.#costs.wake, (now) => this.#next(core, now));
    }
    for (;;) {
      const due = this.#queue.shift();
      if (due === undefined) break;
      due.step(due.at);
    }
    const counted = this.#view.getUint32(JOB + layout.J_HEAD, true);
    if (counted !== this.#transactions.length) throw new Error(`${counted} transactions count`);
    return { micros: this.#end, inVain: this.#inVain };
  }

  #put(offset: number, value: number): void {
    this.#view.setUint32(JOB + offset, value, true);
  }

  #call(name: string, ...args: number[]): number {
    return (this.#scheduler[name]?.(JOB, ...args) ?? 0) >>> 0;
  }

  #at(at: number, step: Step): void {
    const event = { at, order: this.#order++, step };
    // PERF: few events are under way at once.
    let place = this.#queue.length;
    while (place > 0 && (this.#queue[place - 1] as typeof event).at > at) place--;
    this.#queue.splice(place, 0, event);
  }

  /** Takes the head, or the next task, or sleeps until somebody rings. */
  #next(core: number, now: number): void {
    const { step, compare } = this.#costs;
    let head = this.#call('takeHead', core, core);
    if (head === layout.TASK_RUNS) {
      const next = this.#call('takeNext', core);
      if (next !== NO_TASK) {
        this.#inAdvance(core, next, now);
        return;
      }
      head = this.#call('takeHead', core, ANYBODY);
    }
    if (head === layout.TASK_COUNTS) {
      this.#end = Math.max(this.#end, now);
      this.#ring(now);
      return;
    }
    if (head === layout.TASK_EXECUTED || head === layout.TASK_WAITS) {
      const index = this.#view.getUint32(JOB + layout.J_HEAD, true);
      const { reads, micros } = this.#transactions[index] as RecordedTransaction;
      const looked = head === layout.TASK_EXECUTED ? reads.length * compare : 0;
      const holds = head === layout.TASK_EXECUTED && this.#versions(index) === this.#seen[index];
      if (head === layout.TASK_EXECUTED && !holds) this.#inVain += 1;
      this.#at(now + step + looked + (holds ? 0 : micros), (later) => {
        if (!holds) this.#executed(index, this.#versions(index));
        const again = holds ? layout.COUNTED_KEPT : layout.COUNTED_AGAIN;
        this.#call('count', head === layout.TASK_WAITS ? layout.COUNTED_FIRST : again);
        this.#ring(later);
        this.#next(core, later);
      });
      return;
    }
    this.#lookEarly(core, now);
  }

  #inAdvance(core: number, index: number, now: number): void {
    const seen = this.#versions(index);
    const { micros } = this.#transactions[index] as RecordedTransaction;
    this.#at(now + this.#costs.step + this.#costs.keep + micros, (later) => {
      this.#executed(index, seen);
      const task = this.#call('taskAt', index);
      this.#view.setUint32(task + layout.TASK_BY, core, true);
      this.#giveBack(core, index, later);
    });
  }

  #lookEarly(core: number, now: number): void {
    const index = this.#call('takeExecuted', core);
    if (index === NO_TASK) {
      this.#sleeping.push((later) => this.#next(core, later));
      return;
    }
    const { reads } = this.#transactions[index] as RecordedTransaction;
    this.#at(now + this.#costs.step + reads.length * this.#costs.compare, (later) => {
      if (this.#versions(index) === this.#seen[index]) {
        this.#giveBack(core, index, later);
        return;
      }
      this.#inVain += 1;
      this.#inAdvance(core, index, later);
    });
  }

  #giveBack(core: number, index: number, now: number): void {
    this.#call('giveBack', index, layout.TASK_EXECUTED);
    this.#ring(now);
    this.#next(core, now);
  }

  #executed(index: number, seen: string): void {
    this.#executions[index] = (this.#executions[index] as number) + 1;
    this.#seen[index] = seen;
  }

  #ring(now: number): void {
    for (const step of this.#sleeping.splice(0)) this.#at(now + this.#costs.wake, step);
  }

  /** Whose execution each value that the transaction reads comes from, as things stand. */
  #versions(index: number): string {
    const { reads } = this.#transactions[index] as RecordedTransaction;
    return reads.map((key) => this.#versionOf(key, index)).join();
  }

  #versionOf(key: string, index: number): number {
    const writers = this.#writers.get(key) ?? [];
    for (let at = writers.length - 1; at >= 0; at--) {
      const writer = writers[at] as number;
      const executions = this.#executions[writer] as number;
      if (writer < index && executions > 0) return writer * 1_000 + executions;
    }
    return NOBODY;
  }
}
