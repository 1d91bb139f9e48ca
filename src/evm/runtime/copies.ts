// Copies into EVM memory, KECCAK256, and call data read word by word.
import {
  CODE_BYTES, CODE_SIZE, F_CODE, F_CTX, F_INPUT, F_INPUT_SIZE, F_MEM, F_RETURN, F_RETURN_SIZE,
  C_RULES, R_COPY_WORD, R_KECCAK_WORD, STATUS_OUT_OF_GAS, STATUS_RETURN_DATA_OUT_OF_BOUNDS,
  STATUS_STOPPED,
} from "../layout";
import { keccak256Watched } from "./hashes/keccak";
import { hashWords } from "./hashes/pairs";
import { exceeds32, priceOfRange, touchRange } from "./memory";
import { clearWatched, copyWatched } from "./portions";

// @ts-ignore: decorator
@inline
function rulesOf(fp: u32): u32 {
  return load<u32>(load<u32>(fp + F_CTX) + C_RULES);
}

/** Price of `size` bytes at so much a word. */
// @ts-ignore: decorator
@inline
function wordsCost(size: u32, price: u32): i64 {
  return <i64>(((<u64>size + 31) >> 5) * price);
}

/** Memory and words of a copy whose memory offset and size are words; gas left or negative. */
export function payCopy(fp: u32, gas: i64, offset: u32, size: u32): i64 {
  if (exceeds32(size)) return -STATUS_OUT_OF_GAS;
  const left = gas - wordsCost(load<u32>(size), load<u32>(rulesOf(fp) + R_COPY_WORD));
  if (left < 0) return -STATUS_OUT_OF_GAS;
  return touchRange(fp, left, offset, size);
}

/** What `payCopy` takes; more than any gas where nothing pays for it. */
export function priceOfCopy(fp: u32, offset: u32, size: u32): i64 {
  if (exceeds32(size)) return i64.MAX_VALUE;
  const words = wordsCost(load<u32>(size), load<u32>(rulesOf(fp) + R_COPY_WORD));
  const range = priceOfRange(fp, offset, size);
  return range == i64.MAX_VALUE ? range : range + words;
}

/** Copies [from, from + size) of a source, zero past its end; `from` is a word. False if stopped. */
export function copyPadded(ctx: u32, to: u32, source: u32, sourceSize: u32, from: u32, size: u32): bool {
  let available: u32 = 0;
  let start: u32 = 0;
  if (!exceeds32(from) && load<u32>(from) < sourceSize) {
    start = load<u32>(from);
    available = min<u32>(sourceSize - start, size);
  }
  if (!copyWatched(ctx, to, source + start, available)) return false;
  return clearWatched(ctx, to + available, size - available);
}

function copyFrom(fp: u32, sp: u32, gas: i64, source: u32, sourceSize: u32): i64 {
  const left = payCopy(fp, gas, sp, sp + 64);
  if (left < 0) return left;
  const size = load<u32>(sp + 64);
  if (size == 0) return left;
  const to = load<u32>(fp + F_MEM) + load<u32>(sp);
  return copyPadded(load<u32>(fp + F_CTX), to, source, sourceSize, sp + 32, size) ? left : -STATUS_STOPPED;
}

export function opCallDataCopy(fp: u32, sp: u32, gas: i64): i64 {
  return copyFrom(fp, sp, gas, load<u32>(fp + F_INPUT), load<u32>(fp + F_INPUT_SIZE));
}

export function opCodeCopy(fp: u32, sp: u32, gas: i64): i64 {
  const code = load<u32>(fp + F_CODE);
  return copyFrom(fp, sp, gas, code + CODE_BYTES, load<u32>(code + CODE_SIZE));
}

/** EIP-211: reading past the end of the return data halts. */
export function opReturnDataCopy(fp: u32, sp: u32, gas: i64): i64 {
  const available = load<u32>(fp + F_RETURN_SIZE);
  if (exceeds32(sp + 32) || exceeds32(sp + 64)) return -STATUS_RETURN_DATA_OUT_OF_BOUNDS;
  if (<u64>load<u32>(sp + 32) + load<u32>(sp + 64) > <u64>available) {
    return -STATUS_RETURN_DATA_OUT_OF_BOUNDS;
  }
  return copyFrom(fp, sp, gas, load<u32>(fp + F_RETURN), available);
}

export function opMCopy(fp: u32, sp: u32, gas: i64): i64 {
  if (exceeds32(sp + 64)) return -STATUS_OUT_OF_GAS;
  const size = load<u32>(sp + 64);
  const left = gas - wordsCost(size, load<u32>(rulesOf(fp) + R_COPY_WORD));
  if (left < 0) return -STATUS_OUT_OF_GAS;
  if (size == 0) return left;
  if (exceeds32(sp) || exceeds32(sp + 32)) return -STATUS_OUT_OF_GAS;
  // One expansion to the further end: the price of both is that of the larger.
  const further = load<u32>(sp) > load<u32>(sp + 32) ? sp : sp + 32;
  const paid = touchRange(fp, left, further, sp + 64);
  if (paid < 0) return paid;
  const memoryBase = load<u32>(fp + F_MEM);
  const to = memoryBase + load<u32>(sp);
  const from = memoryBase + load<u32>(sp + 32);
  return copyWatched(load<u32>(fp + F_CTX), to, from, size) ? paid : -STATUS_STOPPED;
}

export function opKeccak256(fp: u32, sp: u32, gas: i64): i64 {
  if (exceeds32(sp + 32)) return -STATUS_OUT_OF_GAS;
  const size = load<u32>(sp + 32);
  const left = gas - wordsCost(size, load<u32>(rulesOf(fp) + R_KECCAK_WORD));
  if (left < 0) return -STATUS_OUT_OF_GAS;
  const paid = touchRange(fp, left, sp, sp + 32);
  if (paid < 0) return paid;
  const start = size == 0 ? 0 : load<u32>(fp + F_MEM) + load<u32>(sp);
  const ctx = load<u32>(fp + F_CTX);
  if (size == 64 || size == 32) hashWords(ctx, sp + 32, start, size);
  else if (!keccak256Watched(ctx, sp + 32, start, size)) return -STATUS_STOPPED;
  return paid;
}

/** 32 bytes of call data from an offset below its size, as a word. */
export function callDataLoad(dst: u32, fp: u32, offset: u32): void {
  const input = load<u32>(fp + F_INPUT);
  const size = load<u32>(fp + F_INPUT_SIZE);
  const available = min<u32>(size - offset, 32);
  store<u64>(dst, 0);
  store<u64>(dst, 0, 8);
  store<u64>(dst, 0, 16);
  store<u64>(dst, 0, 24);
  for (let i: u32 = 0; i < available; i++) store<u8>(dst + 31 - i, load<u8>(input + offset + i));
}
