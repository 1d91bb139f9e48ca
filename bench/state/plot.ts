/** How the figures of slots go with the size of the state, drawn as SVG. */
import { plot } from '../plot.ts';
import type { SlotFigures } from './slots.ts';

interface SlotCurve {
  readonly title: string;
  readonly colour: string;
  readonly of: (figures: SlotFigures) => number | undefined;
}

const CHARTS: readonly { readonly title: string; readonly curves: readonly SlotCurve[] }[] = [
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

export function plotSlots(figures: readonly SlotFigures[]): string {
  const charts = CHARTS.map(({ title, curves }) => ({
    title,
    curves: curves.map(({ of, ...curve }) => ({
      ...curve,
      points: figures.flatMap((each) => {
        const y = of(each);
        return y === undefined ? [] : [{ x: each.slots, y }];
      }),
    })),
  }));
  return plot('Slots of a contract by the size of the state', charts);
}
