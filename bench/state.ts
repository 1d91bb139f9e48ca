/**
 * The figures of the state: what a root costs and how far that is from hashing alone, slots a
 * second on disk and the bytes they take, what blocks that overwrite the same slots leave behind,
 * and how long the commit of a block takes. Results are held against what they must be.
 *
 *   node bench/state.ts [--tiny] [--part roots|slots|growth]... [--slots N]... [--rounds N]
 */
import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { loadFastKeccak } from '../src/base/keccak.ts';
import { measureGrowth } from './state/growth.ts';
import { measureRoots } from './state/roots.ts';
import { measureSlots } from './state/slots.ts';

requireBuild();
const { values } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    part: { type: 'string', multiple: true, default: ['roots', 'slots', 'growth'] },
    slots: { type: 'string', multiple: true, default: ['1000000'] },
    rounds: { type: 'string', default: '7' },
  },
});
const { tiny, part } = values;
const rounds = tiny ? 2 : Number(values.rounds);
await loadFastKeccak();

if (part.includes('roots')) {
  const size = tiny ? 2_000 : 1_000_000;
  measureRoots({
    slots: size,
    slotsChanged: size / 100,
    accounts: size,
    accountsChanged: size / 1000,
    rounds,
  });
}
if (part.includes('slots')) {
  for (const slots of tiny ? [2_000] : values.slots.map(Number)) {
    await measureSlots({ slots, touched: Math.min(slots / 10, 100_000), rounds });
  }
}
if (part.includes('growth')) {
  await measureGrowth(
    tiny
      ? { slots: 500, overwritten: 20, blocks: 30, window: 8 }
      : { slots: 200_000, overwritten: 1_000, blocks: 1_000, window: 256 },
  );
}
