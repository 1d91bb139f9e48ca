/** Against Map and Set, few words and many; and words that V8 hashes alike. */
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WordMap, WordSet } from './word-map.ts';

/** Few kinds of words, so that one comes again; those of a kind have the same lowest 64 bits. */
const word = fc
  .record({ low: fc.nat(2), high: fc.nat(60) })
  .map(({ low, high }) => BigInt(low) | (BigInt(high) << 64n));
const step = fc.oneof(
  fc.record({ does: fc.constant('set' as const), word, value: fc.nat(9) }),
  fc.record({ does: fc.constant('delete' as const), word, value: fc.constant(0) }),
);
/** What is there before the steps: as many as are kept as they are, but for a few. */
const before = (count: number): [bigint, number][] =>
  Array.from({ length: count }, (_, index) => [BigInt(index) << 70n, index]);

test.each([0, 2_030, 3_000])('a map with %i words before does what a Map does', (count) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = new WordMap<number>(before(count));
      const model = new Map<bigint, number>(before(count));
      for (const { does, word: at, value } of steps) {
        if (does === 'set') expect(map.set(at, value)).toBe(map);
        else expect(map.delete(at)).toBe(model.has(at));
        if (does === 'set') model.set(at, value);
        else model.delete(at);
        expect(map.get(at)).toBe(model.get(at));
        expect(map.has(at)).toBe(model.has(at));
      }
      expect(map.size).toBe(model.size);
      expect([...map]).toEqual([...model]);
      expect([...map.entries()]).toEqual([...model]);
      expect([...map.keys()]).toEqual([...model.keys()]);
      expect([...map.values()]).toEqual([...model.values()]);
      const seen: [bigint, number][] = [];
      for (const [at, value] of map) seen.push([at, value]);
      const told: [bigint, number][] = [];
      map.forEach((value, at) => told.push([at, value]));
      expect(told).toEqual(seen);
    }),
    { numRuns: 40 },
  );
});

test('a set has each word once, in order', () => {
  const words = [...before(2_500).map(([at]) => at), 7n, 7n, 1n << 70n];
  const set = new WordSet(words);
  expect([...set]).toEqual([...new Set(words)]);
  expect(set.size).toBe(2_501);
  expect(set.has(7n)).toBe(true);
  expect(set.has(8n)).toBe(false);
});

test('it is shown as a Map, and no message loses what is in it', () => {
  const map = new WordMap([[1n, 'one']]);
  expect(inspect(map)).toBe(inspect(new Map([[1n, 'one']])));
  expect(() => structuredClone(map)).toThrow('could not be cloned');
  expect(map.unsendable).toThrow('give a Map');
});

test('a copy is one', () => {
  const map = new WordMap<number>(before(3_000));
  const copy = new WordMap(map);
  copy.set(0n, 5);
  expect(map.get(0n)).toBe(0);
  expect(copy.get(0n)).toBe(5);
});

test('no Map has many words that a stranger chose as its keys', () => {
  const keys = vi.spyOn(Map.prototype, 'set');
  onTestFinished(() => keys.mockRestore());
  const map = new WordMap<number>(before(5_000));
  for (const [at, value] of before(5_000)) map.set(at, value);
  const words = keys.mock.calls.filter(([key]) => typeof key === 'bigint').length;
  expect(words).toBeGreaterThan(2_000);
  expect(words).toBeLessThan(2_100);
});
