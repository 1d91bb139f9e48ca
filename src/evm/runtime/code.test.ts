/** Code objects: jump analysis against a plain one, who frees what, and what is known by a hash. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import {
  compileRuntime,
  instantiateRuntime,
  type RuntimeInternals,
} from '../../../test/runtime-internals.ts';
import { MemoryState } from '../../state/memory.ts';
import { createEVM } from '../evm.ts';
import * as layout from '../layout.ts';
import { plainTransaction } from '../plain-transaction.ts';
import type { Address } from '../types.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileRuntime(['allocator', 'code', 'tables', 'view', 'state', 'versions']);
}, 120_000);

const HASH = layout.GLOBALS + layout.G_SCRATCH;

function create(runtime: RuntimeInternals, code: Uint8Array, hash = 0): number {
  const { inner, memory, arena } = runtime;
  memory.bytes().set(code, arena.inputs);
  const given = [arena.ctx, arena.inputs, code.length] as const;
  const made = hash === 0 ? inner['initCodeCreate'] : inner['codeCreate'];
  return (made?.(...given, hash) ?? 0) >>> 0;
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

/** Whether an object's map, ranks, blocks and bytes say what a plain walk of the bytes says. */
function expectAnalysis({ memory }: RuntimeInternals, code: number, bytes: Uint8Array): void {
  const view = memory.view();
  const field = (offset: number) => view.getUint32(code + offset, true);
  const expected = jumpdests(bytes);
  expect(field(layout.CODE_SIZE)).toBe(bytes.length);
  expect(field(layout.CODE_BLOCK_COUNT)).toBe(expected.length);
  const map = field(layout.CODE_MAP);
  const seen: number[] = [];
  const ranks: number[] = [];
  const ranksExpected: number[] = [];
  for (let pc = 0; pc <= bytes.length; pc++) {
    const group = map + (pc >> 6) * 16;
    if ((pc & 63) === 0) {
      ranks.push(view.getUint32(group + 8, true));
      ranksExpected.push(seen.length);
    }
    if ((view.getBigUint64(group, true) >> BigInt(pc & 63)) & 1n) seen.push(pc);
  }
  expect(seen).toEqual(expected);
  expect(ranks).toEqual(ranksExpected);
  const blocks = field(layout.CODE_BLOCKS);
  const entries = expected.map((_, i) => {
    const block = blocks + i * layout.BLOCK_BYTES;
    expect(view.getBigUint64(block + layout.BLOCK_FUNCTION, true)).toBe(0x5bn);
    return view.getUint32(block + layout.BLOCK_PC, true);
  });
  expect(entries).toEqual(expected);
  const start = code + layout.CODE_BYTES;
  const copy = memory.bytes().slice(start, start + bytes.length + layout.CODE_PADDING);
  expect(copy.slice(0, bytes.length)).toEqual(bytes);
  expect(copy.slice(bytes.length)).toEqual(new Uint8Array(layout.CODE_PADDING));
}

test('the jump map, its ranks and the blocks say the same as a plain walk', () => {
  const runtime = instantiateRuntime(module, 16 << 20);
  fc.assert(
    fc.property(bytecode, (bytes) => {
      const code = create(runtime, bytes);
      expectAnalysis(runtime, code, bytes);
      runtime.inner['codeRelease']?.(runtime.arena.ctx, code);
    }),
    { numRuns: 300 },
  );
});

test('code longer than a portion is analysed the same, pushes across the ends of portions too', () => {
  const runtime = instantiateRuntime(module, 64 << 20);
  const bytes = new Uint8Array(600_000);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.imul(i + 1, 2_654_435_761) >>> 24;
  for (const [offset, op] of [262_143, 524_280].entries()) bytes.set([0x7f, 0x5b, 0x5b], op + offset);
  for (const hash of [0, HASH]) {
    setHash(runtime, 1);
    expectAnalysis(runtime, create(runtime, bytes, hash), bytes);
  }
});

test('what is stopped while it is analysed leaves nothing behind', () => {
  const runtime = instantiateRuntime(module, 64 << 20);
  const { inner, memory, arena } = runtime;
  const { ctx } = arena;
  const heapTop = () => memory.view().getUint32(layout.GLOBALS + layout.G_HEAP_TOP, true);
  const dests = new Uint8Array(300_000).fill(0x5b);
  setHash(runtime, 1);
  expect(inner['codeRelease']?.(ctx, create(runtime, dests))).toBeUndefined();
  const top = heapTop();
  memory.view().setUint32(ctx + layout.C_STOP, 1, true);
  for (let round = 0; round < 20; round++) {
    expect(create(runtime, dests)).toBe(0);
    expect(inner['codeCreateWatched']?.(ctx, arena.inputs, dests.length, HASH)).toBe(0);
  }
  expect(memory.view().getUint32(ctx + layout.C_INIT_CODES, true)).toBe(0);
  expect(inner['codeByHash']?.(ctx, HASH)).toBe(0);
  expect(heapTop()).toBe(top);
  // The host's own is not to be stopped.
  expect(create(runtime, dests, HASH)).not.toBe(0);
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

const SENDER: Address = `0x${'5e'.repeat(20)}`;
const TWIN: Address = `0x${'70'.repeat(20)}`;
const CREATOR: Address = `0x${'c4'.repeat(20)}`;
const CALLER: Address = `0x${'ca'.repeat(20)}`;

/** How often the state is asked for the twin's code, once a creator of the same code has run. */
async function asksForTwin(creatorEnds: string, targets: readonly Address[]): Promise<number> {
  const state = new MemoryState();
  const put = (address: Address, hex: string) => {
    const code = Uint8Array.fromHex(hex);
    state.setAccount(address, { nonce: 1n, balance: 0n, code, storage: [] });
  };
  const call = (address: Address) => `5f5f5f5f5f73${address.slice(2)}61fffff150`;
  put(SENDER, '');
  put(TWIN, '00');
  // Init code that returns one byte of zero.
  put(CREATOR, `6360015ff35f526004601c5ff0${creatorEnds}`);
  put(CALLER, `${call(CREATOR)}${call(TWIN)}00`);
  const twinHash = state.getAccount(TWIN)?.codeHash;
  let asks = 0;
  const getCode = state.getCode.bind(state);
  state.getCode = (hash) => {
    if (hash === twinHash) asks++;
    return getCode(hash);
  };
  const evm = createEVM({ fork: 'cancun', state, engine: 'interpreter' });
  for (const [index, to] of targets.entries()) {
    const transaction = { sender: SENDER, nonce: 1n + BigInt(index), gasLimit: 500_000n, to };
    const { status } = await evm.transact(plainTransaction(transaction));
    expect(status).not.toBe('refused');
  }
  return asks;
}

test('code is known by a deposit that stands, and not by one that was undone', async () => {
  for (const targets of [[CALLER], [CREATOR, TWIN]]) {
    expect(await asksForTwin('00', targets)).toBe(0);
    for (const undone of ['5f5ffd', 'fe']) {
      expect(await asksForTwin(undone, targets)).toBe(1);
      expect(await asksForTwin(undone, [...targets, TWIN])).toBe(1);
    }
  }
});
