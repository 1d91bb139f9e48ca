/**
 * Locals that are taken while a region is assembled, and given back once nothing refers to them:
 * many locals make V8's baseline code slow.
 */
import type { FunctionBuilder, Local, Mark } from '../../wasm/function.ts';

/** Temporaries taken before those that no item refers to are given back. */
const TEMPORARIES_AT_ONCE = 48;

/** Loops of a region that are assembled again, until it keeps its merges in memory. */
export const REPEATS_MAX: number = 24;

/** How far an assembly has come. */
export interface AssemblyMark {
  readonly fn: Mark;
  readonly temporaries: readonly Local[];
  readonly exits: number;
}

/** A set of locals. Emptying it costs nothing. */
export class LocalSet {
  readonly #marks: number[] = [];
  #mark = 1;

  clear(): void {
    this.#mark += 1;
  }

  add(local: Local): void {
    while (this.#marks.length <= local) this.#marks.push(0);
    this.#marks[local] = this.#mark;
  }

  has(local: Local): boolean {
    return this.#marks[local] === this.#mark;
  }
}

export class Temporaries {
  readonly #fn: FunctionBuilder;
  readonly #used = new LocalSet();
  #taken: Local[] = [];
  /** How many there may be until those without use are looked for. */
  #max = TEMPORARIES_AT_ONCE;

  constructor(fn: FunctionBuilder) {
    this.#fn = fn;
  }

  take<T extends 'i32' | 'i64' | 'v128'>(type: T): Local<T> {
    const local = this.#fn.local(type);
    this.#taken.push(local);
    return local;
  }

  get areMany(): boolean {
    return this.#taken.length > this.#max;
  }

  /** Gives those back that `collect` does not name. */
  release(collect: (used: LocalSet) => void): void {
    const used = this.#used;
    used.clear();
    collect(used);
    const kept: Local[] = [];
    for (const local of this.#taken) {
      if (used.has(local)) kept.push(local);
      else this.#fn.release(local);
    }
    this.#taken = kept;
    this.#max = kept.length + TEMPORARIES_AT_ONCE;
  }

  /** Those that are taken. */
  mark(): readonly Local[] {
    return this.#taken.slice();
  }

  rewind(taken: readonly Local[]): void {
    this.#taken = taken.slice();
  }
}
