/**
 * Between words (least significant byte first) and bytes as the EVM orders them (most significant
 * first). WebAssembly has no byte swap for integers; a shuffle of sixteen bytes is one
 * instruction.
 */
import type { Local, Value } from '../../wasm/function.ts';
import { type Emitter, pushHalf, type Word } from './word.ts';

/** 32 bytes at `base + offset` in linear memory. */
export interface Place {
  readonly base: Local<'i32'>;
  readonly offset: number;
}

const REVERSED: readonly number[] = Array.from({ length: 16 }, (_, i) => 15 - i);

/** Pushes the vector with its sixteen bytes in the opposite order. */
export function pushReversed(m: Emitter, value: Value<'v128'>): Value<'v128'> {
  // Both operands are the same vector; the shuffle reads the first only.
  const vector = m.v128();
  m.fn.set(vector, value);
  return m.fn.i8x16.shuffle(REVERSED, m.fn.get(vector), m.fn.get(vector));
}

/** Reads 32 big-endian bytes into two halves. */
export function reverseBytes(
  m: Emitter,
  { base, offset }: Place,
  into: { readonly low: Local<'v128'>; readonly high: Local<'v128'> },
): void {
  const { fn } = m;
  fn.set(into.low, pushReversed(m, fn.v128.load(fn.get(base), offset + 16)));
  fn.set(into.high, pushReversed(m, fn.v128.load(fn.get(base), offset)));
}

/** Stores the word as 32 big-endian bytes. */
export function storeReversed(m: Emitter, word: Word, { base, offset }: Place): void {
  const { fn } = m;
  const high = m.v128();
  const low = m.v128();
  fn.set(high, pushReversed(m, pushHalf(m, word, 1)));
  fn.set(low, pushReversed(m, pushHalf(m, word, 0)));
  fn.v128.store(fn.get(base), fn.get(high), offset);
  fn.v128.store(fn.get(base), fn.get(low), offset + 16);
}

/**
 * Pushes one half of a word made of `count` big-endian bytes that follow `address + offset`
 * (1 to 32), as PUSH reads its immediate. Up to fifteen bytes past them are read and dropped.
 */
export function pushImmediateHalf(
  m: Emitter,
  { address, offset, count }: { address: Local<'i32'>; offset: number; count: number },
  half: 0 | 1,
): Value<'v128'> {
  const { fn } = m;
  const zero = () => fn.v128.const(new Uint8Array(16));
  const taken = half === 0 ? Math.min(count, 16) : Math.max(count - 16, 0);
  if (taken === 0) return zero();
  const start = half === 0 ? count - taken : 0;
  const lanes = Array.from({ length: 16 }, (_, i) => (i < taken ? taken - 1 - i : 16));
  return fn.i8x16.shuffle(lanes, fn.v128.load(fn.get(address), offset + start), zero());
}
