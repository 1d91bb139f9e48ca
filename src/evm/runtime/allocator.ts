// Blocks of linear memory by powers of two, between G_HEAP_TOP and G_HEAP_END (set by the host).
// A spin lock makes it safe between threads; it is held for a few instructions.
import { GLOBALS, G_ALLOCATOR, G_FREE_LISTS, G_HEAP_END, G_HEAP_TOP } from "../layout";
import { lock as lockPatiently } from "./parallel/lock";

const PAGE: u32 = 65536;
const SMALLEST: u32 = 6;

/** Within a job false where whoever has it seems to be gone. */
function lock(): bool {
  if (PARALLEL) return lockPatiently(GLOBALS + G_ALLOCATOR);
  while (atomic.cmpxchg<u32>(GLOBALS + G_ALLOCATOR, 0, 1) != 0) {}
  return true;
}

function unlock(): void {
  atomic.store<u32>(GLOBALS + G_ALLOCATOR, 0);
}

// @ts-ignore: decorator
@inline
function classOf(size: u32): u32 {
  const bits: u32 = size <= 1 ? 0 : 32 - clz<u32>(size - 1);
  return max<u32>(bits, SMALLEST);
}

/** Address of `size` bytes aligned to 64, not zeroed; 0 when the heap is exhausted. */
export function allocate(size: u32): u32 {
  if (size > 0x40000000) return 0;
  const kind = classOf(size);
  const list = GLOBALS + G_FREE_LISTS + (kind << 2);
  if (!lock()) return 0;
  let block = load<u32>(list);
  if (block != 0) {
    store<u32>(list, load<u32>(block));
    unlock();
    return block;
  }
  // Aligned to its size, up to a page.
  const alignment: u32 = 1 << min<u32>(kind, 16);
  block = (load<u32>(GLOBALS + G_HEAP_TOP) + alignment - 1) & ~(alignment - 1);
  const end = <u64>block + (<u64>1 << kind);
  if (end > <u64>load<u32>(GLOBALS + G_HEAP_END)) {
    unlock();
    return 0;
  }
  const pages = <u64>memory.size();
  const wanted = (end + PAGE - 1) / PAGE;
  if (wanted > pages && memory.grow(<i32>(wanted - pages)) < 0) {
    unlock();
    return 0;
  }
  store<u32>(GLOBALS + G_HEAP_TOP, <u32>end);
  unlock();
  return block;
}

/** Gives back what `allocate(size)` gave. */
export function release(block: u32, size: u32): void {
  const list = GLOBALS + G_FREE_LISTS + (classOf(size) << 2);
  if (!lock()) return;
  store<u32>(block, load<u32>(list));
  store<u32>(list, block);
  unlock();
}
