import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Slices, sortInSlices } from './turn.ts';

it('sorts any list as it would be sorted at once, equal ones in the order they had', async () => {
  const sizes = fc.constantFrom(0, 1, 2047, 2048, 2049, 4096, 6000, 9000, 20_000);
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.nat(),
      fc.integer({ min: 1, max: 1 << 30 }),
      async (n, seed, max) => {
        const list = Array.from({ length: n }, (_, index) => {
          const key = Math.imul(index + seed, 0x9e3779b1) >>> 0;
          return { key: key % max, index };
        });
        const compare = (a: { key: number }, b: { key: number }) => a.key - b.key;
        const expected = list.toSorted(compare);
        expect(await sortInSlices(list, compare, new Slices(1))).toEqual(expected);
      },
    ),
    { numRuns: 40 },
  );
});

it('lets the event loop turn while it sorts', async () => {
  const list = Array.from({ length: 300_000 }, (_, index) => Math.imul(index, 0x9e3779b1));
  let turns = 0;
  const counter = setInterval(() => turns++, 0);
  await sortInSlices(list, (a, b) => a - b, new Slices(1));
  clearInterval(counter);
  expect(turns).toBeGreaterThan(3);
});
