import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { StoreChange } from './ordered-store.ts';
import { PackedChanges } from './packed-changes.ts';

const value = fc.oneof(
  fc.constant(undefined),
  fc.uint8Array({ maxLength: 40 }),
  // As large as a piece, and larger.
  fc.constantFrom(300_000, 1_048_560, 1_048_576, 3_000_000).map((size) => new Uint8Array(size)),
);
const changes = fc
  .uniqueArray(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), value), {
    selector: ([key]) => key.toHex(),
    maxLength: 12,
  })
  .map((list) =>
    list
      .map(([key, bytes]): StoreChange => ({ key, value: bytes }))
      .sort((a, b) => Buffer.compare(a.key, b.key)),
  );
const texts = (list: Iterable<StoreChange>) =>
  [...list].map(({ key, value: bytes }) => [
    key.toHex(),
    bytes && Buffer.from(bytes).toString('hex'),
  ]);

it('gives back what was added, here and on the thread that takes it', () => {
  fc.assert(
    fc.property(changes, (list) => {
      const packed = PackedChanges.of(list);
      expect(packed.count).toBe(list.length);
      expect(texts(packed)).toEqual(texts(list));
      const pieces = packed.take();
      expect([...packed]).toEqual([]);
      const sent = structuredClone(pieces, { transfer: [...pieces.pieces] });
      expect(texts(PackedChanges.from(sent))).toEqual(texts(list));
    }),
    { numRuns: 50 },
  );
});

it('refuses keys out of order, twice there, or of a wrong size', () => {
  const packed = PackedChanges.of([{ key: Uint8Array.of(2), value: undefined }]);
  expect(() => packed.add(Uint8Array.of(1), undefined)).toThrow('not sorted');
  expect(() => packed.add(Uint8Array.of(2), undefined)).toThrow('not sorted');
  expect(() => packed.add(new Uint8Array(0), undefined)).toThrow('of such a size');
  expect(() => packed.add(new Uint8Array(512).fill(3), undefined)).toThrow('of such a size');
  packed.add(new Uint8Array(511).fill(3), undefined);
  expect(packed.count).toBe(2);
});

it('takes over all of another’s, and goes on behind them', () => {
  fc.assert(
    fc.property(changes, fc.nat(12), fc.nat(12), (list, first, second) => {
      const [from, to] = [Math.min(first, second), Math.max(first, second)];
      const packed = PackedChanges.of(list.slice(0, from));
      packed.append(PackedChanges.of(list.slice(from, to)));
      for (const { key, value: bytes } of list.slice(to)) packed.add(key, bytes);
      const whole = PackedChanges.of(list);
      expect([packed.count, packed.bytes]).toEqual([whole.count, whole.bytes]);
      expect(texts(packed)).toEqual(texts(list));
    }),
    { numRuns: 50 },
  );
  const packed = PackedChanges.of([{ key: Uint8Array.of(2), value: undefined }]);
  const before = PackedChanges.of([{ key: Uint8Array.of(2), value: undefined }]);
  expect(() => packed.append(before)).toThrow('not sorted');
});
