/** 0x02 SHA-256, 0x03 RIPEMD-160, 0x04 identity. */
import { byWords, type Precompile } from './precompile.ts';

export const SHA256: Precompile = {
  name: 'SHA256',
  gas: (input) => byWords(60, 12, input.length),
  run: (input, { libraries }) => libraries.hashes.sha256(input),
};

export const RIPEMD160: Precompile = {
  name: 'RIPEMD160',
  gas: (input) => byWords(600, 120, input.length),
  run: (input, { libraries }) => {
    const out = new Uint8Array(32);
    out.set(libraries.hashes.ripemd160(input), 12);
    return out;
  },
};

export const IDENTITY: Precompile = {
  name: 'IDENTITY',
  gas: (input) => byWords(15, 3, input.length),
  run: (input) => input,
};
