/**
 * Root of a Merkle Patricia trie, from all its entries at once, in memory.
 *
 * The entries are sorted by key; then every node is a range of the sorted array, and the trie is
 * hashed from its leaves up without ever being built:
 *
 *   entries   0a1.. 0a7.. 0c2.. 5f0.. 5f3..
 *   branch    [---- 0 -----------] [-- 5 --]
 *
 * This is for states in memory, and for tests of the faster ones: the store's trie keeps its nodes
 * (path-trie.ts), a block's lists have a form of their own (list-root.ts). PERF: O(entries) hashes
 * a call.
 *
 * Specification: Ethereum yellow paper, appendix D.
 */

import { keccak256 } from '../base/keccak.ts';
import { encodeRlp } from '../base/rlp.ts';

export interface TrieEntry {
  readonly key: Uint8Array;
  /** Never empty: an empty value is an entry that does not exist. */
  readonly value: Uint8Array;
}

/** Keccak-256 of the RLP of the empty string: the root of a trie without entries. */
export const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

/**
 * Root of the trie that holds `entries`, 32 bytes. Keys must be distinct; order does not matter.
 * For Ethereum's "secure" tries the keys are Keccak-256 hashes: see `secureTrieRoot`.
 */
export function trieRoot(entries: readonly TrieEntry[]): Uint8Array {
  if (entries.length === 0) return Uint8Array.fromHex(EMPTY_ROOT.slice(2));
  const sorted = entries.slice().sort((a, b) => compareBytes(a.key, b.key));
  for (let index = 1; index < sorted.length; index++) {
    const key = (sorted[index] as TrieEntry).key;
    if (compareBytes(key, (sorted[index - 1] as TrieEntry).key) === 0) {
      throw new Error(`trie: the key 0x${key.toHex()} is given twice`);
    }
  }
  return keccak256(encodeNode(sorted, 0, sorted.length, 0));
}

/** Root of the trie whose keys are the hashes of the given keys. */
export function secureTrieRoot(entries: readonly TrieEntry[]): Uint8Array {
  return trieRoot(entries.map(({ key, value }) => ({ key: keccak256(key), value })));
}

/** Orders byte strings by their bytes, a prefix before what it is a prefix of. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const size = Math.min(a.length, b.length);
  for (let index = 0; index < size; index++) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** RLP of the node that holds `entries[from, to)`, whose keys agree in their first nibbles. */
function encodeNode(
  entries: readonly TrieEntry[],
  from: number,
  to: number,
  depth: number,
): Uint8Array {
  const first = entries[from] as TrieEntry;
  if (to - from === 1) {
    const path = compactPath(first.key, depth, first.key.length * 2, true);
    return encodeRlp([path, first.value]);
  }
  const last = entries[to - 1] as TrieEntry;
  const shared = sharedNibbles(first.key, last.key, depth);
  if (shared > depth) {
    const path = compactPath(first.key, depth, shared, false);
    const child = encodeBranch(entries, from, to, shared);
    return encodeList([encodeRlp(path), reference(child)]);
  }
  return encodeBranch(entries, from, to, depth);
}

const NOTHING = new Uint8Array([0x80]);

function encodeBranch(
  entries: readonly TrieEntry[],
  from: number,
  to: number,
  depth: number,
): Uint8Array {
  const items: Uint8Array[] = new Array(17).fill(NOTHING);
  let start = from;
  const first = entries[from] as TrieEntry;
  if (first.key.length * 2 === depth) {
    items[16] = encodeRlp(first.value);
    start++;
  }
  while (start < to) {
    const nibble = nibbleAt((entries[start] as TrieEntry).key, depth);
    let end = start + 1;
    while (end < to && nibbleAt((entries[end] as TrieEntry).key, depth) === nibble) end++;
    items[nibble] = reference(encodeNode(entries, start, end, depth + 1));
    start = end;
  }
  return encodeList(items);
}

/** How a parent names a node: by its hash, or, when that is longer than the node, the node. */
function reference(node: Uint8Array): Uint8Array {
  if (node.length < 32) return node;
  const hash = new Uint8Array(33);
  hash[0] = 0xa0;
  hash.set(keccak256(node), 1);
  return hash;
}

/** RLP list of items that are encoded already. */
function encodeList(items: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const item of items) size += item.length;
  let at = size <= 55 ? 1 : size < 0x100 ? 2 : size < 0x10000 ? 3 : size < 0x1000000 ? 4 : 5;
  const out = new Uint8Array(at + size);
  if (at === 1) {
    out[0] = 0xc0 + size;
  } else {
    out[0] = 0xf7 + at - 1;
    for (let index = at - 1, rest = size; index > 0; index--, rest >>>= 8) out[index] = rest;
  }
  for (const item of items) {
    out.set(item, at);
    at += item.length;
  }
  return out;
}

/** Hex-prefix encoding of the nibbles [from, to) of a key. */
function compactPath(key: Uint8Array, from: number, to: number, leaf: boolean): Uint8Array {
  const count = to - from;
  const odd = count % 2;
  const path = new Uint8Array(1 + ((count - odd) >> 1));
  path[0] = (leaf ? 0x20 : 0) + (odd === 1 ? 0x10 + nibbleAt(key, from) : 0);
  for (let index = from + odd, at = 1; index < to; index += 2, at++) {
    path[at] = nibbleAt(key, index) * 16 + nibbleAt(key, index + 1);
  }
  return path;
}

function nibbleAt(key: Uint8Array, index: number): number {
  const byte = key[index >> 1] as number;
  return index % 2 === 0 ? byte >> 4 : byte & 15;
}

/** Number of leading nibbles that two keys share, of which `known` are known to be. */
function sharedNibbles(a: Uint8Array, b: Uint8Array, known: number): number {
  const end = Math.min(a.length, b.length) * 2;
  let count = known;
  while (count < end && nibbleAt(a, count) === nibbleAt(b, count)) count++;
  return count;
}
