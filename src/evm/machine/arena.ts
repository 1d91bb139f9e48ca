/** The arena of an execution context: its regions, laid out one after the other. */
import * as layout from '../layout.ts';
import type { Machine } from './instance.ts';
import type { MachineMemory } from './memory.ts';
import { writeHash } from './words.ts';

/** Depths 0 to 1,024, and the stack below the first. */
const FRAMES_BYTES = 1_026 * layout.FRAME_STRIDE;
const CONTEXT_REGION = 65_536;

export interface ArenaSizes {
  readonly inputs: number;
  readonly logs: number;
  readonly journal: number;
  readonly evmMemory: number;
}

/** Limits of one context in bytes; reaching one is a status of its own. */
export const ARENA_SIZES: ArenaSizes = {
  inputs: 64 << 20,
  logs: 64 << 20,
  journal: 256 << 20,
  // 1,024 nested calls that each use 1 MiB, and their return data.
  evmMemory: 1_280 * 2 ** 20,
};

export interface Arena {
  /** Address of the context. */
  readonly ctx: number;
  readonly frames: number;
  readonly inputs: number;
  readonly inputsEnd: number;
  /** The block's versions, and the cache of the view. */
  readonly versions: number;
  readonly view: number;
}

export const EMPTY_CODE_HASH = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';

/** Reserves the regions of a context. The tables follow when the heap exists. */
export function reserveArena(memory: MachineMemory, sizes: ArenaSizes = ARENA_SIZES): Arena {
  const ctx = memory.reserve(CONTEXT_REGION);
  const frames = memory.reserve(FRAMES_BYTES) + layout.STACK_BYTES;
  const inputs = memory.reserve(sizes.inputs);
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
  const inputsEnd = inputs + sizes.inputs;
  return { ctx, frames, inputs, inputsEnd, versions, view: viewLayer };
}

/** Makes the context's tables. @throws RangeError when the heap is exhausted */
export function prepareArena(machine: Machine, arena: Arena): void {
  const { runtime } = machine;
  const ready =
    runtime.overlayInit(arena.ctx) &&
    runtime.layerInit(arena.versions) &&
    runtime.layerInit(arena.view);
  if (!ready) throw new RangeError('no memory is left for the tables of a context');
}

/** Points the context at a machine's rules and its code objects. */
export function attachArena(machine: Machine, arena: Arena): void {
  const { ctx } = arena;
  const view = machine.memory.view();
  view.setUint32(ctx + layout.C_RULES, machine.rulesAddress, true);
  view.setUint32(ctx + layout.C_MACHINE, machine.id, true);
  const empty = machine.runtime.codeCreate(ctx, arena.inputs, 0, ctx + layout.C_EMPTY_HASH);
  if (empty === 0) throw new RangeError('no memory is left for code');
  machine.memory.view().setUint32(ctx + layout.C_EMPTY_CODE, empty, true);
}
