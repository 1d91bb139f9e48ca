/**
 * The one linear memory, and where its regions lie.
 *
 *   0          constants of the runtime
 *   64 KiB     GLOBALS: secret, allocator, reciprocals
 *   128 KiB    rules, then scratch memory of runtime instances
 *   1 MiB      arenas of contexts, one after the other
 *   ...        heap: code objects and tables, up to the limit
 *
 * Address space is generous, since pages that nobody touches cost nothing.
 */
import * as layout from '../layout.ts';
import { nodeBuiltin } from './node-builtins.ts';

const RANDOM_DEVICE = '/dev/urandom';
const PAGE_BYTES = 65_536;
/** 4 GiB: all that 32-bit addresses reach. */
export const PAGES_MAX = 65_536;
export const RULES_START = 131_072;
export const SCRATCH_START = 262_144;
/** Runtime instances that share one memory. */
export const INSTANCES_MAX = 128;
export const ARENAS_START = 1_048_576;
/** Bytes of the heap for code and tables. */
export const HEAP_BYTES = 0x6000_0000;

export interface MachineMemory {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  /** A view of all of it as it is now; not to be kept. */
  view(): DataView;
  bytes(): Uint8Array;
  /** Reserves a region after the last one; before the first use of the heap only. */
  reserve(size: number): number;
  /** Fixes the heap behind the regions. */
  startHeap(limitBytes: number): void;
  nextRules: number;
  nextScratch: number;
}

const HEAP_TOP = layout.GLOBALS + layout.G_HEAP_TOP;

/** Whether memory can be shared between threads: a page has to be isolated from other origins. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer === 'function' && globalThis.crossOriginIsolated !== false;
}

/** A memory with its globals set; `shared` between threads or not. */
export function createMemory(options: { readonly shared: boolean }): MachineMemory {
  const memory = new WebAssembly.Memory({
    initial: ARENAS_START / PAGE_BYTES,
    maximum: PAGES_MAX,
    shared: options.shared,
  });
  const { renew, ...views } = viewsOf(memory);
  let end = ARENAS_START;
  fillRandom(views.view(), layout.GLOBALS + layout.G_SECRET_0, 16);
  fillRandom(views.view(), layout.GLOBALS + layout.G_HASH_KEYS, layout.G_HASH_KEYS_BYTES);
  return {
    memory,
    shared: options.shared,
    ...views,
    reserve: (size) => {
      const start = end;
      end += Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
      const missing = end / PAGE_BYTES - memory.buffer.byteLength / PAGE_BYTES;
      if (missing > 0) {
        memory.grow(missing);
        renew();
      }
      return start;
    },
    startHeap: (limitBytes) => {
      const view = views.view();
      view.setUint32(layout.GLOBALS + layout.G_HEAP_TOP, end, true);
      const limit = Math.min(end + limitBytes, PAGES_MAX * PAGE_BYTES - PAGE_BYTES);
      view.setUint32(layout.GLOBALS + layout.G_HEAP_END, limit, true);
    },
    nextRules: RULES_START,
    nextScratch: SCRATCH_START,
  };
}

/** The memory of a machine that another thread has made. */
export function joinMemory(memory: WebAssembly.Memory): MachineMemory {
  const { view, bytes } = viewsOf(memory);
  const refuse = (): never => {
    throw new Error('only who has made a memory lays it out');
  };
  const next = { nextRules: RULES_START, nextScratch: SCRATCH_START };
  return { memory, shared: true, view, bytes, reserve: refuse, startHeap: refuse, ...next };
}

/** Views of all of a memory as it is when they are asked for. */
function viewsOf(memory: WebAssembly.Memory) {
  let view = new DataView(memory.buffer);
  let bytes = new Uint8Array(memory.buffer);
  const renew = (): void => {
    view = new DataView(memory.buffer);
    bytes = new Uint8Array(memory.buffer);
  };
  // PERF: `memory.buffer` costs 50 ns. The runtime grows the memory for its heap alone: views of
  // one that is not shared are detached then, those of a shared one end before the heap does.
  const refresh = (): void => {
    if (bytes.length > 0 && view.getUint32(HEAP_TOP, true) <= bytes.length) return;
    renew();
  };
  return {
    renew,
    view: (): DataView => {
      refresh();
      return view;
    },
    bytes: (): Uint8Array => {
      refresh();
      return bytes;
    },
  };
}

/** Random bytes, by way of a copy: they are not written to shared memory directly. */
function fillRandom(view: DataView, start: number, size: number): void {
  randomBytes(size).forEach((byte, i) => view.setUint8(start + i, byte));
}

/** The operating system's own source where it is a file: loading node:crypto takes 7 ms. */
function randomBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const fs = nodeBuiltin('node:fs');
  if (fs?.existsSync(RANDOM_DEVICE)) {
    const file = fs.openSync(RANDOM_DEVICE, 'r');
    const read = fs.readSync(file, bytes);
    fs.closeSync(file);
    if (read === size) return bytes;
  }
  return globalThis.crypto.getRandomValues(bytes);
}
