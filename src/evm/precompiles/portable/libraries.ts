/** The portable set: @noble/curves and @noble/hashes, which run in every browser. */
import type { Bls12381, Bn254, Hashes, Libraries, P256, Secp256k1 } from '../libraries.ts';
import { lazyPackage } from '../packages.ts';
import { portableBls12381 } from './bls12381.ts';
import { portableBn254 } from './bn254.ts';
import { portableP256, portableSecp256k1 } from './signatures.ts';

const sha2 = lazyPackage('@noble/hashes/sha2.js', () => import('@noble/hashes/sha2.js'));
const legacy = lazyPackage('@noble/hashes/legacy.js', () => import('@noble/hashes/legacy.js'));
const bn254 = lazyPackage('@noble/curves/bn254.js', () => import('@noble/curves/bn254.js'));
const bls = lazyPackage('@noble/curves/bls12-381.js', () => import('@noble/curves/bls12-381.js'));
const nist = lazyPackage('@noble/curves/nist.js', () => import('@noble/curves/nist.js'));
const secp256k1 = lazyPackage(
  '@noble/curves/secp256k1.js',
  () => import('@noble/curves/secp256k1.js'),
);

class PortableLibraries implements Libraries {
  #secp256k1: Secp256k1 | undefined;
  #p256: P256 | undefined;
  #bn254: Bn254 | undefined;
  #bls12381: Bls12381 | undefined;

  readonly hashes: Hashes = {
    sha256: (bytes) => sha2().sha256(bytes),
    ripemd160: (bytes) => legacy().ripemd160(bytes),
    begin: (name) => (name === 'sha256' ? sha2().sha256 : legacy().ripemd160).create(),
  };

  get secp256k1(): Secp256k1 {
    this.#secp256k1 ??= portableSecp256k1(secp256k1());
    return this.#secp256k1;
  }

  get p256(): P256 {
    this.#p256 ??= portableP256(nist());
    return this.#p256;
  }

  get bn254(): Bn254 {
    this.#bn254 ??= portableBn254(bn254());
    return this.#bn254;
  }

  get bls12381(): Bls12381 {
    this.#bls12381 ??= portableBls12381(bls());
    return this.#bls12381;
  }
}

export const PORTABLE: Libraries = new PortableLibraries();
