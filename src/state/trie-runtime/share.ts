// Hashing by several threads, an instance each, upon one memory. What can be hashed apart from all
// else, the branches two levels below the root, are tasks, of which each instance takes one after
// the other; what is above them is for whoever gave them out.
//
// The next task and how many there are lie in one word: whoever comes late, when the tasks are
// others, takes one of those or none. So what is given out must be waited for, whoever was asked.
import {
  BRANCH_CHILDREN, CHILD_BYTES, CHILD_ENCODED, CHILD_NODE, HASH_CLAIMS, HASH_DONE, HASH_TASK_BYTES,
  HASH_TASKS, TRIE_HASHED, TRIE_ROOT,
} from "../trie-layout";
import { hashChild } from "./hash";
import { depthOf, isLeaf, maskOf } from "./nodes";

let found: u32 = 0;

/** Finds what can be hashed apart; how many tasks. None may be in anybody's hands. */
export function findTasks(trie: u32): u32 {
  found = 0;
  const root = load<u32>(trie, TRIE_ROOT);
  if (root == 0 || isLeaf(root) || load<u8>(trie, TRIE_HASHED) != 0) return 0;
  const end = endOfChildren(root);
  for (let child = root + BRANCH_CHILDREN; child < end; child += CHILD_BYTES) {
    if (isDue(child)) findBelow(load<u32>(child, CHILD_NODE));
  }
  return found;
}

/** Gives out the tasks that were found. */
export function giveTasks(): void {
  atomic.store<u32>(HASH_DONE, 0);
  atomic.store<u64>(HASH_CLAIMS, <u64>found << 32);
}

function findBelow(branch: u32): void {
  const position = depthOf(branch) + 1;
  const end = endOfChildren(branch);
  for (let child = branch + BRANCH_CHILDREN; child < end; child += CHILD_BYTES) {
    if (!isDue(child)) continue;
    const task = HASH_TASKS + found * HASH_TASK_BYTES;
    store<u32>(task, child);
    store<u32>(task, position, 4);
    found += 1;
  }
}

/** Whether a child is a branch that is not encoded. */
function isDue(child: u32): bool {
  return load<u8>(child, CHILD_ENCODED) == 0 && !isLeaf(load<u32>(child, CHILD_NODE));
}

function endOfChildren(branch: u32): u32 {
  return branch + BRANCH_CHILDREN + popcnt<u32>(maskOf(branch)) * CHILD_BYTES;
}

/** Takes tasks until there are none. */
export function hashTasks(): void {
  while (true) {
    const claim = atomic.add<u64>(HASH_CLAIMS, 1);
    if (<u32>claim >= <u32>(claim >> 32)) return;
    const task = HASH_TASKS + <u32>claim * HASH_TASK_BYTES;
    hashChild(load<u32>(task), load<u32>(task, 4));
    atomic.add<u32>(HASH_DONE, 1);
    atomic.notify(HASH_DONE, 1);
  }
}
