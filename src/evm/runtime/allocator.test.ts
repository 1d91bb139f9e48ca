/** Blocks of the heap: apart from each other, aligned, reused, and an end that is told. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { compileRuntime, instantiateRuntime } from '../../../test/runtime-internals.ts';
import * as layout from '../layout.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileRuntime(['allocator', 'code', 'tables', 'view', 'state', 'versions']);
}, 120_000);

const HEAP_BYTES = 8 << 20;

interface Block {
  readonly at: number;
  readonly size: number;
}

test('random allocations and releases', () => {
  const { inner, memory } = instantiateRuntime(module, HEAP_BYTES);
  const start = memory.view().getUint32(layout.GLOBALS + layout.G_HEAP_TOP, true);
  const end = memory.view().getUint32(layout.GLOBALS + layout.G_HEAP_END, true);
  const op = fc.record({
    size: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300_000 })),
    release: fc.boolean(),
    which: fc.nat(1000),
  });
  fc.assert(
    fc.property(fc.array(op, { maxLength: 150, size: 'max' }), (ops) => {
      const live: Block[] = [];
      for (const { size, release, which } of ops) {
        const [block] = release ? live.splice(which % Math.max(live.length, 1), 1) : [];
        if (block !== undefined) {
          inner['release']?.(block.at, block.size);
          continue;
        }
        const at = (inner['allocate']?.(size) ?? 0) >>> 0;
        if (at === 0) continue;
        expect(at % 64).toBe(0);
        expect(at).toBeGreaterThanOrEqual(start);
        expect(at + size).toBeLessThanOrEqual(end);
        expect(at + size).toBeLessThanOrEqual(memory.memory.buffer.byteLength);
        for (const other of live) {
          expect(at + size <= other.at || other.at + other.size <= at).toBe(true);
        }
        live.push({ at, size });
      }
      for (const { at, size } of live) inner['release']?.(at, size);
    }),
    { numRuns: 60 },
  );
});

test('what was released is used again before the heap grows', () => {
  const { inner } = instantiateRuntime(module, HEAP_BYTES);
  const first = inner['allocate']?.(1_000) ?? 0;
  inner['release']?.(first, 1_000);
  expect(inner['allocate']?.(600)).toBe(first);
});

test('the end of the heap, and sizes beyond reason, give 0', () => {
  const { inner } = instantiateRuntime(module, HEAP_BYTES);
  let blocks = 0;
  while (inner['allocate']?.(1 << 20) !== 0) blocks++;
  expect(blocks).toBeGreaterThan(3);
  expect(blocks).toBeLessThanOrEqual(8);
  expect(inner['allocate']?.(0xffff_ffff)).toBe(0);
  expect(inner['allocate']?.(64)).not.toBe(0);
});
