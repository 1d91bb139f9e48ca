/** 0x02 SHA-256, 0x03 RIPEMD-160, 0x04 identity. */
import type { Hashes, Steps } from './libraries.ts';
import { byWords, type Output, type Precompile } from './precompile.ts';

/** Bytes of a step: the slowest of the libraries takes 2 ms for them. */
const PORTION = 262_144;

export const SHA256: Precompile = {
  name: 'SHA256',
  gas: (input) => byWords(60, 12, input.length),
  run: (input, { libraries: { hashes } }) =>
    input.length > PORTION ? inPortions(hashes, 'sha256', input) : hashes.sha256(input),
};

export const RIPEMD160: Precompile = {
  name: 'RIPEMD160',
  gas: (input) => byWords(600, 120, input.length),
  run: (input, { libraries: { hashes } }) =>
    input.length > PORTION
      ? inPortions(hashes, 'ripemd160', input)
      : inWord(hashes.ripemd160(input)),
};

export const IDENTITY: Precompile = {
  name: 'IDENTITY',
  gas: (input) => byWords(15, 3, input.length),
  run: (input) => input,
};

function* inPortions(
  hashes: Hashes,
  name: 'sha256' | 'ripemd160',
  input: Uint8Array,
): Steps<Output> {
  const digest = hashes.begin(name);
  for (let at = 0; at < input.length; at += PORTION) {
    if (at > 0) yield;
    digest.update(input.subarray(at, at + PORTION));
  }
  return inWord(digest.digest());
}

/** At the end of 32 bytes. */
function inWord(digest: Uint8Array): Uint8Array {
  const word = new Uint8Array(32);
  word.set(digest, 32 - digest.length);
  return word;
}
