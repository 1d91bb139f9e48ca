// Copies and fills of any size, in portions between which a stop is looked for. One that was
// stopped is not finished: the transaction is void.
import { mustStop } from "./watch";

/** Bytes between two looks: under a millisecond even where each page is touched the first time. */
const PORTION: u32 = 1 << 18;
/** Bytes up to which a loop of stores is quicker than a call. */
const FEW: u32 = 512;

/** As memory.copy, overlapping or not; false when it was stopped. */
// @ts-ignore: decorator
@inline
export function copyWatched(ctx: u32, to: u32, from: u32, size: u32): bool {
  if (size > PORTION) return copyLong(ctx, to, from, size);
  copyBytes(to, from, size);
  return true;
}

/** Bytes up to which a copy is a few loads and stores: V8's memory.copy is a call out of wasm. */
const SHORT: u32 = 128;

/** As memory.copy, overlapping or not: all is loaded before anything is stored. */
export function copyBytes(to: u32, from: u32, size: u32): void {
  if (size > SHORT) memory.copy(to, from, size);
  else if (size > 64) copyEnds(to, from, to + size - 64, from + size - 64, 64);
  else if (size > 32) copyEnds(to, from, to + size - 32, from + size - 32, 32);
  else if (size >= 16) copyEnds(to, from, to + size - 16, from + size - 16, 16);
  else if (size >= 8) {
    const first = load<u64>(from);
    const last = load<u64>(from + size - 8);
    store<u64>(to, first);
    store<u64>(to + size - 8, last);
  } else if (size >= 4) {
    const first = load<u32>(from);
    const last = load<u32>(from + size - 4);
    store<u32>(to, first);
    store<u32>(to + size - 4, last);
  } else if (size != 0) {
    const first = load<u8>(from);
    const middle = load<u8>(from + (size >> 1));
    const last = load<u8>(from + size - 1);
    store<u8>(to, first);
    store<u8>(to + (size >> 1), middle);
    store<u8>(to + size - 1, last);
  }
}

/** Copies the first and the last `part` bytes (16, 32 or 64, known while compiling). */
// @ts-ignore: decorator
@inline
function copyEnds(to: u32, from: u32, toLast: u32, fromLast: u32, part: u32): void {
  const a = v128.load(from);
  const z = v128.load(fromLast);
  if (part == 16) {
    v128.store(to, a);
    v128.store(toLast, z);
    return;
  }
  const b = v128.load(from, 16);
  const y = v128.load(fromLast, 16);
  if (part == 32) {
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(toLast, z);
    v128.store(toLast, y, 16);
    return;
  }
  const c = v128.load(from, 32);
  const x = v128.load(fromLast, 32);
  const d = v128.load(from, 48);
  const w = v128.load(fromLast, 48);
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
  v128.store(toLast, z);
  v128.store(toLast, y, 16);
  v128.store(toLast, x, 32);
  v128.store(toLast, w, 48);
}

/** Fills with zeros; false when it was stopped. */
// @ts-ignore: decorator
@inline
export function clearWatched(ctx: u32, to: u32, size: u32): bool {
  if (size > PORTION) return clearLong(ctx, to, size);
  if (size != 0) memory.fill(to, 0, size);
  return true;
}

/** The same for whole words, of which there mostly are few: V8's memory.fill is a call. */
// @ts-ignore: decorator
@inline
export function clearWords(ctx: u32, to: u32, size: u32): bool {
  if (size > FEW) return clearWatched(ctx, to, size);
  for (let at = to; at < to + size; at += 16) v128.store(at, i64x2.splat(0));
  return true;
}

function copyLong(ctx: u32, to: u32, from: u32, size: u32): bool {
  // From the end that does not overwrite what is still to be read.
  const backwards = to > from;
  let done: u32 = 0;
  while (done < size) {
    const count = min<u32>(size - done, PORTION);
    const at = backwards ? size - done - count : done;
    memory.copy(to + at, from + at, count);
    done += count;
    if (mustStop(ctx)) return false;
  }
  return true;
}

function clearLong(ctx: u32, to: u32, size: u32): bool {
  let done: u32 = 0;
  while (done < size) {
    const count = min<u32>(size - done, PORTION);
    memory.fill(to + done, 0, count);
    done += count;
    if (mustStop(ctx)) return false;
  }
  return true;
}
