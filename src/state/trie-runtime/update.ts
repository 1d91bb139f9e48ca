// Updates: sorted entries put into the trie in one walk, each branch on the way visited once.
//
// Before it the host has brought into memory what the walk will need (`locate`). A branch that is
// left with one child gives way to it; where that child is a branch that is not in memory, its
// place is noted, and the host fetches it and calls `collapse`.
import {
  BRANCH_ALONE, BRANCH_CHILDREN, BRANCH_DIRTY, BRANCH_PATH, BRANCH_POSITION, BRANCH_USED, CHILD_NODE,
  ENTRY_BYTES, ENTRY_SIZE, ENTRY_VALUE, LEAF_KEY, LEAF_SIZE, LEAF_VALUE, TRIE_DIRTY,
  TRIE_HASHED, TRIE_ROOT,
} from "../trie-layout";
import { GONE, LONELY, note } from "./lists";
import {
  addChild, childAt, clock, commonNibbles, depthOf, freeBranch, freeLeaf, hasChild,
  isLeaf, maskOf, newBranch, newLeaf, nibbleAt, removeChild, sameKey, setChild,
} from "./nodes";
import { isPacked, unpack } from "./packed";

/** Whether what was last updated is another than before. */
let changed: bool = false;
/** The heap reached its limit: the trie is to be thrown away. */
let exhausted: bool = false;

/** Puts entries, sorted by key, each key once. False without memory: the trie is broken then. */
export function update(trie: u32, entries: u32, count: u32): bool {
  exhausted = false;
  changed = false;
  const root = updateNode(load<u32>(trie, TRIE_ROOT), 0, entries, entries + count * ENTRY_BYTES);
  if (changed) {
    store<u32>(trie, root, TRIE_ROOT);
    store<u8>(trie, 0, TRIE_HASHED);
    store<u8>(trie, 1, TRIE_DIRTY);
  }
  return !exhausted;
}

/** The node that stands at `position` when the entries from `at` to `end` have been put there. */
function updateNode(node: u32, position: u32, at: u32, end: u32): u32 {
  if (node == 0) return build(0, position, at, end);
  if (isLeaf(node)) return updateLeaf(node, position, at, end);
  const depth = depthOf(node);
  const split = position == depth ? depth : splitOf(node, position, depth, at, end);
  return split == depth ? updateBranch(node, at, end) : splitBranch(node, position, split, at, end);
}

function updateLeaf(leaf: u32, position: u32, at: u32, end: u32): u32 {
  if (end - at == ENTRY_BYTES && sameKey(leaf + LEAF_KEY, at)) return replaceLeaf(leaf, at);
  for (let entry = at; entry < end; entry += ENTRY_BYTES) {
    if (!sameKey(leaf + LEAF_KEY, entry)) continue;
    // The leaf's key is among the entries: what they say of it is all that counts.
    const before = changed;
    changed = false;
    const built = build(0, position, at, end);
    if (built != 0 && isLeaf(built) && sameLeaf(built, leaf)) {
      // Nobody takes note of what comes back where nothing changed.
      freeLeaf(built);
      changed = before;
      return leaf;
    }
    changed = true;
    freeLeaf(leaf);
    return built;
  }
  return build(leaf, position, at, end);
}

function sameLeaf(a: u32, b: u32): bool {
  const size = load<u32>(a, LEAF_SIZE);
  return sameKey(a + LEAF_KEY, b + LEAF_KEY) && size == load<u32>(b, LEAF_SIZE) &&
    memory.compare(a + LEAF_VALUE, b + LEAF_VALUE, size) == 0;
}

/** The leaf with the entry's value. */
function replaceLeaf(leaf: u32, entry: u32): u32 {
  const size = load<u32>(entry, ENTRY_SIZE);
  const value = load<u32>(entry, ENTRY_VALUE);
  if (size == load<u32>(leaf, LEAF_SIZE)) {
    if (memory.compare(leaf + LEAF_VALUE, value, size) == 0) return leaf;
    memory.copy(leaf + LEAF_VALUE, value, size);
    changed = true;
    return leaf;
  }
  changed = true;
  freeLeaf(leaf);
  return size == 0 ? 0 : leafOf(entry);
}

function leafOf(entry: u32): u32 {
  const leaf = newLeaf(entry, load<u32>(entry, ENTRY_VALUE), load<u32>(entry, ENTRY_SIZE));
  if (leaf == 0) exhausted = true;
  return leaf;
}

/**
 * A subtree out of the entries that are no deletions, and of `leaf` where there is one, whose key
 * is not among them. Marks a change where there is anything but that leaf.
 */
function build(leaf: u32, position: u32, at: u32, end: u32): u32 {
  let first: u32 = 0;
  let last: u32 = 0;
  for (let entry = at; entry < end; entry += ENTRY_BYTES) {
    if (load<u32>(entry, ENTRY_SIZE) == 0) continue;
    if (first == 0) first = entry;
    last = entry;
  }
  if (first == 0) return leaf;
  changed = true;
  if (first == last && leaf == 0) return leafOf(first);
  // The keys are sorted: the first and the last have the least in common.
  let depth = first == last ? 64 : commonNibbles(first, last, position, 64);
  if (leaf != 0) depth = commonNibbles(first, leaf + LEAF_KEY, position, depth);
  let branch = newBranch(first, position, depth, 2);
  if (branch == 0) {
    exhausted = true;
    return 0;
  }
  const leafNibble: u32 = leaf == 0 ? 16 : nibbleAt(leaf + LEAF_KEY, depth);
  let start = at;
  for (let nibble: u32 = 0; nibble < 16; nibble++) {
    let stop = start;
    // Deletions may be of any key; the other entries agree up to `depth` and are sorted.
    while (stop < end && (load<u32>(stop, ENTRY_SIZE) == 0 || nibbleAt(stop, depth) == nibble)) {
      stop += ENTRY_BYTES;
    }
    const child = build(nibble == leafNibble ? leaf : 0, depth + 1, start, stop);
    if (child != 0) branch = addChild(branch, nibble, child);
    if (exhausted || branch == 0) {
      exhausted = true;
      return 0;
    }
    start = stop;
  }
  return branch;
}

/** How deep the entries agree with the branch's path; deletions of what is not there aside. */
function splitOf(branch: u32, position: u32, depth: u32, at: u32, end: u32): u32 {
  let split = depth;
  for (let entry = at; entry < end; entry += ENTRY_BYTES) {
    if (load<u32>(entry, ENTRY_SIZE) == 0) continue;
    split = commonNibbles(entry, branch + BRANCH_PATH, position, split);
  }
  return split;
}

/** A new branch above one from whose path some entries part. */
function splitBranch(branch: u32, position: u32, split: u32, at: u32, end: u32): u32 {
  const above = newBranch(branch + BRANCH_PATH, position, split, 2);
  if (above == 0) {
    exhausted = true;
    return 0;
  }
  // What stood alone there is now the record of the other.
  store<u8>(above, load<u8>(branch, BRANCH_ALONE), BRANCH_ALONE);
  moveBranch(branch, split + 1);
  const grown = addChild(above, nibbleAt(branch + BRANCH_PATH, split), branch);
  changed = true;
  return updateBranch(grown, at, end);
}

/** The branch stands at another place: it is written there, and its children where it was. */
function moveBranch(branch: u32, position: u32): void {
  store<u8>(branch, <u8>position, BRANCH_POSITION);
  store<u8>(branch, 0, BRANCH_ALONE);
  store<u8>(branch, 1, BRANCH_DIRTY);
}

function updateBranch(node: u32, at: u32, end: u32): u32 {
  let branch = node;
  const depth = depthOf(branch);
  const position = <u32>load<u8>(branch, BRANCH_POSITION);
  store<u32>(branch, clock, BRANCH_USED);
  const before = changed;
  let any = false;
  let start = at;
  while (start < end) {
    if (commonNibbles(start, branch + BRANCH_PATH, position, depth) < depth) {
      // A deletion of what is not there.
      start += ENTRY_BYTES;
      continue;
    }
    const nibble = nibbleAt(start, depth);
    let stop = start + ENTRY_BYTES;
    while (stop < end && nibbleAt(stop, depth) == nibble) {
      if (commonNibbles(stop, branch + BRANCH_PATH, position, depth) < depth) break;
      stop += ENTRY_BYTES;
    }
    changed = false;
    if (hasChild(branch, nibble)) {
      const child = childAt(branch, nibble);
      const grown = updateNode(load<u32>(child, CHILD_NODE), depth + 1, start, stop);
      if (exhausted) return branch;
      if (changed) {
        if (grown == 0) removeChild(branch, nibble);
        else setChild(child, grown);
      }
    } else {
      const grown = build(0, depth + 1, start, stop);
      if (!exhausted && grown != 0) branch = addChild(branch, nibble, grown);
      if (exhausted || branch == 0) {
        exhausted = true;
        return node;
      }
    }
    any = any || changed;
    start = stop;
  }
  changed = before || any;
  if (!any) return branch;
  store<u8>(branch, 1, BRANCH_DIRTY);
  return shrink(branch);
}

/** What takes the place of a branch that may have lost children. */
export function shrink(branch: u32): u32 {
  const mask = maskOf(branch);
  if ((mask & (mask - 1)) != 0) return branch;
  const position = <u32>load<u8>(branch, BRANCH_POSITION);
  if (mask == 0) {
    note(GONE, branch + BRANCH_PATH, position);
    freeBranch(branch);
    return 0;
  }
  const child = branch + BRANCH_CHILDREN;
  let node = load<u32>(child, CHILD_NODE);
  if (node == 0) {
    note(LONELY, branch + BRANCH_PATH, depthOf(branch));
    return branch;
  }
  if (isPacked(node)) node = unpack(branch, child);
  if (node == 0) {
    exhausted = true;
    return branch;
  }
  note(GONE, branch + BRANCH_PATH, position);
  if (!isLeaf(node)) {
    note(GONE, node + BRANCH_PATH, <u32>load<u8>(node, BRANCH_POSITION));
    moveBranch(node, position);
  }
  freeBranch(branch);
  return node;
}

/**
 * Lets the branch of the given path give way to its only child, which is in memory by now. False
 * without memory: the trie is broken then.
 */
export function collapse(trie: u32, path: u32, depth: u32): bool {
  exhausted = false;
  const root = collapseNode(load<u32>(trie, TRIE_ROOT), path, depth);
  store<u32>(trie, root, TRIE_ROOT);
  return !exhausted;
}

function collapseNode(node: u32, path: u32, depth: u32): u32 {
  if (node == 0 || isLeaf(node) || isPacked(node)) return node;
  const at = depthOf(node);
  if (at == depth) return shrink(node);
  if (at > depth || !hasChild(node, nibbleAt(path, at))) return node;
  const child = childAt(node, nibbleAt(path, at));
  const below = load<u32>(child, CHILD_NODE);
  if (below == 0) return node;
  const grown = collapseNode(below, path, depth);
  if (grown != below) setChild(child, grown);
  return node;
}
