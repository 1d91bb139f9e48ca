/**
 * From interpreted to compiled: compiles what the machine reports, links it into the table, and
 * points the code object at it. A frame that waits at the code's start, and every jump from then
 * on, goes to the compiled functions.
 *
 * Compiled modules are kept for the process by (code, fork, kind of memory), so that a second
 * machine, or the same init code again, compiles nothing.
 */
import { type CompiledContract, compileContract } from '../compiler/compile.ts';
import type { Profile } from '../compiler/regions.ts';
import * as layout from '../layout.ts';
import type { Engine } from '../types.ts';
import type { Arena } from './arena.ts';
import type { Machine } from './instance.ts';
import { createSlots, type SlotAllocator } from './slots.ts';
import { toHex } from './words.ts';

/** Calls of a contract, or jumps to one block, after which it is compiled in `auto`. */
export const HOT_THRESHOLD = 500;
/** Compilations of one contract: each sees what the ones before had not. */
export const COMPILATIONS_MAX = 4;
/** Modules kept in the process; the least recently used go first. */
export const MODULES_MAX = 4_096;

interface CachedModule {
  readonly module: WebAssembly.Module;
  readonly slots: readonly number[];
}

const MODULES = new Map<string, CachedModule | undefined>();

/** A contract that is linked into the table. */
interface Linked {
  /** The context that linked it. */
  readonly ctx: number;
  readonly code: number;
  readonly first: number;
  readonly count: number;
}

/** What a context's driver reports. */
const FLAGS: Readonly<Record<Engine, number>> = {
  interpreter: 0,
  auto: layout.CONTEXT_FLAG_TIERS,
  compiler: layout.CONTEXT_FLAG_TIERS | layout.CONTEXT_FLAG_COMPILE_FIRST,
};

export class Tiers {
  readonly #machine: Machine;
  readonly #flags: number;
  readonly #threshold: number;
  readonly #slots: SlotAllocator;
  /** How often each code object was compiled. */
  readonly #compilations = new Map<number, number>();
  /** Init code lives as long as its transaction. */
  #passing: Linked[] = [];

  constructor(machine: Machine, engine: Engine, hotThreshold: number) {
    this.#machine = machine;
    this.#slots = createSlots(machine.table);
    this.#flags = FLAGS[engine];
    this.#threshold = engine === 'auto' ? hotThreshold : 0;
  }

  /** Switches counting on in a context. */
  prepare({ ctx }: Arena): void {
    const view = this.#machine.memory.view();
    view.setUint32(ctx + layout.C_FLAGS, this.#flags, true);
    view.setUint32(ctx + layout.C_HOT_THRESHOLD, this.#threshold, true);
  }

  /** Answers STATUS_HOT. */
  compileReported(arena: Arena): void {
    const view = this.#machine.memory.view();
    const { ctx } = arena;
    const code = view.getUint32(ctx + layout.C_HOT_CODE, true);
    view.setUint32(ctx + layout.C_HOT_CODE, 0, true);
    const compilations = this.#compilations.get(code) ?? 0;
    if (view.getUint32(code + layout.CODE_TIER, true) === layout.CODE_TIER_REFUSED) return;
    if (compilations >= COMPILATIONS_MAX) return;
    this.#compilations.set(code, compilations + 1);
    const linked = this.#link(ctx, code);
    const tier = linked === undefined ? layout.CODE_TIER_REFUSED : layout.CODE_TIER_COMPILED;
    view.setUint32(code + layout.CODE_TIER, tier, true);
    if (linked !== undefined) this.#enterWaiting(ctx, linked);
  }

  /** A frame that stands at the start of the code starts in the compiled form. */
  #enterWaiting(ctx: number, { code, first }: Linked): void {
    const view = this.#machine.memory.view();
    const fp = view.getUint32(ctx + layout.C_FRAME, true);
    if (view.getUint32(fp + layout.F_CODE, true) !== code) return;
    if (view.getUint32(fp + layout.F_IP, true) !== code + layout.CODE_BYTES) return;
    view.setUint32(fp + layout.F_RESUME, first, true);
  }

  #link(ctx: number, code: number): Linked | undefined {
    const { memory, table, imports } = this.#machine;
    const cached = this.#moduleOf(code);
    if (cached === undefined) return undefined;
    const count = cached.slots.length;
    const first = this.#slots.allocate(count);
    if (first === undefined) return undefined;
    const slot = new WebAssembly.Global({ value: 'i32', mutable: false }, first);
    new WebAssembly.Instance(cached.module, {
      env: { memory: memory.memory, table, slot },
      runtime: imports,
    });
    const view = memory.view();
    const slotOf = new Map(cached.slots.map((pc, i) => [pc, first + i]));
    const blocks = view.getUint32(code + layout.CODE_BLOCKS, true);
    const blockCount = view.getUint32(code + layout.CODE_BLOCK_COUNT, true);
    for (let i = 0; i < blockCount; i++) {
      const block = blocks + i * layout.BLOCK_BYTES;
      const target = slotOf.get(view.getUint32(block + layout.BLOCK_PC, true));
      if (target !== undefined) view.setUint32(block + layout.BLOCK_FUNCTION, target, true);
    }
    view.setUint32(code + layout.CODE_ENTRY, first, true);
    const linked = { ctx, code, first, count };
    if (view.getUint32(code + layout.CODE_HASH, true) === 0) this.#passing.push(linked);
    return linked;
  }

  /** The compiled module of a code object, from the cache where it is there. */
  #moduleOf(code: number): CachedModule | undefined {
    const { memory, runtime, rules } = this.#machine;
    const view = memory.view();
    const size = view.getUint32(code + layout.CODE_SIZE, true);
    const scratch = layout.GLOBALS + layout.G_SCRATCH;
    runtime.keccak256(scratch, code + layout.CODE_BYTES, size);
    const hash = toHex(memory.bytes(), scratch, 32);
    const profile = readProfile(view, code);
    const seen = profile === undefined ? 'cold' : [...profile.keys()].join();
    const key = `${hash} ${rules.fork} ${memory.shared} ${seen}`;
    if (MODULES.has(key)) {
      const found = MODULES.get(key);
      MODULES.delete(key);
      MODULES.set(key, found);
      return found;
    }
    const start = code + layout.CODE_BYTES;
    const bytes = Uint8Array.from(memory.bytes().subarray(start, start + size));
    const base = { fork: rules.fork, shared: memory.shared };
    const options = profile === undefined ? base : { ...base, profile };
    const compiled = compileContract(bytes, options);
    const cached = 'refused' in compiled ? undefined : load(compiled);
    if (MODULES.size >= MODULES_MAX) MODULES.delete(MODULES.keys().next().value as string);
    MODULES.set(key, cached);
    return cached;
  }

  /** Lets go of the init code of a context's transaction that ended. */
  endTransaction({ ctx }: Arena): void {
    const ended = this.#passing.filter((linked) => linked.ctx === ctx);
    if (ended.length === 0) return;
    for (const { code, first, count } of ended) {
      this.#slots.release(first, count);
      this.#compilations.delete(code);
    }
    this.#passing = this.#passing.filter((linked) => linked.ctx !== ctx);
  }
}

function load({ bytes, slots }: CompiledContract): CachedModule {
  return { module: new WebAssembly.Module(bytes), slots };
}

/** The interpreter's counts, or undefined when the code has not jumped yet. */
function readProfile(view: DataView, code: number): Profile | undefined {
  const blocks = view.getUint32(code + layout.CODE_BLOCKS, true);
  const count = view.getUint32(code + layout.CODE_BLOCK_COUNT, true);
  const profile = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const block = blocks + i * layout.BLOCK_BYTES;
    const times = view.getUint32(block + layout.BLOCK_COUNT, true);
    if (times > 0) profile.set(view.getUint32(block + layout.BLOCK_PC, true), times);
  }
  return profile.size === 0 ? undefined : profile;
}
