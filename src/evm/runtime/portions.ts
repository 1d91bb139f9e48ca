// Copies and fills of any size, in portions between which a stop is looked for. One that was
// stopped is not finished: the transaction is void.
import { mustStop } from "./watch";

/** Bytes between two looks: well under a millisecond. */
const PORTION: u32 = 1 << 20;
/** Bytes up to which a loop of stores is quicker than a call. */
const FEW: u32 = 512;

/** As memory.copy, overlapping or not; false when it was stopped. */
// @ts-ignore: decorator
@inline
export function copyWatched(ctx: u32, to: u32, from: u32, size: u32): bool {
  if (size > PORTION) return copyLong(ctx, to, from, size);
  memory.copy(to, from, size);
  return true;
}

/** Fills with zeros; false when it was stopped. */
// @ts-ignore: decorator
@inline
export function clearWatched(ctx: u32, to: u32, size: u32): bool {
  if (size > PORTION) return clearLong(ctx, to, size);
  memory.fill(to, 0, size);
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
