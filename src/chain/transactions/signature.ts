/**
 * Who signed, recovered from secp256k1 signatures (senders of transactions: sender-of.ts); and
 * signing, for tests and tools.
 */

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak256 } from '../../base/keccak.ts';
import { openSecp256k1 } from '../../evm/precompiles/fast/signatures.ts';
import type { Secp256k1 } from '../../evm/precompiles/libraries.ts';
import { portableSecp256k1 } from '../../evm/precompiles/portable/signatures.ts';
import { finishAtOnce, isBelow, isZero, toBytes } from '../../evm/precompiles/precompile.ts';
import type { Address } from '../../evm/types.ts';
import { authorizationHash, signingHash } from './encode.ts';
import { signHash } from './signing.ts';
import type { SignedAuthorization, SignedTransaction } from './types.ts';

/** Order of the curve's group. */
export const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Whether r and s can be of a signature; `lowS` refuses the upper half of s (EIP-2). */
export function inSignatureRange(r: bigint, s: bigint, lowS: boolean): boolean {
  const sMax = lowS ? SECP256K1_ORDER / 2n : SECP256K1_ORDER - 1n;
  return r > 0n && r < SECP256K1_ORDER && s > 0n && s <= sMax;
}

/** Signer of an authorisation (EIP-7702), or undefined: then the entry is skipped. */
export function recoverAuthority(authorization: SignedAuthorization): Address | undefined {
  const { yParity, r, s } = authorization;
  if (yParity > 1n || !inSignatureRange(r, s, true)) return undefined;
  const hash = authorizationHash(authorization);
  return recoverAddress(hash, toBytes(r, 32), toBytes(s, 32), yParity);
}

let library: Secp256k1 | undefined;

const ORDER = toBytes(SECP256K1_ORDER, 32);

/**
 * Who signed a hash of 32 bytes, r and s of 32 bytes each; undefined where it is nobody.
 * PERF: 50 us natively, 250 by mcl, 1 ms in JavaScript.
 */
export function recoverAddress(
  hash: Uint8Array,
  r: Uint8Array,
  s: Uint8Array,
  yParity: bigint,
): Address | undefined {
  if (yParity !== 0n && yParity !== 1n) return undefined;
  for (const integer of [r, s]) {
    if (isZero(integer, 0, 32) || !isBelow(integer, 0, ORDER)) return undefined;
  }
  library ??= finishAtOnce(openSecp256k1()) ?? portableSecp256k1({ secp256k1 });
  const key = library.recover(hash, r, s, Number(yParity));
  return key && addressOfPoint(key);
}

/** Address of an uncompressed public key (65 bytes, the first 0x04). */
export function addressOf(publicKey: Uint8Array): Address {
  return addressOfPoint(publicKey.subarray(1));
}

function addressOfPoint(point: Uint8Array): Address {
  return `0x${keccak256(point).subarray(12).toHex()}`;
}

/** Address of a private key of 32 bytes. */
export function addressOfKey(privateKey: Uint8Array): Address {
  return addressOf(secp256k1.getPublicKey(privateKey, false));
}

/**
 * Signs with a private key of 32 bytes, deterministically (RFC 6979). The transaction's `v`
 * decides for type 0 whether and for which chain it is protected: 27 or 28, or 35 and more.
 */
export function signTransaction(
  transaction: SignedTransaction,
  privateKey: Uint8Array,
): SignedTransaction {
  const { r, s, yParity } = signHash(signingHash(transaction), privateKey);
  if (transaction.type !== 0) return { ...transaction, v: yParity, r, s };
  const { v } = transaction;
  const base = v >= 35n ? v - ((v - 35n) % 2n) : 27n;
  return { ...transaction, v: base + yParity, r, s };
}

/** Signs an authorisation with a private key of 32 bytes. */
export function signAuthorization(
  authorization: SignedAuthorization,
  privateKey: Uint8Array,
): SignedAuthorization {
  return { ...authorization, ...signHash(authorizationHash(authorization), privateKey) };
}
