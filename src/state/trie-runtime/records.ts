// Records: how branches lie in the database. One record holds a group: the branch at a place of
// 2k nibbles, where there is one, and those at 2k + 1 below the same k bytes of path that are short;
// each longer one at 2k + 1 has a record of its own. So a record fits into a page of the database,
// and what a slot's way is read and written with stays small, whatever the size of the trie. Leaves
// lie in their parents' records. A record's key is its place: u8 nibbles | the path's bytes.
//
// record of the root: u8 kind of the root, then a leaf (key, u8 size, value) or a group
// group:  branches, each
//   u8 position | u8 depth | path from byte k on | u16 mask | u16 which of them are leaves
//   children:  leaf    u8 size | key from byte (depth + 1) / 2 on | value
//              branch  u8 size | hash, or the node itself
// record of one alone: that branch
import {
  BRANCH_ALONE, BRANCH_CHILDREN, BRANCH_COMPLETE, BRANCH_DEPTH, BRANCH_DIRTY, BRANCH_PATH, BRANCH_POSITION, BRANCH_USED, CHILD_BYTES,
  CHILD_ENCODED, CHILD_ENCODING, CHILD_KIND, CHILD_NODE, KIND_BRANCH, KIND_LEAF, LEAF_KEY, LEAF_SIZE,
  LEAF_VALUE, PACKED_BRANCH, TRIE_DIRTY, TRIE_HASHED, TRIE_ROOT,
} from "../trie-layout";
import { standsApart } from "./locate";
import {
  childAt, commonNibbles, depthOf, hasChild, isLeaf, maskOf, newLeaf, nibbleAt,
} from "./nodes";
import { endAt, handOverIfLong, reserve } from "./output";
import { branchOf, endOfBranch, freeTree, isPacked, packedOf, packedSize } from "./packed";

/** More than a branch of sixteen leaves with the longest values takes. */
const BRANCH_RECORD_MAX: u32 = 4096;
/** u8 nibbles, path, u32 length of the record. */
const RECORD_HEAD_MAX: u32 = 40;
/** Bytes of a branch that shares a record: three slots, or two accounts. */
const SHARED_MAX: u32 = 240;

// ---------------------------------------------------------------- writing

/** Appends the records that changed: place, u32 size, record; and forgets that they did. */
export function writeRecords(trie: u32): bool {
  if (load<u8>(trie, TRIE_DIRTY) == 0) return true;
  const root = load<u32>(trie, TRIE_ROOT);
  store<u8>(trie, 0, TRIE_DIRTY);
  if (root == 0) return writeRoot(0);
  if (isLeaf(root)) return writeRoot(root);
  return writeBelow(root);
}

/** The record of a root that is a leaf or nothing. */
function writeRoot(leaf: u32): bool {
  const size: u32 = leaf == 0 ? 0 : load<u32>(leaf, LEAF_SIZE);
  const at = reserve(5 + 34 + size);
  if (at == 0) return false;
  store<u8>(at, 0);
  store<u32>(at + 1, leaf == 0 ? 0 : 34 + size);
  if (leaf == 0) {
    endAt(at + 5);
    return true;
  }
  store<u8>(at + 5, KIND_LEAF);
  memory.copy(at + 6, leaf + LEAF_KEY, 32);
  store<u8>(at + 38, <u8>size);
  memory.copy(at + 39, leaf + LEAF_VALUE, size);
  return true;
}

function isDirty(branch: u32): bool {
  return load<u8>(branch, BRANCH_DIRTY) != 0;
}

/** The groups below a branch, then those that it is part of and that its parent is not. */
function writeBelow(branch: u32): bool {
  const depth = depthOf(branch);
  const position = <u32>load<u8>(branch, BRANCH_POSITION);
  const dirty = isDirty(branch);
  const children = branch + BRANCH_CHILDREN;
  const end = children + popcnt<u32>(maskOf(branch)) * CHILD_BYTES;
  let dirtyChild = false;
  let branches = false;
  for (let child = children; child < end; child += CHILD_BYTES) {
    const node = load<u32>(child, CHILD_NODE);
    if (node == 0 || isLeaf(node)) continue;
    branches = true;
    if (!isDirty(node)) continue;
    dirtyChild = true;
    if (!writeBelow(node)) return false;
  }
  if ((position & 1) == 0) {
    const together = depth == position;
    if ((dirty || (together && dirtyChild)) && !writeGroup(branch, position, true, together)) return false;
  } else if (dirty && !writeAlone(branch, position)) return false;
  // A child that went from a record apart leaves no mark there but on the branch above.
  const writesApart = standsApart(depth, position) && branches && (dirty || dirtyChild);
  return !writesApart || writeGroup(branch, depth, false, true);
}

/** The record of a branch at an odd position that is too long for its group; or none any more. */
function writeAlone(branch: u32, position: u32): bool {
  const bytes = position >> 1;
  const alone = sizeOf(branch, bytes) > SHARED_MAX;
  if (!alone && load<u8>(branch, BRANCH_ALONE) == 0) return true;
  store<u8>(branch, alone ? 1 : 0, BRANCH_ALONE);
  if (!beginRecord(branch, position)) return false;
  const written = alone ? writeBranch(branch, bytes) : 0;
  if (alone && written == 0) return false;
  store<u32>(reserve(0) - written - 4, written);
  return true;
}

/** Appends the place of a record, and room for its size. */
function beginRecord(branch: u32, nibbles: u32): bool {
  handOverIfLong();
  const at = reserve(RECORD_HEAD_MAX);
  if (at == 0) return false;
  const bytes = (nibbles + 1) >> 1;
  store<u8>(at, <u8>nibbles);
  memory.copy(at + 1, branch + BRANCH_PATH, bytes);
  if (nibbles & 1) store<u8>(at + bytes, load<u8>(at + bytes) & 0xf0);
  endAt(at + 5 + bytes);
  return true;
}

/** One record: the branch itself, its branch children that are not alone, or both. */
function writeGroup(branch: u32, nibbles: u32, itself: bool, children: bool): bool {
  if (!beginRecord(branch, nibbles)) return false;
  const bytes = nibbles >> 1;
  if (bytes == 0) {
    const at = reserve(1);
    if (at == 0) return false;
    store<u8>(at, KIND_BRANCH);
  }
  // The buffer may move: everything is found again from its end.
  let written: u32 = bytes == 0 ? 1 : 0;
  if (itself) {
    const size = writeBranch(branch, bytes);
    if (size == 0) return false;
    written += size;
  }
  if (children) {
    for (let mask = maskOf(branch); mask != 0; mask &= mask - 1) {
      const node = load<u32>(childAt(branch, ctz<u32>(mask)), CHILD_NODE);
      if (node == 0 || isLeaf(node) || load<u8>(node, BRANCH_ALONE) != 0) continue;
      const size = isPacked(node) ? writePacked(node) : writeBranch(node, bytes);
      if (size == 0) return false;
      written += size;
    }
  }
  const end = reserve(0);
  store<u32>(end - written - 4, written);
  return true;
}

/** Bytes of a branch in a record of k bytes of path. */
function sizeOf(branch: u32, k: u32): u32 {
  const from = (depthOf(branch) + 1) >> 1;
  let size = 6 + from - k;
  const end = branch + BRANCH_CHILDREN + popcnt<u32>(maskOf(branch)) * CHILD_BYTES;
  for (let child = branch + BRANCH_CHILDREN; child < end; child += CHILD_BYTES) {
    size += load<u8>(child, CHILD_KIND) == KIND_LEAF
      ? 33 - from + load<u32>(load<u32>(child, CHILD_NODE), LEAF_SIZE)
      : 1 + <u32>load<u8>(child, CHILD_ENCODED);
  }
  return size;
}

/** Appends a packed branch, which is in the group that it came from; its size, 0 without memory. */
function writePacked(packed: u32): u32 {
  const size = packedSize(packed);
  const at = reserve(size);
  if (at == 0) return 0;
  memory.copy(at, packed + PACKED_BRANCH, size);
  return size;
}

/** Appends a branch; its size, 0 without memory. */
function writeBranch(branch: u32, skipped: u32): u32 {
  const start = reserve(BRANCH_RECORD_MAX);
  if (start == 0) return 0;
  const depth = depthOf(branch);
  const mask = maskOf(branch);
  let at = start;
  store<u8>(at, load<u8>(branch, BRANCH_POSITION));
  store<u8>(at + 1, <u8>depth);
  const pathEnd = (depth + 1) >> 1;
  memory.copy(at + 2, branch + BRANCH_PATH + skipped, pathEnd - skipped);
  at += 2 + pathEnd - skipped;
  // Half a byte of the path may be anything.
  if (depth & 1) store<u8>(at - 1, load<u8>(at - 1) & 0xf0);
  const masks = at;
  store<u16>(at, <u16>mask);
  at += 4;
  const from = (depth + 1) >> 1;
  let leaves: u32 = 0;
  let child = branch + BRANCH_CHILDREN;
  for (let rest = mask; rest != 0; rest &= rest - 1) {
    const nibble = ctz<u32>(rest);
    if (load<u8>(child, CHILD_KIND) == KIND_LEAF) {
      leaves |= 1 << nibble;
      const leaf = load<u32>(child, CHILD_NODE);
      const size = load<u32>(leaf, LEAF_SIZE);
      store<u8>(at, <u8>size);
      memory.copy(at + 1, leaf + LEAF_KEY + from, 32 - from);
      memory.copy(at + 33 - from, leaf + LEAF_VALUE, size);
      at += 33 - from + size;
    } else {
      const size = <u32>load<u8>(child, CHILD_ENCODED);
      store<u8>(at, <u8>size);
      memory.copy(at + 1, child + CHILD_ENCODING, size);
      at += 1 + size;
    }
    child += CHILD_BYTES;
  }
  store<u16>(masks, <u16>leaves, 2);
  store<u8>(branch, 0, BRANCH_DIRTY);
  endAt(at);
  return at - start;
}

// ---------------------------------------------------------------- reading

/** What a record is that was written otherwise: it breaks a rule of its format. */
const DAMAGED: i32 = 1;
const NO_MEMORY: i32 = 2;

/** First byte past the record that is read. */
let limit: u32 = 0;

/** Takes the trie's root from its record; 0, or DAMAGED or NO_MEMORY. */
export function readRoot(trie: u32, record: u32, size: u32): i32 {
  limit = record + size;
  store<u8>(trie, 0, TRIE_HASHED);
  store<u8>(trie, 0, TRIE_DIRTY);
  if (size < 1) return DAMAGED;
  if (load<u8>(record) == KIND_BRANCH) return readGroup(trie, record + 1, record, 0);
  if (load<u8>(record) != KIND_LEAF || size < 34) return DAMAGED;
  const length = <u32>load<u8>(record, 33);
  if (size != 34 + length) return DAMAGED;
  const leaf = newLeaf(record + 1, record + 34, length);
  if (leaf == 0) return NO_MEMORY;
  store<u32>(trie, leaf, TRIE_ROOT);
  return 0;
}

/**
 * Puts the branches of the record of a place in theirs. Where there is no record, its size is 0:
 * then all children of a branch that shares none may have records of their own.
 */
export function readRecord(trie: u32, record: u32, size: u32, path: u32, nibbles: u32): i32 {
  const k = nibbles >> 1;
  limit = record + size;
  if (nibbles & 1) return readAlone(trie, record, path, nibbles);
  // The root's kind comes first in its record.
  return readGroup(trie, k == 0 ? record + 1 : record, path, k);
}

function readAlone(trie: u32, record: u32, path: u32, position: u32): i32 {
  const end = endOfBranch(record, limit, position >> 1);
  if (end == 0 || end != limit || <u32>load<u8>(record) != position) return DAMAGED;
  const branch = branchOf(record, path, position >> 1);
  if (branch == 0) return NO_MEMORY;
  store<u8>(branch, 1, BRANCH_ALONE);
  return attach(trie, branch) ? 0 : DAMAGED;
}

function readGroup(trie: u32, start: u32, path: u32, k: u32): i32 {
  let at = start;
  if (at < limit && (load<u8>(at) & 1) == 0) {
    const end = endOfBranch(at, limit, k);
    if (end == 0) return DAMAGED;
    const branch = branchOf(at, path, k);
    if (branch == 0) return NO_MEMORY;
    if (!attach(trie, branch)) return DAMAGED;
    at = end;
  }
  const parent = branchAt(trie, path, k << 1);
  if (parent != 0) store<u8>(parent, 1, BRANCH_COMPLETE);
  else if (at >= limit && start < limit) return 0;
  else return DAMAGED;
  while (at < limit) {
    const end = endOfBranch(at, limit, k);
    if (end == 0 || (load<u8>(at) & 1) == 0) return DAMAGED;
    // The nibble that chooses the child is the first that the record has of its path.
    const nibble = <u32>load<u8>(at, 2) >> 4;
    if (!hasChild(parent, nibble)) return DAMAGED;
    const child = childAt(parent, nibble);
    if (load<u8>(child, CHILD_KIND) != KIND_BRANCH) return DAMAGED;
    if (load<u32>(child, CHILD_NODE) == 0) {
      const packed = packedOf(at, end - at);
      if (packed == 0) return NO_MEMORY;
      store<u32>(child, packed, CHILD_NODE);
    }
    at = end;
  }
  return 0;
}

/** The branch of a depth on a path; 0 where there is none in memory. */
function branchAt(trie: u32, path: u32, depth: u32): u32 {
  let node = load<u32>(trie, TRIE_ROOT);
  while (node != 0 && !isLeaf(node) && !isPacked(node)) {
    const at = depthOf(node);
    if (at > depth || commonNibbles(path, node + BRANCH_PATH, 0, at) < at) return 0;
    if (at == depth) return node;
    const nibble = nibbleAt(path, at);
    if (!hasChild(node, nibble)) return 0;
    node = load<u32>(childAt(node, nibble), CHILD_NODE);
  }
  return 0;
}

/** Puts a branch in its place, unless another is there; false when there is no such place. */
function attach(trie: u32, branch: u32): bool {
  const position = <u32>load<u8>(branch, BRANCH_POSITION);
  const path = branch + BRANCH_PATH;
  let node = load<u32>(trie, TRIE_ROOT);
  if (position == 0) {
    if (node != 0) freeTree(branch);
    else store<u32>(trie, branch, TRIE_ROOT);
    return true;
  }
  while (node != 0 && !isLeaf(node) && !isPacked(node)) {
    const depth = <u32>load<u8>(node, BRANCH_DEPTH);
    const nibble = nibbleAt(path, depth);
    if (depth >= position || !hasChild(node, nibble)) return false;
    if (commonNibbles(path, node + BRANCH_PATH, 0, depth) < depth) return false;
    const child = childAt(node, nibble);
    const below = load<u32>(child, CHILD_NODE);
    if (depth + 1 == position) {
      if (load<u8>(child, CHILD_KIND) != KIND_BRANCH) return false;
      if (below != 0) freeTree(branch);
      else store<u32>(child, branch, CHILD_NODE);
      return true;
    }
    node = below;
  }
  return false;
}

// ---------------------------------------------------------------- forgetting

/** Forgets branches that were last used before a time and are in the database as they are. */
export function evict(trie: u32, before: u32): void {
  const root = load<u32>(trie, TRIE_ROOT);
  if (root != 0 && !isLeaf(root)) evictBelow(root, before);
}

function evictBelow(branch: u32, before: u32): void {
  const depth = depthOf(branch);
  // Whole records come and go: children that share the branch's own stay as long as it does.
  const own = (depth & 1) != 0;
  const apart = standsApart(depth, <u32>load<u8>(branch, BRANCH_POSITION));
  const children = branch + BRANCH_CHILDREN;
  const end = children + popcnt<u32>(maskOf(branch)) * CHILD_BYTES;
  let all = apart;
  for (let child = children; child < end && all; child += CHILD_BYTES) all = !isKept(child, before);
  if (all) store<u8>(branch, 0, BRANCH_COMPLETE);
  for (let child = children; child < end; child += CHILD_BYTES) {
    const node = load<u32>(child, CHILD_NODE);
    if (node == 0 || isLeaf(node)) continue;
    const goes = own || load<u8>(node, BRANCH_ALONE) != 0;
    if (all || (goes && !isKept(child, before))) {
      freeTree(node);
      store<u32>(child, 0, CHILD_NODE);
    } else if (!isPacked(node)) evictBelow(node, before);
  }
}

/** Whether a child is a branch that is to stay in memory. */
function isKept(child: u32, before: u32): bool {
  const node = load<u32>(child, CHILD_NODE);
  if (node == 0 || isLeaf(node) || isPacked(node)) return false;
  if (isDirty(node) || load<u8>(child, CHILD_ENCODED) == 0) return true;
  return load<u32>(node, BRANCH_USED) >= before;
}
