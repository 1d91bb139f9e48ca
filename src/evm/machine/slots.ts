/** Slots of a machine's function table for compiled code: runs handed out, given back, reused. */
import { COMPILED_SLOT } from '../interpreter/assemble.ts';

/** More slots than this are refused: V8's limit of a table is 10,000,000. */
export const SLOTS_MAX = 8_000_000;

export interface SlotAllocator {
  /** First slot of a run of `count`, or undefined when the table is full. */
  allocate(count: number): number | undefined;
  /** Gives a run back and lets go of its functions. */
  release(first: number, count: number): void;
  readonly used: () => number;
}

export function createSlots(table: WebAssembly.Table): SlotAllocator {
  const free = new Map<number, number[]>();
  let next = COMPILED_SLOT;
  let used = 0;
  return {
    allocate: (count) => {
      const size = 2 ** Math.ceil(Math.log2(Math.max(count, 4)));
      const reused = free.get(size)?.pop();
      if (reused !== undefined) {
        used += size;
        return reused;
      }
      if (next + size > SLOTS_MAX) return undefined;
      const first = next;
      next += size;
      used += size;
      if (next > table.length) table.grow(Math.max(next, table.length * 2) - table.length);
      return first;
    },
    release: (first, count) => {
      const size = 2 ** Math.ceil(Math.log2(Math.max(count, 4)));
      for (let i = 0; i < count; i++) table.set(first + i, null);
      const runs = free.get(size);
      if (runs === undefined) free.set(size, [first]);
      else runs.push(first);
      used -= size;
    },
    used: () => used,
  };
}
