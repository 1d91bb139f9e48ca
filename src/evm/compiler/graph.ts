/**
 * Third pass: a region's graph, grown from its root along the hottest edges.
 *
 * A node is a block at a height of the stack (relative to the root's entry), with the return
 * addresses that are known to lie on the stack. So an internal function of Solidity is a node of
 * its own for each call that the region holds, and its jump back is an edge. The same node again
 * is a merge or a loop.
 */
import { type Block, isDuplicate, isExchange, isPush } from './blocks.ts';
import { type Heat, isCold, smallImmediate } from './regions.ts';

/** Bytes of bytecode in a region, and in one whose root is a loop's header. */
export const REGION_BYTES_MAX = 2000;
export const LOOP_BYTES_MAX = 4000;
export const NODES_MAX = 400;
/** Nodes of one block in a region. */
export const CLONES_MAX = 8;
/** What is entered once when the root is entered more often than this stays outside. */
const RARE_PART = 128;
/** How far the stack of a region may reach below and above its height at the root. */
export const REACH_MAX = 200;

/** Where control goes: to a node of the region, or out of it. */
export interface Edge {
  /** Destination, or -1 where only the run knows it. */
  readonly pc: number;
  /** Undefined where the edge leaves the region. */
  readonly node: RegionNode | undefined;
}

export interface RegionNode {
  readonly block: Block;
  /** Items above the root's entry height, negative below it. */
  readonly height: number;
  /** About how often it was entered, as far as the counts tell. */
  readonly weight: number;
  /** Where a jump at the block's end leads. */
  taken: Edge | undefined;
  /** Where the block falls through to. */
  next: Edge | undefined;
}

/** The nodes in the order in which they were found, the root first. */
export type Region = readonly RegionNode[];

/** JUMPDESTs known to lie on the stack, by slot. */
type Labels = ReadonlyMap<number, number>;

interface Known {
  readonly node: RegionNode;
  readonly labels: Labels;
}

interface Candidate {
  readonly from: RegionNode;
  readonly kind: 'taken' | 'next';
  readonly pc: number;
  readonly height: number;
  readonly labels: Labels;
  readonly weight: number;
}

const JUMP = 0x56;
const JUMPI = 0x57;
const OUTSIDE: Edge = { pc: -1, node: undefined };

/** The region of `root` with at most `bytesMax` bytes of bytecode beyond the root's own. */
export function growRegion(code: Uint8Array, root: Block, heat: Heat, bytesMax: number): Region {
  return new Growth(code, heat, bytesMax).grow(root);
}

class Growth {
  readonly #code: Uint8Array;
  readonly #heat: Heat;
  readonly #nodes: RegionNode[] = [];
  /** By pc. */
  readonly #known = new Map<number, Known[]>();
  /** Edges that may be followed, the least heavy first. */
  readonly #candidates: Candidate[] = [];
  #budget: number;
  #rootWeight = 1;

  constructor(code: Uint8Array, heat: Heat, bytesMax: number) {
    this.#code = code;
    this.#heat = heat;
    this.#budget = bytesMax;
  }

  grow(root: Block): Region {
    this.#rootWeight = Math.max(1, this.#heat.countOf(root.pc));
    this.#add(root, 0, new Map(), this.#rootWeight);
    for (;;) {
      const candidate = this.#candidates.pop();
      if (candidate === undefined) return this.#nodes;
      const node = this.#nodeFor(candidate);
      candidate.from[candidate.kind] = { pc: candidate.pc, node };
    }
  }

  #nodeFor(candidate: Candidate): RegionNode | undefined {
    const { pc, height, labels, weight, kind } = candidate;
    const block = this.#heat.blockAt(pc);
    if (block === undefined || isCold(block)) return undefined;
    if (kind === 'taken' && !this.#heat.isHot(pc)) return undefined;
    if (weight * RARE_PART < this.#rootWeight) return undefined;
    const clones = this.#known.get(pc) ?? [];
    const known = clones.find(({ node, labels: own }) => {
      return node.height === height && areSame(own, labels);
    });
    if (known !== undefined) return known.node;
    if (this.#isLoopOutside(candidate)) return undefined;
    const size = block.next - block.pc;
    if (size > this.#budget || clones.length >= CLONES_MAX || this.#nodes.length >= NODES_MAX) {
      return undefined;
    }
    if (height + block.growth > REACH_MAX || height - block.need < -REACH_MAX) return undefined;
    this.#budget -= size;
    return this.#add(block, height, labels, weight);
  }

  /**
   * Whether a jump leads back to a loop whose header the region did not come through. The loop has
   * a function of its own; each root within it would hold a copy else. A call of what stands
   * before it is no loop: it leaves a way back on the stack.
   */
  #isLoopOutside({ from, kind, pc, labels }: Candidate): boolean {
    if (kind !== 'taken' || pc > from.block.pc || !this.#heat.isHeader(pc)) return false;
    return ![...labels.values()].includes(from.block.next);
  }

  #add(block: Block, height: number, labels: Labels, weight: number): RegionNode {
    const node: RegionNode = { block, height, weight, taken: undefined, next: undefined };
    this.#nodes.push(node);
    const clones = this.#known.get(block.pc);
    if (clones === undefined) this.#known.set(block.pc, [{ node, labels }]);
    else clones.push({ node, labels });
    this.#findEdges(node, labels, weight);
    return node;
  }

  #findEdges(node: RegionNode, before: Labels, weight: number): void {
    const { block } = node;
    const last = block.instructions.at(-1);
    const { labels, target } = this.#follow(node, before);
    const height = node.height + block.delta;
    const offer = (kind: 'taken' | 'next', pc: number, own: number) => {
      node[kind] = { pc, node: undefined };
      insertByWeight(this.#candidates, { from: node, kind, pc, height, labels, weight: own });
    };
    const byte = last?.row.byte;
    const count = target === undefined ? 0 : Math.min(weight, this.#heat.countOf(target));
    if (byte === JUMP || byte === JUMPI) {
      if (target === undefined) node.taken = OUTSIDE;
      else offer('taken', target, count);
    }
    // What did not jump fell through.
    if (byte === JUMPI || last?.row.endsBlock !== true) {
      offer('next', block.next, Math.max(1, weight - count));
    }
  }

  /** The labels after the block, and where its jump leads if that is known. */
  #follow(node: RegionNode, before: Labels): { labels: Labels; target: number | undefined } {
    const labels = new Map(before);
    let height = node.height;
    let target: number | undefined;
    const put = (slot: number, label: number | undefined) => {
      if (label === undefined) labels.delete(slot);
      else labels.set(slot, label);
    };
    for (const { pc, row } of node.block.instructions) {
      const { byte, pops, pushes } = row;
      if (isPush(row)) {
        const value = smallImmediate(this.#code, pc, row.immediate);
        const isLabel = value !== undefined && this.#heat.isDestination(value);
        put(height, isLabel ? value : undefined);
      } else if (isDuplicate(row)) put(height, labels.get(height - pops));
      else if (isExchange(row)) {
        const [top, other] = [labels.get(height - 1), labels.get(height - pops)];
        put(height - 1, other);
        put(height - pops, top);
      } else {
        if (byte === JUMP || byte === JUMPI) target = labels.get(height - 1);
        for (let slot = height - pops; slot < Math.max(height, height - pops + pushes); slot++) {
          labels.delete(slot);
        }
      }
      height += pushes - pops;
    }
    for (const slot of labels.keys()) if (slot >= height) labels.delete(slot);
    return { labels, target };
  }
}

/** The heaviest is last; of equal ones, the one that came first. */
function insertByWeight(candidates: Candidate[], candidate: Candidate): void {
  let low = 0;
  let high = candidates.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((candidates[middle] as Candidate).weight < candidate.weight) low = middle + 1;
    else high = middle;
  }
  candidates.splice(low, 0, candidate);
}

function areSame(a: Labels, b: Labels): boolean {
  if (a.size !== b.size) return false;
  for (const [slot, label] of a) if (b.get(slot) !== label) return false;
  return true;
}
