/**
 * Signing a hash by secp256k1, deterministically (RFC 6979): by Bitcoin Core's library where it is
 * installed, which takes 60 us for the 600 of JavaScript, and gives the same bytes.
 */

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bigintFromBytes } from '../../base/bytes.ts';
import { optionalPackage } from '../../evm/precompiles/packages.ts';

export interface HashSignature {
  readonly r: bigint;
  /** Of the lower half (EIP-2). */
  readonly s: bigint;
  readonly yParity: bigint;
}

/** What is used of the package `secp256k1`. */
interface NativeSigner {
  ecdsaSign(
    hash: Uint8Array,
    key: Uint8Array,
  ): { readonly signature: Uint8Array; readonly recid: number };
}

let native: NativeSigner | false | undefined;

/** @throws Error for a key that is none: zero, or above the group's order */
export function signHash(hash: Uint8Array, privateKey: Uint8Array): HashSignature {
  native ??= optionalPackage<NativeSigner>('secp256k1/bindings.js') ?? false;
  if (native !== false) {
    const { signature, recid } = native.ecdsaSign(hash, privateKey);
    const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map(bigintFromBytes);
    return { r: r as bigint, s: s as bigint, yParity: BigInt(recid) };
  }
  return signPortably(hash, privateKey);
}

/** The same in JavaScript alone. */
export function signPortably(hash: Uint8Array, privateKey: Uint8Array): HashSignature {
  const bytes = secp256k1.sign(hash, privateKey, { prehash: false, format: 'recovered' });
  const signature = secp256k1.Signature.fromBytes(bytes, 'recovered');
  return { r: signature.r, s: signature.s, yParity: BigInt(signature.recovery as number) };
}
