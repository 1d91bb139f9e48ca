/** A region's graph as SVG: boxes with pc, gas and stack, arrows down, loops back on the right. */
import { type Layout, layOut, type Point } from './layout.ts';
import type { ExplainedBlock, ExplainedRegion } from './model.ts';
import { signed } from './text.ts';

const NODE_WIDTH = 164;
const NODE_HEIGHT = 46;
const GAP = 22;
/** Room on the right for the jumps back. */
const LOOP_ROOM = 60;

/** `blocks` by pc. The boxes carry `data-pc`. */
export function regionSvg(
  { report }: ExplainedRegion,
  blocks: ReadonlyMap<number, ExplainedBlock>,
): string {
  const { nodes, exits } = report;
  const layout = layOut(
    nodes.map(({ successors }) => successors),
    { nodeWidth: NODE_WIDTH, nodeHeight: NODE_HEIGHT, gap: GAP },
  );
  const arrows = layout.edges.map(({ from, to, points }) =>
    points.length > 0
      ? `<path class="edge" d="${downward(points)}" marker-end="url(#tip)"/>`
      : `<path class="edge back" d="${backward(layout, from, to)}" marker-end="url(#tip)"/>`,
  );
  const boxes = nodes.map(({ pc, height, isHeader, isMerge }, i) => {
    const { x, y } = layout.nodes[i] as Point;
    const block = blocks.get(pc);
    const kind = i === 0 ? 'root' : isHeader ? 'loop' : isMerge ? 'merge' : 'plain';
    const leaves = exits.some(({ from }) => from >= pc && from < (block?.block.next ?? pc));
    const exit = leaves ? ' ↗' : '';
    const role = isHeader ? ' ⟳' : '';
    return (
      `<g class="node ${kind}" data-pc="${pc}" tabindex="0" ` +
      `transform="translate(${round(x - NODE_WIDTH / 2)} ${round(y - NODE_HEIGHT / 2)})">` +
      `<rect width="${NODE_WIDTH}" height="${NODE_HEIGHT}" rx="7"/>` +
      `<text x="10" y="19">${pc}${role}${exit}</text>` +
      `<text class="small" x="10" y="36">${block?.gas ?? 0} gas, stack ${signed(height)} → ` +
      `${signed(height + (block?.block.delta ?? 0))}</text></g>`
    );
  });
  const [width, height] = [round(layout.width + LOOP_ROOM), round(layout.height)];
  return (
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">` +
    `${arrows.join('')}${boxes.join('')}</svg>`
  );
}

function downward(points: readonly Point[]): string {
  const [first, ...rest] = points as [Point, ...Point[]];
  let path = `M${round(first.x)} ${round(first.y)}`;
  let { x, y } = first;
  for (const next of rest) {
    const bend = (next.y - y) / 2;
    path += `C${round(x)} ${round(y + bend)} ${round(next.x)} ${round(next.y - bend)}`;
    path += ` ${round(next.x)} ${round(next.y)}`;
    ({ x, y } = next);
  }
  return path;
}

/** Round the right of all nodes that lie between. */
function backward({ nodes }: Layout, from: number, to: number): string {
  const [low, high] = [nodes[from] as Point, nodes[to] as Point];
  const between = nodes.filter(({ y }) => y >= high.y && y <= low.y).map(({ x }) => x);
  const [x1, x2] = [low.x + NODE_WIDTH / 2, high.x + NODE_WIDTH / 2];
  const reach = Math.max(...between) + NODE_WIDTH / 2 + LOOP_ROOM * 0.8;
  const [y1, y2] = from === to ? [low.y + 12, low.y - 12] : [low.y, high.y];
  const bend = Math.min(40, (y1 - y2) / 2);
  return (
    `M${round(x1)} ${round(y1)}C${round(reach)} ${round(y1)} ${round(reach)} ${round(y1)} ` +
    `${round(reach)} ${round(y1 - bend)}L${round(reach)} ${round(y2 + bend)}` +
    `C${round(reach)} ${round(y2)} ${round(reach)} ${round(y2)} ${round(x2)} ${round(y2)}`
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
