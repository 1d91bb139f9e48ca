// Root of a list's trie (transactions, receipts, withdrawals of a block): values under the RLP of
// their indices. Every node is a range of the indices in the order of their keys, so the trie is
// hashed from its leaves up without being built. Yellow paper, section 4.3.2 and appendix D.
//
// A module of its own, with a memory of its own (src/state/list-root.ts): a leaf is written around
// its value, where that lies, and the leaves of a branch are hashed two at a time.
import { setScratch } from "../../evm/runtime/arithmetic/scratch";
import { keccak256 } from "../../evm/runtime/hashes/keccak";
import { keccak256Pair } from "../../evm/runtime/hashes/keccak-pair";

/** Behind the constants: working memory, then a buffer for the branch of each depth. */
const SCRATCH: u32 = 4096;
const BUFFERS: u32 = 8192;
const BUFFER_BYTES: u32 = 1024;
/** Room before an encoding for its header. */
const HEAD: u32 = 4;
/** Where a branch's name is made for the extension above it: behind the longest branch. */
const NAME: u32 = 800;

const EMPTY: u8 = 0x80;

/** u32 address, u32 size of each value, in the order of the list. */
let values: u32 = 0;
let count: u32 = 0;

/** Writes the root of a list that is not empty. */
export function listRoot(to: u32, table: u32, items: u32): void {
  setScratch(SCRATCH);
  values = table;
  count = items;
  if (items == 1) {
    const size = encodeLeaf(0, 0);
    keccak256(to, encodedAt, size);
    return;
  }
  const size = encodeRange(0, items, 0);
  keccak256(to, encodedAt, size);
}

// ---------------------------------------------------------------- keys

/** The index whose key stands at a place in the order of keys: 1 to 127, 0, then the others. */
// @ts-ignore: decorator
@inline
function indexAt(place: u32): u32 {
  const short = min<u32>(count, 128) - 1;
  return place < short ? place + 1 : place == short ? 0 : place;
}

/** RLP of an index, its first nibble on top. */
function keyOf(index: u32): u64 {
  if (index == 0) return <u64>0x80 << 56;
  if (index < 0x80) return <u64>index << 56;
  if (index < 0x100) return (<u64>0x81 << 56) | (<u64>index << 48);
  if (index < 0x10000) return (<u64>0x82 << 56) | (<u64>index << 40);
  return (<u64>0x83 << 56) | (<u64>index << 32);
}

function nibblesOf(index: u32): u32 {
  return index < 0x80 ? 2 : index < 0x100 ? 4 : index < 0x10000 ? 6 : 8;
}

// @ts-ignore: decorator
@inline
function nibbleAt(key: u64, depth: u32): u32 {
  return <u32>(key >> (60 - 4 * depth)) & 15;
}

// ---------------------------------------------------------------- nodes

/** Where the encoding begins that was made last. */
let encodedAt: u32 = 0;

/** The node of two places or more, whose keys agree in their first nibbles; its size. */
function encodeRange(from: u32, to: u32, depth: u32): u32 {
  const first = keyOf(indexAt(from));
  const last = keyOf(indexAt(to - 1));
  let split = depth;
  while (nibbleAt(first, split) == nibbleAt(last, split)) split++;
  const size = encodeBranch(from, to, split);
  if (split == depth) return size;
  const buffer = BUFFERS + split * BUFFER_BYTES;
  const length = refer(buffer + NAME, size);
  let at = putPath(buffer + HEAD, first, depth, split, 0);
  memory.copy(at, buffer + NAME, length);
  at += length;
  return finish(buffer + HEAD, at);
}

function encodeBranch(from: u32, to: u32, depth: u32): u32 {
  const start = BUFFERS + depth * BUFFER_BYTES + HEAD;
  let at = start;
  let place = from;
  // A leaf that waits for another to be hashed with, and where its hash goes.
  let waiting: u32 = 0;
  let waitingSize: u32 = 0;
  let waitingTo: u32 = 0;
  for (let nibble: u32 = 0; nibble < 16; nibble++) {
    let end = place;
    while (end < to && nibbleAt(keyOf(indexAt(end)), depth) == nibble) end++;
    if (end == place) {
      store<u8>(at++, EMPTY);
    } else if (end > place + 1) {
      at += refer(at, encodeRange(place, end, depth + 1));
    } else {
      const size = encodeLeaf(indexAt(place), depth + 1);
      if (size < 32) {
        at += refer(at, size);
      } else {
        store<u8>(at, 0xa0);
        if (waiting == 0) {
          waiting = encodedAt;
          waitingSize = size;
          waitingTo = at + 1;
        } else {
          keccak256Pair(waitingTo, waiting, waitingSize, at + 1, encodedAt, size);
          waiting = 0;
        }
        at += 33;
      }
    }
    place = end;
  }
  if (waiting != 0) keccak256(waitingTo, waiting, waitingSize);
  store<u8>(at++, EMPTY);
  return finish(start, at);
}

/** The leaf of an index, from a depth on, written around its value; its size. */
function encodeLeaf(index: u32, depth: u32): u32 {
  const value = load<u32>(values + (index << 3));
  const size = load<u32>(values + (index << 3), 4);
  let start = value;
  if (size != 1 || load<u8>(value) >= 0x80) start = putHead(value, size, 0x80);
  const end = nibblesOf(index);
  const pathBytes = pathSize(end - depth);
  putPath(start - pathBytes, keyOf(index), depth, end, 2);
  start -= pathBytes;
  encodedAt = putHead(start, value + size - start, 0xc0);
  return value + size - encodedAt;
}

/** How a parent names the node that was encoded last; the size of that. */
function refer(to: u32, size: u32): u32 {
  if (size < 32) {
    memory.copy(to, encodedAt, size);
    return size;
  }
  store<u8>(to, 0xa0);
  keccak256(to + 1, encodedAt, size);
  return 33;
}

/** Bytes of the encoding of so many nibbles. */
// @ts-ignore: decorator
@inline
function pathSize(nibbles: u32): u32 {
  const size = (nibbles >> 1) + 1;
  return size > 1 ? size + 1 : 1;
}

/** Hex-prefix encoding of the nibbles from `from` to `to`, as a string; first byte past it. */
function putPath(to: u32, key: u64, from: u32, end: u32, flag: u32): u32 {
  const nibbles = end - from;
  let at = to;
  if (nibbles > 1) store<u8>(at++, <u8>(0x80 + (nibbles >> 1) + 1));
  let next = from;
  if (nibbles & 1) store<u8>(at++, <u8>(((flag | 1) << 4) | nibbleAt(key, next++)));
  else store<u8>(at++, <u8>(flag << 4));
  for (; next < end; next += 2) {
    store<u8>(at++, <u8>((nibbleAt(key, next) << 4) | nibbleAt(key, next + 1)));
  }
  return at;
}

/** Puts a list's header before its payload; the size with it. */
function finish(start: u32, end: u32): u32 {
  encodedAt = putHead(start, end - start, 0xc0);
  return end - encodedAt;
}

/** Writes the header of a payload before it; where that begins. */
function putHead(payload: u32, size: u32, base: u32): u32 {
  let at = payload;
  if (size <= 55) {
    store<u8>(--at, <u8>(base + size));
    return at;
  }
  for (let rest = size; rest != 0; rest >>= 8) store<u8>(--at, <u8>rest);
  store<u8>(at - 1, <u8>(base + 55 + (payload - at)));
  return at - 1;
}
