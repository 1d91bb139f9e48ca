/** Speed-up by the number of cores, drawn as SVG. */
import { plot } from '../plot.ts';

export interface SpeedUps {
  readonly name: string;
  /** What the longest chain of dependent transactions allows. */
  readonly limit: number;
  readonly speedUps: readonly {
    readonly cores: number;
    readonly speedUp: number;
    readonly inVain: number;
  }[];
}

const COLOURS = [
  '#3b6fb6',
  '#c9742b',
  '#2a7d5f',
  '#b23b3b',
  '#8a5fb6',
  '#6b6b2f',
  '#2f7f8f',
  '#444444',
];
const MAINNET = /mainnet/;

export function plotSpeedUps(all: readonly SpeedUps[]): string {
  const chart = (title: string, some: readonly SpeedUps[]) => ({
    title,
    curves: some.map(({ name, speedUps }, index) => ({
      title: name.replace(/ of mainnet$/, ''),
      colour: COLOURS[index % COLOURS.length] as string,
      points: speedUps.map(({ cores, speedUp }) => ({ x: cores, y: speedUp })),
    })),
  });
  return plot('Speed-up by the number of cores, simulated', [
    chart(
      'blocks of one kind: times as fast as one core',
      all.filter(({ name }) => !MAINNET.test(name)),
    ),
    chart(
      'blocks of mainnet',
      all.filter(({ name }) => MAINNET.test(name)),
    ),
  ]);
}
