/**
 * Nodes of a Merkle Patricia trie whose keys all have one size, decoded strictly and encoded.
 *
 *   leaf       [hex-prefix of the path's rest, value]
 *   extension  [hex-prefix of a piece of path, branch]
 *   branch     [child x 16, nothing]
 *
 * A child is named by its hash, or stands in its parent where its encoding is under 32 bytes.
 * What a node cannot be where it stands is refused: a leaf that ends elsewhere than the key does,
 * an extension of an extension, a branch with one child, a child that should have been hashed.
 *
 * Specification: Ethereum yellow paper, appendices C and D.
 */

import { IronflyError } from '../base/errors.ts';
import { keccak256 } from '../base/keccak.ts';
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem } from '../base/rlp.ts';

export type ProofFault =
  /** A node, code or header that is needed and was not given. */
  | 'proof/missing'
  /** Bytes that are not what they stand for. */
  | 'proof/malformed'
  /** Well-formed, and not what its parent, or the root, names. */
  | 'proof/wrong hash'
  /** More than anything honest has. */
  | 'proof/too large'
  /** Nodes that nothing asks for, or claims that the proof does not bear out. */
  | 'proof/not proven';

/** A proof or a witness that does not prove what it should; `details` names the place. */
export class ProofError extends IronflyError<ProofFault> {}

/** A path is an array of nibbles, one a byte. */
export type Nibbles = Uint8Array;

export interface LeafNode {
  readonly kind: 'leaf';
  readonly path: Nibbles;
  readonly value: Uint8Array;
  /** How a parent names the node, once that is known: its hash, or its items. */
  reference?: RlpInput;
}

export interface ExtensionNode {
  readonly kind: 'extension';
  readonly path: Nibbles;
  /** A hash until it is looked at. */
  child: BranchNode | HashNode;
  reference?: RlpInput;
}

export interface BranchNode {
  readonly kind: 'branch';
  /** Sixteen. */
  readonly children: (TrieNode | undefined)[];
  reference?: RlpInput;
}

/** A node of which the hash is known only. */
export interface HashNode {
  readonly kind: 'hash';
  reference: Uint8Array;
}

export type TrieNode = LeafNode | ExtensionNode | BranchNode | HashNode;

/** A branch has 532 bytes at most, an account's leaf some 150. */
export const NODE_BYTES_MAX = 1024;
const HASH_BYTES = 32;
/** Nodes within nodes, each two bytes at least, in less than 32. */
const DEPTH_MAX = 32;

/** Where a node stands. */
export interface NodePlace {
  readonly path: Nibbles;
  /** Nibbles of all keys of the trie. */
  readonly keyNibbles: number;
}

/** The node whose encoding these bytes are. @throws ProofError `proof/malformed` */
export function decodeNode(bytes: Uint8Array, { path, keyNibbles }: NodePlace): TrieNode {
  const at = shownPath(path);
  if (bytes.length > NODE_BYTES_MAX) {
    const message = `the node at path ${at} has ${bytes.length} bytes, over ${NODE_BYTES_MAX}`;
    throw new ProofError('proof/too large', message, { details: { path: at } });
  }
  const result = decodeRlp(bytes, { depthMax: DEPTH_MAX, itemCountMax: NODE_BYTES_MAX });
  if (!result.ok) throw malformed(path, `${result.reason} at byte ${result.offset}`);
  return nodeOf(result.item, path, keyNibbles);
}

/** The encoding of a node. */
export function encodeNode(node: Exclude<TrieNode, HashNode>): Uint8Array {
  return encodeRlp(itemsOf(node));
}

/** How a parent names the node. PERF: hashes what changed since it was asked last */
export function referenceTo(node: TrieNode): RlpInput {
  if (node.reference !== undefined) return node.reference;
  const items = itemsOf(node as Exclude<TrieNode, HashNode>);
  const encoded = encodeRlp(items);
  node.reference = encoded.length < HASH_BYTES ? items : keccak256(encoded);
  return node.reference;
}

/** The nibbles of a key. */
export function nibblesOf(key: Uint8Array): Nibbles {
  const nibbles = new Uint8Array(key.length * 2);
  for (const [index, byte] of key.entries()) {
    nibbles[2 * index] = byte >> 4;
    nibbles[2 * index + 1] = byte & 15;
  }
  return nibbles;
}

/** A path as errors show it: one hexadecimal digit a nibble. */
export function shownPath(path: Nibbles): string {
  return `0x${Array.from(path, (nibble) => nibble.toString(16)).join('')}`;
}

export function joinPaths(...parts: readonly (Nibbles | readonly number[])[]): Nibbles {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Number of nibbles that `path` shares with `key` from `depth` on. */
export function sharedNibbles(path: Nibbles, key: Nibbles, depth: number): number {
  let count = 0;
  while (count < path.length && path[count] === key[depth + count]) count++;
  return count;
}

/** Where a path, or a key, lies of a key: before it, behind it, or (0) on the way to it. */
export function comparePaths(path: Uint8Array, key: Uint8Array): number {
  for (const [index, nibble] of path.entries()) {
    const difference = nibble - (key[index] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function malformed(path: Nibbles, reason: string): ProofError {
  const at = shownPath(path);
  const message = `the node at path ${at} is none of a trie: ${reason}`;
  return new ProofError('proof/malformed', message, { details: { path: at, reason } });
}

function itemsOf(node: Exclude<TrieNode, HashNode>): RlpInput {
  switch (node.kind) {
    case 'leaf':
      return [compactPath(node.path, true), node.value];
    case 'extension':
      return [compactPath(node.path, false), referenceTo(node.child)];
    case 'branch':
      return [...node.children.map((child) => (child ? referenceTo(child) : NOTHING)), NOTHING];
  }
}

const NOTHING = new Uint8Array(0);

function nodeOf(item: RlpItem, path: Nibbles, keyNibbles: number): TrieNode {
  if (item instanceof Uint8Array) throw malformed(path, 'a string, where a list should be');
  if (item.length === 17) return branchOf(item, path, keyNibbles);
  if (item.length !== 2) throw malformed(path, `a list of ${item.length} items, not 2 or 17`);
  const [head, rest] = item as [RlpItem, RlpItem];
  const { leaf, nibbles } = decodePath(head, path);
  const end = path.length + nibbles.length;
  if (leaf) {
    if (end !== keyNibbles) {
      throw malformed(path, `a leaf that ends after ${end} nibbles of ${keyNibbles}`);
    }
    if (!(rest instanceof Uint8Array)) throw malformed(path, 'a leaf whose value is a list');
    if (rest.length === 0) throw malformed(path, 'a leaf without a value');
    return { kind: 'leaf', path: nibbles, value: rest };
  }
  if (nibbles.length === 0) throw malformed(path, 'an extension by nothing');
  if (end >= keyNibbles) throw malformed(path, `an extension past the key’s ${keyNibbles} nibbles`);
  const child = childOf(rest, joinPaths(path, nibbles), keyNibbles);
  if (child === undefined || child.kind === 'leaf' || child.kind === 'extension') {
    throw malformed(path, `an extension to ${child?.kind ?? 'nothing'}`);
  }
  return { kind: 'extension', path: nibbles, child };
}

function branchOf(items: readonly RlpItem[], path: Nibbles, keyNibbles: number): BranchNode {
  if (path.length >= keyNibbles) throw malformed(path, 'a branch where the key has ended');
  const value = items[16] as RlpItem;
  if (!(value instanceof Uint8Array) || value.length > 0) {
    throw malformed(path, 'a branch with a value');
  }
  const children = items
    .slice(0, 16)
    .map((item, nibble) => childOf(item, joinPaths(path, [nibble]), keyNibbles));
  const count = children.filter((child) => child !== undefined).length;
  if (count < 2) throw malformed(path, `a branch with ${count} children`);
  return { kind: 'branch', children };
}

function childOf(item: RlpItem, path: Nibbles, keyNibbles: number): TrieNode | undefined {
  if (item instanceof Uint8Array) {
    if (item.length === 0) return undefined;
    if (item.length === HASH_BYTES) return { kind: 'hash', reference: item };
    throw malformed(path, `named by ${item.length} bytes, not ${HASH_BYTES}`);
  }
  if (encodeRlp(item).length >= HASH_BYTES) {
    throw malformed(path, 'inside its parent, where its hash should be');
  }
  const node = nodeOf(item, path, keyNibbles);
  node.reference = item;
  return node;
}

/** Undoes the hex-prefix encoding, of which there is one for a path. */
function decodePath(item: RlpItem, at: Nibbles): { leaf: boolean; nibbles: Nibbles } {
  if (!(item instanceof Uint8Array)) throw malformed(at, 'a path that is a list');
  const first = item[0];
  if (first === undefined) throw malformed(at, 'a path without its prefix');
  const flags = first >> 4;
  if (flags > 3) throw malformed(at, `a path with the prefix ${flags}`);
  const odd = flags % 2 === 1;
  if (!odd && first % 16 !== 0) throw malformed(at, 'a path with something in its padding');
  return { leaf: flags >= 2, nibbles: nibblesOf(item).subarray(odd ? 1 : 2) };
}

function compactPath(path: Nibbles, leaf: boolean): Uint8Array {
  const odd = path.length % 2;
  const out = new Uint8Array(1 + (path.length - odd) / 2);
  out[0] = (leaf ? 0x20 : 0) + (odd === 1 ? 0x10 + (path[0] as number) : 0);
  for (let index = odd, at = 1; index < path.length; index += 2, at++) {
    out[at] = (path[index] as number) * 16 + (path[index + 1] as number);
  }
  return out;
}
