/** How deep a text is nested, before it is parsed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNestedDeeper } from './nesting.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test('is what it is of the value, whatever its strings hold', () => {
  const text = fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', 'a', '\n') });
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 8 },
      text,
      fc.integer(),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(text, tie('tree'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.boolean(), (value, isWide) => {
      const json = JSON.stringify(value, null, isWide ? 2 : 0);
      const depth = depthOf(value);
      expect(isNestedDeeper(json, depth)).toBe(false);
      if (depth > 0) expect(isNestedDeeper(json, depth - 1)).toBe(true);
    }),
  );
});

test('is found in little time, whatever the text', () => {
  const startMs = performance.now();
  expect(isNestedDeeper('['.repeat(5 << 20), 128)).toBe(true);
  for (const part of ['"', '\\', '\\"', '"\\', '[]', '{"', '"[', '\\\\"']) {
    isNestedDeeper(part.repeat(1 << 20), 128);
  }
  expect(performance.now() - startMs).toBeLessThan(2_000);
});
