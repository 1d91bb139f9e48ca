// What a walk will need and memory lacks: the groups in which the branches on the entries' way are.
import {
  BRANCH_COMPLETE, BRANCH_DEPTH, BRANCH_PATH, BRANCH_POSITION, BRANCH_USED, CHILD_KIND, CHILD_NODE, ENTRY_BYTES,
  KIND_BRANCH, TRIE_ROOT,
} from "../trie-layout";
import { MISSING, note } from "./lists";
import {
  childAt, clock, commonNibbles, depthOf, hasChild, isLeaf, maskOf, nibbleAt,
} from "./nodes";
import { isPacked, unpack } from "./packed";

/** Without memory some branches stay packed: the trie is to be thrown away. */
let exhausted: bool = false;

/**
 * Notes the places of all branches that the sorted entries lead to and that are not in memory, and
 * makes into nodes those that are packed. False without memory.
 */
export function locate(trie: u32, entries: u32, count: u32): bool {
  exhausted = false;
  const root = load<u32>(trie, TRIE_ROOT);
  if (root != 0) locateNode(root, entries, entries + count * ENTRY_BYTES);
  return !exhausted;
}

function locateNode(node: u32, at: u32, end: u32): void {
  if (isLeaf(node)) return;
  const depth = depthOf(node);
  const position = <u32>load<u8>(node, BRANCH_POSITION);
  store<u32>(node, clock, BRANCH_USED);
  const waits = standsApart(depth, position) && locateChildren(node, depth);
  let start = at;
  while (start < end) {
    if (commonNibbles(start, node + BRANCH_PATH, position, depth) < depth) {
      start += ENTRY_BYTES;
      continue;
    }
    const nibble = nibbleAt(start, depth);
    let stop = start + ENTRY_BYTES;
    while (
      stop < end && nibbleAt(stop, depth) == nibble &&
      commonNibbles(stop, node + BRANCH_PATH, position, depth) == depth
    ) stop += ENTRY_BYTES;
    if (hasChild(node, nibble)) {
      const child = childAt(node, nibble);
      if (load<u8>(child, CHILD_KIND) == KIND_BRANCH) {
        let below = load<u32>(child, CHILD_NODE);
        if (below == 0) {
          // Where its group is on its way, it may be in it.
          if (!waits) note(MISSING, start, depth + 1);
        }
        else {
          if (isPacked(below)) below = unpack(node, child);
          if (below == 0) exhausted = true;
          else locateNode(below, start, stop);
        }
      }
    }
    start = stop;
  }
}

/**
 * Whether a branch's children lie together in a record that is not the branch's own. Then those
 * that are short are in memory all or none: a record is written whole.
 */
// @ts-ignore: decorator
@inline
export function standsApart(depth: u32, position: u32): bool {
  return (depth & 1) == 0 && position < depth;
}

/** Notes the place of the children's record where it was not read; says whether it was noted. */
function locateChildren(branch: u32, depth: u32): bool {
  if (load<u8>(branch, BRANCH_COMPLETE) != 0) return false;
  for (let mask = maskOf(branch); mask != 0; mask &= mask - 1) {
    if (load<u8>(childAt(branch, ctz<u32>(mask)), CHILD_KIND) != KIND_BRANCH) continue;
    note(MISSING, branch + BRANCH_PATH, depth);
    return true;
  }
  return false;
}

/** Notes the place of the only child of a branch that was left lonely. */
export function locateLonely(trie: u32, path: u32, depth: u32): void {
  let node = load<u32>(trie, TRIE_ROOT);
  while (node != 0 && !isLeaf(node)) {
    const at = <u32>load<u8>(node, BRANCH_DEPTH);
    const nibble = nibbleAt(path, at);
    if (at >= depth) {
      locateOnly(node);
      return;
    }
    if (!hasChild(node, nibble)) return;
    node = load<u32>(childAt(node, nibble), CHILD_NODE);
  }
}

function locateOnly(branch: u32): void {
  const nibble = ctz<u32>(maskOf(branch));
  if (load<u32>(childAt(branch, nibble), CHILD_NODE) == 0) noteChild(branch, nibble);
}

function noteChild(branch: u32, nibble: u32): void {
  const depth = depthOf(branch);
  // The path as it goes on to that child: beyond `depth` a branch's path says nothing.
  const path = branch + BRANCH_PATH;
  const at = path + (depth >> 1);
  const byte = <u32>load<u8>(at);
  const next = depth & 1 ? (byte & 0xf0) | nibble : (nibble << 4) | (byte & 15);
  store<u8>(at, <u8>next);
  note(MISSING, path, depth + 1);
}
