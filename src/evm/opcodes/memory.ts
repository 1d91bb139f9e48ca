/** 0x20, 0x51 to 0x53, 0x59, 0x5e: the EVM memory. */
import type { Local } from '../../wasm/function.ts';
import * as layout from '../layout.ts';
import { type Place, reverseBytes, storeReversed } from '../words/bytes.ts';
import { pushIsNonzero } from '../words/comparison.ts';
import {
  constantOf,
  fromLimb,
  keep,
  keep32,
  limbOf,
  pushLimb,
  pushValue,
  type Word,
  widthOf,
} from '../words/word.ts';
import type { Assembler, Meanings } from './assembler.ts';

export const MEMORY: Meanings = {
  KECCAK256: (m) => m.callOperation('opKeccak256', 2, 1),
  MLOAD: (m) => {
    const place = touchMemory(m, m.pop(), 32);
    const word = { kind: 'halves', low: m.v128(), high: m.v128() } as const;
    reverseBytes(m, place, word);
    m.push(word);
  },
  MSTORE: (m) => {
    const offset = m.pop();
    const value = m.pop();
    storeReversed(m, value, touchMemory(m, offset, 32));
  },
  MSTORE8: (m) => {
    const { fn } = m;
    const offset = m.pop();
    const value = m.pop();
    const place = touchMemory(m, offset, 1);
    fn.i64.store8(fn.get(place.base), pushLimb(m, value, 0), place.offset);
  },
  MSIZE: (m) => {
    const size = m.fn.i64.load32U(m.fn.get(m.fp), layout.F_MEM_SIZE);
    m.push(fromLimb(keep(m, size)));
  },
  MCOPY: (m) => m.callOperation('opMCopy', 3, 0),
};

/** Offsets that are given to the instruction rather than added: linear memory ends before 2^32. */
const DIRECT_MAX = 1n << 24n;

/** Makes `size` bytes at `offset` of the EVM memory addressable; returns where they lie. */
export function touchMemory(m: Assembler, offset: Word, size: number): Place {
  const { fn } = m;
  const known = constantOf(offset);
  if (known !== undefined && known < DIRECT_MAX) {
    const place = { base: m.mem, offset: Number(known) };
    const end = place.offset + size;
    if (end <= m.memoryEnd) return place;
    const beyond = fn.i64.gtU(fn.i64.const(end), fn.i64.load32U(fn.get(m.fp), layout.F_MEM_SIZE));
    fn.hint(false);
    fn.if(beyond, () => m.growMemory(keep(m, fn.i64.const(end))));
    m.noteMemory(end);
    return place;
  }
  const low = limbOf(m, offset, 0);
  const end = keep(m, fn.i64.add(pushValue(m, low), fn.i64.const(size)));
  growTo(m, end, [offset]);
  // All else has failed: an address in memory is below 2^32, wherever the stack has it again.
  m.refine(offset, fromLimb(low));
  const address = fn.i32.add(fn.get(m.mem), fn.i32.wrapI64(pushValue(m, low)));
  return { base: keep32(m, address), offset: 0 };
}

/** Makes the range addressable whose bounds are words; an empty one is nowhere. */
export function touchRange(
  m: Assembler,
  offset: Word,
  size: Word,
): { address: Local<'i32'>; size: Local<'i32'> } {
  const { fn } = m;
  const address = keep32(m, fn.get(m.mem));
  const bytes = keep32(m, fn.i32.wrapI64(pushLimb(m, size, 0)));
  fn.if(pushIsNonzero(m, size), () => {
    const low = limbOf(m, offset, 0);
    const end = keep(m, fn.i64.add(pushValue(m, low), pushLimb(m, size, 0)));
    growTo(m, end, [offset, size]);
    fn.set(address, fn.i32.add(fn.get(m.mem), fn.i32.wrapI64(pushValue(m, low))));
  });
  return { address, size: bytes };
}

/** Pushes something that is zero when all words are below 2^32. */
function pushExcess(m: Assembler, words: readonly Word[]) {
  const { fn } = m;
  let union: ReturnType<typeof pushLimb> | undefined;
  for (const word of words) {
    const own = fn.i64.shrU(pushLimb(m, word, 0), fn.i64.const(32));
    union = union === undefined ? own : fn.i64.or(union, own);
    for (let i = 1; i < widthOf(word); i++) union = fn.i64.or(union, pushLimb(m, word, i));
  }
  return union ?? fn.i64.const(0);
}

/** Pays for and zeroes memory up to `end`, the sum of the words, unless it is there already. */
function growTo(m: Assembler, end: Local<'i64'>, words: readonly Word[]): void {
  const { fn } = m;
  const excess = keep(m, pushExcess(m, words));
  const beyond = fn.i64.gtU(fn.get(end), fn.i64.load32U(fn.get(m.fp), layout.F_MEM_SIZE));
  const slow = fn.i32.or(beyond, fn.i64.ne(fn.get(excess), fn.i64.const(0)));
  fn.hint(false);
  fn.if(slow, () => {
    // The sum may have wrapped; all ones is an end that nobody can pay for.
    const isSmall = () => fn.i64.eqz(fn.get(excess));
    m.growMemory(keep(m, fn.select(fn.get(end), fn.i64.const(-1), isSmall())));
  });
}
