/**
 * The execution contexts of one EVM, and who may use one when.
 *
 * A call that waits for the state keeps its context (frames, overlay, journal, EVM memory) while
 * others run in theirs. Contexts share the block's versions and the cache of the view. So what
 * commits runs alone, and what only reads runs beside other readers. Turns are given in the order
 * in which they were asked for, so the results are those of the program's order.
 *
 * One context is large and has the room that limits promise; the others are small, and a call
 * that finds its context too small is begun again in the large one.
 */
import { EVMError } from '../errors.ts';
import type { Limits } from '../execution-options.ts';
import * as layout from '../layout.ts';
import type { PrecompileHost } from '../precompiles/precompile.ts';
import type { BlockEnvironment } from '../types.ts';
import { type Arena, LARGE_ARENA, reserveArena, SMALL_ARENA } from './arena.ts';
import type { HookReader } from './hooks.ts';
import type { MachineMemory } from './memory.ts';
import type { StepReader } from './steps.ts';
import type { Watch } from './watch.ts';

/** Contexts of an EVM; more calls than this wait. Seven small ones fill the address space. */
export const CONTEXTS_MAX = 8;
/** Calls that wait for a context; past it a call is refused. */
export const WAITING_MAX = 65_536;

export interface Context {
  readonly arena: Arena;
  readonly large: boolean;
  /** Whether its tables have been made. */
  prepared: boolean;
  /** The block that is written in it. */
  block: BlockEnvironment | undefined;
  /** The reader of a traced run. */
  steps: StepReader | undefined;
  /** The reader of a run with hooks. */
  hooks: HookReader | undefined;
  /** Precompiles, where the call has its own. */
  precompiles: PrecompileHost | undefined;
  /** What the call that runs in it looks up for. */
  watch: Watch | undefined;
  /** Places in memory for rules and overrides of one call, once there was such a call. */
  callRules: number | undefined;
  overrides: number | undefined;
  /** Frozen ones, whose rules are at `callRules` now. */
  limits: Limits | undefined;
}

export interface ContextNeed {
  /** Commits, so that nothing may run beside it. */
  readonly alone: boolean;
  /** Only the large context will do. */
  readonly large: boolean;
}

interface Waiting {
  readonly need: ContextNeed;
  readonly start: (context: Context) => void;
}

export class ContextPool {
  readonly all: readonly Context[];
  readonly first: Context;
  readonly #free: Context[];
  readonly #waiting: Waiting[] = [];
  #active = 0;
  #aloneActive = false;

  /** Reserves the regions of all contexts; pages that nobody touches cost nothing. */
  constructor(memory: MachineMemory) {
    this.all = Array.from({ length: CONTEXTS_MAX }, (_, index) => ({
      arena: reserveArena(memory, index === 0 ? LARGE_ARENA : SMALL_ARENA),
      large: index === 0,
      prepared: false,
      block: undefined,
      steps: undefined,
      hooks: undefined,
      precompiles: undefined,
      watch: undefined,
      callRules: undefined,
      overrides: undefined,
      limits: undefined,
    }));
    // The contexts share the layers of the first.
    const [first] = this.all as [Context];
    this.first = first;
    for (const { arena } of this.all) {
      const view = memory.view();
      view.setUint32(arena.ctx + layout.C_VERSIONS, first.arena.versions, true);
      view.setUint32(arena.ctx + layout.C_VIEW, first.arena.view, true);
    }
    this.#free = [...this.all];
  }

  /** Nothing runs, nothing waits. */
  get idle(): boolean {
    return this.#active === 0 && this.#waiting.length === 0;
  }

  /** Contexts in which something runs or is suspended. */
  get active(): readonly Context[] {
    return this.all.filter((context) => !this.#free.includes(context));
  }

  /** Addresses of the frames of all that runs or is suspended. */
  framesOf(memory: MachineMemory): number[] {
    const view = memory.view();
    return this.active.flatMap(({ arena: { ctx, frames } }) => {
      const last = view.getUint32(ctx + layout.C_FRAME, true);
      const count = last < frames ? 0 : (last - frames) / layout.FRAME_STRIDE + 1;
      return Array.from({ length: count }, (_, depth) => frames + depth * layout.FRAME_STRIDE);
    });
  }

  /** A context when it is this call's turn, at once where it is. */
  acquire(need: ContextNeed): Context | Promise<Context> {
    const context = this.tryAcquire(need);
    if (context !== undefined) return context;
    if (this.#waiting.length >= WAITING_MAX) {
      throw new EVMError(
        'evm/too many calls',
        `${WAITING_MAX} calls wait already: await some of them first`,
        { waiting: WAITING_MAX },
      );
    }
    return new Promise((start) => {
      this.#waiting.push({ need, start });
    });
  }

  /** A context, unless others are before this call or in its way. */
  tryAcquire(need: ContextNeed): Context | undefined {
    return this.#waiting.length > 0 ? undefined : this.#take(need);
  }

  release(context: Context): void {
    this.#active -= 1;
    this.#aloneActive = false;
    if (context.large) this.#free.unshift(context);
    else this.#free.push(context);
    this.#startWaiting();
  }

  /** Runs when all that was asked for before has ended, and before what is asked for later. */
  whenIdle(action: () => void): void {
    if (this.idle) {
      action();
      return;
    }
    const start = (context: Context): void => {
      try {
        action();
      } finally {
        this.release(context);
      }
    };
    this.#waiting.push({ need: { alone: true, large: false }, start });
  }

  #startWaiting(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined) return;
      const context = this.#take(next.need);
      if (context === undefined) return;
      this.#waiting.shift();
      next.start(context);
    }
  }

  #take({ alone, large }: ContextNeed): Context | undefined {
    if (this.#aloneActive || (alone && this.#active > 0)) return undefined;
    const [first] = this.#free;
    if (first === undefined || (large && !first.large)) return undefined;
    this.#free.shift();
    this.#active += 1;
    this.#aloneActive = alone;
    return first;
  }
}
