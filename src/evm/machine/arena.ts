/** The arena of an execution context: its regions, laid out one after the other. */
import { EVMError } from '../errors.ts';
import * as layout from '../layout.ts';
import type { Machine } from './instance.ts';
import type { MachineMemory } from './memory.ts';
import { writeHash } from './words.ts';

/** Depths 0 to 1,024, and the stack below the first. */
const FRAMES_BYTES = 1_026 * layout.FRAME_STRIDE;
const CONTEXT_REGION = 65_536;

export interface ArenaSizes {
  /** Call data and lists of the transaction. */
  readonly inputs: number;
  /** Code and precompiles' output on their way in. */
  readonly staging: number;
  readonly logs: number;
  readonly journal: number;
  readonly evmMemory: number;
}

/** Limits of one context in bytes; reaching one is a status of its own. */
export const LARGE_ARENA: ArenaSizes = {
  inputs: 48 << 20,
  // The largest code that a fork without a limit lets anybody pay for in a block.
  staging: 16 << 20,
  logs: 64 << 20,
  journal: 256 << 20,
  // 1,024 nested calls that each use 1 MiB, and their return data.
  evmMemory: 1_280 * 2 ** 20,
};

/** Of a context that runs beside the large one: what a call of 30 million gas seldom exceeds. */
export const SMALL_ARENA: ArenaSizes = {
  inputs: 1 << 20,
  staging: 1 << 20,
  logs: 4 << 20,
  journal: 16 << 20,
  evmMemory: 40 << 20,
};

export interface Arena {
  /** Address of the context. */
  readonly ctx: number;
  readonly frames: number;
  readonly inputs: number;
  readonly inputsEnd: number;
  /** Where the host puts code and precompiles' output before the runtime takes them. */
  readonly staging: number;
  readonly stagingEnd: number;
  /** The block's versions, and the cache of the view. */
  readonly versions: number;
  readonly view: number;
}

export const EMPTY_CODE_HASH = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';

/** Reserves the regions of a context. The tables follow when the heap exists. */
export function reserveArena(memory: MachineMemory, sizes: ArenaSizes): Arena {
  const ctx = memory.reserve(CONTEXT_REGION);
  const frames = memory.reserve(FRAMES_BYTES) + layout.STACK_BYTES;
  const inputs = memory.reserve(sizes.inputs);
  const staging = memory.reserve(sizes.staging);
  const logs = memory.reserve(sizes.logs);
  const journal = memory.reserve(sizes.journal);
  const evmMemory = memory.reserve(sizes.evmMemory);
  const view = memory.view();
  const put = (offset: number, value: number) => view.setUint32(ctx + offset, value, true);
  put(layout.C_FRAMES, frames);
  put(layout.C_MEM_BASE, evmMemory);
  put(layout.C_MEM_END, evmMemory + sizes.evmMemory);
  put(layout.C_LOG_BASE, logs);
  put(layout.C_LOG_END, logs + sizes.logs);
  put(layout.C_JOURNAL_BASE, journal);
  put(layout.C_JOURNAL_END, journal + sizes.journal);
  const versions = ctx + layout.CONTEXT_BYTES;
  const viewLayer = versions + layout.LAYER_BYTES;
  put(layout.C_VERSIONS, versions);
  put(layout.C_VIEW, viewLayer);
  view.setBigInt64(ctx + layout.C_GAS_SLICE, 200_000n, true);
  writeHash(view, ctx + layout.C_EMPTY_HASH, EMPTY_CODE_HASH);
  return {
    ctx,
    frames,
    inputs,
    inputsEnd: inputs + sizes.inputs,
    staging,
    stagingEnd: staging + sizes.staging,
    versions,
    view: viewLayer,
  };
}

/** Makes the tables of the block's versions and of the view's cache, which contexts share. */
export function prepareLayers({ runtime }: Machine, { versions, view }: Arena): void {
  if (runtime.layerInit(versions) && runtime.layerInit(view)) return;
  throw noMemoryFor('the tables of the state');
}

/** Makes the context's own tables. @throws EVMError when the heap is exhausted */
export function prepareOverlay({ runtime }: Machine, { ctx }: Arena): void {
  if (!runtime.overlayInit(ctx)) throw noMemoryFor('the tables of a context');
}

function noMemoryFor(what: string): EVMError {
  return new EVMError('evm/host limit', `no memory is left for ${what}`, { what });
}

/** Points the context at a machine's rules and its code objects. */
export function attachArena(machine: Machine, arena: Arena): void {
  const { ctx } = arena;
  const view = machine.memory.view();
  view.setUint32(ctx + layout.C_RULES, machine.rulesAddress, true);
  view.setUint32(ctx + layout.C_MACHINE, machine.id, true);
  const empty = machine.runtime.codeCreate(ctx, arena.inputs, 0, ctx + layout.C_EMPTY_HASH);
  if (empty === 0) throw noMemoryFor('code');
  machine.memory.view().setUint32(ctx + layout.C_EMPTY_CODE, empty, true);
}
