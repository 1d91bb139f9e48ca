// DIV, MOD, SDIV, SMOD, ADDMOD and MULMOD: Knuth's algorithm D (volume 2, 4.3.1) on 64-bit limbs.
// A quotient limb comes from the divisor's two top limbs and their reciprocal (reciprocal.ts), so
// that it is too large by at most one, and no step divides.
//
// The dividend is shifted to DIVIDEND in the scratch memory, one limb longer than it was; the
// remainder is left there. The operands are read before anything is written to `dst`, so `dst`
// may be one of them.
import { high64, product } from "./product";
import { reciprocalOf1, reciprocalOf2 } from "./reciprocal";
import { scratchAt } from "./scratch";
import {
  RECIPROCAL_DIGITS, RECIPROCAL_DIVISOR, RECIPROCAL_DIVISOR_DIGITS, RECIPROCAL_MODULUS, RECIPROCAL_SEEN,
  RECIPROCAL_SHIFT,
} from "../../layout";

// Places in the scratch memory.
const DIVIDEND: u32 = 0;
const DIVISOR: u32 = 128;
const QUOTIENT: u32 = 192;
const PRODUCT: u32 = 320;
const LEFT: u32 = 512;
const RIGHT: u32 = 544;

// @ts-ignore: decorator
@inline
export function copyWord(to: u32, from: u32): void {
  const low = v128.load(from);
  const high = v128.load(from, 16);
  v128.store(to, low);
  v128.store(to, high, 16);
}

// @ts-ignore: decorator
@inline
export function setWord(to: u32, value: u64): void {
  store<u64>(to, value);
  store<u64>(to, 0, 8);
  v128.store(to, i64x2.splat(0), 16);
}

// @ts-ignore: decorator
@inline
function isZero(a: u32): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** Limbs of the number of at most `count` limbs at `a`. */
// @ts-ignore: decorator
@inline
function limbs(a: u32, count: u32): u32 {
  let n = count;
  while (n > 0 && load<u64>(a + ((n - 1) << 3)) == 0) n--;
  return n;
}

/** to = from << shift, `n` limbs and one more for what is shifted out. */
function shiftLeft(to: u32, from: u32, n: u32, shift: u64): void {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < n << 3; i += 8) {
    const value = load<u64>(from + i);
    store<u64>(to + i, (value << shift) | carry);
    carry = shift == 0 ? 0 : value >> (64 - shift);
  }
  store<u64>(to + (n << 3), carry);
}

function shiftRight(at: u32, n: u32, shift: u64): void {
  if (shift == 0) return;
  let value = load<u64>(at);
  for (let i: u32 = 0; i < (n - 1) << 3; i += 8) {
    const next = load<u64>(at + i, 8);
    store<u64>(at + i, (value >> shift) | (next << (64 - shift)));
    value = next;
  }
  store<u64>(at + ((n - 1) << 3), value >> shift);
}

/**
 * Divides the `count` limbs at `from` by the word `divisor` (not zero). The first `count` limbs of
 * QUOTIENT and the first four of DIVIDEND get quotient and remainder.
 */
function divide(from: u32, count: u32, divisor: u32): void {
  const u = scratchAt(DIVIDEND);
  const quotient = scratchAt(QUOTIENT);
  const n = limbs(divisor, 4);
  const m = limbs(from, count);
  for (let i: u32 = 0; i < count; i++) store<u64>(quotient + (i << 3), 0);
  if (m < n) {
    copyWord(u, from);
    return;
  }
  const shift = clz<u64>(load<u64>(divisor + ((n - 1) << 3)));
  if (n == 1) {
    const rest = divideBy1(quotient, from, m, load<u64>(divisor) << shift, shift);
    setWord(u, rest >> shift);
    return;
  }
  const v = scratchAt(DIVISOR);
  shiftLeft(v, divisor, n, shift);
  shiftLeft(u, from, m, shift);
  divideByMany(quotient, u, m - n, v, n);
  shiftRight(u, n, shift);
  for (let i = n; i < 4; i++) store<u64>(u + (i << 3), 0);
}

/** Quotient of the m limbs at `from` shifted left by the normalised d; returns the remainder. */
function divideBy1(quotient: u32, from: u32, m: u32, d: u64, shift: u64): u64 {
  const v = reciprocalOf1(d);
  let value = load<u64>(from + ((m - 1) << 3));
  let r: u64 = shift == 0 ? 0 : value >> (64 - shift);
  for (let i: i32 = m - 1; i >= 0; i--) {
    const next: u64 = i > 0 ? load<u64>(from + ((i - 1) << 3)) : 0;
    const low = shift == 0 ? value : (value << shift) | (next >> (64 - shift));
    value = next;
    const q0 = v * r + low;
    let q1 = high64(v, r) + r + 1 + u64(q0 < low);
    r = low - q1 * d;
    if (r > q0) {
      q1--;
      r += d;
    }
    if (r >= d) {
      q1++;
      r -= d;
    }
    store<u64>(quotient + (i << 3), q1);
  }
  return r;
}

/** Quotient limbs `last` .. 0 of the dividend at `u` by the `n` normalised limbs at `v`. */
function divideByMany(quotient: u32, u: u32, last: i32, v: u32, n: u32): void {
  const top = (n - 2) << 3;
  const d1 = load<u64>(v + top, 8);
  const d0 = load<u64>(v + top);
  const w = reciprocalOf2(d1, d0);
  for (let j: i32 = last; j >= 0; j--) {
    const at = u + (j << 3);
    const u2 = load<u64>(at + top, 16);
    const u1 = load<u64>(at + top, 8);
    if (u2 == d1 && u1 == d0) {
      // Then the quotient limb is 2^64 - 1 exactly: the dividend is below divisor * 2^64.
      store<u64>(at + top, u2 - subtractProduct(at, v, n << 3, u64.MAX_VALUE), 16);
      store<u64>(quotient + (j << 3), u64.MAX_VALUE);
      continue;
    }
    const q0 = w * u2 + u1;
    let q = high64(w, u2) + u2 + u64(q0 < u1);
    const u0 = load<u64>(at + top);
    const t0 = d0 * q;
    const x0 = u0 - t0;
    let r0 = x0 - d0;
    let r1 = u1 - q * d1 - high64(d0, q) - u64(u0 < t0) - d1 - u64(x0 < d0);
    q++;
    if (r1 >= q0) {
      q--;
      const sum = r0 + d0;
      r1 += d1 + u64(sum < d0);
      r0 = sum;
    }
    if (r1 > d1 || (r1 == d1 && r0 >= d0)) {
      q++;
      r1 -= d1 + u64(r0 < d0);
      r0 -= d0;
    }
    if (top != 0) {
      const carry = subtractProduct(at, v, top, q);
      const borrow = u64(r0 < carry);
      r0 -= carry;
      const below = r1 < borrow;
      r1 -= borrow;
      if (below) {
        q--;
        const lower = addBack(at, v, top);
        const sum = r0 + d0;
        r0 = sum + lower;
        r1 += d1 + u64(sum < d0) + u64(r0 < lower);
      }
    }
    store<u64>(at + top, r0);
    store<u64>(at + top, r1, 8);
    store<u64>(quotient + (j << 3), q);
  }
}

/** at -= q * v over `bytes`; returns what must still be taken from the next limb. */
// @ts-ignore: decorator
@inline
function subtractProduct(at: u32, v: u32, bytes: u32, q: u64): u64 {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < bytes; i += 8) {
    const limb = load<u64>(v + i);
    const low = limb * q + carry;
    const value = load<u64>(at + i);
    carry = high64(limb, q) + u64(low < carry) + u64(value < low);
    store<u64>(at + i, value - low);
  }
  return carry;
}

/** at += v over `bytes`; returns the carry. */
function addBack(at: u32, v: u32, bytes: u32): u64 {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < bytes; i += 8) {
    const value = load<u64>(v + i);
    const sum = value + load<u64>(at + i);
    const total = sum + carry;
    carry = u64(sum < value) | u64(total < sum);
    store<u64>(at + i, total);
  }
  return carry;
}

/** dst = a / b, rounded down; 0 when b is 0. */
export function div(dst: u32, a: u32, b: u32): void {
  const high = load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24);
  const highB = load<u64>(b, 8) | load<u64>(b, 16) | load<u64>(b, 24);
  if ((high | highB) == 0) {
    const d = load<u64>(b);
    setWord(dst, d == 0 ? 0 : load<u64>(a) / d);
    return;
  }
  if ((highB | load<u64>(b)) == 0) {
    setWord(dst, 0);
    return;
  }
  divide(a, 4, b);
  copyWord(dst, scratchAt(QUOTIENT));
}

/** dst = a modulo b; 0 when b is 0. */
export function mod(dst: u32, a: u32, b: u32): void {
  const high = load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24);
  const highB = load<u64>(b, 8) | load<u64>(b, 16) | load<u64>(b, 24);
  if ((high | highB) == 0) {
    const d = load<u64>(b);
    setWord(dst, d == 0 ? 0 : load<u64>(a) % d);
    return;
  }
  if ((highB | load<u64>(b)) == 0) {
    setWord(dst, 0);
    return;
  }
  divide(a, 4, b);
  copyWord(dst, scratchAt(DIVIDEND));
}

function negate(to: u32, from: u32): void {
  let carry: u64 = 1;
  for (let i: u32 = 0; i < 32; i += 8) {
    const value = ~load<u64>(from + i) + carry;
    carry = carry & u64(value == 0);
    store<u64>(to + i, value);
  }
}

function absolute(to: u32, from: u32): void {
  if (load<i64>(from, 24) < 0) negate(to, from);
  else copyWord(to, from);
}

/** dst = a / b in two's complement, rounded to zero; 0 when b is 0. */
export function sdiv(dst: u32, a: u32, b: u32): void {
  const negative = (load<i64>(a, 24) ^ load<i64>(b, 24)) < 0;
  absolute(scratchAt(LEFT), a);
  absolute(scratchAt(RIGHT), b);
  div(dst, scratchAt(LEFT), scratchAt(RIGHT));
  if (negative) negate(dst, dst);
}

/** dst = a - b * (a / b) in two's complement (the sign of a); 0 when b is 0. */
export function smod(dst: u32, a: u32, b: u32): void {
  const negative = load<i64>(a, 24) < 0;
  absolute(scratchAt(LEFT), a);
  absolute(scratchAt(RIGHT), b);
  mod(dst, scratchAt(LEFT), scratchAt(RIGHT));
  if (negative) negate(dst, dst);
}

/**
 * dst = (a + b) modulo m without overflow; 0 when m is 0. The kernel (kernels/addmod.ts) calls it
 * when the sum is not below twice the modulus.
 */
export function addmodSlow(dst: u32, a: u32, b: u32, m: u32): void {
  if (isZero(m)) {
    setWord(dst, 0);
    return;
  }
  const sum = scratchAt(PRODUCT);
  let carry: u64 = 0;
  for (let i: u32 = 0; i < 32; i += 8) {
    const x = load<u64>(a + i);
    const s = x + load<u64>(b + i);
    const total = s + carry;
    carry = u64(s < x) | u64(total < s);
    store<u64>(sum + i, total);
  }
  store<u64>(sum, carry, 32);
  divide(sum, 5, m);
  copyWord(dst, scratchAt(DIVIDEND));
}

/**
 * dst = (a * b) modulo m; 0 when m is 0. The kernel (kernels/mulmod.ts) calls it when `entry` has
 * another modulus than m; the second time in a row that m is looked for there, its reciprocal is
 * computed.
 */
export function mulmodSlow(dst: u32, a: u32, b: u32, m: u32, entry: u32): void {
  if (isZero(m)) {
    setWord(dst, 0);
    return;
  }
  if (!isSame(m, entry)) {
    if (isSame(m, entry + RECIPROCAL_SEEN)) fillReciprocal(entry, m);
    else copyWord(entry + RECIPROCAL_SEEN, m);
  }
  product(scratchAt(PRODUCT), a, b);
  divide(scratchAt(PRODUCT), 8, m);
  copyWord(dst, scratchAt(DIVIDEND));
}

// @ts-ignore: decorator
@inline
function isSame(a: u32, b: u32): bool {
  const low = v128.xor(v128.load(a), v128.load(b));
  const high = v128.xor(v128.load(a, 16), v128.load(b, 16));
  return !v128.any_true(v128.or(low, high));
}

/**
 * Makes `entry` the modulus's own. A modulus below 2^192 gets none, since its entry's shift would
 * move whole limbs.
 */
function fillReciprocal(entry: u32, modulus: u32): void {
  const top = load<u64>(modulus, 24);
  if (top == 0) return;
  const bits = clz<u64>(top);
  const normalised = scratchAt(DIVISOR);
  shiftLeft(normalised, modulus, 4, bits);
  // A divisor of 251 bits or more is good enough as it is.
  const isShifted = bits > 5;
  const numerator = scratchAt(DIVIDEND);
  memory.fill(numerator, 0, 72);
  store<u64>(numerator, (<u64>1) << (isShifted ? 28 : 28 + bits), 64);
  const quotient = scratchAt(QUOTIENT);
  divideByMany(quotient, numerator, 4, normalised, 4);
  const divisor = isShifted ? normalised : modulus;
  copyWord(entry + RECIPROCAL_MODULUS, modulus);
  copyWord(entry + RECIPROCAL_DIVISOR, divisor);
  storeDigits(entry + RECIPROCAL_DIVISOR_DIGITS, divisor, 4, 9);
  storeDigits(entry + RECIPROCAL_DIGITS, quotient, 5, 10);
  store<u64>(entry, isShifted ? bits : 0, RECIPROCAL_SHIFT);
}

/** The lowest `count` digits of 30 bits of so many limbs, as u32. */
function storeDigits(to: u32, from: u32, limbs: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const bit = i * 30;
    const index = bit >> 6;
    const at = <u64>(bit & 63);
    let value = load<u64>(from + (index << 3)) >> at;
    if (at > 34 && index + 1 < limbs) value |= load<u64>(from + (index << 3), 8) << (64 - at);
    store<u32>(to + (i << 2), <u32>value & 0x3fffffff);
  }
}
