/** Between the host's values and words, hashes and bytes in linear memory. */
import type { Address, Hash, Hex } from '../types.ts';

const LIMB_MASK = (1n << 64n) - 1n;

export function writeWord(view: DataView, at: number, value: bigint): void {
  let rest = value;
  for (let i = 0; i < 32; i += 8) {
    view.setBigUint64(at + i, rest & LIMB_MASK, true);
    rest >>= 64n;
  }
}

export function readWord(view: DataView, at: number): bigint {
  let value = 0n;
  for (let i = 24; i >= 0; i -= 8) value = (value << 64n) | view.getBigUint64(at + i, true);
  return value;
}

export function writeAddress(view: DataView, at: number, address: Address): void {
  writeWord(view, at, BigInt(address));
}

export function readAddress(view: DataView, at: number): Address {
  return `0x${readWord(view, at).toString(16).padStart(40, '0')}`;
}

/** 32 raw bytes. */
export function writeHash(view: DataView, at: number, hash: Hash): void {
  new Uint8Array(view.buffer, view.byteOffset + at, 32).setFromHex(hash.slice(2));
}

export function readHash(bytes: Uint8Array, at: number): Hash {
  return toHex(bytes, at, 32);
}

/** A word as the hash whose big-endian integer it is. */
export function readWordAsHash(view: DataView, at: number): Hash {
  return `0x${readWord(view, at).toString(16).padStart(64, '0')}`;
}

export function toHex(bytes: Uint8Array, at = 0, size: number = bytes.length - at): Hex {
  return `0x${bytes.subarray(at, at + size).toHex()}`;
}
