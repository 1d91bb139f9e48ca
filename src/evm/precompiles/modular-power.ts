/**
 * base^exponent mod modulus. Odd moduli of one limb, and to LENGTH_MAX bytes, by Montgomery
 * multiplication in WebAssembly, others by BigInt, which is faster past that: it multiplies 64 bits
 * at a time, and long numbers by better algorithms. An even modulus is 2^k times an odd one:
 *
 *   x = b^e mod q,  y = b^e mod 2^k,  result = x + q ((y - x) / q mod 2^k)
 *
 * docs/design/precompiles.md has the measurements.
 */
import { assembled, type PowerOfLimbs, WORK } from './assembled/module.ts';
import { SIZE_STEP } from './assembled/montgomery.ts';
import type { Steps } from './libraries.ts';
import type { PrecompileInput } from './precompile.ts';

/** Longer moduli are BigInt's. */
const LENGTH_MAX = 96;
/** Exponents of fewer bits are taken bit by bit: the table would cost more than it saves. */
const SHORT_BITS = 24;
/** Exponents of so many bits at most are powers of BigInt: nothing is worth being prepared. */
const TINY_BITS = 4;
/** Bits of the exponent taken together. */
const WINDOW = 4;
/** Digits of the exponent in one step. */
const STEP_DIGITS = 64;
/** The same by BigInt, and the bits of a modulus past which it is one: 4 squarings are long. */
const PLAIN_STEP_DIGITS = 16;
const LONG_BITS = 16_384n;

const DIGITS = WORK;
const MODULUS = DIGITS + STEP_DIGITS;
const RESULT = MODULUS + LENGTH_MAX;
const ONE = RESULT + LENGTH_MAX;
const TABLE = ONE + LENGTH_MAX;
/** With a word before it, and one more digit than a number. */
const TEMPORARY = TABLE + (1 << WINDOW) * LENGTH_MAX + 8;

/** Of numbers that fit 64 bits, written anew in each step. */
const LIMB_TABLE = TEMPORARY + LENGTH_MAX + 8;
const LIMB_DIGITS = LIMB_TABLE + 8 * (1 << WINDOW);
const STEP_LIMB_DIGITS = 4_096;
/** Zeros before an exponent that are passed over in one step. */
const STEP_BYTES = 65_536;

/** The power, below a modulus that is not zero. The exponent is big-endian, read in parts. */
export function* modularPower(
  base: bigint,
  exponent: PrecompileInput,
  modulus: bigint,
): Steps<bigint> {
  const digits = yield* digitsOf(exponent);
  if (digits.width === 1 && digits.count <= TINY_BITS) {
    return yield* plainPower(
      base,
      digits,
      BigInt(8 * byteLength(modulus)),
      (value) => value % modulus,
    );
  }
  const twos = trailingZeros(modulus);
  const odd = modulus >> twos;
  const x = yield* powerOfOdd(base, digits, odd);
  if (twos === 0n) return x;
  const mask = (1n << twos) - 1n;
  const y = yield* powerOfTwos(base & mask, digits, twos);
  return x + odd * (((y - x) * inverseOf(odd, twos)) & mask);
}

function powerOfOdd(base: bigint, digits: Digits, modulus: bigint): Steps<bigint> {
  const size = byteLength(modulus);
  if (size <= 8) return powerOfLimb(base, digits, modulus);
  if (size <= LENGTH_MAX) return montgomeryPower(base, digits, modulus);
  return plainPower(base, digits, BigInt(8 * size), (value) => value % modulus);
}

function* powerOfTwos(base: bigint, digits: Digits, twos: bigint): Steps<bigint> {
  const mask = (1n << twos) - 1n;
  if (twos > 64n) return yield* plainPower(base, digits, twos, (value) => value & mask);
  const table = powersOf(digits, 1n, base, (a, b) => BigInt.asUintN(64, a * b));
  const power = yield* limbSteps(assembled().powerWrapped, digits, table, 0n);
  return power & mask;
}

function* powerOfLimb(base: bigint, digits: Digits, modulus: bigint): Steps<bigint> {
  const { multiplySmall, powerSmall } = assembled();
  const inverse = inverseOf(modulus, 64n);
  const multiply = (a: bigint, b: bigint): bigint =>
    BigInt.asUintN(64, multiplySmall(a, b, modulus, inverse));
  const [one, first] = [(1n << 64n) % modulus, (base << 64n) % modulus];
  const table = powersOf(digits, one, first, multiply);
  const power = yield* limbSteps(powerSmall, digits, table, modulus, inverse);
  return multiply(power, 1n);
}

/** What digits stand for: powers of a number, as the multiplication takes and gives them. */
function powersOf(
  { width }: Digits,
  one: bigint,
  first: bigint,
  multiply: (a: bigint, b: bigint) => bigint,
): BigUint64Array<ArrayBuffer> {
  const powers = new BigUint64Array(1 << width);
  let power = one;
  for (let i = 0; i < powers.length; i++) {
    powers[i] = power;
    power = multiply(power, first);
  }
  return powers;
}

/** A power in numbers of 64 bits. */
function* limbSteps(
  power: PowerOfLimbs,
  digits: Digits,
  table: BigUint64Array<ArrayBuffer>,
  modulus: bigint,
  inverse = 0n,
): Steps<bigint> {
  const { width } = digits;
  const { bytes } = assembled();
  let result = table[digits.first] as bigint;
  for (let done = 1; done < digits.count; done += STEP_LIMB_DIGITS) {
    if (done > 1) yield;
    const part = digits.read(done, STEP_LIMB_DIGITS);
    bytes.set(new Uint8Array(table.buffer), LIMB_TABLE);
    bytes.set(part, LIMB_DIGITS);
    result = power(LIMB_TABLE, LIMB_DIGITS, part.length, width, result, modulus, inverse);
  }
  return BigInt.asUintN(64, result);
}

/** An exponent without leading zeros, in digits of `width` bits, the highest first. */
class Digits {
  readonly width: number;
  readonly count: number;
  /** The highest; 0 where there is none. */
  readonly first: number;
  readonly #exponent: PrecompileInput;
  /** Digits of the exponent's bytes that come before: zeros. */
  readonly #zeros: number;

  /** @param start of the first byte that is not zero, `first` */
  constructor(exponent: PrecompileInput, start: number, first: number) {
    const size = exponent.length - start;
    this.width = 8 * size <= SHORT_BITS ? 1 : WINDOW;
    const perByte = 8 / this.width;
    const bits = 32 - Math.clz32(first);
    const used = Math.ceil(bits / this.width);
    this.first = first >> (this.width * (used - 1));
    this.#exponent = exponent;
    this.#zeros = start * perByte + perByte - used;
    this.count = Math.max(exponent.length * perByte - this.#zeros, 0);
  }

  /** So many digits at most, from the i-th on. */
  read(from: number, most: number): Uint8Array {
    const { width } = this;
    const perByte = 8 / width;
    const digits = new Uint8Array(Math.max(Math.min(most, this.count - from), 0));
    const start = from + this.#zeros;
    const firstByte = Math.floor(start / perByte);
    const bytes = new Uint8Array(Math.ceil((start + digits.length) / perByte) - firstByte);
    this.#exponent.copy(bytes, firstByte);
    for (let i = 0; i < digits.length; i++) {
      const at = start + i - firstByte * perByte;
      const shift = 8 - width * ((at % perByte) + 1);
      digits[i] = ((bytes[Math.floor(at / perByte)] as number) >> shift) & ((1 << width) - 1);
    }
    return digits;
  }
}

/** Looks for the first byte that is not zero, in steps. */
function* digitsOf(exponent: PrecompileInput): Steps<Digits> {
  const { length } = exponent;
  for (let start = 0; start < length; start += STEP_BYTES) {
    if (start > 0) yield;
    const part = new Uint8Array(Math.min(STEP_BYTES, length - start));
    exponent.copy(part, start);
    const at = part.findIndex((byte) => byte !== 0);
    if (at >= 0) return new Digits(exponent, start + at, part[at] as number);
  }
  return new Digits(exponent, length, 0);
}

function* plainPower(
  base: bigint,
  digits: Digits,
  bits: bigint,
  reduce: (value: bigint) => bigint,
): Steps<bigint> {
  const { width, count } = digits;
  const powers = [reduce(1n)];
  for (let i = 1; i < 1 << width; i++) powers.push(reduce((powers[i - 1] as bigint) * base));
  const step = bits > LONG_BITS ? 1 : PLAIN_STEP_DIGITS;
  let result = powers[digits.first] as bigint;
  for (let done = 1; done < count; done += step) {
    if (done > 1) yield;
    for (const value of digits.read(done, step)) {
      for (let k = 0; k < width; k++) result = reduce(result * result);
      if (value !== 0) result = reduce(result * (powers[value] as bigint));
    }
  }
  return result;
}

function* montgomeryPower(base: bigint, digits: Digits, modulus: bigint): Steps<bigint> {
  const { bytes, montgomery, power } = assembled();
  const size = SIZE_STEP * Math.ceil(byteLength(modulus) / SIZE_STEP);
  const shift = BigInt(8 * size);
  const inverse = negativeInverse(Number(modulus & 0xffff_ffffn));
  const multiply = (to: number, a: number, b: number): void =>
    montgomery(to, a, b, MODULUS, TEMPORARY, size, inverse);
  write(bytes, MODULUS, modulus, size);
  write(bytes, TABLE, (1n << shift) % modulus, size);
  write(bytes, TABLE + size, (base << shift) % modulus, size);
  for (let i = 2; i < 1 << digits.width; i++) {
    multiply(TABLE + i * size, TABLE + (i - 1) * size, TABLE + size);
  }
  const { first, count, width } = digits;
  bytes.copyWithin(RESULT, TABLE + first * size, TABLE + first * size + size);
  for (let done = 1; done < count; done += STEP_DIGITS) {
    if (done > 1) {
      const kept = bytes.slice(MODULUS, TEMPORARY);
      yield;
      bytes.set(kept, MODULUS);
    }
    const part = digits.read(done, STEP_DIGITS);
    bytes.set(part, DIGITS);
    power(RESULT, TABLE, DIGITS, part.length, width, MODULUS, TEMPORARY, size, inverse);
  }
  write(bytes, ONE, 1n, size);
  multiply(RESULT, RESULT, ONE);
  return BigInt(
    `0x${bytes
      .slice(RESULT, RESULT + size)
      .reverse()
      .toHex()}`,
  );
}

function byteLength(value: bigint): number {
  return Math.ceil(value.toString(16).length / 2);
}

/** Little-endian. */
function write(bytes: Uint8Array, at: number, value: bigint, size: number): void {
  bytes.set(Uint8Array.fromHex(value.toString(16).padStart(2 * size, '0')).reverse(), at);
}

/** -1 / value mod 2^32 for an odd value: each round doubles the bits that are right. */
function negativeInverse(value: number): bigint {
  let inverse = value;
  for (let bits = 3; bits < 32; bits *= 2) {
    inverse = Math.imul(inverse, 2 - Math.imul(value, inverse));
  }
  return BigInt(-inverse >>> 0);
}

/** 1 / value mod 2^bits for an odd value. */
function inverseOf(value: bigint, bits: bigint): bigint {
  let inverse = value;
  for (let right = 3n; right < bits; right *= 2n) {
    inverse = BigInt.asUintN(Number(bits), inverse * (2n - value * inverse));
  }
  return BigInt.asUintN(Number(bits), inverse);
}

function trailingZeros(value: bigint): bigint {
  const hex = value.toString(16);
  let zeros = 0;
  while (hex[hex.length - 1 - zeros] === '0') zeros++;
  let low = Number((value >> BigInt(4 * zeros)) & 15n);
  let count = BigInt(4 * zeros);
  while ((low & 1) === 0) {
    low >>= 1;
    count += 1n;
  }
  return count;
}
