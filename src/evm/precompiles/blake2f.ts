/** 0x09 BLAKE2F: the compression function of BLAKE2b with a given number of rounds (EIP-152). */
import { type Precompile, slice } from './precompile.ts';

const INPUT_BYTES = 213;

const IV: readonly bigint[] = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
];

const SIGMA: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/** Columns and diagonals of a round. */
const MIXES: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
];

export const BLAKE2F: Precompile = {
  name: 'BLAKE2F',
  gas: (input) => BigInt(new DataView(slice(input, 0, 4).buffer).getUint32(0)),
  run: (input) => {
    const last = input[INPUT_BYTES - 1];
    if (input.length !== INPUT_BYTES || (last !== 0 && last !== 1)) return undefined;
    const view = new DataView(slice(input, 0, INPUT_BYTES).buffer);
    const rounds = view.getUint32(0);
    const words = (start: number, count: number) =>
      BigUint64Array.from({ length: count }, (_, i) => view.getBigUint64(start + 8 * i, true));
    const h = words(4, 8);
    const m = words(68, 16);
    const t = words(196, 2);
    const v = new BigUint64Array(16);
    v.set(h);
    v.set(IV, 8);
    v[12] = (v[12] as bigint) ^ (t[0] as bigint);
    v[13] = (v[13] as bigint) ^ (t[1] as bigint);
    if (last === 1) v[14] = ~(v[14] as bigint);
    for (let round = 0; round < rounds; round++) mixRound(v, m, SIGMA[round % 10] ?? []);
    const out = new DataView(new ArrayBuffer(64));
    for (let i = 0; i < 8; i++) {
      const word = (h[i] as bigint) ^ (v[i] as bigint) ^ (v[i + 8] as bigint);
      out.setBigUint64(8 * i, word, true);
    }
    return new Uint8Array(out.buffer);
  },
};

function mixRound(v: BigUint64Array, m: BigUint64Array, sigma: readonly number[]): void {
  MIXES.forEach(([a, b, c, d], i) => {
    const x = m[sigma[2 * i] as number] as bigint;
    const y = m[sigma[2 * i + 1] as number] as bigint;
    half(v, [a, b, c, d], x, [32n, 24n]);
    half(v, [a, b, c, d], y, [16n, 63n]);
  });
}

function half(
  v: BigUint64Array,
  [a, b, c, d]: readonly [number, number, number, number],
  word: bigint,
  [first, second]: readonly [bigint, bigint],
): void {
  v[a] = (v[a] as bigint) + (v[b] as bigint) + word;
  v[d] = rotateRight((v[d] as bigint) ^ (v[a] as bigint), first);
  v[c] = (v[c] as bigint) + (v[d] as bigint);
  v[b] = rotateRight((v[b] as bigint) ^ (v[c] as bigint), second);
}

function rotateRight(value: bigint, by: bigint): bigint {
  return BigInt.asUintN(64, (value >> by) | (value << (64n - by)));
}
