/**
 * Range proofs, as snap sync has them: entries of a trie that lie side by side, and the nodes on
 * the ways to the range's two ends. They prove that the trie holds these entries between its
 * first key and the last entry, and none besides.
 *
 *            root               nodes on the way to `start` and to the last entry: given
 *        /  |  |  \             subtrees between them: made again from the entries, and held
 *     out  in  in  out          against the hashes that their parents name
 *
 * Every subtree is one of three: outside the range, where nothing is claimed; inside, where its
 * hash must be that of the entries; or on the way to an end, where its node is looked at. No part
 * of the trie is put together from what the sender gave, so there is no order of proof and
 * entries that could make one pass for the other.
 *
 * Specification: Ethereum Snapshot Protocol (snap/1), GetAccountRange and GetStorageRanges.
 */

import { equalBytes, type Hex } from '../base/bytes.ts';
import { keccak256 } from '../base/keccak.ts';
import { encodeRlp, type RlpInput } from '../base/rlp.ts';
import { EMPTY_TRIE_ROOT, NODES_MAX, NodePool } from './partial-trie.ts';
import {
  type BranchNode,
  comparePaths,
  decodeNode,
  encodeNode,
  type HashNode,
  joinPaths,
  type Nibbles,
  nibblesOf,
  ProofError,
  referenceTo,
  sharedNibbles,
  shownPath,
  type TrieNode,
} from './trie-node.ts';

export interface RangeEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface RangeProof {
  /** In the order of their keys. */
  readonly entries: readonly RangeEntry[];
  /** In any order; none at all where the entries are the whole trie. */
  readonly proof: readonly Uint8Array[];
}

/** A trie that ranges are proven of, as `PathTrie` is. */
interface Proving {
  prove(key: Uint8Array): readonly Uint8Array[];
}

/**
 * The proof of up to `countMax` entries from `start` on.
 * @param sorted the trie's entries from `start` on, or from any earlier one, in order
 * @throws RangeError for a count that nobody verifies, or a start that is no key of the trie
 */
export function proveRange(
  trie: Proving,
  sorted: Iterable<RangeEntry>,
  { start, countMax }: { readonly start: Uint8Array; readonly countMax: number },
): RangeProof {
  if (!Number.isSafeInteger(countMax) || countMax < 0 || countMax > NODES_MAX) {
    throw new RangeError(`countMax is ${countMax}: give a whole number from 0 to ${NODES_MAX}`);
  }
  const entries: RangeEntry[] = [];
  for (const entry of sorted) {
    if (entry.key.length !== start.length) throw wrongStart(start, entry.key.length);
    if (comparePaths(entry.key, start) < 0) continue;
    if (entries.length === countMax) break;
    entries.push(entry);
  }
  const last = entries.at(-1)?.key ?? start;
  const proof = new Map([...trie.prove(start), ...trie.prove(last)].map((n) => [n.toHex(), n]));
  return { entries, proof: [...proof.values()] };
}

/** For a range that begins at what is no key. */
export function wrongStart(start: Uint8Array, keyBytes: number): RangeError {
  return new RangeError(`start has ${start.length} bytes: give ${keyBytes}, as keys have`);
}

/**
 * Holds a range against the trie's root. Says whether the trie has more entries behind it; where
 * the range has no entries, nothing of the trie lies at `start` or behind.
 * @throws ProofError
 */
export function verifyRange(
  root: Hex,
  start: Uint8Array,
  { entries, proof }: RangeProof,
): { readonly more: boolean } {
  checkOrder(start, entries);
  if (proof.length === 0 && isZero(start)) return verifyWhole(root, entries);
  const end = entries.at(-1)?.key ?? new Uint8Array(start.length).fill(255);
  const walk = new RangeWalk(new NodePool(proof), { start: nibblesOf(start), end: nibblesOf(end) });
  const hash: HashNode = { kind: 'hash', reference: Uint8Array.fromHex(root.slice(2)) };
  walk.visit(root === EMPTY_TRIE_ROOT ? undefined : hash, new Uint8Array(0), entries);
  return { more: walk.more };
}

function verifyWhole(root: Hex, entries: readonly RangeEntry[]): { readonly more: false } {
  const made = entries.length === 0 ? EMPTY_TRIE_ROOT : rootOf(entries);
  if (made === root) return { more: false };
  throw unproven(new Uint8Array(0), `the entries have the root ${made}, not ${root}`);
}

function rootOf(entries: readonly RangeEntry[]): Hex {
  return `0x${keccak256(encodeNode(subtree(entries, 0))).toHex()}`;
}

class RangeWalk {
  readonly #nodes: NodePool;
  readonly #start: Nibbles;
  readonly #end: Nibbles;
  /** Whether anything lies behind the range. */
  more = false;

  constructor(nodes: NodePool, { start, end }: { readonly start: Nibbles; readonly end: Nibbles }) {
    this.#nodes = nodes;
    this.#start = start;
    this.#end = end;
  }

  /** `entries` are those of the range whose keys begin with `path`. */
  visit(node: TrieNode | undefined, path: Nibbles, entries: readonly RangeEntry[]): void {
    const first = comparePaths(path, this.#start);
    const last = comparePaths(path, this.#end);
    if (first < 0) return;
    if (last > 0) {
      if (node !== undefined) this.more = true;
      return;
    }
    if (node === undefined) {
      if (entries.length > 0) throw unproven(path, 'the trie has nothing where entries are given');
      return;
    }
    if (first > 0 && last < 0) checkInside(node, path, entries);
    else this.#visitEnd(node, path, entries);
  }

  /** A node on the way to an end. */
  #visitEnd(given: TrieNode, path: Nibbles, entries: readonly RangeEntry[]): void {
    const node = given.kind === 'hash' ? this.#fetch(given, path) : given;
    switch (node.kind) {
      case 'leaf':
        this.#visitLeaf(joinPaths(path, node.path), node.value, entries);
        return;
      case 'extension': {
        const below = joinPaths(path, node.path);
        // The entries are sorted: all begin with what the first and the last begin with.
        const ends = [entries[0], entries.at(-1)].filter((entry) => entry !== undefined);
        if (ends.some(({ key }) => comparePaths(below, nibblesOf(key)) !== 0)) {
          throw unproven(path, 'entries beside an extension');
        }
        this.visit(node.child, below, entries);
        return;
      }
      case 'branch':
        this.#visitBranch(node, path, entries);
    }
  }

  #visitBranch(node: BranchNode, path: Nibbles, entries: readonly RangeEntry[]): void {
    let start = 0;
    for (const [nibble, child] of node.children.entries()) {
      const end = runEnd(entries, start, path.length, nibble);
      this.visit(child, joinPaths(path, [nibble]), entries.slice(start, end));
      start = end;
    }
  }

  #visitLeaf(key: Nibbles, value: Uint8Array, entries: readonly RangeEntry[]): void {
    const [entry] = entries;
    const isOutside = comparePaths(key, this.#start) < 0 || comparePaths(key, this.#end) > 0;
    if (isOutside) {
      if (comparePaths(key, this.#end) > 0) this.more = true;
      if (entry !== undefined) throw unproven(key, 'entries beside a leaf outside the range');
      return;
    }
    const isThis =
      entries.length === 1 &&
      entry !== undefined &&
      equalBytes(nibblesOf(entry.key), key) &&
      equalBytes(entry.value, value);
    if (!isThis) throw unproven(key, 'the trie has another leaf than the entries');
  }

  #fetch({ reference }: HashNode, path: Nibbles): Exclude<TrieNode, HashNode> {
    const hash: Hex = `0x${reference.toHex()}`;
    const bytes = this.#nodes.node(hash);
    if (bytes !== undefined) {
      const place = { path, keyNibbles: this.#start.length };
      return decodeNode(bytes, place) as Exclude<TrieNode, HashNode>;
    }
    const details = { path: shownPath(path), hash };
    const message = `the range’s proof lacks the node ${hash} at path ${details.path}`;
    throw new ProofError('proof/missing', message, { details });
  }
}

/** A subtree inside the range has all of its entries given. */
function checkInside(node: TrieNode, path: Nibbles, entries: readonly RangeEntry[]): void {
  if (entries.length === 0) throw unproven(path, 'the trie has entries that are not given');
  const made = referenceTo(subtree(entries, path.length));
  if (!equalBytes(encodeRlp(made), encodeRlp(referenceTo(node) as RlpInput))) {
    throw unproven(path, 'the trie has other entries than are given');
  }
}

/** The node that holds just these entries, whose keys share their first `depth` nibbles. */
function subtree(entries: readonly RangeEntry[], depth: number): Exclude<TrieNode, HashNode> {
  const [entry] = entries as [RangeEntry];
  const first = nibblesOf(entry.key);
  if (entries.length === 1) {
    return { kind: 'leaf', path: first.subarray(depth), value: entry.value };
  }
  const last = nibblesOf((entries.at(-1) as RangeEntry).key);
  const shared = sharedNibbles(first.subarray(depth), last, depth);
  const at = depth + shared;
  const children: (TrieNode | undefined)[] = new Array(16).fill(undefined);
  for (let start = 0, end = 0; start < entries.length; start = end) {
    const nibble = nibbleAt((entries[start] as RangeEntry).key, at);
    end = runEnd(entries, start, at, nibble);
    children[nibble] = subtree(entries.slice(start, end), at + 1);
  }
  const branch: BranchNode = { kind: 'branch', children };
  if (shared === 0) return branch;
  return { kind: 'extension', path: first.subarray(depth, at), child: branch };
}

/** Where the run of entries that have that nibble there ends, which begins at `start`. */
function runEnd(entries: readonly RangeEntry[], start: number, at: number, nibble: number): number {
  let end = start;
  while (end < entries.length && nibbleAt((entries[end] as RangeEntry).key, at) === nibble) end++;
  return end;
}

function checkOrder(start: Uint8Array, entries: readonly RangeEntry[]): void {
  if (entries.length > NODES_MAX) {
    const message = `the range has ${entries.length} entries, over ${NODES_MAX}`;
    throw new ProofError('proof/too large', message);
  }
  let before: Uint8Array | undefined;
  for (const { key, value } of entries) {
    if (key.length !== start.length || value.length === 0) {
      throw new ProofError('proof/malformed', 'an entry without a value, or of another key size');
    }
    const order = comparePaths(key, before ?? start);
    if (before === undefined ? order < 0 : order <= 0) {
      throw new ProofError('proof/malformed', `the entry 0x${key.toHex()} is out of order`);
    }
    before = key;
  }
}

function isZero(key: Uint8Array): boolean {
  return key.every((byte) => byte === 0);
}

function nibbleAt(key: Uint8Array, index: number): number {
  const byte = key[index >> 1] as number;
  return index % 2 === 0 ? byte >> 4 : byte & 15;
}

function unproven(path: Nibbles, reason: string): ProofError {
  const details = { path: shownPath(path), reason };
  const message = `the range is not proven at path ${details.path}: ${reason}`;
  return new ProofError('proof/not proven', message, { details });
}
