/**
 * Shifts, BYTE, SIGNEXTEND and CLZ. A known distance moves limbs while assembling; a distance in
 * a register is taken apart: by 128 and by 64 with selects, the rest by funnel shifts.
 */

import type { Local, Value } from '../../wasm/function.ts';
import {
  constant,
  constantOf,
  type Emitter,
  fromLimb,
  fromLimbs,
  keep,
  keep32,
  type Limb,
  type Limbs,
  limbsOf,
  pushLimb,
  pushValue,
  type Word,
  widthOf,
  ZERO,
} from './word.ts';

const LIMB_MASK = (1n << 64n) - 1n;
const WORD_BITS = 256n;

export type Shift = 'shl' | 'shr' | 'sar';

/** `value` shifted by the word `distance`; 256 and more shift everything out. */
export function shift(m: Emitter, kind: Shift, distance: Word, value: Word): Word {
  const known = constantOf(distance);
  if (known === undefined) return shiftByRegister(m, kind, distance, value);
  return shiftByConstant(m, kind, known, value);
}

function shiftByConstant(m: Emitter, kind: Shift, distance: bigint, value: Word): Word {
  const known = constantOf(value);
  if (known !== undefined) return constant(shiftBigint(kind, distance, known));
  if (distance >= WORD_BITS) {
    if (kind !== 'sar') return ZERO;
    const sign = signOf(m, limbsOf(m, value));
    return fromLimbs([sign, sign, sign, sign]);
  }
  if (distance === 0n) return value;
  const limbs = limbsOf(m, value);
  const fill: Limb = kind === 'sar' ? signOf(m, limbs) : 0n;
  const whole = Number(distance >> 6n);
  const bits = distance & 63n;
  const at = (i: number): Limb => (i < 0 ? 0n : i > 3 ? fill : (limbs[i] as Limb));
  const result: Limb[] = [];
  for (let i = 0; i < 4; i++) {
    if (kind === 'shl') result.push(funnelLeft(m, at(i - whole), at(i - whole - 1), bits));
    else result.push(funnelRight(m, at(i + whole), at(i + whole + 1), bits));
  }
  return fromLimbs(result as [Limb, Limb, Limb, Limb]);
}

function shiftBigint(kind: Shift, distance: bigint, value: bigint): bigint {
  const bounded = distance > WORD_BITS ? WORD_BITS : distance;
  if (kind === 'shl') return value << bounded;
  return (kind === 'shr' ? value : BigInt.asIntN(256, value)) >> bounded;
}

/** All ones or zero, by the sign of the word. */
function signOf(m: Emitter, limbs: Limbs): Limb {
  const top = limbs[3];
  if (typeof top === 'bigint') return top >> 63n === 1n ? LIMB_MASK : 0n;
  return keep(m, m.fn.i64.shrS(m.fn.get(top), m.fn.i64.const(63)));
}

/** (high << bits) | (low >> (64 - bits)), for 0 <= bits < 64. */
function funnelLeft(m: Emitter, high: Limb, low: Limb, bits: bigint): Limb {
  if (bits === 0n) return high;
  if (typeof high === 'bigint' && typeof low === 'bigint') {
    return ((high << bits) | (low >> (64n - bits))) & LIMB_MASK;
  }
  const { fn } = m;
  const shifted = () => fn.i64.shl(pushValue(m, high), fn.i64.const(bits));
  const carried = () => fn.i64.shrU(pushValue(m, low), fn.i64.const(64n - bits));
  if (low === 0n) return keep(m, shifted());
  if (high === 0n) return keep(m, carried());
  return keep(m, fn.i64.or(shifted(), carried()));
}

/** (low >> bits) | (high << (64 - bits)), for 0 <= bits < 64. */
function funnelRight(m: Emitter, low: Limb, high: Limb, bits: bigint): Limb {
  return bits === 0n ? low : funnelLeft(m, high, low, 64n - bits);
}

function shiftByRegister(m: Emitter, kind: Shift, distance: Word, value: Word): Word {
  const { fn } = m;
  const amount = keep(m, pushLimb(m, distance, 0));
  const limbs = limbsOf(m, value);
  const fill: Limb = kind === 'sar' ? signOf(m, limbs) : 0n;
  const outside = keep32(m, pushIsOutside(m, distance, amount));
  let current = limbs;
  for (const bit of [128, 64]) {
    const taken = keep32(m, fn.i32.wrapI64(fn.i64.and(fn.get(amount), fn.i64.const(bit))));
    current = moveLimbs(m, kind, current, bit / 64, taken, fill);
  }
  const shifted = funnelByRegister(m, kind, current, amount, fill);
  return fromLimbs(
    shifted.map((limb) =>
      keep(m, fn.select(pushValue(m, fill), pushValue(m, limb), fn.get(outside))),
    ) as unknown as Limbs,
  );
}

/** Pushes whether the distance is 256 or more. */
function pushIsOutside(m: Emitter, distance: Word, amount: Local<'i64'>): Value<'i32'> {
  const { fn } = m;
  let above: Value<'i64'> = fn.i64.shrU(fn.get(amount), fn.i64.const(8));
  for (let i = 1; i < widthOf(distance); i++) above = fn.i64.or(above, pushLimb(m, distance, i));
  return fn.i64.ne(above, fn.i64.const(0));
}

/** Moves by `places` limbs where `taken` is nonzero. */
function moveLimbs(
  m: Emitter,
  kind: Shift,
  limbs: Limbs,
  places: number,
  taken: Local<'i32'>,
  fill: Limb,
): Limbs {
  const { fn } = m;
  const direction = kind === 'shl' ? -places : places;
  const at = (i: number): Limb => (i < 0 ? 0n : i > 3 ? fill : (limbs[i] as Limb));
  return limbs.map((limb, i) => {
    const moved = at(i + direction);
    if (moved === limb) return limb;
    return keep(m, fn.select(pushValue(m, moved), pushValue(m, limb), fn.get(taken)));
  }) as unknown as Limbs;
}

/**
 * Funnel shift of all limbs by `amount` modulo 64. The neighbour's bits are shifted by one and
 * then by 63 - amount, since a shift by 64 is a shift by 0 in WebAssembly.
 */
function funnelByRegister(
  m: Emitter,
  kind: Shift,
  limbs: Limbs,
  amount: Local<'i64'>,
  fill: Limb,
): Limbs {
  const { fn } = m;
  const rest = keep(m, fn.i64.xor(fn.get(amount), fn.i64.const(63)));
  const left = kind === 'shl';
  return limbs.map((limb, i) => {
    const neighbour = left ? (i === 0 ? 0n : limbs[i - 1]) : i === 3 ? fill : limbs[i + 1];
    if (limb === 0n && neighbour === 0n) return 0n;
    const own = left
      ? fn.i64.shl(pushValue(m, limb), fn.get(amount))
      : fn.i64.shrU(pushValue(m, limb), fn.get(amount));
    if (neighbour === 0n) return keep(m, own);
    const once = left
      ? fn.i64.shrU(pushValue(m, neighbour as Limb), fn.i64.const(1))
      : fn.i64.shl(pushValue(m, neighbour as Limb), fn.i64.const(1));
    const carried = left ? fn.i64.shrU(once, fn.get(rest)) : fn.i64.shl(once, fn.get(rest));
    return keep(m, fn.i64.or(own, carried));
  }) as unknown as Limbs;
}

/** BYTE: byte `index` counted from the most significant, zero from 32 on. */
export function byteAt(m: Emitter, index: Word, value: Word): Word {
  const { fn } = m;
  const known = constantOf(index);
  if (known !== undefined) {
    if (known >= 32n) return ZERO;
    const position = 31n - known;
    const limb = limbsOf(m, value)[Number(position >> 3n)] as Limb;
    const bits = (position & 7n) * 8n;
    if (typeof limb === 'bigint') return fromLimb((limb >> bits) & 0xffn);
    const moved = fn.i64.shrU(fn.get(limb), fn.i64.const(bits));
    return fromLimb(keep(m, fn.i64.and(moved, fn.i64.const(0xff))));
  }
  // Byte i from the top is the lowest byte of value >> (248 - 8 i).
  const amount = limbsOf(m, index)[0];
  const inRange = keep32(m, fn.i32.eqz(pushIsAtLeast32(m, index)));
  const distance = keep(
    m,
    fn.i64.and(
      fn.i64.sub(fn.i64.const(248), fn.i64.shl(pushValue(m, amount), fn.i64.const(3))),
      fn.i64.const(255),
    ),
  );
  const moved = shiftByRegister(m, 'shr', fromLimb(distance), value);
  const byte = fn.i64.and(pushLimb(m, moved, 0), fn.i64.const(0xff));
  return fromLimb(keep(m, fn.select(byte, fn.i64.const(0), fn.get(inRange))));
}

function pushIsAtLeast32(m: Emitter, word: Word): Value<'i32'> {
  const { fn } = m;
  let above: Value<'i64'> = fn.i64.shrU(pushLimb(m, word, 0), fn.i64.const(5));
  for (let i = 1; i < widthOf(word); i++) above = fn.i64.or(above, pushLimb(m, word, i));
  return fn.i64.ne(above, fn.i64.const(0));
}

/** SIGNEXTEND: the sign of byte `index` (from the least significant) fills all above it. */
export function signExtend(m: Emitter, index: Word, value: Word): Word {
  const { fn } = m;
  const known = constantOf(index);
  if (known !== undefined) {
    return known >= 31n ? value : signExtendFrom(m, Number(known), value);
  }
  const amount = limbsOf(m, index)[0];
  const outside = keep32(m, pushIsAtLeast32(m, index));
  // Bytes above the 31st leave the value as it is: a distance of nothing.
  const bits = keep(m, fn.i64.shl(pushValue(m, amount), fn.i64.const(3)));
  const bounded = () => fn.i64.and(fn.i64.sub(fn.i64.const(248), fn.get(bits)), fn.i64.const(255));
  const distance = fromLimb(keep(m, fn.select(fn.i64.const(0), bounded(), fn.get(outside))));
  return shiftByRegister(m, 'sar', distance, shiftByRegister(m, 'shl', distance, value));
}

/** The sign of a known byte: one limb is shifted there and back, those above it are its sign. */
function signExtendFrom(m: Emitter, byte: number, value: Word): Word {
  const known = constantOf(value);
  if (known !== undefined) return constant(BigInt.asIntN(8 * byte + 8, known));
  const { fn } = m;
  const limbs = limbsOf(m, value);
  const index = byte >> 3;
  const distance = 56 - 8 * (byte & 7);
  let top = limbs[index] as Limb;
  if (distance > 0) {
    const raised = fn.i64.shl(pushValue(m, top), fn.i64.const(distance));
    top = keep(m, fn.i64.shrS(raised, fn.i64.const(distance)));
  }
  const sign = index === 3 ? 0n : keep(m, fn.i64.shrS(pushValue(m, top), fn.i64.const(63)));
  return fromLimbs(
    limbs.map((limb, i) => (i < index ? limb : i === index ? top : sign)) as unknown as Limbs,
  );
}

/** CLZ (EIP-7939): leading zero bits, 256 for zero. */
export function countLeadingZeros(m: Emitter, value: Word): Word {
  const { fn } = m;
  const limbs = limbsOf(m, value);
  // From the lowest limb up: a higher limb that is not zero decides.
  let count = keep(m, fn.i64.add(fn.i64.clz(pushValue(m, limbs[0])), fn.i64.const(192)));
  for (let i = 1; i < 4; i++) {
    const own = fn.i64.add(fn.i64.clz(pushValue(m, limbs[i] as Limb)), fn.i64.const(64 * (3 - i)));
    const nonzero = fn.i64.ne;
    count = keep(
      m,
      fn.select(
        own,
        fn.get(count),
        nonzero.call(fn.i64, pushValue(m, limbs[i] as Limb), fn.i64.const(0)),
      ),
    );
  }
  return fromLimb(count);
}
