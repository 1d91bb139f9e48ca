/**
 * Fourth pass: the region's graph as nested blocks and loops, by its dominator tree.
 *
 * N. Ramsey, "Beyond Relooper" (ICFP 2022): a node that several edges lead to forwards (a merge)
 * is emitted behind a wasm block that its dominator opens; a node with an edge back to it is a wasm
 * loop. Edges that would make the graph irreducible leave the region instead.
 * Dominators: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm".
 */
import { isDuplicate, isExchange } from './blocks.ts';
import type { Edge, Region, RegionNode } from './graph.ts';

export interface Structure {
  /** In reverse postorder, the root first; nodes that nothing reaches are left out. */
  readonly order: readonly RegionNode[];
  isHeader(node: RegionNode): boolean;
  /** Whether more than one edge leads forwards to the node. */
  isMerge(node: RegionNode): boolean;
  /** Whether the edge leads back to a loop that it stands in. */
  isBack(from: RegionNode, to: RegionNode): boolean;
  /** Merges whose immediate dominator is the node, the last one first. */
  mergesBelow(node: RegionNode): readonly RegionNode[];
  /** Slots below the header's height that its loop reads. */
  readsOf(header: RegionNode): ReadonlySet<number>;
}

const POP = 0x50;

export function structureOf(region: Region): Structure {
  for (;;) {
    const order = reversePostorder(region);
    const index = new Map(order.map((node, i) => [node, i]));
    const predecessors = predecessorsOf(order, index);
    const dominators = dominatorsOf(predecessors);
    if (!cutIrreducible(order, index, dominators)) {
      return describe(order, index, predecessors, dominators);
    }
  }
}

function successors(node: RegionNode): RegionNode[] {
  return [node.taken?.node, node.next?.node].filter((to) => to !== undefined);
}

function reversePostorder(region: Region): RegionNode[] {
  const root = region[0] as RegionNode;
  const seen = new Set([root]);
  const postorder: RegionNode[] = [];
  const open = [{ node: root, rest: successors(root) }];
  for (;;) {
    const top = open.at(-1);
    if (top === undefined) return postorder.reverse();
    const to = top.rest.pop();
    if (to === undefined) {
      postorder.push(top.node);
      open.pop();
    } else if (!seen.has(to)) {
      seen.add(to);
      open.push({ node: to, rest: successors(to) });
    }
  }
}

type Index = ReadonlyMap<RegionNode, number>;

/** By number in reverse postorder; one entry an edge. */
function predecessorsOf(order: readonly RegionNode[], index: Index): number[][] {
  const predecessors: number[][] = order.map(() => []);
  order.forEach((node, from) => {
    for (const to of successors(node)) predecessors[index.get(to) as number]?.push(from);
  });
  return predecessors;
}

/** The immediate dominator of each node; the root's is itself. */
function dominatorsOf(predecessors: readonly (readonly number[])[]): number[] {
  const dominators: number[] = predecessors.map((_, i) => (i === 0 ? 0 : -1));
  const at = (i: number) => dominators[i] as number;
  const meet = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (x > y) x = at(x);
      while (y > x) y = at(y);
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 1; i < predecessors.length; i++) {
      let dominator = -1;
      for (const from of predecessors[i] as readonly number[]) {
        if (at(from) < 0) continue;
        dominator = dominator < 0 ? from : meet(from, dominator);
      }
      if (dominator !== at(i)) {
        dominators[i] = dominator;
        changed = true;
      }
    }
  }
  return dominators;
}

function dominates(dominators: readonly number[], a: number, b: number): boolean {
  let node = b;
  while (node > a) node = dominators[node] as number;
  return node === a;
}

/** Turns edges back to what does not dominate their source into exits. */
function cutIrreducible(
  order: readonly RegionNode[],
  index: Index,
  dominators: readonly number[],
): boolean {
  let cut = false;
  order.forEach((node, from) => {
    for (const kind of ['taken', 'next'] as const) {
      const edge: Edge | undefined = node[kind];
      if (edge?.node === undefined) continue;
      const to = index.get(edge.node) as number;
      if (to > from || dominates(dominators, to, from)) continue;
      node[kind] = { pc: edge.pc, node: undefined };
      cut = true;
    }
  });
  return cut;
}

function describe(
  order: readonly RegionNode[],
  index: Index,
  predecessors: readonly (readonly number[])[],
  dominators: readonly number[],
): Structure {
  const headers = new Set<RegionNode>();
  const merges = new Set<RegionNode>();
  const below = new Map<RegionNode, RegionNode[]>();
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as RegionNode;
    const sources = predecessors[i] as readonly number[];
    const forwards = sources.filter((from) => from < i).length;
    if (forwards < sources.length) headers.add(node);
    if (forwards < 2) continue;
    merges.add(node);
    const dominator = order[dominators[i] as number] as RegionNode;
    below.set(dominator, [...(below.get(dominator) ?? []), node]);
  }
  const reads = new Map<RegionNode, ReadonlySet<number>>();
  for (const header of headers) {
    reads.set(header, readsOfLoop(index.get(header) as number, order, predecessors));
  }
  return {
    order,
    isHeader: (node) => headers.has(node),
    isMerge: (node) => merges.has(node),
    isBack: (from, to) => (index.get(to) as number) <= (index.get(from) as number),
    mergesBelow: (node) => below.get(node) ?? [],
    readsOf: (header) => reads.get(header) ?? new Set(),
  };
}

/** What the natural loop of a header reads of the stack that it found. */
function readsOfLoop(
  header: number,
  order: readonly RegionNode[],
  predecessors: readonly (readonly number[])[],
): ReadonlySet<number> {
  const body = new Set([header]);
  const open = (predecessors[header] as readonly number[]).filter((from) => from >= header);
  for (;;) {
    const i = open.pop();
    if (i === undefined) break;
    if (body.has(i)) continue;
    body.add(i);
    open.push(...(predecessors[i] as readonly number[]));
  }
  const reads = new Set<number>();
  const { height } = order[header] as RegionNode;
  for (const i of body) {
    for (const slot of slotsRead(order[i] as RegionNode)) if (slot < height) reads.add(slot);
  }
  return reads;
}

function slotsRead(node: RegionNode): number[] {
  const slots: number[] = [];
  let height = node.height;
  for (const { row } of node.block.instructions) {
    const { byte, pops, pushes } = row;
    if (isDuplicate(row)) slots.push(height - pops);
    else if (isExchange(row)) slots.push(height - 1, height - pops);
    else if (byte !== POP) {
      for (let slot = height - pops; slot < height; slot++) slots.push(slot);
    }
    height += pushes - pops;
  }
  return slots;
}

/** What the nodes of a region need of the stack at its root. */
export function boundsOf(structure: Structure): { needMax: number; growthMax: number } {
  let needMax = 0;
  let growthMax = 0;
  for (const { block, height } of structure.order) {
    needMax = Math.max(needMax, block.need - height);
    growthMax = Math.max(growthMax, height + block.growth);
  }
  return { needMax, growthMax };
}
