/**
 * Keccak-256 for code outside the machine (state roots, transaction hashes, addresses). The
 * machine has its own inside WebAssembly.
 *
 * Measured on Node.js 26, hashes a second of 32 / 136 / 532 bytes: @noble/hashes 260 k / 145 k /
 * 78 k, hash-wasm 1.78 M / 1.07 M / 650 k. So hash-wasm, an optional dependency, is used once
 * `loadFastKeccak` was called, as opening a chain does; both give the same bytes.
 */

import { keccak_256 as nobleKeccak } from '@noble/hashes/sha3.js';

type Keccak = (bytes: Uint8Array) => Uint8Array;

let implementation: Keccak = nobleKeccak;

/** Keccak-256 of `bytes`: 32 bytes, the caller's own. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return implementation(bytes);
}

/** Switches to hash-wasm where it is installed; says whether it is in use now. */
export async function loadFastKeccak(): Promise<boolean> {
  if (implementation !== nobleKeccak) return true;
  try {
    const { createKeccak } = await import('hash-wasm');
    const hasher = await createKeccak(256);
    implementation = (bytes) => {
      hasher.init();
      hasher.update(bytes);
      return hasher.digest('binary');
    };
    return true;
  } catch {
    return false;
  }
}
