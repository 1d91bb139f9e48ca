/** How the figures of slots go with the size of the state, drawn as SVG. */
import type { SlotFigures } from './slots.ts';

interface Curve {
  readonly title: string;
  readonly colour: string;
  readonly of: (figures: SlotFigures) => number | undefined;
}

interface Chart {
  readonly title: string;
  readonly curves: readonly Curve[];
}

const CHARTS: readonly Chart[] = [
  {
    title: 'slots a second of CPU (from the disk: of wall time)',
    curves: [
      { title: 'read after opening', colour: '#3b6fb6', of: (each) => each.readAfterOpening },
      { title: 'read from the disk', colour: '#8a5fb6', of: ({ readFromDisk }) => readFromDisk },
      { title: 'written, to a root', colour: '#c9742b', of: ({ writtenToRoot }) => writtenToRoot },
      { title: 'written and stored', colour: '#b23b3b', of: (each) => each.writtenAndStored },
    ],
  },
  {
    title: 'bytes a slot on the disk',
    curves: [
      { title: 'trie and free pages included', colour: '#2a7d5f', of: (each) => each.bytesASlot },
      { title: 'key and value', colour: '#888888', of: () => 84 },
    ],
  },
];

const WIDTH = 760;
const HEIGHT = 300;
const LEFT = 80;
const RIGHT = 190;
const TOP = 40;
const BOTTOM = 40;

/** One chart below the other; the axis of slots is logarithmic, the other begins at zero. */
export function plotSlots(figures: readonly SlotFigures[]): string {
  const charts = CHARTS.map((chart, index) => chartOf(chart, figures, index * HEIGHT));
  const height = CHARTS.length * HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}"`,
    ` width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    '<title>Slots of a contract by the size of the state</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...charts,
    '</svg>\n',
  ].join('');
}

function chartOf({ title, curves }: Chart, figures: readonly SlotFigures[], top: number): string {
  const sizes = figures.map(({ slots }) => slots);
  const values = curves.flatMap(({ of }) => figures.map((each) => of(each) ?? 0));
  const highest = Math.max(...values, 1) * 1.1;
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const span = Math.log(most / least) || 1;
  const x = (slots: number) => LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(slots / least)) / span;
  const y = (value: number) => top + TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / highest);
  const parts = [`<text x="${LEFT}" y="${top + 20}" font-weight="bold">${title}</text>`];
  for (let line = 0; line <= 4; line++) {
    const value = (highest * line) / 4;
    const at = y(value).toFixed(1);
    parts.push(
      `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="#dddddd"/>`,
      `<text x="${LEFT - 8}" y="${at}" text-anchor="end" dy="4">${short(value)}</text>`,
    );
  }
  for (const slots of sizes) {
    const bottom = top + HEIGHT - BOTTOM + 18;
    const at = x(slots).toFixed(1);
    parts.push(`<text x="${at}" y="${bottom}" text-anchor="middle">${short(slots)}</text>`);
  }
  curves.forEach(({ title: name, colour, of }, index) => {
    const points = figures.flatMap((each) => {
      const value = of(each);
      return value === undefined ? [] : [`${x(each.slots).toFixed(1)} ${y(value).toFixed(1)}`];
    });
    if (points.length === 0) return;
    const at = top + TOP + 16 * index;
    parts.push(
      `<path d="M${points.join('L')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...points.map((point) => `<circle ${centre(point)} r="3" fill="${colour}"/>`),
      `<text x="${WIDTH - RIGHT + 12}" y="${at}" fill="${colour}">${name}</text>`,
    );
  });
  return parts.join('');
}

function centre(point: string): string {
  const [cx, cy] = point.split(' ');
  return `cx="${cx}" cy="${cy}"`;
}

function short(value: number): string {
  if (value >= 1e6) return `${+(value / 1e6).toFixed(1)} M`;
  return value >= 1e3 ? `${+(value / 1e3).toFixed(1)} k` : value.toFixed(0);
}
