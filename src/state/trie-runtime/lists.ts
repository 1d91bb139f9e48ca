// Lists for the host: places (a path and how many of its nibbles count), in the order in which they
// were noted, in buffers that grow and are used again.
//
// list: u32 address of the places | u32 count | u32 room
import { LISTS, LIST_BYTES, PLACE_BYTES, PLACE_NIBBLES } from "../trie-layout";
import { allocatePages } from "./heap";
import { copyKey } from "./nodes";

/** Groups that the walk needs and that are not in memory. */
export const MISSING: u32 = 0;
/** Branches that have one child left, which is not in memory: path and depth. */
export const LONELY: u32 = 1;
/** Places where a branch no longer stands: records that may be gone. */
export const GONE: u32 = 2;

const START_BYTES: u32 = 65536;
/** A list that does not fit its memory: the host sees a count that it cannot read. */
const OVERFLOWED: u32 = 0xffff_ffff;

// @ts-ignore: decorator
@inline
function listAt(kind: u32): u32 {
  return LISTS + kind * LIST_BYTES;
}

export function clearList(kind: u32): void {
  store<u32>(listAt(kind), 0, 4);
}

/** Adds a place, unless it is the one that was added last. */
export function note(kind: u32, path: u32, nibbles: u32): void {
  const list = listAt(kind);
  const count = load<u32>(list, 4);
  if (count == OVERFLOWED) return;
  const bytes = count * PLACE_BYTES;
  if (bytes + PLACE_BYTES > load<u32>(list, 8) && !grow(list, bytes)) {
    store<u32>(list, OVERFLOWED, 4);
    return;
  }
  const place = load<u32>(list) + bytes;
  copyKey(place, path);
  store<u32>(place, nibbles, PLACE_NIBBLES);
  store<u32>(list, count + 1, 4);
}

function grow(list: u32, used: u32): bool {
  const room = max<u32>(START_BYTES, load<u32>(list, 8) << 1);
  const places = allocatePages(room);
  if (places == 0) return false;
  // PERF: what it leaves behind is lost; doubling bounds that by what is in use.
  memory.copy(places, load<u32>(list), used);
  store<u32>(list, places);
  store<u32>(list, room, 8);
  return true;
}
