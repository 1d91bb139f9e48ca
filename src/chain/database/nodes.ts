/**
 * Blocks of the tree: the head's branch back to the oldest block that can be gone back to, and
 * what branches off it. Everything here is in memory: headers, and where the rest lies.
 */

import type { Hash } from '../../evm/types.ts';
import type { KnownBlock } from '../block-tree.ts';

export interface Node extends KnownBlock {
  /** Of the oldest block, none. */
  parent: Node | undefined;
  /** Number of its record in the block log. */
  readonly record: bigint;
}

/** How to come from one block's state to another's. */
export interface Path {
  /** Blocks to go back over, in this order. */
  readonly back: readonly Node[];
  /** Blocks to go forward over, in this order. */
  readonly forward: readonly Node[];
}

export class Nodes {
  readonly #byHash = new Map<Hash, Node>();
  #root: Node;

  constructor(root: Node) {
    this.#root = root;
    this.#byHash.set(root.hash, root);
  }

  /** The oldest block. */
  get root(): Node {
    return this.#root;
  }

  get size(): number {
    return this.#byHash.size;
  }

  get(hash: Hash): Node | undefined {
    return this.#byHash.get(hash);
  }

  add(node: Node): void {
    this.#byHash.set(node.hash, node);
  }

  [Symbol.iterator](): IterableIterator<Node> {
    return this.#byHash.values();
  }

  /** Both are of the tree. PERF: O(distance). */
  path(from: Node, to: Node): Path {
    const back: Node[] = [];
    const forward: Node[] = [];
    let left: Node = from;
    let right: Node = to;
    while (left !== right) {
      const lower = left.header.number > right.header.number;
      if (lower || left.header.number === right.header.number) {
        back.push(left);
        left = left.parent as Node;
      }
      if (!lower) {
        forward.push(right);
        right = right.parent as Node;
      }
    }
    return { back, forward: forward.reverse() };
  }

  /** The ancestor of a node with the number, or the node itself; undefined below the root. */
  ancestor(node: Node, number: bigint): Node | undefined {
    let at: Node | undefined = node;
    while (at !== undefined && at.header.number > number) at = at.parent;
    return at?.header.number === number ? at : undefined;
  }

  /** Makes a block the oldest; drops what does not descend from it. PERF: O(blocks). */
  prune(root: Node): void {
    root.parent = undefined;
    this.#root = root;
    // A node comes behind its parent, so one pass is enough.
    for (const node of this.#byHash.values()) {
      const isKept = node.parent !== undefined && this.#byHash.has(node.parent.hash);
      if (node !== root && !isKept) this.#byHash.delete(node.hash);
    }
  }
}
