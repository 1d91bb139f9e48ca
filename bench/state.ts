/**
 * The figures of the state: what a root costs and how far that is from hashing alone, slots a
 * second on disk and the bytes they take, what blocks that overwrite the same slots leave behind,
 * how long the commit of a block takes, and whether the cache keeps its limit. Results are held
 * against what they must be.
 *
 *   node bench/state.ts [--tiny] [--part roots|slots|growth|limits]... [--slots N]... [--rounds N]
 *     [--drop-caches] [--plot FILE.svg]
 *
 * --drop-caches reads from the disk as well, which needs root; --plot draws what --slots of
 * several sizes came to.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { measureGrowth } from './state/growth.ts';
import { measureLimits } from './state/limits.ts';
import { plotSlots } from './state/plot.ts';
import { measureRoots } from './state/roots.ts';
import { measureSlots, type SlotFigures } from './state/slots.ts';

const PARTS = ['roots', 'slots', 'growth', 'limits'];

requireBuild();
const { values } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    part: { type: 'string', multiple: true, default: PARTS },
    slots: { type: 'string', multiple: true, default: ['1000000'] },
    rounds: { type: 'string', default: '7' },
    'drop-caches': { type: 'boolean', default: false },
    plot: { type: 'string' },
  },
});
const { tiny, part } = values;
const rounds = tiny ? 2 : Number(values.rounds);

if (part.includes('roots')) {
  const size = tiny ? 2_000 : 1_000_000;
  await measureRoots({
    slots: size,
    slotsChanged: size / 100,
    accounts: size,
    accountsChanged: size / 1000,
    rounds,
    dropsCaches: values['drop-caches'],
  });
}
if (part.includes('slots')) {
  const figures: SlotFigures[] = [];
  for (const slots of tiny ? [2_000] : values.slots.map(Number)) {
    const touched = Math.min(slots / 10, 100_000);
    const dropsCaches = values['drop-caches'];
    figures.push(await measureSlots({ slots, touched, rounds, dropsCaches }));
  }
  if (values.plot !== undefined) writeFileSync(values.plot, plotSlots(figures));
}
if (part.includes('growth')) {
  await measureGrowth(
    tiny
      ? { slots: 500, overwritten: 20, blocks: 30, window: 8 }
      : { slots: 200_000, overwritten: 1_000, blocks: 1_000, window: 256 },
  );
}
if (part.includes('limits')) {
  await measureLimits(
    tiny
      ? { slots: 5_000, changed: 100, blocks: 40, trieBytes: 65_536 }
      : { slots: 1_000_000, changed: 2_000, blocks: 200, trieBytes: 16 * 2 ** 20 },
  );
}
