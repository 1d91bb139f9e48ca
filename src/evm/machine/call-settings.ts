/** What one call has of its own, in the context that runs it: rules, overrides, watchers. */
import { EVMError } from '../errors.ts';
import type { CustomPrecompiles, ExecutionOptions, Limits } from '../execution-options.ts';
import * as layout from '../layout.ts';
import type { PrecompileHost } from '../precompiles/precompile.ts';
import type { Awaitable, StateReader } from '../types.ts';
import {
  activePrecompiles,
  CALL_RULES_BYTES,
  encodeCallRules,
  limitRules,
  runActive,
} from './call-rules.ts';
import type { Context } from './contexts.ts';
import { type CallHooks, HookReader } from './hooks.ts';
import type { Machine } from './instance.ts';
import { applyOverrides, type CheckedOverrides, checkOverrides } from './overrides.ts';
import { StepReader } from './steps.ts';
import { UndoneCodes } from './undone-codes.ts';

/** Addresses up to this may be a fork's precompiles. */
const PRECOMPILE_MAX = 0x1ffn;

export interface SettingsOptions {
  readonly precompiles: PrecompileHost;
  readonly customPrecompiles?: CustomPrecompiles;
  readonly limits?: Limits;
  readonly forgetsUndoneCodes?: boolean;
}

export class CallSettings {
  /** Of calls that have none of their own. */
  readonly precompiles: PrecompileHost;
  readonly #machine: Machine;
  readonly #versions: number;
  readonly #limits: Limits;
  readonly #custom: CustomPrecompiles;
  readonly #forgetsUndoneCodes: boolean;

  constructor(machine: Machine, versions: number, options: SettingsOptions) {
    this.#machine = machine;
    this.#versions = versions;
    this.precompiles = options.precompiles;
    this.#limits = options.limits ?? {};
    this.#custom = options.customPrecompiles ?? {};
    this.#forgetsUndoneCodes = options.forgetsUndoneCodes ?? false;
  }

  /** Whether all calls have the fork's own rules and precompiles, but for what they ask for. */
  get isPlain(): boolean {
    return Object.keys(this.#limits).length + Object.keys(this.#custom).length === 0;
  }

  /** @throws InputError for values that are none; nothing is in place then that `drop` forgets */
  apply(context: Context, options: ExecutionOptions, state: StateReader): Awaitable<void> {
    const { memory, rules } = this.#machine;
    const overrides = options.overrides === undefined ? [] : checkOverrides(options.overrides);
    this.#applyRules(context, options, overrides);
    const { onStep, stepMemory = false, hooks } = options;
    if (onStep !== undefined) {
      this.#machine.loadStepping();
      context.steps = new StepReader(memory, context.arena, rules, {
        report: onStep,
        memory: stepMemory,
      });
    }
    if (hooks !== undefined || this.#forgetsUndoneCodes) this.#watchFrames(context, hooks);
    if (overrides.length === 0) return;
    context.overrides ??= this.#makeLayer();
    return applyOverrides(this.#machine, context.arena, context.overrides, {
      overrides,
      state,
      versions: this.#versions,
    });
  }

  /** Takes away what the call had of its own, however it ended. */
  drop(context: Context): void {
    context.steps?.drop();
    context.steps = undefined;
    context.hooks?.stop();
    context.hooks = undefined;
    context.precompiles = undefined;
    const view = this.#machine.memory.view();
    const { ctx } = context.arena;
    view.setUint32(ctx + layout.C_OVERRIDES, 0, true);
    view.setUint32(ctx + layout.C_RULES, this.#machine.rulesAddress, true);
  }

  #applyRules(context: Context, options: ExecutionOptions, overrides: CheckedOverrides): void {
    const at = context.arena.ctx + layout.C_RULES;
    const plainly = overrides.length === 0 && options.customPrecompiles === undefined;
    // PERF: what is frozen is what it was.
    if (plainly && options.limits !== undefined && options.limits === context.limits) {
      this.#machine.memory.view().setUint32(at, context.callRules as number, true);
      return;
    }
    const limits = { ...this.#limits, ...options.limits };
    const custom = { ...this.#custom, ...options.customPrecompiles };
    const moves = overrides
      .map(([address, { movePrecompileToAddress }]) => [address, movePrecompileToAddress] as const)
      .filter(([address, target]) => target !== undefined || BigInt(address) <= PRECOMPILE_MAX);
    const special = moves.length > 0 || Object.keys(custom).length > 0;
    if (!special && Object.keys(limits).length === 0) return;
    const rules = limitRules(this.#machine.rules, limits);
    const precompiles = special ? activePrecompiles(this.#machine.rules, moves, custom) : undefined;
    context.callRules ??= this.#allocate(CALL_RULES_BYTES);
    context.limits = undefined;
    encodeCallRules(this.#machine, context.callRules, { rules, precompiles });
    if (precompiles !== undefined) context.precompiles = runActive(precompiles, this.precompiles);
    context.limits =
      plainly && !special && Object.isFrozen(options.limits) ? options.limits : undefined;
    this.#machine.memory.view().setUint32(at, context.callRules, true);
  }

  #watchFrames(context: Context, hooks: CallHooks | undefined): void {
    const { memory } = this.#machine;
    const { ctx } = context.arena;
    const undone = this.#forgetsUndoneCodes ? new UndoneCodes(this.#machine, ctx) : undefined;
    context.hooks = new HookReader(memory, ctx, hooks === undefined ? [] : [hooks], undone);
  }

  #makeLayer(): number {
    const layer = this.#allocate(layout.LAYER_BYTES);
    this.#machine.memory.bytes().fill(0, layer, layer + layout.LAYER_BYTES);
    if (!this.#machine.runtime.layerInit(layer)) throw noMemory();
    return layer;
  }

  #allocate(size: number): number {
    const at = this.#machine.runtime.allocate(size) >>> 0;
    if (at === 0) throw noMemory();
    return at;
  }
}

function noMemory(): EVMError {
  return new EVMError('evm/host limit', 'no memory is left for what a call has of its own');
}
