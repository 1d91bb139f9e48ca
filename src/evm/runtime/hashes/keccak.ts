// Keccak-256 (the Keccak team's padding, not SHA-3's), the state in twenty-five locals.
// FIPS 202, section 3; https://keccak.team/keccak_specs_summary.html
import { scratchAt } from "../arithmetic/scratch";
import { mustStop } from "../watch";

const STATE: u32 = 1024;
export const RATE: u32 = 136;
/** Bytes between two looks for a stop: half a millisecond. */
const PORTION: u32 = RATE * 2048;

export const ROUND_CONSTANTS: usize = memory.data<u64>([
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
  0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
  0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
  0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
  0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
]);

function permute(s: u32): void {
  let a0 = load<u64>(s), a1 = load<u64>(s, 8), a2 = load<u64>(s, 16), a3 = load<u64>(s, 24);
  let a4 = load<u64>(s, 32), a5 = load<u64>(s, 40), a6 = load<u64>(s, 48), a7 = load<u64>(s, 56);
  let a8 = load<u64>(s, 64), a9 = load<u64>(s, 72), a10 = load<u64>(s, 80), a11 = load<u64>(s, 88);
  let a12 = load<u64>(s, 96), a13 = load<u64>(s, 104), a14 = load<u64>(s, 112);
  let a15 = load<u64>(s, 120), a16 = load<u64>(s, 128), a17 = load<u64>(s, 136);
  let a18 = load<u64>(s, 144), a19 = load<u64>(s, 152), a20 = load<u64>(s, 160);
  let a21 = load<u64>(s, 168), a22 = load<u64>(s, 176), a23 = load<u64>(s, 184);
  let a24 = load<u64>(s, 192);
  for (let round: u32 = 0; round < 192; round += 8) {
    const c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20;
    const c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
    const c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22;
    const c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
    const c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24;
    const d0 = c4 ^ rotl<u64>(c1, 1);
    const d1 = c0 ^ rotl<u64>(c2, 1);
    const d2 = c1 ^ rotl<u64>(c3, 1);
    const d3 = c2 ^ rotl<u64>(c4, 1);
    const d4 = c3 ^ rotl<u64>(c0, 1);
    const b0 = a0 ^ d0;
    const b10 = rotl<u64>(a1 ^ d1, 1);
    const b20 = rotl<u64>(a2 ^ d2, 62);
    const b5 = rotl<u64>(a3 ^ d3, 28);
    const b15 = rotl<u64>(a4 ^ d4, 27);
    const b16 = rotl<u64>(a5 ^ d0, 36);
    const b1 = rotl<u64>(a6 ^ d1, 44);
    const b11 = rotl<u64>(a7 ^ d2, 6);
    const b21 = rotl<u64>(a8 ^ d3, 55);
    const b6 = rotl<u64>(a9 ^ d4, 20);
    const b7 = rotl<u64>(a10 ^ d0, 3);
    const b17 = rotl<u64>(a11 ^ d1, 10);
    const b2 = rotl<u64>(a12 ^ d2, 43);
    const b12 = rotl<u64>(a13 ^ d3, 25);
    const b22 = rotl<u64>(a14 ^ d4, 39);
    const b23 = rotl<u64>(a15 ^ d0, 41);
    const b8 = rotl<u64>(a16 ^ d1, 45);
    const b18 = rotl<u64>(a17 ^ d2, 15);
    const b3 = rotl<u64>(a18 ^ d3, 21);
    const b13 = rotl<u64>(a19 ^ d4, 8);
    const b14 = rotl<u64>(a20 ^ d0, 18);
    const b24 = rotl<u64>(a21 ^ d1, 2);
    const b9 = rotl<u64>(a22 ^ d2, 61);
    const b19 = rotl<u64>(a23 ^ d3, 56);
    const b4 = rotl<u64>(a24 ^ d4, 14);
    a0 = b0 ^ (~b1 & b2) ^ load<u64>(ROUND_CONSTANTS + round);
    a1 = b1 ^ (~b2 & b3);
    a2 = b2 ^ (~b3 & b4);
    a3 = b3 ^ (~b4 & b0);
    a4 = b4 ^ (~b0 & b1);
    a5 = b5 ^ (~b6 & b7);
    a6 = b6 ^ (~b7 & b8);
    a7 = b7 ^ (~b8 & b9);
    a8 = b8 ^ (~b9 & b5);
    a9 = b9 ^ (~b5 & b6);
    a10 = b10 ^ (~b11 & b12);
    a11 = b11 ^ (~b12 & b13);
    a12 = b12 ^ (~b13 & b14);
    a13 = b13 ^ (~b14 & b10);
    a14 = b14 ^ (~b10 & b11);
    a15 = b15 ^ (~b16 & b17);
    a16 = b16 ^ (~b17 & b18);
    a17 = b17 ^ (~b18 & b19);
    a18 = b18 ^ (~b19 & b15);
    a19 = b19 ^ (~b15 & b16);
    a20 = b20 ^ (~b21 & b22);
    a21 = b21 ^ (~b22 & b23);
    a22 = b22 ^ (~b23 & b24);
    a23 = b23 ^ (~b24 & b20);
    a24 = b24 ^ (~b20 & b21);
  }
  store<u64>(s, a0); store<u64>(s, a1, 8); store<u64>(s, a2, 16); store<u64>(s, a3, 24);
  store<u64>(s, a4, 32); store<u64>(s, a5, 40); store<u64>(s, a6, 48); store<u64>(s, a7, 56);
  store<u64>(s, a8, 64); store<u64>(s, a9, 72); store<u64>(s, a10, 80); store<u64>(s, a11, 88);
  store<u64>(s, a12, 96); store<u64>(s, a13, 104); store<u64>(s, a14, 112);
  store<u64>(s, a15, 120); store<u64>(s, a16, 128); store<u64>(s, a17, 136);
  store<u64>(s, a18, 144); store<u64>(s, a19, 152); store<u64>(s, a20, 160);
  store<u64>(s, a21, 168); store<u64>(s, a22, 176); store<u64>(s, a23, 184);
  store<u64>(s, a24, 192);
}

// @ts-ignore: decorator
@inline
export function absorb(s: u32, block: u32): void {
  for (let i: u32 = 0; i < RATE; i += 8) store<u64>(s + i, load<u64>(s + i) ^ load<u64>(block + i));
  permute(s);
}

/** Leaves the state whose first 32 bytes are the hash; returns its address. */
function hash(ptr: u32, size: u32): u32 {
  const s = begin();
  finish(s, ptr, size);
  return s;
}

/** A state of zeros. */
// @ts-ignore: decorator
@inline
function begin(): u32 {
  const s = scratchAt(STATE);
  for (let i: u32 = 0; i < 208; i += 16) v128.store(s + i, i64x2.splat(0));
  return s;
}

/** Absorbs the last bytes and the padding: lane by lane into the state, without a copy of them. */
function finish(s: u32, ptr: u32, size: u32): void {
  let at = ptr;
  let rest = size;
  while (rest >= RATE) {
    absorb(s, at);
    at += RATE;
    rest -= RATE;
  }
  let lane = s;
  for (; rest >= 8; rest -= 8) {
    store<u64>(lane, load<u64>(lane) ^ load<u64>(at));
    lane += 8;
    at += 8;
  }
  let last: u64 = 1;
  while (rest > 0) last = (last << 8) | <u64>load<u8>(at + --rest);
  store<u64>(lane, load<u64>(lane) ^ last);
  store<u64>(s, load<u64>(s, RATE - 8) ^ (<u64>1 << 63), RATE - 8);
  permute(s);
}

/** Raw hash bytes of [ptr, ptr + size). */
export function keccak256(dst: u32, ptr: u32, size: u32): void {
  writeBytes(dst, hash(ptr, size));
}

/** The hash as a word: the integer whose big-endian bytes it is. */
export function keccak256Word(dst: u32, ptr: u32, size: u32): void {
  writeWord(dst, hash(ptr, size));
}

/** The same of any size; false when it was stopped. */
export function keccak256Watched(ctx: u32, dst: u32, ptr: u32, size: u32): bool {
  const s = hashWatched(ctx, ptr, size);
  if (s == 0) return false;
  writeWord(dst, s);
  return true;
}

/** Raw hash bytes of any size; false when it was stopped. */
export function keccak256BytesWatched(ctx: u32, dst: u32, ptr: u32, size: u32): bool {
  const s = hashWatched(ctx, ptr, size);
  if (s == 0) return false;
  writeBytes(dst, s);
  return true;
}

/** The state after all was absorbed; 0 when it was stopped. */
function hashWatched(ctx: u32, ptr: u32, size: u32): u32 {
  const s = begin();
  let at = ptr;
  let rest = size;
  while (rest > PORTION) {
    for (const end = at + PORTION; at < end; at += RATE) absorb(s, at);
    rest -= PORTION;
    if (mustStop(ctx)) return 0;
  }
  finish(s, at, rest);
  return s;
}

// @ts-ignore: decorator
@inline
function writeBytes(dst: u32, s: u32): void {
  v128.store(dst, v128.load(s));
  v128.store(dst, v128.load(s, 16), 16);
}

// @ts-ignore: decorator
@inline
function writeWord(dst: u32, s: u32): void {
  const a = bswap<u64>(load<u64>(s));
  const b = bswap<u64>(load<u64>(s, 8));
  const c = bswap<u64>(load<u64>(s, 16));
  const d = bswap<u64>(load<u64>(s, 24));
  store<u64>(dst, d);
  store<u64>(dst, c, 8);
  store<u64>(dst, b, 16);
  store<u64>(dst, a, 24);
}
