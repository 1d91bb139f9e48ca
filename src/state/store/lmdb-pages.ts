/**
 * Which pages of LMDB's file its last transaction reaches: whether a file that is shorter than its
 * head says lacks anything. LMDB leaves it shorter where the last pages were taken and given back
 * in one transaction; what nothing leads to is never read.
 *
 *   page:  0 u64 own number | 18 u16 flags | 20 u16 bytes of the list of nodes
 *          24 list: where each node is, u16, counted from 24 on, too
 *   node:  u32 size or page | u16 flags, or the page's upper bits | u16 bytes of key | key | data
 *   tree:  (in a meta page) 6 u16 depth | 24 u64 overflow pages | 40 u64 root
 */

import { readSync } from 'node:fs';

/** A tree of the meta page: that of free pages, or that of what is stored. */
export interface TreePlace {
  readonly root: bigint;
  readonly depth: number;
  readonly overflowPages: bigint;
}

export interface PagedFile {
  readonly descriptor: number;
  readonly pageBytes: number;
  /** Whole pages that the file has. */
  readonly pages: bigint;
}

export const TREE_BYTES = 48;
const NONE = 0xffff_ffff_ffff_ffffn;
const PAGE_HEAD = 24;
const NODE_HEAD = 8;
const BRANCH = 1;
const LEAF = 2;
/** Of a node whose data lies in pages of its own, and of one that is another tree. */
const IS_LARGE = 1;
const IS_TREE = 2;

export function treeIn(meta: DataView, at: number): TreePlace {
  return {
    depth: meta.getUint16(at + 6, true),
    overflowPages: meta.getBigUint64(at + 24, true),
    root: meta.getBigUint64(at + 40, true),
  };
}

/**
 * Whether all pages that a tree reaches are in the file, and look like its pages.
 * PERF: reads the tree's branches, and its leaves where values have pages of their own.
 */
export function isWholeTree(file: PagedFile, tree: TreePlace): boolean {
  return tree.root === NONE || new Walk(file, tree.overflowPages > 0n).reaches(tree);
}

class Walk {
  readonly #file: PagedFile;
  readonly #looksAtLeaves: boolean;
  /** No tree reaches a page twice, so that a damaged one does not keep us for ever. */
  #left: bigint;

  constructor(file: PagedFile, looksAtLeaves: boolean) {
    this.#file = file;
    this.#looksAtLeaves = looksAtLeaves;
    this.#left = file.pages;
  }

  reaches({ root, depth }: TreePlace): boolean {
    return this.#page(root, depth);
  }

  /** @param level 1 for a leaf */
  #page(number: bigint, level: number): boolean {
    this.#left -= 1n;
    if (level < 1 || this.#left < 0n || number >= this.#file.pages) return false;
    if (level === 1 && !this.#looksAtLeaves) return true;
    const page = this.#read(number);
    if (page === undefined) return false;
    const isLeaf = level === 1;
    if ((page.getUint16(18, true) & (isLeaf ? LEAF : BRANCH)) === 0) return false;
    const nodes = page.getUint16(20, true) >> 1;
    if (nodes === 0 || PAGE_HEAD + 2 * nodes > page.byteLength) return false;
    for (let node = 0; node < nodes; node++) {
      const at = PAGE_HEAD + page.getUint16(PAGE_HEAD + 2 * node, true);
      const isWhole = isLeaf ? this.#leafNode(page, at) : this.#branchNode(page, at, level);
      if (!isWhole) return false;
    }
    return true;
  }

  #branchNode(page: DataView, at: number, level: number): boolean {
    if (at + NODE_HEAD > page.byteLength) return false;
    const low = BigInt(page.getUint32(at, true));
    const number = low | (BigInt(page.getUint16(at + 4, true)) << 32n);
    return this.#page(number, level - 1);
  }

  #leafNode(page: DataView, at: number): boolean {
    if (at + NODE_HEAD > page.byteLength) return false;
    const flags = page.getUint16(at + 4, true);
    if ((flags & IS_TREE) !== 0) return false;
    if ((flags & IS_LARGE) === 0) return true;
    const data = at + NODE_HEAD + page.getUint16(at + 6, true);
    if (data + 8 > page.byteLength) return false;
    const { pageBytes, pages } = this.#file;
    const size = page.getUint32(at, true);
    const count = BigInt(Math.ceil((PAGE_HEAD + size) / pageBytes));
    this.#left -= count;
    return page.getBigUint64(data, true) + count <= pages && this.#left >= 0n;
  }

  /** undefined where something else is in its place. */
  #read(number: bigint): DataView | undefined {
    const { descriptor, pageBytes } = this.#file;
    // PERF: one buffer a level would do; branches are few.
    const bytes = new Uint8Array(pageBytes);
    const size = readSync(descriptor, bytes, 0, pageBytes, Number(number) * pageBytes);
    const view = new DataView(bytes.buffer);
    return size === pageBytes && view.getBigUint64(0, true) === number ? view : undefined;
  }
}
