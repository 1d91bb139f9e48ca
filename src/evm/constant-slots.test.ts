import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileWorkloads } from '../cli/bench/workloads/compile.ts';
import { MemoryState } from '../state/memory.ts';
import { CONSTANT_SLOTS_MAX, constantSlots } from './constant-slots.ts';
import { createEVM } from './evm.ts';
import { opcodeByte } from './opcodes/table.ts';
import { plainTransaction } from './plain-transaction.ts';
import type { Address } from './types.ts';

const CALLER: Address = `0x${'ca11'.padStart(40, '0')}`;
const CONTRACT: Address = `0x${'c0de'.padStart(40, '0')}`;
/** `eip1967.proxy.implementation`. */
const PROXY = '360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';

/** Names of opcodes, and immediate bytes in hex. */
function assemble(text: string): Uint8Array {
  const bytes = text.split(' ').map((item) => {
    if (/^([0-9a-f]{2})+$/.test(item)) return item;
    return Uint8Array.of(opcodeByte(item)).toHex();
  });
  return Uint8Array.fromHex(bytes.join(''));
}

const slotsOf = (text: string) => constantSlots(assemble(text));

/** 24,576 bytes: EIP-170. */
function repeated(text: string): Uint8Array {
  const unit = assemble(text);
  return Uint8Array.from({ length: 24_576 }, (_, at) => unit[at % unit.length] as number);
}

it('finds what is loaded and stored by a constant, of every size', () => {
  expect(slotsOf('PUSH1 05 SLOAD PUSH1 07 PUSH2 0102 SSTORE')).toEqual([5n, 0x102n]);
  expect(slotsOf('PUSH0 SLOAD')).toEqual([0n]);
  expect(slotsOf(`PUSH32 ${PROXY} SLOAD`)).toEqual([BigInt(`0x${PROXY}`)]);
  for (let size = 1; size <= 32; size++) {
    const key = Uint8Array.from({ length: size }, (_, at) => 0xf1 + at).toHex();
    expect(slotsOf(`PUSH${size} ${key} SLOAD`)).toEqual([BigInt(`0x${key}`)]);
  }
  expect(slotsOf('PUSH1 05 SLOAD PUSH2 0005 SLOAD PUSH1 05 SLOAD')).toEqual([5n]);
});

it('finds nothing where the key is not a constant, or not of storage', () => {
  for (const text of [
    'SLOAD',
    'PUSH1 04 CALLDATALOAD SLOAD',
    'PUSH1 05 PUSH1 40 PUSH0 KECCAK256 SLOAD',
    'PUSH1 05 PUSH1 01 ADD SLOAD',
    'PUSH1 05 CALLER SSTORE',
    'PUSH1 05 TLOAD PUSH1 06 PUSH1 07 TSTORE',
    'PUSH1 05 MLOAD',
    'PUSH1 05 POP SLOAD',
  ]) {
    expect(slotsOf(text), text).toEqual([]);
  }
  // What a slot holds names no slot.
  expect(slotsOf('PUSH1 05 SLOAD SLOAD')).toEqual([5n]);
});

it('follows a key through DUP and SWAP, and over what lies below', () => {
  expect(slotsOf('PUSH0 DUP1 SLOAD')).toEqual([0n]);
  expect(slotsOf('PUSH1 05 PUSH0 SWAP1 SLOAD')).toEqual([5n]);
  expect(slotsOf('PUSH1 05 CALLER DUP2 SLOAD')).toEqual([5n]);
  expect(slotsOf('PUSH1 05 CALLER CALLVALUE DUP2 SLOAD')).toEqual([]);
  // Of items that the code did not push: nothing, but the key is where it was put.
  expect(slotsOf('DUP3 SLOAD')).toEqual([]);
  expect(slotsOf('CALLER POP PUSH1 05 SWAP2 POP POP SLOAD')).toEqual([5n]);
  expect(slotsOf('PUSH1 05 SWAP2 SLOAD')).toEqual([]);
  expect(slotsOf('PUSH1 05 SWAP16 SWAP16 SLOAD')).toEqual([5n]);
  // EIP-8024: item 17; 17 below the top; items 1 and 2 below the top.
  const deep = 'CALLER '.repeat(16);
  expect(slotsOf(`PUSH1 05 ${deep}DUPN 80 SLOAD`)).toEqual([5n]);
  expect(slotsOf(`PUSH1 05 CALLER ${deep}DUPN 80 SLOAD`)).toEqual([]);
  expect(slotsOf(`PUSH1 05 ${deep}CALLER SWAPN 80 SLOAD`)).toEqual([5n]);
  expect(slotsOf('PUSH1 05 CALLER ADDRESS EXCHANGE 8e POP SLOAD')).toEqual([5n]);
  expect(slotsOf('PUSH1 05 DUPN 5b SLOAD')).toEqual([]);
});

it('goes on where one instruction leads to the next, and knows nothing behind a jump', () => {
  expect(slotsOf('PUSH1 05 CALLER PUSH1 20 JUMPI SLOAD')).toEqual([5n]);
  expect(slotsOf('PUSH1 05 JUMPDEST SLOAD')).toEqual([5n]);
  expect(slotsOf('PUSH1 05 PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 CALLER GAS CALL POP SLOAD')).toEqual([5n]);
  for (const end of ['PUSH1 20 JUMP', 'PUSH0 PUSH0 RETURN', 'PUSH0 PUSH0 REVERT', 'INVALID']) {
    expect(slotsOf(`PUSH1 05 ${end} JUMPDEST SLOAD`), end).toEqual([]);
    expect(slotsOf(`PUSH1 05 ${end} SLOAD`), end).toEqual([]);
    expect(slotsOf(`${end} PUSH1 05 SLOAD JUMPDEST PUSH1 06 SLOAD`), end).toEqual([6n]);
  }
  // A byte that is no opcode ends the code, too.
  expect(slotsOf('PUSH1 05 0c SLOAD PUSH1 06 SLOAD JUMPDEST PUSH1 07 SLOAD')).toEqual([7n]);
});

it('takes data for data', () => {
  // SLOAD in immediate bytes; a PUSH in data, which covers a JUMPDEST; a PUSH that is cut off.
  expect(slotsOf('PUSH1 05 PUSH1 54 POP POP PUSH3 600654')).toEqual([]);
  expect(slotsOf('STOP 600754 PUSH1 5b PUSH1 08 SLOAD')).toEqual([]);
  expect(slotsOf('PUSH1 05 SLOAD PUSH32 01')).toEqual([5n]);
  expect(constantSlots(new Uint8Array(0))).toEqual([]);
});

it('names so many slots and no more, whatever code there is', () => {
  const first = Array.from({ length: CONSTANT_SLOTS_MAX }, (_, slot) => BigInt(slot));
  const all = Array.from(
    { length: 256 },
    (_, slot) => `PUSH1 ${Uint8Array.of(slot).toHex()} SLOAD`,
  );
  expect(constantSlots(repeated(all.join(' ')))).toEqual(first);
  expect(constantSlots(repeated('PUSH1 05 SLOAD'))).toEqual([5n]);
  // The stack is full after 1,024: the code ends there.
  expect(constantSlots(repeated('PUSH1 05 DUP1 SLOAD'))).toEqual([5n]);
  expect(constantSlots(repeated('CALLER'))).toEqual([]);
  const full = 'PUSH1 06 '.repeat(1_024);
  expect(slotsOf(`${full}PUSH1 05 SLOAD`)).toEqual([]);
  expect(slotsOf(`${full}POP PUSH1 05 SLOAD`)).toEqual([5n]);
});

it('takes time by the length of the code alone', () => {
  const units = ['PUSH1 01 SLOAD', 'JUMPDEST SWAP16 POP', 'JUMPDEST', 'DUP1 SLOAD POP', 'SWAPN 59'];
  for (const unit of units) {
    const code = repeated(unit);
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      constantSlots(code);
      return performance.now() - start;
    });
    // 0.1 to 0.6 ms; what is not linear takes seconds.
    expect(Math.min(...times), unit).toBeLessThan(50);
  }
});

it('names the slots that straight code of constants comes to, no more and no less', () => {
  const state = new MemoryState();
  const evm = createEVM({ state, engine: 'interpreter' });
  const push = fc.nat(31).map((key) => `PUSH1 ${Uint8Array.of(key).toHex()}`);
  const depth = fc.integer({ min: 1, max: 16 });
  const moved = fc.oneof(
    depth.map((n) => `DUP${n}`),
    depth.map((n) => `SWAP${n}`),
  );
  const other = fc.constantFrom('PUSH0', 'POP', 'SLOAD POP', 'SSTORE', 'JUMPDEST');
  // More than is taken from the stack.
  const below = Array.from({ length: 120 }, (_, n) => `PUSH1 ${Uint8Array.of(n % 32).toHex()}`);
  const property = fc.property(
    fc.array(fc.oneof(push, moved, moved, other), { minLength: 1, maxLength: 50 }),
    (list) => {
      const code = assemble([...below, ...list].join(' '));
      state.setAccount(CONTRACT, { nonce: 1n, balance: 0n, code, storage: [] });
      evm.setState(state);
      const call = plainTransaction({ sender: CALLER, gasLimit: 10_000_000n, to: CONTRACT });
      const result = evm.transactSync(call, { accesses: true });
      if (result.status !== 'success') throw new Error(result.status);
      const read = result.accesses?.accounts.get(CONTRACT)?.slots.keys() ?? [];
      expect(constantSlots(code).toSorted()).toEqual([...read].toSorted());
    },
  );
  fc.assert(property, { numRuns: 300 });
});

it('finds the storage variables of what solc makes', () => {
  const compiled = compileWorkloads(() => {});
  const code = compiled?.['UniswapV2Loops']?.deployed;
  if (code === undefined) return;
  expect(new Set(constantSlots(Uint8Array.fromHex(code)))).toEqual(new Set([0n, 1n, 2n]));
});
