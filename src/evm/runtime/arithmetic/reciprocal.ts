// Division of two or three 64-bit limbs by one or two, by a reciprocal of the normalised divisor.
// N. Moeller, T. Granlund, "Improved division by invariant integers" (IEEE ToC 2011).
// "Normalised" means that the top bit of the divisor's top limb is set.
import { high64 } from "./product";

const M: u64 = 0xffffffff;

/** floor((2^128 - 1) / d) - 2^64 for a normalised d: (2^64 - 1 - d, 2^64 - 1) / d, two digits. */
export function reciprocalOf1(d: u64): u64 {
  const dh = d >> 32;
  const dl = d & M;
  const top = ~d;
  let q1 = top / dh;
  let r = top - q1 * dh;
  while (q1 > M || q1 * dl > ((r << 32) | M)) {
    q1--;
    r += dh;
    if (r > M) break;
  }
  const rest = ((top << 32) | M) - q1 * d;
  let q0 = rest / dh;
  r = rest - q0 * dh;
  while (q0 > M || q0 * dl > ((r << 32) | M)) {
    q0--;
    r += dh;
    if (r > M) break;
  }
  return (q1 << 32) + q0;
}

/** floor((2^192 - 1) / (d1, d0)) - 2^64 for a normalised (d1, d0) (the paper's algorithm 6). */
export function reciprocalOf2(d1: u64, d0: u64): u64 {
  let v = reciprocalOf1(d1);
  let p = d1 * v + d0;
  if (p < d0) {
    v--;
    if (p >= d1) {
      v--;
      p -= d1;
    }
    p -= d1;
  }
  const t1 = high64(v, d0);
  const t0 = v * d0;
  p += t1;
  if (p < t1) {
    v--;
    if (p > d1 || (p == d1 && t0 >= d0)) v--;
  }
  return v;
}
