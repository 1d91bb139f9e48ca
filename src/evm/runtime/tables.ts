// Hash tables in linear memory: an index of {entry pointer, epoch} with linear probing, and
// entries in chunks that never move, so that a pointer to an entry stays valid until the table is
// cleared. Clearing raises the epoch and is O(1). Keyed by the process' secret.
//
// table: index ptr | mask | count | epoch | entry bytes | first chunk | chunk | used
import { GLOBALS, G_HASH_KEYS } from "../layout";
import { allocate, release } from "./allocator";
import { clearWatched } from "./portions";
import { mustStop, NOBODY } from "./watch";

export const T_INDEX: u32 = 0;
export const T_MASK: u32 = 4;
export const T_COUNT: u32 = 8;
export const T_EPOCH: u32 = 12;
/** Bytes of an entry, a multiple of 64. */
export const T_ENTRY: u32 = 16;
export const T_FIRST: u32 = 20;
export const T_CHUNK: u32 = 24;
export const T_USED: u32 = 28;
export const TABLE_BYTES: u32 = 32;

const CHUNK_BYTES: u32 = 65536;
/** A chunk's first bytes: pointer to the next chunk. */
const CHUNK_HEAD: u32 = 64;
const INDEX_START: u32 = 256;
/** Entries of the largest index: 512 MiB. */
const INDEX_MAX: u32 = 1 << 26;
/** An entry that lies further from its place than this makes the index grow. */
const PROBES_MAX: u32 = 64;
/** Places of the index that are gone over between two looks at whether to stop: a millisecond. */
const PLACED_AT_ONCE: u32 = 4096;
/** ... unless only one in so many of its places is taken. */
const SPARSE: u32 = 16;

/** Makes the zeroed bytes at `table` a table of entries of so many bytes; false without memory. */
export function tableInit(table: u32, entryBytes: u32): bool {
  const index = allocate(INDEX_START * 8);
  const chunk = allocate(CHUNK_BYTES);
  if (index == 0 || chunk == 0) return false;
  memory.fill(index, 0, INDEX_START * 8);
  store<u32>(chunk, 0);
  store<u32>(table, index, T_INDEX);
  store<u32>(table, INDEX_START - 1, T_MASK);
  store<u32>(table, 0, T_COUNT);
  store<u32>(table, 1, T_EPOCH);
  store<u32>(table, entryBytes, T_ENTRY);
  store<u32>(table, chunk, T_FIRST);
  store<u32>(table, chunk, T_CHUNK);
  store<u32>(table, CHUNK_HEAD, T_USED);
  return true;
}

/** Forgets all entries. */
export function tableClear(table: u32): void {
  const epoch = load<u32>(table, T_EPOCH) + 1;
  if (epoch == 0) {
    memory.fill(load<u32>(table, T_INDEX), 0, (load<u32>(table, T_MASK) + 1) << 3);
    store<u32>(table, 1, T_EPOCH);
  } else store<u32>(table, epoch, T_EPOCH);
  store<u32>(table, 0, T_COUNT);
  store<u32>(table, load<u32>(table, T_FIRST), T_CHUNK);
  store<u32>(table, CHUNK_HEAD, T_USED);
}

/**
 * Keyed hash of a word and a number, whose high bits are good.
 *
 * NH, as in UMAC: sum of (key[i] + secret[i]) x (key[i + 4] + secret[i + 4]). Whoever chooses keys
 * without knowing the secret makes two of them collide with a probability of 2^-32; the last
 * product spreads the sum over the high bits (multiply-shift). Its four products do not wait for
 * each other.
 */
// @ts-ignore: decorator
@inline
export function hashWord(key: u32, salt: u32): u32 {
  const secret = GLOBALS + G_HASH_KEYS;
  const low = i32x4.add(v128.load(key), v128.load(secret));
  const high = i32x4.add(v128.load(key, 16), v128.load(secret, 16));
  const products = i64x2.add(
    i64x2.extmul_low_i32x4_u(low, high),
    i64x2.extmul_high_i32x4_u(low, high),
  );
  const sum = i64x2.extract_lane(products, 0) + i64x2.extract_lane(products, 1);
  const salted = <u64>sum + <u64>salt * load<u64>(secret, 32);
  return <u32>(((salted ^ (salted >> 32)) * (load<u64>(secret, 40) | 1)) >> 32);
}

/** Place in an index of mask + 1 entries: the hash's highest bits. */
// @ts-ignore: decorator
@inline
function placeOf(hash: u32, mask: u32): u32 {
  return hash >> clz<u32>(mask);
}

// @ts-ignore: decorator
@inline
export function sameWord(a: u32, b: u32): bool {
  return (
    ((load<u64>(a) ^ load<u64>(b)) |
      (load<u64>(a, 8) ^ load<u64>(b, 8)) |
      (load<u64>(a, 16) ^ load<u64>(b, 16)) |
      (load<u64>(a, 24) ^ load<u64>(b, 24))) ==
    0
  );
}

// @ts-ignore: decorator
@inline
export function copyWord(to: u32, from: u32): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

// @ts-ignore: decorator
@inline
export function zeroWord(to: u32): void {
  v128.store(to, i64x2.splat(0));
  v128.store(to, i64x2.splat(0), 16);
}

// @ts-ignore: decorator
@inline
export function isZeroWord(a: u32): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** Finds the entry with this key word at +0 and this salt at +saltAt; 0 = none. */
export function tableFind(table: u32, key: u32, salt: u32, saltAt: u32): u32 {
  const index = load<u32>(table, T_INDEX);
  const mask = load<u32>(table, T_MASK);
  const epoch = load<u32>(table, T_EPOCH);
  let i = placeOf(hashWord(key, salt), mask);
  while (true) {
    const slot = index + (i << 3);
    if ((PARALLEL ? atomic.load<u32>(slot, 4) : load<u32>(slot, 4)) != epoch) return 0;
    const entry = load<u32>(slot);
    if (sameWord(entry, key) && load<u32>(entry + saltAt) == salt) return entry;
    i = (i + 1) & mask;
  }
}

// @ts-ignore: decorator
@inline
function clear64(at: u32): void {
  v128.store(at, i64x2.splat(0));
  v128.store(at, i64x2.splat(0), 16);
  v128.store(at, i64x2.splat(0), 32);
  v128.store(at, i64x2.splat(0), 48);
}

/**
 * A new zeroed entry with its key and salt set; the key must not be in the table. 0 = limit, or
 * that the context was stopped while the index grew.
 */
export function tableAdd(table: u32, key: u32, salt: u32, saltAt: u32, ctx: u32 = NOBODY): u32 {
  const count = load<u32>(table, T_COUNT);
  if (count * 2 > load<u32>(table, T_MASK) && !tableGrow(table, saltAt, ctx)) return 0;
  const entry = nextEntry(table);
  if (entry == 0) return 0;
  const end = entry + load<u32>(table, T_ENTRY);
  for (let at = entry; at < end; at += 64) clear64(at);
  copyWord(entry, key);
  store<u32>(entry + saltAt, salt);
  store<u32>(table, count + 1, T_COUNT);
  const distance = place(table, entry, hashWord(key, salt));
  // Where the index can not grow, the entry is found all the same.
  const mask = load<u32>(table, T_MASK);
  if (distance > PROBES_MAX && count * SPARSE > mask) tableGrow(table, saltAt, ctx);
  return entry;
}

/**
 * The same for a table that others read meanwhile, written by one thread at a time: nobody finds the
 * entry before `tablePublish`. The index does not grow under them: `tableReserve` goes before. 0 =
 * there is no room.
 */
export function tableTake(table: u32, key: u32, salt: u32, saltAt: u32): u32 {
  const count = load<u32>(table, T_COUNT);
  if (count * 2 > load<u32>(table, T_MASK)) return 0;
  const entry = nextEntry(table);
  if (entry == 0) return 0;
  const end = entry + load<u32>(table, T_ENTRY);
  for (let at = entry; at < end; at += 64) clear64(at);
  copyWord(entry, key);
  store<u32>(entry + saltAt, salt);
  store<u32>(table, count + 1, T_COUNT);
  return entry;
}

/** What was taken can be found from now on, as it is. */
export function tablePublish(table: u32, entry: u32, saltAt: u32): void {
  const index = load<u32>(table, T_INDEX);
  const mask = load<u32>(table, T_MASK);
  const epoch = load<u32>(table, T_EPOCH);
  let i = placeOf(hashWord(entry, load<u32>(entry + saltAt)), mask);
  while (load<u32>(index + (i << 3), 4) == epoch) i = (i + 1) & mask;
  store<u32>(index + (i << 3), entry);
  atomic.store<u32>(index + (i << 3), epoch, 4);
}

/** Makes room for so many more entries; false where there is none. */
export function tableReserve(table: u32, more: u32, saltAt: u32): bool {
  while ((load<u32>(table, T_COUNT) + more) * 2 > load<u32>(table, T_MASK)) {
    if (!tableGrow(table, saltAt, NOBODY)) return false;
  }
  return true;
}

/** Puts the entry into the index; how far from its place. */
function place(table: u32, entry: u32, hash: u32): u32 {
  const index = load<u32>(table, T_INDEX);
  const mask = load<u32>(table, T_MASK);
  const epoch = load<u32>(table, T_EPOCH);
  const wanted = placeOf(hash, mask);
  let i = wanted;
  while (load<u32>(index + (i << 3), 4) == epoch) i = (i + 1) & mask;
  store<u32>(index + (i << 3), entry);
  store<u32>(index + (i << 3), epoch, 4);
  return (i - wanted) & mask;
}

function nextEntry(table: u32): u32 {
  const bytes = load<u32>(table, T_ENTRY);
  let chunk = load<u32>(table, T_CHUNK);
  let used = load<u32>(table, T_USED);
  if (used + bytes > CHUNK_BYTES) {
    let next = load<u32>(chunk);
    if (next == 0) {
      next = allocate(CHUNK_BYTES);
      if (next == 0) return 0;
      store<u32>(next, 0);
      store<u32>(chunk, next);
    }
    chunk = next;
    used = CHUNK_HEAD;
    store<u32>(table, chunk, T_CHUNK);
  }
  store<u32>(table, used + bytes, T_USED);
  return chunk + used;
}

/** Doubles the index; false where it can not, or where the context was stopped. */
function tableGrow(table: u32, saltAt: u32, ctx: u32): bool {
  const old = load<u32>(table, T_INDEX);
  const mask = load<u32>(table, T_MASK);
  const epoch = load<u32>(table, T_EPOCH);
  const size = (mask + 1) << 1;
  if (size > INDEX_MAX) return false;
  const index = allocate(size << 3);
  if (index == 0) return false;
  if (!clearWatched(ctx, index, size << 3)) {
    release(index, size << 3);
    return false;
  }
  store<u32>(table, index, T_INDEX);
  store<u32>(table, size - 1, T_MASK);
  for (let i: u32 = 0; i <= mask; i++) {
    if ((i & (PLACED_AT_ONCE - 1)) == 0 && mustStop(ctx)) {
      store<u32>(table, old, T_INDEX);
      store<u32>(table, mask, T_MASK);
      release(index, size << 3);
      return false;
    }
    const slot = old + (i << 3);
    if (load<u32>(slot, 4) != epoch) continue;
    const entry = load<u32>(slot);
    place(table, entry, hashWord(entry, load<u32>(entry + saltAt)));
  }
  release(old, (mask + 1) << 3);
  return true;
}

// @ts-ignore: decorator
@inline
export function tableCount(table: u32): u32 {
  return load<u32>(table, T_COUNT);
}

/** The entry after `entry` in the order of insertion; 0 starts, 0 ends. */
export function tableNext(table: u32, entry: u32): u32 {
  const bytes = load<u32>(table, T_ENTRY);
  const last = load<u32>(table, T_CHUNK);
  const used = load<u32>(table, T_USED);
  let chunk: u32;
  let next: u32;
  if (entry == 0) {
    chunk = load<u32>(table, T_FIRST);
    next = chunk + CHUNK_HEAD;
  } else {
    // Chunks are aligned to their size.
    chunk = entry & ~(CHUNK_BYTES - 1);
    next = entry + bytes;
    if (chunk != last && next + bytes > chunk + CHUNK_BYTES) {
      chunk = load<u32>(chunk);
      next = chunk + CHUNK_HEAD;
    }
  }
  if (chunk == last && next >= last + used) return 0;
  return next;
}
