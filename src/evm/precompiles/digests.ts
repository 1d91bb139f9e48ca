/** 0x02 SHA-256, 0x03 RIPEMD-160, 0x04 identity. */
import type { Hashes, Steps } from './libraries.ts';
import { byWords, type Output, type Precompile, type PrecompileInput, read } from './precompile.ts';

/** Bytes of a step: the slowest of the libraries takes 2 ms for them. */
const PORTION = 262_144;

/** Where an input, or a portion of it, is copied to: nothing goes on with it after a step. */
let portion: Uint8Array | undefined;

export const SHA256: Precompile = {
  name: 'SHA256',
  uses: ['hashes'],
  gas: (input) => byWords(60, 12, input.length),
  run: (input, { libraries: { hashes } }) =>
    input.length > PORTION
      ? inPortions(hashes, 'sha256', input)
      : hashes.sha256(portionOf(input, 0)),
};

export const RIPEMD160: Precompile = {
  name: 'RIPEMD160',
  uses: ['hashes'],
  gas: (input) => byWords(600, 120, input.length),
  run: (input, { libraries: { hashes } }) =>
    input.length > PORTION
      ? inPortions(hashes, 'ripemd160', input)
      : inWord(hashes.ripemd160(portionOf(input, 0))),
};

/** The runtime runs it itself (runtime/precompiles.ts) but where a call has its own list. */
export const IDENTITY: Precompile = {
  name: 'IDENTITY',
  gas: (input) => byWords(15, 3, input.length),
  run: (input) => read(input, 0, input.length),
};

function* inPortions(
  hashes: Hashes,
  name: 'sha256' | 'ripemd160',
  input: PrecompileInput,
): Steps<Output> {
  const digest = hashes.begin(name);
  for (let at = 0; at < input.length; at += PORTION) {
    if (at > 0) yield;
    digest.update(portionOf(input, at));
  }
  return inWord(digest.digest());
}

function portionOf(input: PrecompileInput, start: number): Uint8Array {
  portion ??= new Uint8Array(PORTION);
  const part = portion.subarray(0, Math.min(PORTION, input.length - start));
  input.copy(part, start);
  return part;
}

/** At the end of 32 bytes. */
function inWord(digest: Uint8Array): Uint8Array {
  const word = new Uint8Array(32);
  word.set(digest, 32 - digest.length);
  return word;
}
