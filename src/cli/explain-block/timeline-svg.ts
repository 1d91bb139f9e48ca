/**
 * The timeline of a block as SVG. What lies along the time is placed in percent, so that the width
 * is the page's choice: it zooms by making the picture wider, and letters and heights stay.
 */
import { type BlockExplanation, rowsOf } from './model.ts';
import { ticksOf } from './ticks.ts';
import { isUseful, type Span } from './timeline.ts';

/** Pixels. */
export const AXIS_HEIGHT = 24;
export const ROW_HEIGHT = 40;
const BAR_HEIGHT = 28;
const CHAIN_HEIGHT = 4;
/** Ticks by how wide the picture is, in widths of the page. */
export const ZOOMS: readonly number[] = [1, 2, 4, 8, 16, 32, 64];
const TICKS = 7;
/** Percent of the first zoom below which a bar is too narrow for a number at the last one. */
const LABEL_PERCENT_MIN = 0.04;

/** Bars carry `data-i`, the transaction, and `data-s`, the span's place in `spans`. */
export function timelineSvg(explanation: BlockExplanation): string {
  const { ms, spans, longest } = explanation;
  const height = AXIS_HEIGHT + rowsOf(explanation) * ROW_HEIGHT;
  const onLongest = new Set(longest.indices);
  const percent = (value: number) => `${((100 * value) / ms).toFixed(4)}%`;
  const parts: string[] = [];
  const labels: string[] = [];
  for (const [place, span] of spans.entries()) {
    const { index, startMs, endMs, kind } = span;
    const y = topOf(span);
    const at = `x="${percent(startMs)}" width="${percent(endMs - startMs)}"`;
    const whose = index === undefined ? '' : ` data-i="${index}"`;
    const name = classOf(kind);
    parts.push(
      `<rect class="${name}"${whose} data-s="${place}" ${at} y="${y}" height="${BAR_HEIGHT}"/>`,
    );
    if (!isUseful(kind) || index === undefined) continue;
    if (onLongest.has(index)) {
      const bottom = y + BAR_HEIGHT + 1;
      parts.push(`<rect class="chain" ${at} y="${bottom}" height="${CHAIN_HEIGHT}"/>`);
    }
    const share = (100 * (endMs - startMs)) / ms;
    if (share < LABEL_PERCENT_MIN) continue;
    const middle = `x="${percent((startMs + endMs) / 2)}" y="${y + BAR_HEIGHT / 2 + 4}"`;
    labels.push(`<text class="n" data-w="${share.toFixed(3)}" ${middle}>${index}</text>`);
  }
  const ticks = ZOOMS.map((zoom) => ticksPart(ms, zoom, height));
  return (
    `<svg id="timeline" width="100%" height="${height}" role="img" ` +
    `aria-label="what each worker did when">${ticks.join('')}${parts.join('')}` +
    `${labels.join('')}</svg>`
  );
}

/** A class that CSS can name. */
export function classOf(kind: Span['kind']): string {
  return kind.replace(' ', '-');
}

function topOf({ worker }: Span): number {
  return AXIS_HEIGHT + (worker - 1) * ROW_HEIGHT + 4;
}

function ticksPart(ms: number, zoom: number, height: number): string {
  const ticks = ticksOf(ms, TICKS * zoom).map(({ atMs, label }) => {
    const x = `${((100 * atMs) / ms).toFixed(4)}%`;
    // The last one has no room on its right.
    const text = atMs / ms < 1 - 0.07 / zoom ? `<text x="${x}" dx="4" y="13">${label}</text>` : '';
    return `<line x1="${x}" x2="${x}" y1="2" y2="${height}"/>${text}`;
  });
  return `<g class="ticks" data-zoom="${zoom}">${ticks.join('')}</g>`;
}
