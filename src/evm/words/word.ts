/**
 * 256-bit values as the assembler sees them while it emits code.
 *
 * A word is known, or lives in wasm locals, or still lies on the EVM stack in linear memory. The
 * forms differ in what is cheap: limbs for arithmetic, halves (two v128) for copies, bitwise
 * operations and byte order, a condition for what comparisons give and jumps take. A limb may be
 * a constant, so that a value of known width (a comparison, an address) never computes the limbs
 * that are zero.
 *
 *   limb 3           limb 2           limb 1           limb 0
 *   |---- high (v128) ---------------||---- low (v128) ---------------|
 *   most significant                                   least significant
 */
import type { FunctionBuilder, Local, Value } from '../../wasm/function.ts';

/** 64 bits: known, or in a local. */
export type Limb = bigint | Local<'i64'>;

export type Limbs = readonly [Limb, Limb, Limb, Limb];

export type Word =
  | { readonly kind: 'limbs'; readonly limbs: Limbs }
  | { readonly kind: 'halves'; readonly low: Local<'v128'>; readonly high: Local<'v128'> }
  /** 0 or 1, as an i32. */
  | { readonly kind: 'condition'; readonly condition: Local<'i32'> }
  /** 32 bytes at `base + offset` in linear memory that nothing writes while the word is used. */
  | { readonly kind: 'memory'; readonly base: Local<'i32'>; readonly offset: number };

/** Where code is emitted, and temporaries that live until the current opcode ends. */
export interface Emitter {
  readonly fn: FunctionBuilder;
  i64(): Local<'i64'>;
  i32(): Local<'i32'>;
  v128(): Local<'v128'>;
}

export const WORD_BYTES = 32;
const LIMB_MASK = (1n << 64n) - 1n;
const WORD_MASK = (1n << 256n) - 1n;

export const ZERO: Word = constant(0n);

/** The word `value` modulo 2^256. */
export function constant(value: bigint): Word {
  const bits = value & WORD_MASK;
  return {
    kind: 'limbs',
    limbs: [bits & LIMB_MASK, (bits >> 64n) & LIMB_MASK, (bits >> 128n) & LIMB_MASK, bits >> 192n],
  };
}

/** The number that stands in a code from `start` to before `end`; past the code's end is zero. */
export function fromBytes(code: Uint8Array, start: number, end: number): Word {
  const limb = (i: number) => limbFromBytes(code, Math.max(start, end - 8 * (i + 1)), end - 8 * i);
  const bytes = end - start;
  if (bytes <= 8) return fromLimb(limb(0));
  if (bytes <= 24) return fromLimbs([limb(0), limb(1), bytes <= 16 ? 0n : limb(2), 0n]);
  return fromLimbs([limb(0), limb(1), limb(2), limb(3)]);
}

function limbFromBytes(code: Uint8Array, start: number, end: number): bigint {
  let high = 0;
  let low = 0;
  for (let i = start; i < end; i++) {
    high = ((high << 8) | (low >>> 24)) >>> 0;
    low = ((low << 8) | (code[i] ?? 0)) >>> 0;
  }
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}

/** A word of one limb. */
export function fromLimb(limb: Limb): Word {
  return { kind: 'limbs', limbs: [limb, 0n, 0n, 0n] };
}

export function fromLimbs(limbs: Limbs): Word {
  return { kind: 'limbs', limbs };
}

export function fromCondition(condition: Local<'i32'>): Word {
  return { kind: 'condition', condition };
}

/** The value of a word that is known in full, else undefined. */
export function constantOf(word: Word): bigint | undefined {
  if (word.kind !== 'limbs') return undefined;
  const [a, b, c, d] = word.limbs;
  if (typeof a !== 'bigint' || typeof b !== 'bigint') return undefined;
  if (typeof c !== 'bigint' || typeof d !== 'bigint') return undefined;
  if (b === 0n && c === 0n && d === 0n) return a;
  return (((((d << 64n) | c) << 64n) | b) << 64n) | a;
}

/** Number of limbs that may be nonzero, 0 to 4. */
export function widthOf(word: Word): number {
  if (word.kind === 'condition') return 1;
  if (word.kind !== 'limbs') return 4;
  let width = 4;
  while (width > 0 && word.limbs[width - 1] === 0n) width--;
  return width;
}

/** Pushes limb `index`, reading it anew each time. */
export function pushLimb(m: Emitter, word: Word, index: number): Value<'i64'> {
  const { fn } = m;
  switch (word.kind) {
    case 'limbs':
      return pushValue(m, word.limbs[index] as Limb);
    case 'halves':
      return fn.i64x2.extractLane(index & 1, fn.get(index < 2 ? word.low : word.high));
    case 'condition':
      return index === 0 ? fn.i64.extendI32U(fn.get(word.condition)) : fn.i64.const(0);
    case 'memory':
      return fn.i64.load(fn.get(word.base), word.offset + 8 * index);
  }
}

/** Pushes a limb. */
export function pushValue({ fn }: Emitter, limb: Limb): Value<'i64'> {
  return typeof limb === 'bigint' ? fn.i64.const(limb) : fn.get(limb);
}

/** The word's limbs, each a constant or a local that is read any number of times. */
export function limbsOf(m: Emitter, word: Word): Limbs {
  if (word.kind === 'limbs') return word.limbs;
  if (word.kind === 'condition') return [limbOf(m, word, 0), 0n, 0n, 0n];
  return [limbOf(m, word, 0), limbOf(m, word, 1), limbOf(m, word, 2), limbOf(m, word, 3)];
}

/** One limb as a constant or a local. */
export function limbOf(m: Emitter, word: Word, index: number): Limb {
  if (word.kind === 'limbs') return word.limbs[index] as Limb;
  if (word.kind === 'condition' && index > 0) return 0n;
  return keep(m, pushLimb(m, word, index));
}

/** Stores a pushed value in a new temporary. */
export function keep(m: Emitter, value: Value<'i64'>): Local<'i64'> {
  const local = m.i64();
  m.fn.set(local, value);
  return local;
}

/** The same for an i32. */
export function keep32(m: Emitter, value: Value<'i32'>): Local<'i32'> {
  const local = m.i32();
  m.fn.set(local, value);
  return local;
}

/** Pushes one half: 0 the low, 1 the high 128 bits. */
export function pushHalf(m: Emitter, word: Word, half: 0 | 1): Value<'v128'> {
  const { fn } = m;
  switch (word.kind) {
    case 'halves':
      return fn.get(half === 0 ? word.low : word.high);
    case 'memory':
      return fn.v128.load(fn.get(word.base), word.offset + 16 * half);
    case 'condition':
      if (half === 1) return fn.v128.const(ZERO_HALF);
      return fn.i64x2.replaceLane(
        0,
        fn.v128.const(ZERO_HALF),
        fn.i64.extendI32U(fn.get(word.condition)),
      );
    case 'limbs': {
      const first = word.limbs[2 * half] as Limb;
      const second = word.limbs[2 * half + 1] as Limb;
      if (typeof first === 'bigint' && typeof second === 'bigint') {
        return fn.v128.const(bytesOfHalf(first, second));
      }
      const splat = fn.i64x2.splat(pushValue(m, first));
      return fn.i64x2.replaceLane(1, splat, pushValue(m, second));
    }
  }
}

const ZERO_HALF = new Uint8Array(16);
const HALF = new DataView(new ArrayBuffer(16));
const HALF_BYTES = new Uint8Array(HALF.buffer);

/** Valid until the next call. */
function bytesOfHalf(first: bigint, second: bigint): Uint8Array {
  if (first === 0n && second === 0n) return ZERO_HALF;
  HALF.setBigUint64(0, first, true);
  HALF.setBigUint64(8, second, true);
  return HALF_BYTES;
}

/** The word as two v128 locals. */
export function halvesOf(m: Emitter, word: Word): Extract<Word, { kind: 'halves' }> {
  if (word.kind === 'halves') return word;
  const low = m.v128();
  const high = m.v128();
  m.fn.set(low, pushHalf(m, word, 0));
  m.fn.set(high, pushHalf(m, word, 1));
  return { kind: 'halves', low, high };
}

/** Stores the word at `base + offset`. */
export function storeWord(m: Emitter, word: Word, base: Local<'i32'>, offset: number): void {
  const { fn } = m;
  if (word.kind === 'memory' && word.base === base && word.offset === offset) return;
  if (word.kind === 'limbs') {
    storeHalf(m, word, 0, base, offset);
    storeHalf(m, word, 1, base, offset);
    return;
  }
  if (word.kind === 'condition') {
    fn.i64.store(fn.get(base), pushLimb(m, word, 0), offset);
    fn.i64.store(fn.get(base), fn.i64.const(0), offset + 8);
    fn.v128.store(fn.get(base), fn.v128.const(ZERO_HALF), offset + 16);
    return;
  }
  const { low, high } = halvesOf(m, word);
  fn.v128.store(fn.get(base), fn.get(low), offset);
  fn.v128.store(fn.get(base), fn.get(high), offset + 16);
}

function storeHalf(
  m: Emitter,
  word: Extract<Word, { kind: 'limbs' }>,
  half: 0 | 1,
  base: Local<'i32'>,
  offset: number,
): void {
  const { fn } = m;
  const first = word.limbs[2 * half] as Limb;
  const second = word.limbs[2 * half + 1] as Limb;
  if (typeof first === 'bigint' && typeof second === 'bigint' && first === second) {
    fn.v128.store(fn.get(base), pushHalf(m, word, half), offset + 16 * half);
    return;
  }
  fn.i64.store(fn.get(base), pushValue(m, first), offset + 16 * half);
  fn.i64.store(fn.get(base), pushValue(m, second), offset + 16 * half + 8);
}
