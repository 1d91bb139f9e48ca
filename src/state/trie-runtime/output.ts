// Bytes for the host: records and proofs, one after another in a buffer that grows.
//
// output: u32 address | u32 size | u32 room | u32 portion, beside the lists
import { OUTPUT, OUTPUT_PORTION } from "../trie-layout";
import { allocatePages } from "./heap";

const START_BYTES: u32 = 1 << 20;
/** The size of an output that does not fit. */
const OVERFLOWED: u32 = 0xffff_ffff;

export function clearOutput(): void {
  store<u32>(OUTPUT, 0, 4);
}

/** The host takes the output, and empties it. */
// @ts-ignore: decorator
@external("env", "takePortion")
declare function takePortion(): void;

/** Between two records: a buffer for all of them would be as large as the nodes. */
export function handOverIfLong(): void {
  if (load<u32>(OUTPUT, 4) >= load<u32>(OUTPUT, OUTPUT_PORTION)) takePortion();
}

/** Address of `size` more bytes; 0 when there is no memory for them. */
export function reserve(size: u32): u32 {
  const used = load<u32>(OUTPUT, 4);
  if (used == OVERFLOWED) return 0;
  if (used + size > load<u32>(OUTPUT, 8) && !grow(used, size)) {
    store<u32>(OUTPUT, OVERFLOWED, 4);
    return 0;
  }
  store<u32>(OUTPUT, used + size, 4);
  return load<u32>(OUTPUT) + used;
}

/** Gives back what of the last reservation was not used: everything from `end` on. */
export function endAt(end: u32): void {
  store<u32>(OUTPUT, end - load<u32>(OUTPUT), 4);
}

function grow(used: u32, size: u32): bool {
  let room = max<u32>(START_BYTES, load<u32>(OUTPUT, 8) << 1);
  while (room < used + size) {
    if (room > 0x40000000) return false;
    room <<= 1;
  }
  const bytes = allocatePages(room);
  if (bytes == 0) return false;
  // PERF: what it leaves behind is lost; doubling bounds that by what is in use.
  memory.copy(bytes, load<u32>(OUTPUT), used);
  store<u32>(OUTPUT, bytes);
  store<u32>(OUTPUT, room, 8);
  return true;
}
