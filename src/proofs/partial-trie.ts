/**
 * A Merkle Patricia trie of which only the nodes that somebody gave are known: those of a proof,
 * or of a block's witness. What it answers is as true as its root: each node is known by its
 * hash. What it would need and was not given is an error that names the node's place.
 *
 * A node is fetched when an operation first comes upon it, so whoever writes down what is fetched
 * has exactly the nodes that the operations need. It needs nothing of the node, and runs in a
 * browser.
 */

import { type Hex, toHex } from '../base/bytes.ts';
import { keccak256 } from '../base/keccak.ts';
import {
  type BranchNode,
  decodeNode,
  encodeNode,
  type HashNode,
  joinPaths,
  malformed,
  type Nibbles,
  nibblesOf,
  ProofError,
  sharedNibbles,
  shownPath,
  type TrieNode,
} from './trie-node.ts';

/** Keccak-256 of the RLP of the empty string: the root of a trie without entries. */
export const EMPTY_TRIE_ROOT: Hex =
  '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

/** Where nodes come from. */
export interface NodeSource {
  /**
   * The bytes with that Keccak-256 hash, which it has made sure of, or undefined where it has
   * none. `path` is where the node stands.
   */
  node(hash: Hex, path: Nibbles): Uint8Array | undefined;
}

/** Nodes of the witness of a block that does nothing but read, at gas limits ten times today's. */
export const NODES_MAX = 4_194_304;

/** Nodes in any order, each once or more often. PERF: hashes each of them */
export class NodePool implements NodeSource {
  readonly #nodes = new Map<Hex, Uint8Array>();

  /** @throws ProofError `proof/too large` for more than `NODES_MAX` */
  constructor(nodes: Iterable<Uint8Array>) {
    for (const node of nodes) {
      if (this.#nodes.size >= NODES_MAX) {
        throw new ProofError('proof/too large', `there are more than ${NODES_MAX} nodes`);
      }
      this.#nodes.set(toHex(keccak256(node)), node);
    }
  }

  node(hash: Hex): Uint8Array | undefined {
    return this.#nodes.get(hash);
  }
}

export interface PartialTrieOptions {
  /** Size of every key; 32 when left out. */
  readonly keyBytes?: number;
  /** What errors call the trie. */
  readonly name?: string;
}

/** An entry to be put, or, without a value, deleted. */
export interface PartialTrieEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

export class PartialTrie {
  readonly #source: NodeSource;
  readonly #keyNibbles: number;
  readonly #name: string;
  #root: TrieNode | undefined;

  /** The trie with that root. For one that begins empty the root is `EMPTY_TRIE_ROOT`. */
  constructor(root: Hex, source: NodeSource, options: PartialTrieOptions = {}) {
    this.#source = source;
    this.#keyNibbles = 2 * (options.keyBytes ?? 32);
    this.#name = options.name ?? 'the trie';
    const empty = root === EMPTY_TRIE_ROOT;
    this.#root = empty ? undefined : { kind: 'hash', reference: Uint8Array.fromHex(root.slice(2)) };
  }

  /**
   * The value of a key, or undefined where the nodes prove that there is none.
   * @throws ProofError `proof/missing` where they prove neither
   */
  get(key: Uint8Array): Uint8Array | undefined {
    const nibbles = this.#nibblesOf(key);
    let depth = 0;
    let node = this.#rootNode();
    while (node !== undefined) {
      if (node.kind === 'branch') {
        node = this.#childAt(node, nibbles, depth);
        depth += 1;
        continue;
      }
      if (sharedNibbles(node.path, nibbles, depth) < node.path.length) return undefined;
      if (node.kind === 'leaf') return node.value;
      depth += node.path.length;
      node = this.#childOf(node, nibbles.subarray(0, depth));
    }
    return undefined;
  }

  /** @throws ProofError `proof/missing`; the trie is as it was then */
  put(key: Uint8Array, value: Uint8Array): void {
    if (value.length === 0) throw new RangeError('an empty value: delete the key instead');
    this.#root = this.#put(this.#rootNode(), this.#nibblesOf(key), 0, value);
  }

  /** Deletes what may be absent. @throws ProofError `proof/missing`; the trie is as it was then */
  delete(key: Uint8Array): void {
    this.#root = this.#delete(this.#rootNode(), this.#nibblesOf(key), 0);
  }

  /**
   * Puts, then deletes. In this order a branch whose only other child comes into being in the
   * same update stays one, and its last child need not be known.
   */
  update(entries: readonly PartialTrieEntry[]): void {
    for (const { key, value } of entries) if (value !== undefined) this.put(key, value);
    for (const { key, value } of entries) if (value === undefined) this.delete(key);
  }

  /** The root's hash. */
  root(): Hex {
    const node = this.#root;
    if (node === undefined) return EMPTY_TRIE_ROOT;
    return toHex(node.kind === 'hash' ? node.reference : keccak256(encodeNode(node)));
  }

  #nibblesOf(key: Uint8Array): Nibbles {
    if (2 * key.length === this.#keyNibbles) return nibblesOf(key);
    throw new RangeError(`a key of ${key.length} bytes: keys have ${this.#keyNibbles / 2}`);
  }

  #rootNode(): Known | undefined {
    if (this.#root?.kind === 'hash') this.#root = this.#fetch(this.#root, new Uint8Array(0));
    return this.#root as Known | undefined;
  }

  #childAt(branch: BranchNode, key: Nibbles, depth: number): Known | undefined {
    const nibble = key[depth] as number;
    const child = branch.children[nibble];
    if (child?.kind !== 'hash') return child;
    const known = this.#fetch(child, key.subarray(0, depth + 1));
    branch.children[nibble] = known;
    return known;
  }

  #childOf(node: Known & { kind: 'extension' }, path: Nibbles): BranchNode {
    if (node.child.kind === 'branch') return node.child;
    const known = this.#fetch(node.child, path);
    if (known.kind !== 'branch') throw malformed(path, `an extension to ${known.kind}`);
    node.child = known;
    return known;
  }

  #fetch({ reference }: HashNode, path: Nibbles): Known {
    const hash = toHex(reference);
    const bytes = this.#source.node(hash, path);
    if (bytes === undefined) {
      const details = { path: shownPath(path), hash, trie: this.#name };
      const message = `${this.#name} lacks the node ${hash} at path ${details.path}`;
      throw new ProofError('proof/missing', message, { details });
    }
    const node = decodeNode(bytes, { path, keyNibbles: this.#keyNibbles }) as Known;
    node.reference = reference;
    return node;
  }

  #put(node: Known | undefined, key: Nibbles, depth: number, value: Uint8Array): Known {
    if (node === undefined) return { kind: 'leaf', path: key.slice(depth), value };
    if (node.kind === 'branch') {
      const child = this.#put(this.#childAt(node, key, depth), key, depth + 1, value);
      return withChild(node, key[depth] as number, child);
    }
    const shared = sharedNibbles(node.path, key, depth);
    if (shared < node.path.length) return split(node, shared, key, depth, value);
    if (node.kind === 'leaf') return { kind: 'leaf', path: node.path, value };
    const at = depth + shared;
    const child = this.#put(this.#childOf(node, key.subarray(0, at)), key, at, value);
    return { kind: 'extension', path: node.path, child: child as BranchNode };
  }

  #delete(node: Known | undefined, key: Nibbles, depth: number): Known | undefined {
    if (node === undefined) return undefined;
    if (node.kind === 'branch') return this.#deleteBelow(node, key, depth);
    const shared = sharedNibbles(node.path, key, depth);
    if (shared < node.path.length) return node;
    if (node.kind === 'leaf') return undefined;
    const before = this.#childOf(node, key.subarray(0, depth + shared));
    const after = this.#delete(before, key, depth + shared);
    // A branch has two children, so something is left of it.
    return after === before ? node : below(node.path, after as Known);
  }

  #deleteBelow(branch: BranchNode, key: Nibbles, depth: number): Known {
    const before = this.#childAt(branch, key, depth);
    const after = this.#delete(before, key, depth + 1);
    const nibble = key[depth] as number;
    if (after === before) return branch;
    const children = branch.children.with(nibble, after);
    const left = [...children.keys()].filter((index) => children[index] !== undefined);
    if (left.length > 1) return { kind: 'branch', children };
    // The last child takes the branch's place, so its kind must be known.
    const last = left[0] as number;
    const place = joinPaths(key.subarray(0, depth), [last]);
    const child = last === nibble ? after : this.#childAt(branch, place, depth);
    return below(Uint8Array.of(last), child as Known);
  }
}

type Known = Exclude<TrieNode, HashNode>;

function withChild(branch: BranchNode, nibble: number, child: Known): BranchNode {
  return { kind: 'branch', children: branch.children.with(nibble, child) };
}

/** The node `child`, whose parent was a branch or extension with that path, in its place. */
function below(path: Nibbles, child: Known): Known {
  if (child.kind === 'branch') return { kind: 'extension', path, child };
  const joined = joinPaths(path, child.path);
  return child.kind === 'leaf'
    ? { kind: 'leaf', path: joined, value: child.value }
    : { kind: 'extension', path: joined, child: child.child };
}

/** A leaf or extension whose path leaves the key's after `shared` nibbles, with the key in it. */
function split(
  node: Exclude<Known, BranchNode>,
  shared: number,
  key: Nibbles,
  depth: number,
  value: Uint8Array,
): Known {
  const children: (TrieNode | undefined)[] = new Array(16).fill(undefined);
  const rest = node.path.slice(shared + 1);
  const nibble = node.path[shared] as number;
  if (node.kind === 'leaf') {
    children[nibble] = { kind: 'leaf', path: rest, value: node.value };
  } else {
    children[nibble] =
      rest.length === 0 ? node.child : { kind: 'extension', path: rest, child: node.child };
  }
  const at = depth + shared;
  children[key[at] as number] = { kind: 'leaf', path: key.slice(at + 1), value };
  const branch: BranchNode = { kind: 'branch', children };
  if (shared === 0) return branch;
  return { kind: 'extension', path: node.path.slice(0, shared), child: branch };
}
