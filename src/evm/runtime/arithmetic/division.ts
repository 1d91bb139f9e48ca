// Products and division on 32-bit digits (Knuth, volume 2, algorithm D).
import { scratchAt } from "./scratch";

// Places in the scratch memory.
const PRODUCT: u32 = 0;
const DIVIDEND: u32 = 128;
const DIVISOR: u32 = 256;
const QUOTIENT: u32 = 320;
const LEFT: u32 = 512;
const RIGHT: u32 = 544;
const RESULT: u32 = 576;
const BASE: u32 = 608;

// @ts-ignore: decorator
@inline
function copy32(to: u32, from: u32): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

// @ts-ignore: decorator
@inline
function zero32(to: u32): void {
  v128.store(to, i64x2.splat(0));
  v128.store(to, i64x2.splat(0), 16);
}

// @ts-ignore: decorator
@inline
function isZero(a: u32): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** 512-bit product of two words. */
function product(to: u32, a: u32, b: u32): void {
  zero32(to);
  zero32(to + 32);
  for (let i: u32 = 0; i < 32; i += 4) {
    const x = <u64>load<u32>(a + i);
    let carry: u64 = 0;
    if (x != 0) {
      for (let j: u32 = 0; j < 32; j += 4) {
        const sum = x * <u64>load<u32>(b + j) + <u64>load<u32>(to + i + j) + carry;
        store<u32>(to + i + j, <u32>sum);
        carry = sum >> 32;
      }
    }
    store<u32>(to + i + 32, <u32>carry);
  }
}

export function mul(dst: u32, a: u32, b: u32): void {
  const p = scratchAt(PRODUCT);
  product(p, a, b);
  copy32(dst, p);
}

/** Digits of a number of at most `count` digits. */
function digits(a: u32, count: u32): u32 {
  let n = count;
  while (n > 0 && load<u32>(a + ((n - 1) << 2)) == 0) n--;
  return n;
}

/**
 * Divides the `count` digits at `dividend` (destroyed, one more digit is used) by the word at
 * `divisor` (not zero). The quotient goes to `quotient` (count digits), the remainder to `dividend`.
 */
function divide(quotient: u32, dividend: u32, count: u32, divisorWord: u32): void {
  const n = digits(divisorWord, 8);
  const m = digits(dividend, count);
  memory.fill(quotient, 0, count << 2);
  if (m < n) return;
  if (n == 1) {
    const d = <u64>load<u32>(divisorWord);
    let rest: u64 = 0;
    for (let i: i32 = m - 1; i >= 0; i--) {
      const current = (rest << 32) | <u64>load<u32>(dividend + (i << 2));
      store<u32>(quotient + (i << 2), <u32>(current / d));
      rest = current % d;
    }
    memory.fill(dividend, 0, count << 2);
    store<u32>(dividend, <u32>rest);
    return;
  }
  const v = scratchAt(DIVISOR);
  const shift = clz<u32>(load<u32>(divisorWord + ((n - 1) << 2)));
  shiftLeft(v, divisorWord, n, shift);
  store<u32>(dividend + (m << 2), shiftLeft(dividend, dividend, m, shift));
  const top = <u64>load<u32>(v + ((n - 1) << 2));
  const next = <u64>load<u32>(v + ((n - 2) << 2));
  for (let j: i32 = m - n; j >= 0; j--) {
    const at = dividend + (j << 2);
    const high = (<u64>load<u32>(at + (n << 2)) << 32) | <u64>load<u32>(at + ((n - 1) << 2));
    let q = high / top;
    let r = high % top;
    while (q >> 32 != 0 || q * next > ((r << 32) | <u64>load<u32>(at + ((n - 2) << 2)))) {
      q--;
      r += top;
      if (r >> 32 != 0) break;
    }
    if (subtractProduct(at, v, n, q)) {
      q--;
      addBack(at, v, n);
    }
    store<u32>(quotient + (j << 2), <u32>q);
  }
  shiftRight(dividend, n, shift);
  memory.fill(dividend + (n << 2), 0, (count + 1 - n) << 2);
}

/** to = from << shift; returns the digit shifted out. */
function shiftLeft(to: u32, from: u32, n: u32, shift: u32): u32 {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const value = (<u64>load<u32>(from + (i << 2)) << shift) | carry;
    store<u32>(to + (i << 2), <u32>value);
    carry = value >> 32;
  }
  return <u32>carry;
}

function shiftRight(at: u32, n: u32, shift: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const low = <u64>load<u32>(at + (i << 2));
    const high: u64 = i + 1 < n ? <u64>load<u32>(at + ((i + 1) << 2)) : 0;
    store<u32>(at + (i << 2), <u32>(((high << 32) | low) >> shift));
  }
}

/** at -= q * v; true when it went below zero. */
function subtractProduct(at: u32, v: u32, n: u32, q: u64): bool {
  let carry: u64 = 0;
  let borrow: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const p = q * <u64>load<u32>(v + (i << 2)) + carry;
    carry = p >> 32;
    const t = <i64>load<u32>(at + (i << 2)) + borrow - <i64>(p & 0xffffffff);
    store<u32>(at + (i << 2), <u32>t);
    borrow = t >> 32;
  }
  const t = <i64>load<u32>(at + (n << 2)) + borrow - <i64>carry;
  store<u32>(at + (n << 2), <u32>t);
  return t < 0;
}

function addBack(at: u32, v: u32, n: u32): void {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const t = <u64>load<u32>(at + (i << 2)) + <u64>load<u32>(v + (i << 2)) + carry;
    store<u32>(at + (i << 2), <u32>t);
    carry = t >> 32;
  }
  store<u32>(at + (n << 2), load<u32>(at + (n << 2)) + <u32>carry);
}

/** Quotient to QUOTIENT, remainder to DIVIDEND. */
function divideWords(a: u32, b: u32): void {
  copy32(scratchAt(DIVIDEND), a);
  store<u64>(scratchAt(DIVIDEND), 0, 32);
  divide(scratchAt(QUOTIENT), scratchAt(DIVIDEND), 8, b);
}

export function div(dst: u32, a: u32, b: u32): void {
  if (isZero(b)) {
    zero32(dst);
    return;
  }
  if ((load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24) | load<u64>(b, 8) | load<u64>(b, 16) | load<u64>(b, 24)) == 0) {
    const q = load<u64>(a) / load<u64>(b);
    zero32(dst);
    store<u64>(dst, q);
    return;
  }
  divideWords(a, b);
  copy32(dst, scratchAt(QUOTIENT));
}

export function mod(dst: u32, a: u32, b: u32): void {
  if (isZero(b)) {
    zero32(dst);
    return;
  }
  divideWords(a, b);
  copy32(dst, scratchAt(DIVIDEND));
}

function negate(to: u32, from: u32): void {
  let carry: u64 = 1;
  for (let i: u32 = 0; i < 32; i += 8) {
    const value = ~load<u64>(from + i) + carry;
    carry = carry & u64(value == 0);
    store<u64>(to + i, value);
  }
}

// @ts-ignore: decorator
@inline
function isNegative(a: u32): bool {
  return load<i64>(a, 24) < 0;
}

function absolute(to: u32, from: u32): void {
  if (isNegative(from)) negate(to, from);
  else copy32(to, from);
}

export function sdiv(dst: u32, a: u32, b: u32): void {
  const negative = isNegative(a) != isNegative(b);
  absolute(scratchAt(LEFT), a);
  absolute(scratchAt(RIGHT), b);
  div(dst, scratchAt(LEFT), scratchAt(RIGHT));
  if (negative) negate(dst, dst);
}

export function smod(dst: u32, a: u32, b: u32): void {
  const negative = isNegative(a);
  absolute(scratchAt(LEFT), a);
  absolute(scratchAt(RIGHT), b);
  mod(dst, scratchAt(LEFT), scratchAt(RIGHT));
  if (negative) negate(dst, dst);
}

export function addmod(dst: u32, a: u32, b: u32, m: u32): void {
  if (isZero(m)) {
    zero32(dst);
    return;
  }
  const sum = scratchAt(DIVIDEND);
  let carry: u64 = 0;
  for (let i: u32 = 0; i < 32; i += 8) {
    const x = load<u64>(a + i);
    const s = x + load<u64>(b + i);
    const total = s + carry;
    carry = u64(s < x) | u64(total < s);
    store<u64>(sum + i, total);
  }
  store<u64>(sum, carry, 32);
  store<u64>(sum, 0, 40);
  divide(scratchAt(QUOTIENT), sum, 9, m);
  copy32(dst, sum);
}

export function mulmod(dst: u32, a: u32, b: u32, m: u32): void {
  if (isZero(m)) {
    zero32(dst);
    return;
  }
  const p = scratchAt(DIVIDEND);
  product(p, a, b);
  store<u64>(p, 0, 64);
  divide(scratchAt(QUOTIENT), p, 16, m);
  copy32(dst, p);
}

export function exp(dst: u32, a: u32, b: u32): void {
  const result = scratchAt(RESULT);
  const base = scratchAt(BASE);
  const power = scratchAt(LEFT);
  copy32(base, a);
  copy32(power, b);
  zero32(result);
  store<u64>(result, 1);
  let started = false;
  for (let i: i32 = 255; i >= 0; i--) {
    if (started) mul(result, result, result);
    if ((load<u64>(power + ((i >> 6) << 3)) >> (i & 63)) & 1) {
      mul(result, result, base);
      started = true;
    }
  }
  copy32(dst, result);
}
