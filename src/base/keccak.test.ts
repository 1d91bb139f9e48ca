import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keccak256 } from './keccak.ts';

/** Every length of the first blocks; where an input has a memory of its own, and around it. */
const SIZES = [...Array(600).keys(), 65_535, 65_536, 1_048_575, 1_048_576, 1_048_577, 2_500_000];

it('gives what @noble/hashes gives, whatever was hashed before', () => {
  for (const size of [...SIZES, 0, 1]) {
    const bytes = new Uint8Array(size).fill(size % 255);
    expect(keccak256(bytes).toHex(), String(size)).toBe(keccak_256(bytes).toHex());
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), (bytes) => {
      expect(keccak256(bytes).toHex()).toBe(keccak_256(bytes).toHex());
    }),
  );
});

it('hashes memory that is shared, and a part of a buffer', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(100), 10, 50).fill(7);
  expect(keccak256(shared).toHex()).toBe(keccak_256(new Uint8Array(50).fill(7)).toHex());
});

it('gives bytes that are the caller’s own', () => {
  const first = keccak256(new Uint8Array(1));
  const copy = first.slice();
  keccak256(new Uint8Array(2));
  expect(first).toEqual(copy);
  expect(first.buffer.byteLength).toBe(32);
});
