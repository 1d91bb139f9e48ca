/**
 * One compilation, wherever it runs: a job is plain data, and so is its answer but for the module,
 * which threads may share. All that the tiers know of the compiler stands here.
 */
import { CODE_BYTES_MAX, compileContract } from '../compiler/compile.ts';
import type { Profile } from '../compiler/regions.ts';
import type { ForkName } from '../forks/names.ts';
import * as layout from '../layout.ts';
import type { Hash } from '../types.ts';
import { keepModule, keptModule } from './module-files.ts';

export { CODE_BYTES_MAX };

export interface CompileJob {
  /** Of the code. */
  readonly hash: Hash;
  readonly code: Uint8Array<ArrayBuffer>;
  readonly fork: ForkName;
  readonly shared: boolean;
  /** pc and count of each block that was jumped to, one after the other; undefined: all alike. */
  readonly heat: Uint32Array | undefined;
  /** 1 for the code's first module; later ones have seen more of it run. */
  readonly generation: number;
  /** Folder of compiled modules that outlive the process. */
  readonly directory: string | undefined;
}

/** A module that can be linked into any machine of its fork and kind of memory. */
export interface CompiledCode {
  readonly module: WebAssembly.Module;
  /** pc of the block in each table slot. */
  readonly slots: readonly number[];
  /** pc of each block in any region; not known of a module from disk. */
  readonly covered?: ReadonlySet<number>;
  readonly wasmBytes: number;
}

/** What came of a job: code, or why there is none. */
export interface CompileAnswer {
  readonly compiled: CompiledCode | undefined;
  readonly refused: string | undefined;
  /** Something that the job could do without: a damaged file, a folder that is read-only. */
  readonly note: string | undefined;
}

/** Compiles, or takes what an earlier process compiled. What the compiler throws is thrown. */
export function compileJob(job: CompileJob): CompileAnswer {
  const { code, fork, shared, heat } = job;
  const kept = keptModule(job);
  if (kept.found !== undefined)
    return { compiled: kept.found, refused: undefined, note: undefined };
  const profile = heat === undefined ? {} : { profile: profileOf(heat) };
  const result = compileContract(code, { fork, shared, ...profile });
  if ('refused' in result) {
    const { refused, actual, limit } = result;
    return { compiled: undefined, refused: `${refused}: ${actual} of ${limit}`, note: kept.note };
  }
  const { bytes, slots, regions } = result;
  const covered = new Set(regions.flatMap(({ nodes }) => nodes.map(({ pc }) => pc)));
  const module = new WebAssembly.Module(bytes);
  const compiled = { module, slots, covered, wasmBytes: bytes.length };
  return { compiled, refused: undefined, note: keepModule(job, { bytes, slots }) ?? kept.note };
}

/** The interpreter's counts of a code object; undefined when it has not jumped yet. */
export function readHeat(memory: ArrayBufferLike, code: number): Uint32Array | undefined {
  const head = new Uint32Array(memory, code, layout.CODE_BYTES / 4);
  const count = head[layout.CODE_BLOCK_COUNT / 4] as number;
  const size = layout.BLOCK_BYTES / 4;
  const blocks = new Uint32Array(memory, head[layout.CODE_BLOCKS / 4] as number, count * size);
  const heat = new Uint32Array(2 * count);
  let used = 0;
  for (let block = 0; block < blocks.length; block += size) {
    const times = blocks[block + layout.BLOCK_COUNT / 4] as number;
    if (times === 0) continue;
    heat[used++] = blocks[block + layout.BLOCK_PC / 4] as number;
    heat[used++] = times;
  }
  return used === 0 ? undefined : heat.slice(0, used);
}

function profileOf(heat: Uint32Array): Profile {
  const profile = new Map<number, number>();
  for (let i = 0; i < heat.length; i += 2) profile.set(heat[i] as number, heat[i + 1] as number);
  return profile;
}
