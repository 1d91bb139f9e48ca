/**
 * The fast set, for Node.js: node:crypto's hashes; mcl in WebAssembly and libsecp256k1, where
 * these optional packages are installed, else the portable set. docs/design/precompiles.md has
 * the measurements.
 */
import type { Bls12381, Bn254, Hashes, Libraries, P256, Secp256k1 } from '../libraries.ts';
import { builtin } from '../packages.ts';
import { PORTABLE } from '../portable/libraries.ts';
import { fastBls12381 } from './bls12381.ts';
import { fastBn254 } from './bn254.ts';
import { hasMcl } from './mcl.ts';
import { fastSecp256k1, mclP256 } from './signatures.ts';

class FastLibraries implements Libraries {
  readonly #hasMcl = hasMcl();
  #secp256k1: Secp256k1 | undefined;
  #p256: P256 | undefined;
  #bn254: Bn254 | undefined;
  #bls12381: Bls12381 | undefined;

  #hashes: Hashes | undefined;

  /** Not before it is needed: loading node:crypto takes 7 ms. */
  get hashes(): Hashes {
    this.#hashes ??= fastHashes();
    return this.#hashes;
  }

  get secp256k1(): Secp256k1 {
    this.#secp256k1 ??= fastSecp256k1() ?? PORTABLE.secp256k1;
    return this.#secp256k1;
  }

  get p256(): P256 {
    this.#p256 ??= this.#hasMcl ? mclP256() : PORTABLE.p256;
    return this.#p256;
  }

  get bn254(): Bn254 {
    this.#bn254 ??= this.#hasMcl ? fastBn254() : PORTABLE.bn254;
    return this.#bn254;
  }

  get bls12381(): Bls12381 {
    this.#bls12381 ??= this.#hasMcl ? fastBls12381() : PORTABLE.bls12381;
    return this.#bls12381;
  }
}

export const FAST: Libraries = new FastLibraries();

function fastHashes(): Hashes {
  const crypto = builtin('node:crypto');
  if (crypto === undefined) return PORTABLE.hashes;
  // Some builds of OpenSSL leave it out.
  const hasRipemd160 = crypto.getHashes().includes('ripemd160');
  const portable = PORTABLE.hashes;
  return {
    ...portable,
    sha256: (bytes) => crypto.hash('sha256', bytes, 'buffer'),
    ...(hasRipemd160 && { ripemd160: (bytes) => crypto.hash('ripemd160', bytes, 'buffer') }),
    begin: (name) =>
      name === 'sha256' || hasRipemd160 ? crypto.createHash(name) : portable.begin(name),
  };
}
