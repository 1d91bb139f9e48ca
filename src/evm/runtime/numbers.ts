// Products of prices and gas: words times u64, with the overflow told.

/** High 64 bits of a product of two u64. */
// @ts-ignore: decorator
@inline
export function mulHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const low = a0 * b0;
  const mid = a1 * b0 + (low >> 32);
  const cross = a0 * b1 + (mid & 0xffffffff);
  return a1 * b1 + (mid >> 32) + (cross >> 32);
}

/** dst = word * factor modulo 2^256; returns what overflowed. */
export function mulWord(dst: u32, word: u32, factor: u64): u64 {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < 32; i += 8) {
    const limb = load<u64>(word + i);
    const low = limb * factor + carry;
    carry = mulHigh(limb, factor) + u64(low < carry);
    store<u64>(dst + i, low);
  }
  return carry;
}

/** dst = a + b modulo 2^256; returns the carry. */
export function addWord(dst: u32, a: u32, b: u32): u64 {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < 32; i += 8) {
    const x = load<u64>(a + i);
    const sum = x + load<u64>(b + i);
    const total = sum + carry;
    carry = u64(sum < x) | u64(total < sum);
    store<u64>(dst + i, total);
  }
  return carry;
}

/** dst = a - b modulo 2^256. */
export function subWord(dst: u32, a: u32, b: u32): void {
  let borrow: u64 = 0;
  for (let i: u32 = 0; i < 32; i += 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    const difference = x - y;
    store<u64>(dst + i, difference - borrow);
    borrow = u64(x < y) | u64(difference < borrow);
  }
}
