// What the trie's runtime exports to the host (trie.ts).
import { setScratch } from "../../evm/runtime/arithmetic/scratch";
import { INSTANCES, INSTANCE_BYTES, TRIE_BYTES, TRIE_ROOT } from "../trie-layout";
import { allocate, release, setLists } from "./heap";
import { setKeys } from "./entries";
import { setBuffers } from "./hash";
import { freeTree } from "./packed";

export { allocatePages } from "./heap";
export { clearList } from "./lists";
export { clearOutput } from "./output";
export { setClock } from "./nodes";
export { collapse, update } from "./update";
export { locate, locateLonely } from "./locate";
export { hashTrie } from "./hash";
export { findTasks, giveTasks, hashTasks } from "./share";
export { evict, readRecord, readRoot, writeRecords } from "./records";
export { prove } from "./proof";
export { accountEntries, packEntries, slotEntries, sort, unpackEntries } from "./entries";
// By itself it is what a root cannot be cheaper than: bench/state.ts measures it.
export { keccak256 } from "../../evm/runtime/hashes/keccak";
export { keccak256Pair } from "../../evm/runtime/hashes/keccak-pair";

/** Free lists, then the encoding of a node, then the Keccak states, then another node's. */
const BUFFER: u32 = 256;
const SCRATCH: u32 = 1600;
const SECOND_BUFFER: u32 = 5760;
/** Children that wait for another to be hashed with. */
const WAITING: u32 = 7168;
const KEYS: u32 = 7744;

/** Gives the instance its own bytes. */
export function begin(instance: u32): void {
  const own = INSTANCES + instance * INSTANCE_BYTES;
  setLists(own);
  setBuffers(own + BUFFER, own + SECOND_BUFFER, own + WAITING);
  setKeys(own + KEYS);
  setScratch(own + SCRATCH);
}

/** An empty trie; 0 without memory. */
export function newTrie(): u32 {
  const trie = allocate(TRIE_BYTES);
  if (trie != 0) memory.fill(trie, 0, TRIE_BYTES);
  return trie;
}

export function freeTrie(trie: u32): void {
  freeTree(load<u32>(trie, TRIE_ROOT));
  release(trie, TRIE_BYTES);
}
