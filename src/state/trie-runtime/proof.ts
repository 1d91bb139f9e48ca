// Proofs: the nodes on a key's way, the root first, as their hashes stand for them. The way must
// be in memory (`locate`) and hashed.
import { BRANCH_PATH, CHILD_ENCODED, CHILD_NODE, TRIE_ROOT } from "../trie-layout";
import { encodeBranch, encodeNode, encodingAddress, hashChildren } from "./hash";
import { reserve } from "./output";
import { childAt, commonNibbles, depthOf, hasChild, isLeaf, nibbleAt } from "./nodes";

/** Appends u32 size and bytes of each node. False without memory. */
export function prove(trie: u32, key: u32): bool {
  let node = load<u32>(trie, TRIE_ROOT);
  let position: u32 = 0;
  // A node that its parent holds in itself is no part of the list.
  let shown = true;
  while (node != 0) {
    if (isLeaf(node)) return !shown || append(encodeNode(node, position));
    const depth = depthOf(node);
    // Leaves that came from a record have no encoding yet, while their branch has its parent's.
    hashChildren(node);
    if (depth != position) {
      if (shown && !append(encodeNode(node, position))) return false;
      if (commonNibbles(key, node + BRANCH_PATH, position, depth) < depth) return true;
      // PERF: the branch is encoded twice below an extension.
      const size = encodeBranch(node);
      if (size >= 32 && !append(size)) return false;
    } else if (shown && !append(encodeBranch(node))) return false;
    const nibble = nibbleAt(key, depth);
    if (!hasChild(node, nibble)) return true;
    const child = childAt(node, nibble);
    shown = load<u8>(child, CHILD_ENCODED) == 32;
    node = load<u32>(child, CHILD_NODE);
    position = depth + 1;
  }
  return true;
}

function append(size: u32): bool {
  const at = reserve(4 + size);
  if (at == 0) return false;
  store<u32>(at, size);
  memory.copy(at + 4, encodingAddress(), size);
  return true;
}
