/**
 * 0x09 BLAKE2F: the compression function of BLAKE2b with a given number of rounds (EIP-152). The
 * runtime runs it itself (runtime/precompiles.ts) but where a call has precompiles of its own.
 */
import { assembled, SIGMA, WORK } from './assembled/module.ts';
import type { Steps } from './libraries.ts';
import { type Output, type Precompile, read } from './precompile.ts';

const INPUT_BYTES = 213;
/** Rounds of a step: a few milliseconds. */
const PORTION = 1 << 16;
const VECTOR = WORK;
const MESSAGE = WORK + 128;
/** Vector and message. */
const STATE_BYTES = 256;

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

export const BLAKE2F: Precompile = {
  name: 'BLAKE2F',
  gas: (input) => BigInt(new DataView(read(input, 0, 4).buffer).getUint32(0)),
  run: (input) => (input.length === INPUT_BYTES ? blake2f(read(input, 0, INPUT_BYTES)) : undefined),
};

function* blake2f(input: Uint8Array<ArrayBuffer>): Steps<Output> {
  const last = input[INPUT_BYTES - 1];
  if (last !== 0 && last !== 1) return undefined;
  const from = new DataView(input.buffer);
  const { bytes, view, blake2fRounds } = assembled();
  bytes.set(input.subarray(4, 68), VECTOR);
  const put = (word: number, value: bigint): void =>
    view.setBigUint64(VECTOR + 8 * word, value, true);
  IV.forEach((value, i) => put(8 + i, value));
  const offset = (i: number): bigint => from.getBigUint64(196 + 8 * i, true);
  put(12, (IV[4] as bigint) ^ offset(0));
  put(13, (IV[5] as bigint) ^ offset(1));
  if (last === 1) put(14, ~(IV[6] as bigint));
  bytes.set(input.subarray(68, 196), MESSAGE);
  const rounds = from.getUint32(0);
  for (let done = 0; done < rounds; done += PORTION) {
    if (done > 0) {
      const kept = bytes.slice(VECTOR, VECTOR + STATE_BYTES);
      yield;
      bytes.set(kept, VECTOR);
    }
    blake2fRounds(VECTOR, MESSAGE, SIGMA, done, Math.min(done + PORTION, rounds));
  }
  const out = new DataView(new ArrayBuffer(64));
  for (let i = 0; i < 64; i += 8) {
    const mixed = view.getBigUint64(VECTOR + i, true) ^ view.getBigUint64(VECTOR + 64 + i, true);
    out.setBigUint64(i, from.getBigUint64(4 + i, true) ^ mixed, true);
  }
  return new Uint8Array(out.buffer);
}
