import { describe, expect, it } from 'vitest';
import { MemoryState } from '../../state/memory.ts';
import { createEVM } from '../evm.ts';
import { plainTransaction } from '../plain-transaction.ts';
import type { Address, Engine, Transaction } from '../types.ts';
import type { TraceStep } from './steps.ts';

const SENDER: Address = `0x${'aa'.repeat(20)}`;
const OUTER: Address = `0x${'0b'.repeat(20)}`;
const INNER: Address = `0x${'0c'.repeat(20)}`;
const GAS = 100_000n;
const INTRINSIC = 21_000n;

/** Runs `outer`, which may call `inner`, and gives every step. */
function trace(outer: string, inner = '', engine: Engine = 'interpreter'): TraceStep[] {
  const state = new MemoryState();
  const put = (address: Address, code: string, balance = 0n): void => {
    state.setAccount(address, { nonce: 0n, balance, code: Uint8Array.fromHex(code), storage: [] });
  };
  put(SENDER, '', 10n ** 18n);
  put(OUTER, outer);
  put(INNER, inner);
  const transaction: Transaction = {
    type: 0,
    sender: SENDER,
    nonce: 0n,
    gasLimit: GAS,
    to: OUTER,
    value: 0n,
    data: new Uint8Array(0),
    maxFeePerGas: 1n,
    maxPriorityFeePerGas: 1n,
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: [],
    authorizationList: [],
  };
  const evm = createEVM({ fork: 'cancun', state, engine });
  const steps: TraceStep[] = [];
  const traced = evm.transactSync(transaction, { commit: false, onStep: (s) => steps.push(s) });
  const free = evm.transactSync(transaction, { commit: false });
  expect(free).toEqual(traced);
  return steps;
}

/** CALL(gas 0xffff, INNER, 0, 0, 0, 0, 0). */
const CALL = `5f5f5f5f5f73${INNER.slice(2)}61fffff1`;

describe('steps', () => {
  it('show the machine before each instruction, and what it cost', () => {
    const steps = trace('600160020160405200');
    expect(steps.map(({ pc, opName, gasCost }) => [pc, opName, gasCost])).toEqual([
      [0, 'PUSH1', 3n],
      [2, 'PUSH1', 3n],
      [4, 'ADD', 3n],
      [5, 'PUSH1', 3n],
      [7, 'MSTORE', 12n],
      [8, 'STOP', 0n],
    ]);
    expect(steps.map(({ stack }) => stack)).toEqual([[], [1n], [1n, 2n], [3n], [3n, 64n], []]);
    expect(steps.map(({ memSize }) => memSize)).toEqual([0, 0, 0, 0, 0, 96]);
    expect(steps[0]?.gas).toBe(GAS - INTRINSIC);
    for (const [index, step] of steps.slice(1).entries()) {
      const before = steps[index] as TraceStep;
      expect(step.gas).toBe(before.gas - before.gasCost);
    }
  });

  it.each<Engine>(['interpreter', 'compiler', 'auto'])(
    'follow calls and returns (%s)',
    (engine) => {
      const steps = trace(`${CALL}5000`, '5f5ffd', engine);
      const seen = steps.slice(7).map(({ opName, depth, pc }) => [opName, depth, pc]);
      expect(seen).toEqual([
        ['CALL', 1, 29],
        ['PUSH0', 2, 0],
        ['PUSH0', 2, 1],
        ['REVERT', 2, 2],
        ['POP', 1, 30],
        ['STOP', 1, 31],
      ]);
      const [call, first] = steps.slice(7) as [TraceStep, TraceStep];
      expect(first.gas).toBe(0xffffn);
      expect(call.gasCost).toBe(0xffffn + 2600n);
    },
  );

  it('end with the instruction that fails', () => {
    const steps = trace(`${CALL}00`, '01');
    expect(steps.slice(-2).map(({ opName, depth }) => [opName, depth])).toEqual([
      ['ADD', 2],
      ['STOP', 1],
    ]);
    expect(steps.map(({ error }) => error).filter(Boolean)).toEqual(['stack underflow']);
    expect(steps.at(-2)?.error).toBe('stack underflow');
    expect(trace('fe').map(({ error }) => error)).toEqual(['invalid opcode']);
    expect(trace('0c').map(({ opName, op }) => [opName, op])).toEqual([[undefined, 0x0c]]);
  });

  it('show the return data of the last call', () => {
    const steps = trace(`${CALL}5000`, '60aa5f5260205ff3');
    const seen = steps.map(({ depth, returnData }) => `${depth} ${returnData.toHex()}`);
    const word = 'aa'.padStart(64, '0');
    expect(seen.slice(-2)).toEqual([`1 ${word}`, `1 ${word}`]);
    expect(seen.slice(0, -2).every((line) => line.endsWith(' '))).toBe(true);
  });

  it('pass over precompiles, and see the refund', () => {
    const identity = '5f5f5f5f5f600461fffff1';
    const steps = trace(`${identity}600160005560006000550000`);
    expect(steps.map(({ depth }) => depth)).toEqual(steps.map(() => 1));
    expect(steps.at(-1)?.refund).toBe(19_900n);
  });

  it('hold the memory where it is asked for, and are waited for', async () => {
    const state = new MemoryState();
    // MSTORE8(1, 0xab); JUMPDEST; MSTORE8(0x21, 1)
    const code = Uint8Array.fromHex('60ab6001535b6001602153');
    state.setAccount(OUTER, { nonce: 0n, balance: 0n, code, storage: [] });
    const evm = createEVM({ fork: 'cancun', state });
    const memories: (string | undefined)[] = [];
    let waiting = 0;
    const onStep = async ({ memory }: TraceStep): Promise<void> => {
      waiting += 1;
      expect(waiting).toBe(1);
      memories.push(memory?.toHex());
      await Promise.resolve();
      waiting -= 1;
    };
    await evm.call({ to: OUTER, onStep, stepMemory: true });
    const first = `00ab${'00'.repeat(30)}`;
    const grown = `${first}0001${'00'.repeat(30)}`;
    expect(memories).toEqual(['', '', '', first, first, first, first, grown]);
    const without: (Uint8Array | undefined)[] = [];
    await evm.call({ to: OUTER, onStep: ({ memory }) => without.push(memory) });
    expect(without.every((memory) => memory === undefined)).toBe(true);
  });

  it('may be ended by who is told of them, and the machine goes on', async () => {
    const state = new MemoryState();
    const code = Uint8Array.fromHex('5f5f5f00');
    state.setAccount(OUTER, { nonce: 0n, balance: 0n, code, storage: [] });
    const evm = createEVM({ fork: 'cancun', state });
    const enough = new Error('enough');
    const onStep = (): void => {
      throw enough;
    };
    await expect(evm.call({ to: OUTER, onStep })).rejects.toBe(enough);
    const later = (): Promise<void> => Promise.reject(enough);
    await expect(evm.call({ to: OUTER, onStep: later })).rejects.toBe(enough);
    const plain = plainTransaction({ sender: SENDER, gasLimit: GAS, to: OUTER });
    const result = await evm.transact(plain, { callOnly: true });
    expect(result.status).toBe('success');
  });
});
