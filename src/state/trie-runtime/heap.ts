// Memory of nodes: multiples of 16 bytes, out of chunks that every instance takes for itself from
// the shared end of the heap, so that threads never wait for each other. What an instance frees it
// keeps for itself.
import { HEAP_END, HEAP_LIMIT, HEAP_USED } from "../trie-layout";

const PAGE: u32 = 65536;
const CHUNK: u32 = 262144;
const CLASS_SHIFT: u32 = 4;
/** Larger blocks do not exist: a branch of sixteen children has 704 bytes. */
const CLASSES: u32 = 64;

let chunk: u32 = 0;
let chunkEnd: u32 = 0;
/** Address of this instance's free lists. */
let lists: u32 = 0;

/** Zeroed bytes of this instance's own, at the given address. */
export function setLists(at: u32): void {
  lists = at;
  memory.fill(at, 0, CLASSES << 2);
}

/** Address of `size` bytes, not zeroed; 0 when the heap has reached its limit. */
export function allocate(size: u32): u32 {
  const kind = (size + 15) >> CLASS_SHIFT;
  const list = lists + (kind << 2);
  const block = load<u32>(list);
  if (block != 0) {
    store<u32>(list, load<u32>(block));
    count(kind);
    return block;
  }
  const bytes = kind << CLASS_SHIFT;
  if (chunk + bytes > chunkEnd && !takeChunk()) return 0;
  const start = chunk;
  chunk += bytes;
  count(kind);
  return start;
}

/** Gives back what `allocate(size)` gave. */
export function release(block: u32, size: u32): void {
  const kind = (size + 15) >> CLASS_SHIFT;
  const list = lists + (kind << 2);
  store<u32>(block, load<u32>(list));
  store<u32>(list, block);
  atomic.sub<u64>(HEAP_USED, <u64>(kind << CLASS_SHIFT));
}

// @ts-ignore: decorator
@inline
function count(kind: u32): void {
  atomic.add<u64>(HEAP_USED, <u64>(kind << CLASS_SHIFT));
}

/** Whole pages at the end of the heap; 0 when it has reached its limit. */
export function allocatePages(bytes: u32): u32 {
  const size = (bytes + PAGE - 1) & ~(PAGE - 1);
  if (<u64>atomic.load<u32>(HEAP_END) + <u64>size > <u64>load<u32>(HEAP_LIMIT)) return 0;
  const start = atomic.add<u32>(HEAP_END, size);
  const end = <u64>start + <u64>size;
  while (true) {
    const pages = <u64>memory.size();
    const wanted = (end + PAGE - 1) / PAGE;
    if (wanted <= pages) return start;
    if (memory.grow(<i32>(wanted - pages)) < 0 && <u64>memory.size() < wanted) return 0;
  }
}

function takeChunk(): bool {
  const start = allocatePages(CHUNK);
  if (start == 0) return false;
  chunk = start;
  chunkEnd = start + CHUNK;
  return true;
}
