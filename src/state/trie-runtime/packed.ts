// Branches as they lie in records (records.ts): made into nodes, or kept packed, as they are, until
// an entry leads through them. Of a record that is read for one slot most branches are never
// looked into. Only those that share a record with others, at odd positions, are packed.
//
// packed: u8 kind | u16 size | zeros up to 8, as of a branch that is not to be written | its bytes
import {
  BRANCH_CHILDREN, BRANCH_COMPLETE, BRANCH_DIRTY, BRANCH_MASK, BRANCH_PATH, CHILD_BYTES, CHILD_ENCODED, CHILD_ENCODING,
  CHILD_KIND, CHILD_NODE, KIND_BRANCH, KIND_LEAF, KIND_PACKED, LEAF_KEY, NODE_KIND, PACKED_BRANCH,
  PACKED_SIZE,
} from "../trie-layout";
import { allocate, release } from "./heap";
import { freeBranch, freeLeaf, isLeaf, maskOf, newBranch, newLeaf, roomFor } from "./nodes";

// @ts-ignore: decorator
@inline
export function isPacked(node: u32): bool {
  return load<u8>(node, NODE_KIND) == KIND_PACKED;
}

// @ts-ignore: decorator
@inline
export function packedSize(packed: u32): u32 {
  return load<u16>(packed, PACKED_SIZE);
}

/** First byte past a branch of the record of k bytes of path; 0 for what is none. */
export function endOfBranch(start: u32, limit: u32, k: u32): u32 {
  if (start + 2 > limit) return 0;
  const position = <u32>load<u8>(start);
  const depth = <u32>load<u8>(start, 1);
  const from = (depth + 1) >> 1;
  if (depth > 63 || position > depth || position >> 1 != k) return 0;
  let at = start + 6 + from - k;
  if (at > limit) return 0;
  const mask = <u32>load<u16>(at - 4);
  const leaves = <u32>load<u16>(at - 2);
  if (popcnt<u32>(mask) < 2 || (leaves & ~mask) != 0) return 0;
  for (let rest = mask; rest != 0; rest &= rest - 1) {
    const nibble = ctz<u32>(rest);
    if (at >= limit) return 0;
    const size = <u32>load<u8>(at++);
    if (size == 0) return 0;
    if ((leaves >> nibble) & 1) {
      if (at + 32 - from + size > limit) return 0;
      if ((depth & 1) == 0 && <u32>load<u8>(at) >> 4 != nibble) return 0;
      at += 32 - from + size;
    } else {
      if (size > 32 || at + size > limit) return 0;
      at += size;
    }
  }
  return at;
}

/** The node of a branch that `endOfBranch` has passed. `path` has k bytes; 0 without memory. */
export function branchOf(start: u32, path: u32, k: u32): u32 {
  const depth = <u32>load<u8>(start, 1);
  const from = (depth + 1) >> 1;
  let at = start + 6 + from - k;
  const mask = <u32>load<u16>(at - 4);
  const leaves = <u32>load<u16>(at - 2);
  const branch = newBranch(path, load<u8>(start), depth, roomFor(popcnt<u32>(mask)));
  if (branch == 0) return 0;
  memory.copy(branch + BRANCH_PATH + k, start + 2, from - k);
  store<u8>(branch, 0, BRANCH_DIRTY);
  store<u8>(branch, 0, BRANCH_COMPLETE);
  store<u16>(branch, <u16>mask, BRANCH_MASK);
  let child = branch + BRANCH_CHILDREN;
  for (let rest = mask; rest != 0; rest &= rest - 1) {
    const nibble = ctz<u32>(rest);
    const size = <u32>load<u8>(at++);
    store<u32>(child, 0, CHILD_NODE);
    if ((leaves >> nibble) & 1) {
      const leaf = newLeaf(branch + BRANCH_PATH, at + 32 - from, size);
      // The branch is lost: the trie is thrown away.
      if (leaf == 0) return 0;
      const key = leaf + LEAF_KEY;
      memory.copy(key + from, at, 32 - from);
      // The nibble that chose it, where it shares its byte with the path.
      if (depth & 1) {
        const byte = key + (depth >> 1);
        store<u8>(byte, (load<u8>(byte) & 0xf0) | <u8>nibble);
      }
      store<u32>(child, leaf, CHILD_NODE);
      store<u8>(child, 0, CHILD_ENCODED);
      store<u8>(child, KIND_LEAF, CHILD_KIND);
      at += 32 - from + size;
    } else {
      store<u8>(child, <u8>size, CHILD_ENCODED);
      store<u8>(child, KIND_BRANCH, CHILD_KIND);
      memory.copy(child + CHILD_ENCODING, at, size);
      at += size;
    }
    child += CHILD_BYTES;
  }
  return branch;
}

/** A branch of a record, packed; 0 without memory. */
export function packedOf(start: u32, size: u32): u32 {
  const packed = allocate(PACKED_BRANCH + size);
  if (packed == 0) return 0;
  store<u64>(packed, 0);
  store<u8>(packed, KIND_PACKED, NODE_KIND);
  store<u16>(packed, <u16>size, PACKED_SIZE);
  memory.copy(packed + PACKED_BRANCH, start, size);
  return packed;
}

/** Makes a branch's packed child into nodes; 0 without memory. */
export function unpack(branch: u32, child: u32): u32 {
  const packed = load<u32>(child, CHILD_NODE);
  const start = packed + PACKED_BRANCH;
  const node = branchOf(start, branch + BRANCH_PATH, <u32>load<u8>(start) >> 1);
  if (node == 0) return 0;
  store<u32>(child, node, CHILD_NODE);
  freePacked(packed);
  return node;
}

function freePacked(packed: u32): void {
  release(packed, PACKED_BRANCH + packedSize(packed));
}

/** Frees a node and all below it. */
export function freeTree(node: u32): void {
  if (node == 0) return;
  if (isLeaf(node)) {
    freeLeaf(node);
    return;
  }
  if (isPacked(node)) {
    freePacked(node);
    return;
  }
  const end = node + BRANCH_CHILDREN + popcnt<u32>(maskOf(node)) * CHILD_BYTES;
  for (let child = node + BRANCH_CHILDREN; child < end; child += CHILD_BYTES) {
    freeTree(load<u32>(child, CHILD_NODE));
  }
  freeBranch(node);
}
