// Encodings and hashes: RLP of nodes, hex-prefix of paths, Keccak-256 of what has 32 bytes or more.
// Yellow paper, appendices B, C and D.
//
// Nodes are hashed two at a time. A node whose children are encoded, or wait, waits itself for
// another one as deep: so at each level there is one at most that waits.
import {
  BRANCH_CHILDREN, BRANCH_PATH, CHILD_BYTES, CHILD_ENCODED, CHILD_ENCODING, CHILD_NODE, LEAF_KEY, LEAF_SIZE,
  LEAF_VALUE, TRIE_HASH, TRIE_HASHED, TRIE_ROOT,
} from "../trie-layout";
import { keccak256 } from "../../evm/runtime/hashes/keccak";
import { keccak256Pair } from "../../evm/runtime/hashes/keccak-pair";
import { copyKey, depthOf, isLeaf, maskOf, nibbleAt } from "./nodes";

/** This instance's room for one node's encoding. */
let buffer: u32 = 0;
/** And for another's. */
let secondBuffer: u32 = 0;
/** At each level below the branch where hashing began: u32 child that waits, u32 its position. */
let waiting: u32 = 0;
/** Room before an encoding for its header, which is written when its size is known. */
const HEAD: u32 = 4;
/** A key has 64 nibbles. */
const LEVELS: u32 = 65;

export function setBuffers(first: u32, second: u32, levels: u32): void {
  buffer = first;
  secondBuffer = second;
  waiting = levels;
  memory.fill(levels, 0, LEVELS << 3);
}

/** Brings the hash of the root up to date. */
export function hashTrie(trie: u32): void {
  const root = load<u32>(trie, TRIE_ROOT);
  if (root == 0 || load<u8>(trie, TRIE_HASHED) != 0) return;
  if (!isLeaf(root)) hashChildren(root);
  const size = encodeNode(root, 0);
  keccak256(trie + TRIE_HASH, encodedAt, size);
  store<u8>(trie, 32, TRIE_HASHED);
}

/** Encodes all children of a branch that are not. */
export function hashChildren(branch: u32): void {
  hashBelow(branch, 0);
  settle(0);
}

/** Encodes a branch that is the child of another, at its position, and all below it. */
export function hashChild(child: u32, position: u32): void {
  const node = load<u32>(child, CHILD_NODE);
  hashChildren(node);
  const size = encodeNode(node, position);
  store<u8>(child, <u8>refer(child + CHILD_ENCODING, size), CHILD_ENCODED);
}

/** Has the children that are not encoded wait at their level, and what is below them before. */
function hashBelow(branch: u32, level: u32): void {
  const position = depthOf(branch) + 1;
  const end = branch + BRANCH_CHILDREN + popcnt<u32>(maskOf(branch)) * CHILD_BYTES;
  for (let child = branch + BRANCH_CHILDREN; child < end; child += CHILD_BYTES) {
    if (load<u8>(child, CHILD_ENCODED) != 0) continue;
    const node = load<u32>(child, CHILD_NODE);
    if (!isLeaf(node)) hashBelow(node, level + 1);
    const place = waiting + (level << 3);
    const other = load<u32>(place);
    if (other == 0) {
      store<u32>(place, child);
      store<u32>(place, position, 4);
      continue;
    }
    store<u32>(place, 0);
    // What waits below is a child of one of the two.
    settle(level + 1);
    hashPair(other, load<u32>(place, 4), child, position);
  }
}

/** Encodes what waits at a level, without another. */
function settle(level: u32): void {
  const place = waiting + (level << 3);
  const child = load<u32>(place);
  if (child == 0) return;
  store<u32>(place, 0);
  settle(level + 1);
  const size = encodeNode(load<u32>(child, CHILD_NODE), load<u32>(place, 4));
  store<u8>(child, <u8>refer(child + CHILD_ENCODING, size), CHILD_ENCODED);
}

function hashPair(a: u32, positionA: u32, b: u32, positionB: u32): void {
  const sizeA = encodeNode(load<u32>(a, CHILD_NODE), positionA);
  const encodedA = encodedAt;
  const first = buffer;
  buffer = secondBuffer;
  const sizeB = encodeNode(load<u32>(b, CHILD_NODE), positionB);
  buffer = first;
  if (sizeA >= 32 && sizeB >= 32) {
    keccak256Pair(a + CHILD_ENCODING, encodedA, sizeA, b + CHILD_ENCODING, encodedAt, sizeB);
    store<u8>(a, 32, CHILD_ENCODED);
    store<u8>(b, 32, CHILD_ENCODED);
    return;
  }
  store<u8>(b, <u8>refer(b + CHILD_ENCODING, sizeB), CHILD_ENCODED);
  encodedAt = encodedA;
  store<u8>(a, <u8>refer(a + CHILD_ENCODING, sizeA), CHILD_ENCODED);
}

/** How a parent names the node in the buffer: itself when short, else its hash. The size of that. */
function refer(to: u32, size: u32): u32 {
  if (size < 32) {
    memory.copy(to, encodedAt, size);
    return size;
  }
  keccak256(to, encodedAt, size);
  return 32;
}

/** Where the encoding begins that was made last. */
let encodedAt: u32 = 0;

/**
 * The node as it stands at a place, an extension included where it stands deeper; its children are
 * encoded. Leaves it at `encodedAt` and gives its size.
 */
export function encodeNode(node: u32, position: u32): u32 {
  const start = buffer + HEAD;
  if (isLeaf(node)) {
    let at = putPath(start, node + LEAF_KEY, position, 64, 2);
    at = putBytes(at, node + LEAF_VALUE, load<u32>(node, LEAF_SIZE));
    return finish(start, at);
  }
  const depth = depthOf(node);
  const size = encodeBranch(node);
  if (depth == position) return size;
  // The branch's name first, for it lies in the buffer.
  const name = buffer + 1024;
  const length = refer(name, size);
  let at = putPath(start, node + BRANCH_PATH, position, depth, 0);
  at = putName(at, name, length);
  return finish(start, at);
}

/** The branch alone, without an extension. */
export function encodeBranch(branch: u32): u32 {
  const start = buffer + HEAD;
  let at = start;
  const mask = maskOf(branch);
  let child = branch + BRANCH_CHILDREN;
  for (let nibble: u32 = 0; nibble < 16; nibble++) {
    if (((mask >> nibble) & 1) == 0) {
      store<u8>(at++, 0x80);
      continue;
    }
    at = putName(at, child + CHILD_ENCODING, load<u8>(child, CHILD_ENCODED));
    child += CHILD_BYTES;
  }
  store<u8>(at++, 0x80);
  return finish(start, at);
}

// @ts-ignore: decorator
@inline
function putName(at: u32, name: u32, length: u32): u32 {
  if (length == 32) {
    store<u8>(at, 0xa0);
    copyKey(at + 1, name);
    return at + 33;
  }
  memory.copy(at, name, length);
  return at + length;
}

/** Hex-prefix encoding of the nibbles from `from` to `to`, as a byte string. */
function putPath(at: u32, key: u32, from: u32, to: u32, flag: u32): u32 {
  const count = to - from;
  const size = (count >> 1) + 1;
  let next = at;
  if (size > 1) store<u8>(next++, <u8>(0x80 + size));
  let nibble = from;
  if (count & 1) store<u8>(next++, <u8>(((flag | 1) << 4) | nibbleAt(key, nibble++)));
  else store<u8>(next++, <u8>(flag << 4));
  if (nibble & 1) {
    for (; nibble < to; nibble += 2) {
      store<u8>(next++, <u8>((nibbleAt(key, nibble) << 4) | nibbleAt(key, nibble + 1)));
    }
    return next;
  }
  const bytes = (to - nibble) >> 1;
  memory.copy(next, key + (nibble >> 1), bytes);
  return next + bytes;
}

function putBytes(at: u32, from: u32, size: u32): u32 {
  let next = at;
  if (size == 1 && load<u8>(from) < 0x80) {
    store<u8>(next, load<u8>(from));
    return next + 1;
  }
  if (size <= 55) store<u8>(next++, <u8>(0x80 + size));
  else {
    store<u8>(next++, 0xb8);
    store<u8>(next++, <u8>size);
  }
  memory.copy(next, from, size);
  return next + size;
}

/** Puts the list's header before its payload. */
function finish(start: u32, end: u32): u32 {
  const size = end - start;
  if (size <= 55) {
    encodedAt = start - 1;
    store<u8>(encodedAt, <u8>(0xc0 + size));
  } else if (size < 256) {
    encodedAt = start - 2;
    store<u8>(encodedAt, 0xf8);
    store<u8>(encodedAt, <u8>size, 1);
  } else {
    encodedAt = start - 3;
    store<u8>(encodedAt, 0xf9);
    store<u8>(encodedAt, <u8>(size >> 8), 1);
    store<u8>(encodedAt, <u8>size, 2);
  }
  return end - encodedAt;
}

/** Where the last encoding lies. */
export function encodingAddress(): u32 {
  return encodedAt;
}
