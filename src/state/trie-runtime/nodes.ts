// Nodes: leaves with their whole key, branches with their path and the children that they have.
// An extension is no node of its own: a branch stands `BRANCH_DEPTH - BRANCH_POSITION` nibbles
// below its place, and these are the extension.
import {
  BRANCH_CHILDREN, BRANCH_COMPLETE, BRANCH_DEPTH, BRANCH_DIRTY, BRANCH_MASK, BRANCH_PATH, BRANCH_POSITION,
  BRANCH_ROOM, BRANCH_USED, CHILD_BYTES, CHILD_ENCODED, CHILD_KIND, CHILD_NODE, KIND_BRANCH,
  KIND_LEAF, LEAF_KEY, LEAF_SIZE, LEAF_VALUE, NODE_KIND,
} from "../trie-layout";
import { allocate, release } from "./heap";

/** Raised by the host before each block; says which nodes were used lately. */
export let clock: u32 = 0;

export function setClock(now: u32): void {
  clock = now;
}

// @ts-ignore: decorator
@inline
export function nibbleAt(key: u32, index: u32): u32 {
  const byte = <u32>load<u8>(key + (index >> 1));
  return index & 1 ? byte & 15 : byte >> 4;
}

// @ts-ignore: decorator
@inline
export function isLeaf(node: u32): bool {
  return load<u8>(node, NODE_KIND) == KIND_LEAF;
}

// @ts-ignore: decorator
@inline
export function depthOf(branch: u32): u32 {
  return load<u8>(branch, BRANCH_DEPTH);
}

// @ts-ignore: decorator
@inline
export function maskOf(branch: u32): u32 {
  return load<u16>(branch, BRANCH_MASK);
}

/**
 * How far two keys agree that do up to `from`, `to` at most. PERF: sixteen nibbles at a time; up to
 * seven bytes behind a key are read, which is never the last in memory.
 */
export function commonNibbles(a: u32, b: u32, from: u32, to: u32): u32 {
  for (let at = from & ~1; at < to; at += 16) {
    const byte = at >> 1;
    let difference = bswap<u64>(load<u64>(a + byte) ^ load<u64>(b + byte));
    if (at < from) difference &= 0x0fff_ffff_ffff_ffff;
    if (difference != 0) return min<u32>(to, at + (<u32>clz<u64>(difference) >> 2));
  }
  return to;
}

// @ts-ignore: decorator
@inline
export function copyKey(to: u32, from: u32): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

export function sameKey(a: u32, b: u32): bool {
  const x = v128.xor(v128.load(a), v128.load(b));
  const y = v128.xor(v128.load(a, 16), v128.load(b, 16));
  return !v128.any_true(v128.or(x, y));
}

/** 0 without memory. */
export function newLeaf(key: u32, value: u32, size: u32): u32 {
  const leaf = allocate(LEAF_VALUE + size);
  if (leaf == 0) return 0;
  store<u32>(leaf, KIND_LEAF, NODE_KIND);
  store<u32>(leaf, size, LEAF_SIZE);
  copyKey(leaf + LEAF_KEY, key);
  memory.copy(leaf + LEAF_VALUE, value, size);
  return leaf;
}

export function freeLeaf(leaf: u32): void {
  release(leaf, LEAF_VALUE + load<u32>(leaf, LEAF_SIZE));
}

// @ts-ignore: decorator
@inline
function branchBytes(room: u32): u32 {
  return BRANCH_CHILDREN + room * CHILD_BYTES;
}

/** A branch without children, to be written; 0 without memory. */
export function newBranch(path: u32, position: u32, depth: u32, room: u32): u32 {
  const branch = allocate(branchBytes(room));
  if (branch == 0) return 0;
  store<u64>(branch, 0);
  store<u64>(branch, 0, 8);
  store<u8>(branch, KIND_BRANCH, NODE_KIND);
  store<u8>(branch, <u8>room, BRANCH_ROOM);
  store<u8>(branch, <u8>depth, BRANCH_DEPTH);
  store<u8>(branch, <u8>position, BRANCH_POSITION);
  store<u8>(branch, 1, BRANCH_DIRTY);
  store<u8>(branch, 1, BRANCH_COMPLETE);
  store<u32>(branch, clock, BRANCH_USED);
  copyKey(branch + BRANCH_PATH, path);
  return branch;
}

export function freeBranch(branch: u32): void {
  release(branch, branchBytes(load<u8>(branch, BRANCH_ROOM)));
}

/** Room for so many children: 2, 4, 8 or 16. */
export function roomFor(count: u32): u32 {
  return count <= 2 ? 2 : count <= 4 ? 4 : count <= 8 ? 8 : 16;
}

/** The child of a nibble that the branch has. */
// @ts-ignore: decorator
@inline
export function childAt(branch: u32, nibble: u32): u32 {
  const before = popcnt<u32>(maskOf(branch) & ((1 << nibble) - 1));
  return branch + BRANCH_CHILDREN + before * CHILD_BYTES;
}

// @ts-ignore: decorator
@inline
export function hasChild(branch: u32, nibble: u32): bool {
  return ((maskOf(branch) >> nibble) & 1) != 0;
}

/** Takes note of a child's new node. */
export function setChild(child: u32, node: u32): void {
  store<u32>(child, node, CHILD_NODE);
  store<u8>(child, 0, CHILD_ENCODED);
  store<u8>(child, load<u8>(node, NODE_KIND), CHILD_KIND);
}

/** Adds a child that the branch lacks; the branch may move, 0 without memory. */
export function addChild(branch: u32, nibble: u32, node: u32): u32 {
  const mask = maskOf(branch);
  const count = popcnt<u32>(mask);
  let target = branch;
  if (count == <u32>load<u8>(branch, BRANCH_ROOM)) {
    const room = roomFor(count + 1);
    target = allocate(branchBytes(room));
    if (target == 0) return 0;
    memory.copy(target, branch, branchBytes(count));
    store<u8>(target, <u8>room, BRANCH_ROOM);
    freeBranch(branch);
  }
  store<u16>(target, <u16>(mask | (1 << nibble)), BRANCH_MASK);
  const child = childAt(target, nibble);
  const end = target + branchBytes(count);
  memory.copy(child + CHILD_BYTES, child, end - child);
  setChild(child, node);
  return target;
}

/** Removes a child; the branch stays where it is. */
export function removeChild(branch: u32, nibble: u32): void {
  const mask = maskOf(branch);
  const child = childAt(branch, nibble);
  const end = branch + branchBytes(popcnt<u32>(mask));
  memory.copy(child, child + CHILD_BYTES, end - child - CHILD_BYTES);
  store<u16>(branch, <u16>(mask & ~(1 << nibble)), BRANCH_MASK);
}
