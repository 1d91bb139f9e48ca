/**
 * 0x0a: point evaluation of a KZG commitment (EIP-4844). The trusted set-up is loaded at the first
 * call: it takes a second or more.
 */
import { createRequire } from 'node:module';
import { sha256 } from '@noble/hashes/sha2.js';
import { integer, type Precompile, toBytes } from './precompile.ts';

const INPUT_BYTES = 192;
const FIELD_ELEMENTS_PER_BLOB = 4_096n;
const BLS_MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const VERSION_KZG = 1;

/** The part of the library that is used. */
interface Context {
  verifyKzgProof(commitment: Uint8Array, z: Uint8Array, y: Uint8Array, proof: Uint8Array): boolean;
}

let context: Context | undefined;

function loadContext(): Context {
  if (context === undefined) {
    const load = createRequire(import.meta.url);
    const library = load('@crate-crypto/node-eth-kzg') as {
      DasContextJs: { create(options: { usePrecomp: boolean }): Context };
    };
    context = library.DasContextJs.create({ usePrecomp: false });
  }
  return context;
}

export const POINT_EVALUATION: Precompile = {
  name: 'POINT_EVALUATION',
  gas: () => 50_000n,
  run: (input) => {
    if (input.length !== INPUT_BYTES) return undefined;
    const z = input.slice(32, 64);
    const y = input.slice(64, 96);
    const commitment = input.slice(96, 144);
    const proof = input.slice(144, 192);
    if (integer(z) >= BLS_MODULUS || integer(y) >= BLS_MODULUS) return undefined;
    const hash = sha256(commitment);
    hash[0] = VERSION_KZG;
    if (hash.some((byte, i) => byte !== input[i])) return undefined;
    const verifier = loadContext();
    try {
      if (!verifier.verifyKzgProof(commitment, z, y, proof)) return undefined;
    } catch {
      return undefined;
    }
    const out = new Uint8Array(64);
    out.set(toBytes(FIELD_ELEMENTS_PER_BLOB, 32));
    out.set(toBytes(BLS_MODULUS, 32), 32);
    return out;
  },
};
