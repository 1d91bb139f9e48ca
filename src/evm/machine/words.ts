/** Between the host's values and words, hashes and bytes in linear memory. */
import { putHex } from '../../base/bytes.ts';
import type { Address, Hash, Hex } from '../types.ts';

const LIMB_MASK = (1n << 64n) - 1n;

export function writeWord(view: DataView, at: number, value: bigint): void {
  // PERF: most are small, and each step of the loop makes two numbers.
  if (value <= LIMB_MASK) {
    view.setBigUint64(at, value, true);
    for (let i = 8; i < 32; i += 8) view.setBigUint64(at + i, 0n, true);
    return;
  }
  let rest = value;
  for (let i = 0; i < 32; i += 8) {
    view.setBigUint64(at + i, rest & LIMB_MASK, true);
    rest >>= 64n;
  }
}

export function readWord(view: DataView, at: number): bigint {
  if (isSmall(view, at)) {
    const low = view.getBigUint64(at, true);
    const high = view.getBigUint64(at + 8, true);
    return high === 0n ? low : (high << 64n) | low;
  }
  let value = 0n;
  for (let i = 24; i >= 0; i -= 8) value = (value << 64n) | view.getBigUint64(at + i, true);
  return value;
}

/** Whether a word is below 2^128. */
function isSmall(view: DataView, at: number): boolean {
  return (
    view.getUint32(at + 16, true) === 0 &&
    view.getUint32(at + 20, true) === 0 &&
    view.getUint32(at + 24, true) === 0 &&
    view.getUint32(at + 28, true) === 0
  );
}

const ADDRESS_BYTES = 20;
const addressBytes = new Uint8Array(ADDRESS_BYTES);
const addressView = new DataView(addressBytes.buffer);

export function writeAddress(view: DataView, at: number, address: Address): void {
  putHex(addressBytes, 0, address);
  for (let i = 0; i < ADDRESS_BYTES; i += 4) {
    view.setUint32(at + i, addressView.getUint32(ADDRESS_BYTES - 4 - i), true);
  }
  for (let i = ADDRESS_BYTES; i < 32; i += 4) view.setUint32(at + i, 0, true);
}

export function readAddress(view: DataView, at: number): Address {
  for (let i = 0; i < ADDRESS_BYTES; i += 4) {
    addressView.setUint32(ADDRESS_BYTES - 4 - i, view.getUint32(at + i, true));
  }
  return `0x${addressBytes.toHex()}`;
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
