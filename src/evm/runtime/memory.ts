// EVM memory of a frame: 3 gas a word and words^2 / 512, zeroed as it grows.
import {
  C_LIMIT_HIT, C_RETURN_DATA, F_CTX, F_MEM, F_MEM_SIZE, STATUS_HOST_LIMIT, STATUS_OUT_OF_GAS,
  STATUS_STOPPED,
} from "../layout";
import { clearWords } from "./portions";

/** Largest end that is considered: no gas limit pays for more. */
const END_MAX: u64 = 1 << 32;

// @ts-ignore: decorator
@inline
function costOf(words: u64): u64 {
  return 3 * words + words * words / 512;
}

/** Makes [0, end) addressable; returns gas left or a negative status with nothing changed. */
export function expandMemory(fp: u32, gas: i64, end: u64): i64 {
  if (end >= END_MAX) return -STATUS_OUT_OF_GAS;
  const size = <u64>load<u32>(fp + F_MEM_SIZE);
  if (end <= size) return gas;
  const words = (end + 31) >> 5;
  const cost = <i64>(costOf(words) - costOf(size >> 5));
  if (gas < cost) return -STATUS_OUT_OF_GAS;
  const ctx = load<u32>(fp + F_CTX);
  const start = load<u32>(fp + F_MEM);
  if (<u64>start + (words << 5) > <u64>load<u32>(ctx + C_RETURN_DATA)) {
    store<u32>(ctx + C_LIMIT_HIT, 1);
    return -STATUS_HOST_LIMIT;
  }
  if (!clearWords(ctx, start + <u32>size, <u32>((words << 5) - size))) return -STATUS_STOPPED;
  store<u32>(fp + F_MEM_SIZE, <u32>(words << 5));
  return gas - cost;
}

/** What making the range addressable costs; more than any gas where nothing pays for it. */
export function priceOfRange(fp: u32, offset: u32, size: u32): i64 {
  if (exceeds32(size)) return i64.MAX_VALUE;
  const bytes = <u64>load<u32>(size);
  if (bytes == 0) return 0;
  const end = <u64>load<u32>(offset) + bytes;
  if (exceeds32(offset) || end >= END_MAX) return i64.MAX_VALUE;
  const words = <u64>load<u32>(fp + F_MEM_SIZE) >> 5;
  return <i64>(costOf(max<u64>((end + 31) >> 5, words)) - costOf(words));
}

/** True when the word is 2^32 or more. */
// @ts-ignore: decorator
@inline
export function exceeds32(word: u32): bool {
  return (
    ((load<u64>(word) >> 32) | load<u64>(word, 8) | load<u64>(word, 16) | load<u64>(word, 24)) != 0
  );
}

/**
 * Pays for the range that two words on the stack name: an empty one is free wherever it lies.
 * Returns gas left or a negative status.
 */
export function touchRange(fp: u32, gas: i64, offset: u32, size: u32): i64 {
  if (exceeds32(size)) return -STATUS_OUT_OF_GAS;
  const bytes = <u64>load<u32>(size);
  if (bytes == 0) return gas;
  if (exceeds32(offset)) return -STATUS_OUT_OF_GAS;
  return expandMemory(fp, gas, <u64>load<u32>(offset) + bytes);
}

/** Pays for two ranges, each an offset and a size: all of it, or nothing. */
export function touchRanges(fp: u32, gas: i64, one: u32, other: u32): i64 {
  const further = priceOfRange(fp, one, one + 32) > priceOfRange(fp, other, other + 32) ? one : other;
  return touchRange(fp, gas, further, further + 32);
}
