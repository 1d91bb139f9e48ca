/**
 * From interpreted to compiled: what the machine reports as hot is compiled, linked into the table
 * (linker.ts), and entered at the next jump or call. In `auto` a worker compiles (background.ts)
 * while the call goes on in the interpreter; with a threshold of its own, and in `compiler`, the
 * calling thread does, so that the same calls do the same.
 *
 * Modules are kept for the thread by (code hash, fork, kind of memory), so that a second machine,
 * or the same init code again, compiles nothing. A delegation (EIP-7702) runs its delegate's code
 * object, and so its modules. See docs/design/tiers.md.
 */
import type { CompilationOptions, TierStatistics } from '../compilation-options.ts';
import { EVMError } from '../errors.ts';
import { checkObject, InputError } from '../input.ts';
import * as layout from '../layout.ts';
import type { Engine, Hash } from '../types.ts';
import type { Arena } from './arena.ts';
import { backgroundCompiler } from './background.ts';
import {
  CODE_BYTES_MAX,
  type CompileAnswer,
  type CompileJob,
  compileJob,
  readHeat,
} from './compilation.ts';
import type { Machine } from './instance.ts';
import { Linker, type LinkLimits, type Run } from './linker.ts';
import { type CachedModule, ModuleCache } from './modules.ts';
import { toHex } from './words.ts';

/** Calls of a contract, or jumps to one block, after which it is compiled in `auto`. */
export const HOT_THRESHOLD = 5_000;
/** Compilations of one contract: each sees what the ones before had not. */
export const COMPILATIONS_MAX = 8;
/** Contracts that one machine keeps linked. */
export const CONTRACTS_MAX = 8_192;
/** Bytes of wasm that one machine keeps linked. */
export const WASM_BYTES_MAX: number = 512 << 20;
/** Hashes of init code that are remembered, to see which comes again. */
const INIT_CODES_MAX = 4_096;
/** Where the worker counts modules, and then where this thread does. */
const ARRIVALS: number = layout.GLOBALS + layout.G_ARRIVED;
/** A contract is compiled again after the n-th power of this times what its n-th time took. */
const AGAIN_AFTER = 2;

const MODULES = new ModuleCache();
/** Code that trapped, by hash and fork: it is not compiled again in this thread. */
const DISTRUSTED = new Set<string>();

/** Forgets the modules of this thread; V8 frees those that no machine has linked. */
export function dropModules(): void {
  MODULES.clear();
}

/** What the machine knows of a contract's code, by its hash. */
interface CodeState {
  readonly hash: Hash;
  readonly code: number;
  /** Of the module that is linked; 0 for none. */
  generation: number;
  waiting: boolean;
  /** More became hot while it was. */
  missed: boolean;
  /** Not compiled again before this. */
  againMs: number;
}

/** What a context's driver reports. */
const FLAGS: Readonly<Record<Engine, number>> = {
  interpreter: 0,
  auto: layout.CONTEXT_FLAG_TIERS,
  compiler: layout.CONTEXT_FLAG_TIERS | layout.CONTEXT_FLAG_COMPILE_FIRST,
};

export interface TierOptions {
  readonly engine: Engine;
  readonly hotThreshold: number | undefined;
  readonly compilation: CompilationOptions | undefined;
}

export class Tiers {
  readonly #machine: Machine;
  readonly #engine: Engine;
  readonly #threshold: number;
  readonly #background: boolean;
  readonly #directory: string | undefined;
  readonly #onNote: (note: string) => void;
  readonly #linker: Linker;
  readonly #states = new Map<Hash, CodeState>();
  /** Contracts that became hot again too early. */
  readonly #late = new Set<CodeState>();
  /** Init code that is linked lives as long as its context's transaction. */
  #passing: { readonly ctx: number; readonly run: Run }[] = [];
  /** Where answers find a frame that waits. */
  #collecting: Arena | undefined;
  #waiting = 0;
  #compiled = 0;
  #refused = 0;

  /** `frames` are those of calls that run or are suspended. @throws InputError */
  constructor(machine: Machine, options: TierOptions, frames: () => readonly number[]) {
    const { engine, hotThreshold, compilation = {} } = options;
    checkObject('compilation', compilation);
    this.#machine = machine;
    this.#engine = engine;
    this.#threshold = engine === 'auto' ? (hotThreshold ?? HOT_THRESHOLD) : 0;
    const where = compilation.where ?? (hotThreshold === undefined ? 'worker' : 'thread');
    if (where !== 'worker' && where !== 'thread') {
      throw new InputError('compilation.where', where, "'worker' or 'thread'");
    }
    this.#background = engine === 'auto' && where === 'worker';
    this.#directory = compilation.directory;
    this.#onNote = compilation.onNote ?? warn;
    this.#linker = new Linker(machine, limitsOf(compilation), frames);
  }

  /** Switches counting on in a context. */
  prepare({ ctx }: Arena): void {
    const view = this.#machine.memory.view();
    view.setUint32(ctx + layout.C_FLAGS, FLAGS[this.#engine], true);
    view.setUint32(ctx + layout.C_HOT_THRESHOLD, this.#threshold, true);
  }

  get statistics(): Omit<TierStatistics, 'codeBytes'> {
    return {
      ...this.#linker.statistics,
      waiting: this.#waiting,
      compiled: this.#compiled,
      refused: this.#refused,
    };
  }

  /** Whether a call must ask if modules arrived: a shared memory says so by itself. */
  get mustAsk(): boolean {
    return this.#waiting > 0 && !this.#machine.memory.shared;
  }

  /** Whether there may be one. */
  get rang(): boolean {
    return this.mustAsk && backgroundCompiler().rang;
  }

  /**
   * Links what was compiled meanwhile; a frame of the context that stands at the start of it starts
   * in the compiled form. True when modules only arrive with a turn of the event loop.
   */
  collect(arena: Arena | undefined): boolean {
    for (const state of this.#late) {
      if (performance.now() < state.againMs) continue;
      this.#late.delete(state);
      this.#ask(state);
    }
    // Whoever drains the answers, this machine has looked.
    const view = this.#machine.memory.view();
    view.setInt32(ARRIVALS + 4, view.getInt32(ARRIVALS, true), true);
    if (this.#waiting === 0) return false;
    this.#collecting = arena;
    try {
      return backgroundCompiler().collect();
    } finally {
      this.#collecting = undefined;
    }
  }

  /** Answers STATUS_HOT; after a call, sees to what became hot in its last slice. */
  report(arena: Arena): void {
    const view = this.#machine.memory.view();
    const { ctx } = arena;
    const code = view.getUint32(ctx + layout.C_HOT_CODE, true);
    if (code === 0) return;
    view.setUint32(ctx + layout.C_HOT_CODE, 0, true);
    const tier = view.getUint32(code + layout.CODE_TIER, true);
    if (tier === layout.CODE_TIER_REFUSED || this.#engine === 'interpreter') return;
    if (view.getUint32(code + layout.CODE_SIZE, true) > CODE_BYTES_MAX) {
      this.#refused += 1;
      this.#refuse(code);
      return;
    }
    // All that is created by a transaction has a hash but the init code.
    if (view.getUint32(code + layout.CODE_HASH, true) === 0) {
      this.#reportInitCode(arena, code);
      return;
    }
    const state = this.#stateOf(code);
    // Evicted meanwhile, or never compiled.
    if (tier === layout.CODE_TIER_INTERPRETED) Object.assign(state, { generation: 0, againMs: 0 });
    if (state.generation >= COMPILATIONS_MAX) return;
    if (state.waiting) {
      state.missed = true;
      return;
    }
    if (this.#isDistrusted(state.hash, code)) return;
    if (this.#background && backgroundCompiler().available) {
      this.#collecting = arena;
      if (performance.now() < state.againMs) this.#late.add(state);
      else this.#ask(state);
      this.#collecting = undefined;
      return;
    }
    const entry = this.#compileHere(state.hash, code, state.generation + 1);
    this.#adopt(arena, state, entry);
  }

  /** A code that trapped, in whatever tier: interpreted from now on, on all of the thread. */
  distrust(hash: Hash): void {
    DISTRUSTED.add(this.#key(hash));
    const state = this.#states.get(hash);
    if (state === undefined) return;
    this.#linker.unlink(state.code);
    this.#refuse(state.code);
  }

  /** What is to be linked in, and let go of, by who runs the machine's code in other threads. */
  takeLinkChanges(): ReadonlyMap<number, Run | null> {
    return this.#linker.takeChanges();
  }

  /** Code that became hot while nobody could compile it. */
  reportLater(arena: Arena, codes: readonly number[]): void {
    for (const code of codes) {
      this.#machine.memory.view().setUint32(arena.ctx + layout.C_HOT_CODE, code, true);
      this.report(arena);
    }
  }

  /** The code objects of compilations that are under way or put off, and of what is linked. */
  codesInUse(): { readonly waiting: number[]; readonly linked: number[] } {
    const waiting = [...this.#states.values()].filter(
      (state) => state.waiting || this.#late.has(state),
    );
    return { waiting: waiting.map(({ code }) => code), linked: [...this.#linker.codes()] };
  }

  /** Forgets all code objects but these: the others are about to be freed. */
  forgetAllBut(kept: ReadonlySet<number>): void {
    for (const [hash, { code }] of this.#states) {
      if (kept.has(code)) continue;
      this.#linker.unlink(code);
      this.#states.delete(hash);
    }
  }

  /** Lets go of the init code of a context's transaction that ended. */
  endTransaction(arena: Arena): void {
    if (this.#passing.length > 0) {
      for (const { ctx, run } of this.#passing) if (ctx === arena.ctx) this.#linker.release(run);
      this.#passing = this.#passing.filter(({ ctx }) => ctx !== arena.ctx);
    }
    this.report(arena);
  }

  #key(hash: Hash): string {
    const { memory, rules } = this.#machine;
    return `${hash} ${rules.fork} ${memory.shared}`;
  }

  #stateOf(code: number): CodeState {
    const hash = toHex(this.#machine.memory.bytes(), code + layout.CODE_HASH, 32);
    let state = this.#states.get(hash);
    if (state === undefined) {
      state = { hash, code, generation: 0, waiting: false, missed: false, againMs: 0 };
      this.#states.set(hash, state);
    }
    return state;
  }

  /** Takes the code's next module from the cache, or asks the worker for it. */
  #ask(state: CodeState): void {
    const key = this.#key(state.hash);
    const known = MODULES.get(key);
    if (known !== undefined && known.generation > state.generation) {
      this.#adopt(this.#collecting, state, known);
      if (state.generation >= COMPILATIONS_MAX || !this.#lacks(state.code, known)) return;
    }
    const generation = state.generation + 1;
    const asked = performance.now();
    this.#request(state.hash, state.code, generation, (entry) => {
      state.waiting = false;
      const now = performance.now();
      state.againMs = now + AGAIN_AFTER ** generation * (now - asked);
      this.#adopt(this.#collecting, state, entry);
      if (state.missed && state.generation < COMPILATIONS_MAX) this.#late.add(state);
      state.missed = false;
    });
    state.waiting = true;
  }

  /**
   * Whether a block that is hot here is in none of the regions that other machines' calls have
   * shaped: it has been reported already, and will not be again.
   */
  #lacks(code: number, { compiled }: CachedModule): boolean {
    if (compiled === undefined) return false;
    const covered = compiled.covered ?? new Set(compiled.slots);
    const heat = readHeat(this.#machine.memory.memory.buffer, code) ?? [];
    for (let i = 0; i < heat.length; i += 2) {
      if ((heat[i + 1] as number) >= this.#threshold && !covered.has(heat[i] as number))
        return true;
    }
    return false;
  }

  #request(
    hash: Hash,
    code: number,
    generation: number,
    done: (entry: CachedModule) => void,
  ): void {
    const job = this.#jobOf(hash, code, generation);
    const take = (answer: CompileAnswer | undefined): void => {
      this.#waiting -= 1;
      // Without a worker, the next report compiles here.
      if (answer !== undefined) done(this.#keep(this.#key(hash), answer, generation));
    };
    const { memory, shared } = this.#machine.memory;
    const arrivals = shared ? new Int32Array(memory.buffer, ARRIVALS, 1) : undefined;
    if (backgroundCompiler().request(job, arrivals, take)) this.#waiting += 1;
  }

  #jobOf(hash: Hash, code: number, generation: number): CompileJob {
    const { memory, rules } = this.#machine;
    const size = memory.view().getUint32(code + layout.CODE_SIZE, true);
    const start = code + layout.CODE_BYTES;
    const bytes = new Uint8Array(size);
    bytes.set(memory.bytes().subarray(start, start + size));
    return {
      hash,
      code: bytes,
      fork: rules.fork,
      shared: memory.shared,
      heat: readHeat(memory.memory.buffer, code),
      generation,
      directory: this.#directory,
    };
  }

  #keep(key: string, answer: CompileAnswer, generation: number): CachedModule {
    if (answer.note !== undefined) this.#onNote(answer.note);
    if (answer.compiled === undefined) this.#refused += 1;
    else this.#compiled += 1;
    const entry = { compiled: answer.compiled, generation };
    MODULES.set(key, entry);
    return entry;
  }

  /** In this thread: what has been executed so far decides, and so belongs to the key. */
  #compileHere(hash: Hash, code: number, generation: number): CachedModule {
    const job = this.#jobOf(hash, code, generation);
    const seen = job.heat?.filter((_, i) => i % 2 === 0).join() ?? 'cold';
    const key = `${this.#key(hash)} ${seen}`;
    const known = MODULES.get(key);
    if (known !== undefined) return { ...known, generation };
    return this.#keep(key, this.#compileNow(job), generation);
  }

  /** A bug of the compiler ends the call where it must show, and is noted where it must not. */
  #compileNow(job: CompileJob): CompileAnswer {
    try {
      return compileJob(job);
    } catch (cause) {
      const message = `the compiler failed at code ${job.hash}: ${String(cause)}`;
      if (this.#background) return { compiled: undefined, refused: 'a failure', note: message };
      throw new EVMError('evm/internal', message, { codeHash: job.hash }, cause);
    }
  }

  /** Links a module, unless the compiler refused it or a later one is linked already. */
  #adopt(arena: Arena | undefined, state: CodeState, entry: CachedModule): void {
    if (entry.compiled === undefined) {
      if (state.generation === 0) this.#refuse(state.code);
      else state.generation = COMPILATIONS_MAX;
      return;
    }
    if (this.#isDistrusted(state.hash, state.code)) return;
    const run = this.#linker.link(state.code, entry.compiled);
    if (run === undefined) return;
    state.generation = entry.generation;
    if (arena !== undefined) this.#enterWaiting(arena.ctx, state.code, run);
  }

  /** Whether the code trapped before; then it is refused. */
  #isDistrusted(hash: Hash, code: number): boolean {
    const trapped = DISTRUSTED.has(this.#key(hash));
    if (trapped) this.#refuse(code);
    return trapped;
  }

  #refuse(code: number): void {
    const view = this.#machine.memory.view();
    view.setUint32(code + layout.CODE_TIER, layout.CODE_TIER_REFUSED, true);
  }

  /** A frame that stands at the start of the code starts in the compiled form. */
  #enterWaiting(ctx: number, code: number, { first }: Run): void {
    const view = this.#machine.memory.view();
    const fp = view.getUint32(ctx + layout.C_FRAME, true);
    if (view.getUint32(fp + layout.F_CODE, true) !== code) return;
    if (view.getUint32(fp + layout.F_IP, true) !== code + layout.CODE_BYTES) return;
    view.setUint32(fp + layout.F_RESUME, first, true);
  }

  /** Init code runs once, mostly: in `auto` it is compiled when it comes again. */
  #reportInitCode(arena: Arena, code: number): void {
    const { memory, runtime } = this.#machine;
    const size = memory.view().getUint32(code + layout.CODE_SIZE, true);
    const scratch = layout.GLOBALS + layout.G_SCRATCH;
    runtime.keccak256(scratch, code + layout.CODE_BYTES, size);
    const hash = toHex(memory.bytes(), scratch, 32);
    if (this.#isDistrusted(hash, code)) return;
    if (this.#engine === 'auto' && !comesAgain(this.#key(hash))) return;
    let entry: CachedModule | undefined;
    if (this.#background && backgroundCompiler().available) {
      entry = MODULES.get(this.#key(hash));
      if (entry === undefined) this.#request(hash, code, 1, () => {});
    } else entry = this.#compileHere(hash, code, 1);
    if (entry?.compiled === undefined) {
      if (entry !== undefined) this.#refuse(code);
      return;
    }
    const run = this.#linker.linkPassing(code, entry.compiled);
    if (run === undefined) return;
    this.#passing.push({ ctx: arena.ctx, run });
    this.#enterWaiting(arena.ctx, code, run);
  }
}

const INIT_CODES = new Set<string>();

/** Whether this init code was reported before. */
function comesAgain(key: string): boolean {
  const again = INIT_CODES.delete(key);
  INIT_CODES.add(key);
  if (INIT_CODES.size > INIT_CODES_MAX) {
    const [oldest] = INIT_CODES;
    INIT_CODES.delete(oldest as string);
  }
  return again;
}

function limitsOf({ contractsMax, wasmBytesMax }: CompilationOptions): LinkLimits {
  const limit = (name: string, value: number | undefined, own: number): number => {
    if (value === undefined) return own;
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new InputError(`compilation.${name}`, value, 'an integer from 0');
  };
  return {
    contractsMax: limit('contractsMax', contractsMax, CONTRACTS_MAX),
    wasmBytesMax: limit('wasmBytesMax', wasmBytesMax, WASM_BYTES_MAX),
  };
}

function warn(note: string): void {
  const { process } = globalThis as { process?: { emitWarning?: (text: string) => void } };
  if (process?.emitWarning === undefined) console.warn(note);
  else process.emitWarning(note);
}
