/**
 * A worker's place at a machine: instances of the parallel runtime, the interpreter and the linked
 * contracts over the machine's memory, and the context in which it executes.
 */
import type { Rules } from '../forks/rules.ts';
import type { Arena } from '../machine/arena.ts';
import { instantiateMachine, type Machine, type MachineModules } from '../machine/instance.ts';
import type { Run } from '../machine/linker.ts';
import type { MachineMemory } from '../machine/memory.ts';
import type { RuntimeExports } from '../machine/runtime.ts';

/** What the parallel runtime has beside the other. */
export interface ParallelExports extends RuntimeExports {
  /** Works until the host is needed: WORK_*, or what a transaction asks. */
  workOn(ctx: number): number;
  /** Of a transaction as a block holds it, at `raw`, behind its sender: RAW_*. */
  writeRaw(ctx: number, index: number, raw: number, size: number): number;
  foldJob(ctx: number, job: number): number;
  viewReserve(view: number, accounts: number, slots: number): number;
  codesReserve(more: number): number;
}

/** All that a thread needs to take a seat; it can be posted. */
export interface SeatPlan {
  readonly modules: MachineModules;
  readonly rules: Rules;
  readonly rulesAddress: number;
  /** C_MACHINE. */
  readonly id: number;
  /** The instance's own memory. */
  readonly scratch: number;
  readonly arena: Arena;
  /** What is linked, or has been let go of since the last changes. */
  readonly links: LinkChanges;
}

export type LinkChanges = ReadonlyMap<number, Pick<Run, 'count' | 'module'> | null>;

export class Seat {
  readonly machine: Machine;
  readonly arena: Arena;
  /** Slots of each run that is linked, by its first. */
  readonly #linked = new Map<number, number>();

  constructor(memory: MachineMemory, plan: SeatPlan) {
    this.machine = instantiateMachine(memory, plan.modules, plan);
    this.arena = plan.arena;
    this.link(plan.links);
  }

  get runtime(): ParallelExports {
    return this.machine.runtime as ParallelExports;
  }

  /** Links in the slots in which the machine has it, and lets go of the rest. */
  link(changes: LinkChanges): void {
    const { table, memory, imports } = this.machine;
    for (const [first, run] of changes) {
      const known = this.#linked.get(first) ?? 0;
      for (let i = 0; i < known; i++) table.set(first + i, null);
      this.#linked.delete(first);
      if (run === null) continue;
      const end = first + run.count;
      if (end > table.length) table.grow(Math.max(end, table.length * 2) - table.length);
      const slot = new WebAssembly.Global({ value: 'i32', mutable: false }, first);
      const env = { memory: memory.memory, table, slot };
      new WebAssembly.Instance(run.module, { env, runtime: imports });
      this.#linked.set(first, run.count);
    }
  }
}
