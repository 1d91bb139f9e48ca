/** DUPN, SWAPN and EXCHANGE (EIP-8024) beside a stack that is a list, on both tiers. */
import { expect, it } from 'vitest';
import { MemoryState } from '../../state/memory.ts';
import { createEVM } from '../evm.ts';
import type { Address, Engine } from '../types.ts';
import { decodePair, decodeSingle } from './stack-immediates.ts';

const CONTRACT: Address = `0x${'0b'.repeat(20)}`;
const HEIGHT = 236;
const ENGINES: readonly Engine[] = ['interpreter', 'compiler'];

async function run(engine: Engine, code: string) {
  const state = new MemoryState();
  const account = { nonce: 1n, balance: 0n, code: Uint8Array.fromHex(code), storage: [] };
  state.setAccount(CONTRACT, account);
  const evm = createEVM({ fork: 'amsterdam', state, engine });
  const result = await evm.call({ to: CONTRACT, gas: 1_000_000n });
  if (result.status === 'refused') throw new Error(result.message);
  return result;
}

const hex = (byte: number) => byte.toString(16).padStart(2, '0');
/** Pushes 1 to `height`, the last on top. */
const pushes = (height: number) =>
  Array.from({ length: height }, (_, i) => `60${hex(i + 1)}`).join('');
/** Stores each item as a byte, the top first, and returns them. */
const returns = (height: number) =>
  `${Array.from({ length: height }, (_, i) => `60${hex(i)}53`).join('')}60${hex(height)}5ff3`;

/** A sample, with the last of each range and the first behind it. */
const BYTES = Array.from({ length: 256 }, (_, byte) => byte).filter(
  (byte) => byte % 3 === 0 || [81, 82, 89, 90, 91, 92, 127, 128, 129].includes(byte),
);

/** The stack, the top first, after an opcode with its immediate byte; undefined where it halts. */
function expected(opcode: string, byte: number, height: number): number[] | undefined {
  const stack = Array.from({ length: height }, (_, i) => height - i);
  const swap = (a: number, b: number): number[] | undefined => {
    if (b >= height) return undefined;
    [stack[a], stack[b]] = [stack[b] as number, stack[a] as number];
    return stack;
  };
  if (opcode === 'e8') {
    const pair = decodePair(byte);
    return pair === undefined ? undefined : swap(pair[0], pair[1]);
  }
  const depth = decodeSingle(byte);
  if (depth === undefined) return undefined;
  if (opcode === 'e7') return swap(0, depth);
  return depth > height ? undefined : [stack[depth - 1] as number, ...stack];
}

it.each(ENGINES)('%s: immediate bytes, on stacks that suffice and that do not', async (engine) => {
  for (const opcode of ['e6', 'e7', 'e8']) {
    for (const byte of BYTES) {
      for (const height of [18, HEIGHT]) {
        const wanted = expected(opcode, byte, height);
        const code = pushes(height) + opcode + hex(byte) + returns(wanted?.length ?? 0);
        const result = await run(engine, code);
        const what = { opcode, byte, height };
        if (wanted === undefined) expect({ ...what, ...result }).toMatchObject({ status: 'halt' });
        else expect({ ...what, output: [...result.output] }).toEqual({ ...what, output: wanted });
      }
    }
  }
});

it('the operands are those that the EIP names', () => {
  expect([0, 90, 128, 255].map(decodeSingle)).toEqual([145, 235, 17, 144]);
  expect([91, 127].map(decodeSingle)).toEqual([undefined, undefined]);
  expect([82, 127].map(decodePair)).toEqual([undefined, undefined]);
  const pairs = Array.from({ length: 256 }, (_, byte) => decodePair(byte)).filter((pair) => pair);
  for (const [first, second] of pairs as [number, number][]) {
    expect(first).toBeGreaterThanOrEqual(1);
    expect(first).toBeLessThan(second);
    expect(first + second).toBeLessThanOrEqual(30);
  }
  expect(new Set(pairs.map(String)).size).toBe(pairs.length);
});

it.each(ENGINES)('%s: a JUMPDEST behind such an opcode stays one', async (engine) => {
  // PUSH1 4, JUMP, DUPN, JUMPDEST, STOP: as an operand, it would be none.
  expect((await run(engine, '600456e65b00')).status).toBe('success');
  // PUSH1 5, JUMP, DUPN with 0x80, which is one, and no JUMPDEST.
  expect((await run(engine, '600456e68000')).status).toBe('halt');
});

it.each(ENGINES)('%s: past the end of the code the immediate byte is zero', async (engine) => {
  expect((await run(engine, `${pushes(145)}e6`)).status).toBe('success');
  expect((await run(engine, `${pushes(144)}e6`)).status).toBe('halt');
});

it('Osaka knows none of them', async () => {
  const state = new MemoryState();
  for (const opcode of ['e600', 'e700', 'e800', '4b']) {
    const code = Uint8Array.fromHex(pushes(200) + opcode);
    state.setAccount(CONTRACT, { nonce: 1n, balance: 0n, code, storage: [] });
    const evm = createEVM({ fork: 'osaka', state, engine: 'interpreter' });
    expect(await evm.call({ to: CONTRACT })).toMatchObject({ status: 'halt' });
  }
});
