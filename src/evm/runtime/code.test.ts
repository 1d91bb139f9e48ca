/** Code objects: jump analysis against a plain one, and who frees what. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import {
  compileRuntime,
  instantiateRuntime,
  type RuntimeInternals,
} from '../../../test/runtime-internals.ts';
import * as layout from '../layout.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileRuntime(['allocator', 'code', 'tables', 'view', 'state', 'versions']);
}, 120_000);

const HASH = layout.GLOBALS + layout.G_SCRATCH;

function create(runtime: RuntimeInternals, code: Uint8Array, hash = 0): number {
  const { inner, memory, arena } = runtime;
  memory.bytes().set(code, arena.inputs);
  return (inner['codeCreate']?.(arena.ctx, arena.inputs, code.length, hash) ?? 0) >>> 0;
}

function setHash({ memory }: RuntimeInternals, value: number): void {
  for (let i = 0; i < 32; i += 4) memory.view().setUint32(HASH + i, value, true);
}

/** Places of the JUMPDESTs, read off the bytes. */
function jumpdests(code: Uint8Array): number[] {
  const found: number[] = [];
  for (let pc = 0; pc < code.length; pc++) {
    const op = code[pc] as number;
    if (op === 0x5b) found.push(pc);
    if (op >= 0x60 && op <= 0x7f) pc += op - 0x5f;
  }
  return found;
}

/** Mostly JUMPDESTs and pushes, some of which reach past the end. */
const bytecode = fc
  .array(fc.oneof(fc.constantFrom(0x5b, 0x60, 0x7f, 0x00, 0x61), fc.integer({ min: 0, max: 255 })), {
    maxLength: 400,
    size: 'max',
  })
  .map((bytes) => Uint8Array.from(bytes));

test('the jump map, its ranks and the blocks say the same as a plain walk', () => {
  const runtime = instantiateRuntime(module, 16 << 20);
  const { inner, memory, arena } = runtime;
  fc.assert(
    fc.property(bytecode, (bytes) => {
      const code = create(runtime, bytes);
      const view = memory.view();
      const field = (offset: number) => view.getUint32(code + offset, true);
      const expected = jumpdests(bytes);
      expect(field(layout.CODE_SIZE)).toBe(bytes.length);
      expect(field(layout.CODE_BLOCK_COUNT)).toBe(expected.length);
      const map = field(layout.CODE_MAP);
      const seen: number[] = [];
      for (let pc = 0; pc <= bytes.length; pc++) {
        const group = map + (pc >> 6) * 16;
        if ((pc & 63) === 0) expect(view.getUint32(group + 8, true)).toBe(seen.length);
        if ((view.getBigUint64(group, true) >> BigInt(pc & 63)) & 1n) seen.push(pc);
      }
      expect(seen).toEqual(expected);
      const blocks = field(layout.CODE_BLOCKS);
      expected.forEach((pc, i) => {
        const block = blocks + i * layout.BLOCK_BYTES;
        expect(view.getUint32(block + layout.BLOCK_PC, true)).toBe(pc);
        expect(view.getUint32(block + layout.BLOCK_FUNCTION, true)).toBe(0x5b);
        expect(view.getUint32(block + layout.BLOCK_COUNT, true)).toBe(0);
      });
      const start = code + layout.CODE_BYTES;
      const copy = memory.bytes().slice(start, start + bytes.length + layout.CODE_PADDING);
      expect(copy.slice(0, bytes.length)).toEqual(bytes);
      expect(copy.slice(bytes.length)).toEqual(new Uint8Array(layout.CODE_PADDING));
      inner['codeRelease']?.(arena.ctx, code);
    }),
    { numRuns: 300 },
  );
});

test('code with a hash is one object a machine, and is found again', () => {
  const runtime = instantiateRuntime(module, 16 << 20);
  const { inner, memory, arena } = runtime;
  const bytes = Uint8Array.of(0x5b, 0x00);
  setHash(runtime, 1);
  expect(inner['codeByHash']?.(arena.ctx, HASH)).toBe(0);
  const first = create(runtime, bytes, HASH);
  expect(create(runtime, bytes, HASH)).toBe(first);
  expect(inner['codeByHash']?.(arena.ctx, HASH)).toBe(first);
  memory.view().setUint32(arena.ctx + layout.C_MACHINE, 5, true);
  expect(inner['codeByHash']?.(arena.ctx, HASH)).toBe(0);
  expect(create(runtime, bytes, HASH)).not.toBe(first);
});

test('init code that a stopped transaction left is freed by the next', () => {
  const runtime = instantiateRuntime(module, 16 << 20);
  const { inner, memory, arena } = runtime;
  const heapTop = () => memory.view().getUint32(layout.GLOBALS + layout.G_HEAP_TOP, true);
  let top = 0;
  for (let round = 0; round < 200; round++) {
    for (let depth = 0; depth < 4; depth++) {
      expect(create(runtime, new Uint8Array(20_000))).not.toBe(0);
    }
    if (round === 0) top = heapTop();
    inner['beginTransaction']?.(arena.ctx);
  }
  expect(heapTop()).toBe(top);
});

test('code that is freed is no longer reported as hot', () => {
  const runtime = instantiateRuntime(module, 16 << 20);
  const { inner, memory, arena } = runtime;
  const hot = arena.ctx + layout.C_HOT_CODE;
  const outer = create(runtime, new Uint8Array(100));
  const code = create(runtime, new Uint8Array(100));
  memory.view().setUint32(hot, outer, true);
  inner['codeRelease']?.(arena.ctx, code);
  expect(memory.view().getUint32(hot, true)).toBe(outer);
  inner['codeRelease']?.(arena.ctx, outer);
  expect(memory.view().getUint32(hot, true)).toBe(0);
});
