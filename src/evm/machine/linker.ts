/**
 * Compiled code in a machine's table: linking, and letting go of what was not called for longest
 * when there is too much of it. What a frame of a live or suspended call runs is kept.
 */
import * as layout from '../layout.ts';
import { opcodeByte } from '../opcodes/table.ts';
import type { CompiledCode } from './compilation.ts';
import type { Machine } from './instance.ts';
import { createSlots, type SlotAllocator } from './slots.ts';

export interface LinkLimits {
  readonly contractsMax: number;
  /** Bytes of wasm. */
  readonly wasmBytesMax: number;
}

/** A module's run of table slots. */
export interface Run {
  readonly first: number;
  readonly count: number;
  readonly wasmBytes: number;
  readonly module: WebAssembly.Module;
}

/** A code object that is linked, in one module or, compiled again, in several. */
interface Linked {
  readonly runs: Run[];
  /** Calls when it was last looked at: more since then, and it is in use. */
  calls: number;
}

export class Linker {
  readonly #machine: Machine;
  readonly #slots: SlotAllocator;
  readonly #limits: LinkLimits;
  readonly #frames: () => readonly number[];
  /** By code object; who is let go of next comes first. */
  readonly #linked = new Map<number, Linked>();
  #wasmBytes = 0;
  #evicted = 0;
  /** Since somebody asked: by first slot, null for what is free again. */
  #changes: Map<number, Run | null> | undefined;

  /** `frames` are those of calls that run or are suspended. */
  constructor(machine: Machine, limits: LinkLimits, frames: () => readonly number[]) {
    this.#machine = machine;
    this.#slots = createSlots(machine.table);
    this.#limits = limits;
    this.#frames = frames;
  }

  get statistics(): { contracts: number; wasmBytes: number; slots: number; evicted: number } {
    return {
      contracts: this.#linked.size,
      wasmBytes: this.#wasmBytes,
      slots: this.#slots.used(),
      evicted: this.#evicted,
    };
  }

  /** The code objects that are linked. */
  codes(): IterableIterator<number> {
    return this.#linked.keys();
  }

  /**
   * What was linked and let go of since this was asked before, at first all that is linked: by the
   * first slot. Tables of other threads are to hold the same.
   */
  takeChanges(): ReadonlyMap<number, Run | null> {
    const all = () => [...this.#linked.values()].flatMap(({ runs }) => runs);
    const changes = this.#changes ?? new Map(all().map((run) => [run.first, run]));
    this.#changes = new Map();
    return changes;
  }

  /** Links code that stays; undefined when there is no room. */
  link(code: number, compiled: CompiledCode): Run | undefined {
    if (!this.#makeRoom(code, compiled.wasmBytes)) return undefined;
    const run = this.linkPassing(code, compiled);
    if (run === undefined) return undefined;
    const linked = this.#linked.get(code) ?? { runs: [], calls: 0 };
    linked.runs.push(run);
    this.#changes?.set(run.first, run);
    linked.calls = this.#machine.memory.view().getUint32(code + layout.CODE_CALLS, true);
    this.#linked.delete(code);
    this.#linked.set(code, linked);
    return run;
  }

  /** Links code that goes before its run is released: init code. */
  linkPassing(code: number, { module, slots, wasmBytes }: CompiledCode): Run | undefined {
    const { memory, table, imports } = this.#machine;
    const count = slots.length;
    const first = this.#slots.allocate(count);
    if (first === undefined) return undefined;
    const slot = new WebAssembly.Global({ value: 'i32', mutable: false }, first);
    try {
      new WebAssembly.Instance(module, {
        env: { memory: memory.memory, table, slot },
        runtime: imports,
      });
    } catch (error) {
      this.#slots.release(first, count);
      throw error;
    }
    this.#enter(code, slots, first);
    this.#wasmBytes += wasmBytes;
    return { first, count, wasmBytes, module };
  }

  /** Takes back the run of code that is gone. */
  release({ first, count, wasmBytes }: Run): void {
    this.#slots.release(first, count);
    this.#wasmBytes -= wasmBytes;
    this.#changes?.set(first, null);
  }

  /** Back to the interpreter, its heat forgotten. Frames in it go on there. */
  unlink(code: number): void {
    const linked = this.#linked.get(code);
    if (linked === undefined) return;
    this.#linked.delete(code);
    for (const run of linked.runs) this.release(run);
    const view = this.#machine.memory.view();
    for (const fp of this.#frames()) {
      if (view.getUint32(fp + layout.F_CODE, true) !== code) continue;
      view.setUint32(fp + layout.F_RESUME, 0, true);
    }
    const blocks = view.getUint32(code + layout.CODE_BLOCKS, true);
    const blockCount = view.getUint32(code + layout.CODE_BLOCK_COUNT, true);
    for (let i = 0; i < blockCount; i++) {
      const block = blocks + i * layout.BLOCK_BYTES;
      view.setUint32(block + layout.BLOCK_FUNCTION, JUMPDEST, true);
      view.setUint32(block + layout.BLOCK_COUNT, 0, true);
    }
    view.setUint32(code + layout.CODE_ENTRY, 0, true);
    view.setUint32(code + layout.CODE_CALLS, 0, true);
    view.setUint32(code + layout.CODE_TIER, layout.CODE_TIER_INTERPRETED, true);
  }

  /** Points the jump map and the entry at the compiled functions. */
  #enter(code: number, slots: readonly number[], first: number): void {
    const view = this.#machine.memory.view();
    const slotOf = new Map(slots.map((pc, i) => [pc, first + i]));
    const blocks = view.getUint32(code + layout.CODE_BLOCKS, true);
    const blockCount = view.getUint32(code + layout.CODE_BLOCK_COUNT, true);
    for (let i = 0; i < blockCount; i++) {
      const block = blocks + i * layout.BLOCK_BYTES;
      const target = slotOf.get(view.getUint32(block + layout.BLOCK_PC, true));
      if (target !== undefined) view.setUint32(block + layout.BLOCK_FUNCTION, target, true);
    }
    view.setUint32(code + layout.CODE_ENTRY, first, true);
    view.setUint32(code + layout.CODE_TIER, layout.CODE_TIER_COMPILED, true);
  }

  #pinned(): ReadonlySet<number> {
    const view = this.#machine.memory.view();
    return new Set(this.#frames().map((fp) => view.getUint32(fp + layout.F_CODE, true)));
  }

  /** Evicts until there is room for one more; false when frames are in all that is left. */
  #makeRoom(newcomer: number, wasmBytes: number): boolean {
    const { contractsMax, wasmBytesMax } = this.#limits;
    const isFull = () =>
      this.#linked.size + (this.#linked.has(newcomer) ? 0 : 1) > contractsMax ||
      this.#wasmBytes + wasmBytes > wasmBytesMax;
    if (!isFull()) return true;
    const pinned = this.#pinned();
    // Twice around: the first time may find that all were called since they were looked at.
    for (let looks = 2 * this.#linked.size; looks > 0 && isFull(); looks--) {
      const [oldest] = this.#linked as Iterable<[number, Linked]>;
      if (oldest === undefined) break;
      const [code, linked] = oldest;
      const calls = this.#machine.memory.view().getUint32(code + layout.CODE_CALLS, true);
      if (code !== newcomer && calls === linked.calls && !pinned.has(code)) {
        this.unlink(code);
        this.#evicted += 1;
        continue;
      }
      linked.calls = calls;
      this.#linked.delete(code);
      this.#linked.set(code, linked);
    }
    return !isFull();
  }
}

const JUMPDEST = opcodeByte('JUMPDEST');
