// Products of words, by rows of 32-bit digits, unrolled: WebAssembly has no 64 x 64 to 128-bit
// multiplication, and a row keeps its carry in one local. A step is
// t = x * b[j] + r[i + j] + carry, which is at most 2^64 - 1.

const M: u64 = 0xffffffff;

/** High 64 bits of a product of two u64. */
// @ts-ignore: decorator
@inline
export function high64(a: u64, b: u64): u64 {
  const a0 = a & M, a1 = a >> 32, b0 = b & M, b1 = b >> 32;
  const mid = a1 * b0 + ((a0 * b0) >> 32);
  const cross = a0 * b1 + (mid & M);
  return a1 * b1 + (mid >> 32) + (cross >> 32);
}

/** dst = a * b modulo 2^256. */
export function mul(dst: u32, a: u32, b: u32): void {
  const b0 = <u64>load<u32>(b), b1 = <u64>load<u32>(b, 4), b2 = <u64>load<u32>(b, 8);
  const b3 = <u64>load<u32>(b, 12), b4 = <u64>load<u32>(b, 16), b5 = <u64>load<u32>(b, 20);
  const b6 = <u64>load<u32>(b, 24), b7 = <u64>load<u32>(b, 28);
  let x: u64, t: u64, r0: u64, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r6: u64, r7: u64;
  x = <u64>load<u32>(a, 0);
  t = x * b0; r0 = t & M; t = x * b1 + (t >> 32); r1 = t & M; t = x * b2 + (t >> 32); r2 = t & M;
  t = x * b3 + (t >> 32); r3 = t & M; t = x * b4 + (t >> 32); r4 = t & M;
  t = x * b5 + (t >> 32); r5 = t & M; t = x * b6 + (t >> 32); r6 = t & M;
  r7 = (x * b7 + (t >> 32)) & M;
  x = <u64>load<u32>(a, 4);
  t = x * b0 + r1; r1 = t & M; t = x * b1 + r2 + (t >> 32); r2 = t & M;
  t = x * b2 + r3 + (t >> 32); r3 = t & M; t = x * b3 + r4 + (t >> 32); r4 = t & M;
  t = x * b4 + r5 + (t >> 32); r5 = t & M; t = x * b5 + r6 + (t >> 32); r6 = t & M;
  r7 = (x * b6 + r7 + (t >> 32)) & M;
  x = <u64>load<u32>(a, 8);
  t = x * b0 + r2; r2 = t & M; t = x * b1 + r3 + (t >> 32); r3 = t & M;
  t = x * b2 + r4 + (t >> 32); r4 = t & M; t = x * b3 + r5 + (t >> 32); r5 = t & M;
  t = x * b4 + r6 + (t >> 32); r6 = t & M; r7 = (x * b5 + r7 + (t >> 32)) & M;
  x = <u64>load<u32>(a, 12);
  t = x * b0 + r3; r3 = t & M; t = x * b1 + r4 + (t >> 32); r4 = t & M;
  t = x * b2 + r5 + (t >> 32); r5 = t & M; t = x * b3 + r6 + (t >> 32); r6 = t & M;
  r7 = (x * b4 + r7 + (t >> 32)) & M;
  x = <u64>load<u32>(a, 16);
  t = x * b0 + r4; r4 = t & M; t = x * b1 + r5 + (t >> 32); r5 = t & M;
  t = x * b2 + r6 + (t >> 32); r6 = t & M; r7 = (x * b3 + r7 + (t >> 32)) & M;
  x = <u64>load<u32>(a, 20);
  t = x * b0 + r5; r5 = t & M; t = x * b1 + r6 + (t >> 32); r6 = t & M;
  r7 = (x * b2 + r7 + (t >> 32)) & M;
  x = <u64>load<u32>(a, 24);
  t = x * b0 + r6; r6 = t & M; r7 = (x * b1 + r7 + (t >> 32)) & M;
  x = <u64>load<u32>(a, 28);
  r7 = (x * b0 + r7) & M;
  store<u64>(dst, r0 | (r1 << 32));
  store<u64>(dst, r2 | (r3 << 32), 8);
  store<u64>(dst, r4 | (r5 << 32), 16);
  store<u64>(dst, r6 | (r7 << 32), 24);
}

/** The 512-bit product of two words, to the 64 bytes at `to`. */
export function product(to: u32, a: u32, b: u32): void {
  const b0 = <u64>load<u32>(b), b1 = <u64>load<u32>(b, 4), b2 = <u64>load<u32>(b, 8);
  const b3 = <u64>load<u32>(b, 12), b4 = <u64>load<u32>(b, 16), b5 = <u64>load<u32>(b, 20);
  const b6 = <u64>load<u32>(b, 24), b7 = <u64>load<u32>(b, 28);
  let x: u64, t: u64, r0: u64, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r6: u64, r7: u64;
  let r8: u64, r9: u64, r10: u64, r11: u64, r12: u64, r13: u64, r14: u64, r15: u64;
  x = <u64>load<u32>(a, 0);
  t = x * b0; r0 = t & M; t = x * b1 + (t >> 32); r1 = t & M; t = x * b2 + (t >> 32); r2 = t & M;
  t = x * b3 + (t >> 32); r3 = t & M; t = x * b4 + (t >> 32); r4 = t & M;
  t = x * b5 + (t >> 32); r5 = t & M; t = x * b6 + (t >> 32); r6 = t & M;
  t = x * b7 + (t >> 32); r7 = t & M; r8 = t >> 32;
  x = <u64>load<u32>(a, 4);
  t = x * b0 + r1; r1 = t & M; t = x * b1 + r2 + (t >> 32); r2 = t & M;
  t = x * b2 + r3 + (t >> 32); r3 = t & M; t = x * b3 + r4 + (t >> 32); r4 = t & M;
  t = x * b4 + r5 + (t >> 32); r5 = t & M; t = x * b5 + r6 + (t >> 32); r6 = t & M;
  t = x * b6 + r7 + (t >> 32); r7 = t & M; t = x * b7 + r8 + (t >> 32); r8 = t & M; r9 = t >> 32;
  x = <u64>load<u32>(a, 8);
  t = x * b0 + r2; r2 = t & M; t = x * b1 + r3 + (t >> 32); r3 = t & M;
  t = x * b2 + r4 + (t >> 32); r4 = t & M; t = x * b3 + r5 + (t >> 32); r5 = t & M;
  t = x * b4 + r6 + (t >> 32); r6 = t & M; t = x * b5 + r7 + (t >> 32); r7 = t & M;
  t = x * b6 + r8 + (t >> 32); r8 = t & M; t = x * b7 + r9 + (t >> 32); r9 = t & M; r10 = t >> 32;
  x = <u64>load<u32>(a, 12);
  t = x * b0 + r3; r3 = t & M; t = x * b1 + r4 + (t >> 32); r4 = t & M;
  t = x * b2 + r5 + (t >> 32); r5 = t & M; t = x * b3 + r6 + (t >> 32); r6 = t & M;
  t = x * b4 + r7 + (t >> 32); r7 = t & M; t = x * b5 + r8 + (t >> 32); r8 = t & M;
  t = x * b6 + r9 + (t >> 32); r9 = t & M; t = x * b7 + r10 + (t >> 32); r10 = t & M;
  r11 = t >> 32;
  x = <u64>load<u32>(a, 16);
  t = x * b0 + r4; r4 = t & M; t = x * b1 + r5 + (t >> 32); r5 = t & M;
  t = x * b2 + r6 + (t >> 32); r6 = t & M; t = x * b3 + r7 + (t >> 32); r7 = t & M;
  t = x * b4 + r8 + (t >> 32); r8 = t & M; t = x * b5 + r9 + (t >> 32); r9 = t & M;
  t = x * b6 + r10 + (t >> 32); r10 = t & M; t = x * b7 + r11 + (t >> 32); r11 = t & M;
  r12 = t >> 32;
  x = <u64>load<u32>(a, 20);
  t = x * b0 + r5; r5 = t & M; t = x * b1 + r6 + (t >> 32); r6 = t & M;
  t = x * b2 + r7 + (t >> 32); r7 = t & M; t = x * b3 + r8 + (t >> 32); r8 = t & M;
  t = x * b4 + r9 + (t >> 32); r9 = t & M; t = x * b5 + r10 + (t >> 32); r10 = t & M;
  t = x * b6 + r11 + (t >> 32); r11 = t & M; t = x * b7 + r12 + (t >> 32); r12 = t & M;
  r13 = t >> 32;
  x = <u64>load<u32>(a, 24);
  t = x * b0 + r6; r6 = t & M; t = x * b1 + r7 + (t >> 32); r7 = t & M;
  t = x * b2 + r8 + (t >> 32); r8 = t & M; t = x * b3 + r9 + (t >> 32); r9 = t & M;
  t = x * b4 + r10 + (t >> 32); r10 = t & M; t = x * b5 + r11 + (t >> 32); r11 = t & M;
  t = x * b6 + r12 + (t >> 32); r12 = t & M; t = x * b7 + r13 + (t >> 32); r13 = t & M;
  r14 = t >> 32;
  x = <u64>load<u32>(a, 28);
  t = x * b0 + r7; r7 = t & M; t = x * b1 + r8 + (t >> 32); r8 = t & M;
  t = x * b2 + r9 + (t >> 32); r9 = t & M; t = x * b3 + r10 + (t >> 32); r10 = t & M;
  t = x * b4 + r11 + (t >> 32); r11 = t & M; t = x * b5 + r12 + (t >> 32); r12 = t & M;
  t = x * b6 + r13 + (t >> 32); r13 = t & M; t = x * b7 + r14 + (t >> 32); r14 = t & M;
  r15 = t >> 32;
  store<u64>(to, r0 | (r1 << 32));
  store<u64>(to, r2 | (r3 << 32), 8);
  store<u64>(to, r4 | (r5 << 32), 16);
  store<u64>(to, r6 | (r7 << 32), 24);
  store<u64>(to, r8 | (r9 << 32), 32);
  store<u64>(to, r10 | (r11 << 32), 40);
  store<u64>(to, r12 | (r13 << 32), 48);
  store<u64>(to, r14 | (r15 << 32), 56);
}
