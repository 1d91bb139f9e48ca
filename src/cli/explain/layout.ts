/**
 * Places the nodes of a graph in layers, from the root down (after Sugiyama): each below all that
 * lead to it, loops left aside; long edges pass through places of their own; layers are ordered by
 * the middle of their neighbours, which leaves few crossings.
 */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  readonly from: number;
  readonly to: number;
  /** From below the one node to above the other; empty for a jump back. */
  readonly points: readonly Point[];
}

export interface Layout {
  /** Middles of the nodes. */
  readonly nodes: readonly Point[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
}

export interface LayoutOptions {
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  readonly gap: number;
}

const SWEEPS = 6;
/** Width of a place that an edge passes through, in parts of a node's. */
const BEND_PART = 0.15;

interface Place {
  readonly layer: number;
  /** Undefined for a bend of an edge. */
  readonly node: number | undefined;
  readonly above: Place[];
  readonly below: Place[];
  x: number;
}

/** `successors` by node, those that come before a node in the order being jumps back. */
export function layOut(
  successors: readonly (readonly number[])[],
  { nodeWidth, nodeHeight, gap }: LayoutOptions,
): Layout {
  const layerOf = findLayers(successors);
  const layers: Place[][] = [];
  const add = (layer: number, node: number | undefined): Place => {
    const place: Place = { layer, node, above: [], below: [], x: 0 };
    const row = layers[layer] ?? [];
    layers[layer] = row;
    row.push(place);
    return place;
  };
  const places = layerOf.map((layer, node) => add(layer, node));
  const chains = successors.flatMap((targets, from) =>
    targets.map((to) => {
      const chain = [places[from] as Place];
      if (to > from) {
        for (let layer = (layerOf[from] ?? 0) + 1; layer < (layerOf[to] ?? 0); layer++) {
          chain.push(add(layer, undefined));
        }
        chain.push(places[to] as Place);
        for (let i = 1; i < chain.length; i++) link(chain[i - 1] as Place, chain[i] as Place);
      }
      return { from, to, chain };
    }),
  );
  const widthOf = ({ node }: Place) => (node === undefined ? BEND_PART : 1) * nodeWidth + gap;
  for (const layer of layers) spread(layer, widthOf, undefined);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : layers.toReversed()) {
      spread(layer, widthOf, (place) => middle(down ? place.above : place.below));
    }
  }
  const left = Math.min(...layers.flat().map((place) => place.x - widthOf(place) / 2));
  const right = Math.max(...layers.flat().map((place) => place.x + widthOf(place) / 2));
  const rowHeight = nodeHeight + 1.6 * gap;
  const point = ({ x, layer }: Place, dy: number): Point => ({
    x: x - left,
    y: layer * rowHeight + rowHeight / 2 + dy,
  });
  return {
    nodes: places.map((place) => point(place, 0)),
    edges: chains.map(({ from, to, chain }) => ({
      from,
      to,
      points:
        chain.length < 2
          ? []
          : chain.map((place, i) =>
              point(place, i === 0 ? nodeHeight / 2 : i === chain.length - 1 ? -nodeHeight / 2 : 0),
            ),
    })),
    width: right - left,
    height: layers.length * rowHeight,
  };
}

function findLayers(successors: readonly (readonly number[])[]): number[] {
  const layers = successors.map(() => 0);
  successors.forEach((targets, from) => {
    for (const to of targets) {
      if (to > from) layers[to] = Math.max(layers[to] ?? 0, (layers[from] ?? 0) + 1);
    }
  });
  return layers;
}

function link(above: Place, below: Place): void {
  above.below.push(below);
  below.above.push(above);
}

function middle(places: readonly Place[]): number | undefined {
  if (places.length === 0) return undefined;
  return places.reduce((sum, { x }) => sum + x, 0) / places.length;
}

/** Orders a layer by where its places would like to be, and lets none lie upon another. */
function spread(
  layer: Place[],
  widthOf: (place: Place) => number,
  wish: ((place: Place) => number | undefined) | undefined,
): void {
  const wishes = new Map(layer.map((place) => [place, wish?.(place) ?? place.x]));
  if (wish !== undefined) layer.sort((a, b) => (wishes.get(a) ?? 0) - (wishes.get(b) ?? 0));
  let edge = Number.NEGATIVE_INFINITY;
  let drift = 0;
  for (const place of layer) {
    const half = widthOf(place) / 2;
    const wanted = wishes.get(place) ?? 0;
    place.x = Math.max(wanted, edge + half);
    drift += place.x - wanted;
    edge = place.x + half;
  }
  for (const place of layer) place.x -= drift / layer.length;
}
