// EXP: shifts for powers of two, two limbs where the power fits them (10 ^ 18), square and multiply
// for short exponents, and a window of four bits (sixteen powers in scratch memory) for long ones.
import { copyWord, setWord } from "./division";
import { high64, mul } from "./product";
import { scratchAt } from "./scratch";

// Places in the scratch memory; division.ts has what lies below, keccak.ts what lies from 1024.
const RESULT: u32 = 576;
const POWER: u32 = 608;
/** Sixteen words. */
const TABLE: u32 = 2048;

// @ts-ignore: decorator
@inline
function bitsOf(a: u32): i32 {
  for (let i: i32 = 24; i >= 0; i -= 8) {
    const limb = load<u64>(a + i);
    if (limb != 0) return (i << 3) + 64 - <i32>clz<u64>(limb);
  }
  return 0;
}

/** dst = a ^ b modulo 2^256; 0 ^ 0 is 1. */
export function exp(dst: u32, a: u32, b: u32): void {
  const bits = bitsOf(b);
  if (bits == 0) {
    setWord(dst, 1);
    return;
  }
  const high = load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24);
  const low = load<u64>(a);
  if (high == 0 && (low & (low - 1)) == 0) {
    powerOfTwo(dst, low, bits > 9 ? 512 : load<u64>(b));
    return;
  }
  // base < 2^k and k e <= 128
  if (high == 0 && bits <= 7 && (64 - clz<u64>(low)) * load<u64>(b) <= 128) {
    shortPower(dst, low, load<u32>(b), bits);
    return;
  }
  const power = scratchAt(POWER);
  const result = scratchAt(RESULT);
  copyWord(power, b);
  if (bits > 24) byWindow(result, a, power, bits);
  else {
    const e = load<u32>(power);
    copyWord(result, a);
    for (let i: i32 = bits - 2; i >= 0; i--) {
      mul(result, result, result);
      if ((e >> i) & 1) mul(result, result, a);
    }
  }
  copyWord(dst, result);
}

/** dst = base ^ e where base is 0 or a power of two and 0 < e <= 512. */
function powerOfTwo(dst: u32, base: u64, e: u64): void {
  setWord(dst, 0);
  if (base == 0) return;
  const shift = ctz<u64>(base) * e;
  if (shift < 256) store<u64>(dst + ((<u32>shift >> 6) << 3), (<u64>1) << (shift & 63));
}

/** dst = base ^ e, which is below 2^128; e has `bits` bits. */
function shortPower(dst: u32, base: u64, e: u32, bits: i32): void {
  let low = base;
  let high: u64 = 0;
  for (let i: i32 = bits - 2; i >= 0; i--) {
    high = 2 * high * low + high64(low, low);
    low *= low;
    if ((e >> i) & 1) {
      high = high * base + high64(low, base);
      low *= base;
    }
  }
  setWord(dst, low);
  store<u64>(dst, high, 8);
}

function byWindow(result: u32, a: u32, power: u32, bits: i32): void {
  const table = scratchAt(TABLE);
  setWord(table, 1);
  copyWord(table + 32, a);
  for (let i: u32 = 2; i < 16; i++) mul(table + (i << 5), table + ((i - 1) << 5), table + 32);
  let at = (bits - 1) & ~3;
  copyWord(result, table + (windowAt(power, at) << 5));
  for (at -= 4; at >= 0; at -= 4) {
    for (let i = 0; i < 4; i++) mul(result, result, result);
    const digit = windowAt(power, at);
    if (digit != 0) mul(result, result, table + (digit << 5));
  }
}

// @ts-ignore: decorator
@inline
function windowAt(power: u32, at: i32): u32 {
  return (load<u8>(power + (at >> 3)) >> (at & 4)) & 15;
}
