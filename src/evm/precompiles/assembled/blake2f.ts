/**
 * Rounds of BLAKE2b's compression function (RFC 7693, section 3.2), assembled: the working vector
 * lives in locals, a round is straight-line code, and the message's words are found through the
 * permutation's row as byte offsets.
 */
import type { FunctionBuilder, Local } from '../../../wasm/function.ts';

/** Offsets of message words, 16 bytes a row, ten rows. */
export const SIGMA_OFFSETS: Uint8Array = Uint8Array.from(
  [
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
  ].flat(),
  (word) => 8 * word,
);

/** Columns and diagonals of a round. */
const MIXES = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

/** (vector, message, sigma, from, to): rounds [from, to) of the vector of 16 words, in place. */
export function emitBlake2fRounds(fn: FunctionBuilder): void {
  const { i32, i64 } = fn;
  const [vector, message, sigma, from, to] = [0, 1, 2, 3, 4].map((i) => fn.param(i, 'i32')) as [
    Local<'i32'>,
    Local<'i32'>,
    Local<'i32'>,
    Local<'i32'>,
    Local<'i32'>,
  ];
  const row = fn.local('i32');
  const v = Array.from({ length: 16 }, () => fn.local('i64'));
  v.forEach((local, i) => fn.set(local, i64.load(fn.get(vector), 8 * i)));

  const half = (mix: (typeof MIXES)[number], word: number, rotations: [bigint, bigint]): void => {
    const [a, b, c, d] = mix.map((i) => v[i]) as [
      Local<'i64'>,
      Local<'i64'>,
      Local<'i64'>,
      Local<'i64'>,
    ];
    const address = () => i32.add(fn.get(message), i32.load8U(fn.get(row), word));
    fn.set(a, i64.add(i64.add(fn.get(a), fn.get(b)), i64.load(address())));
    fn.set(d, i64.rotr(i64.xor(fn.get(d), fn.get(a)), i64.const(rotations[0])));
    fn.set(c, i64.add(fn.get(c), fn.get(d)));
    fn.set(b, i64.rotr(i64.xor(fn.get(b), fn.get(c)), i64.const(rotations[1])));
  };

  fn.block((done) => {
    fn.loop((next) => {
      fn.brIf(done, i32.geU(fn.get(from), fn.get(to)));
      const inRow = () => i32.remU(fn.get(from), i32.const(10));
      fn.set(row, i32.add(fn.get(sigma), i32.mul(inRow(), i32.const(16))));
      MIXES.forEach((mix, i) => {
        half(mix, 2 * i, [32n, 24n]);
        half(mix, 2 * i + 1, [16n, 63n]);
      });
      fn.set(from, i32.add(fn.get(from), i32.const(1)));
      fn.br(next);
    });
  });
  v.forEach((local, i) => {
    i64.store(fn.get(vector), fn.get(local), 8 * i);
  });
}
