import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, it } from 'vitest';
import { keccak256, loadFastKeccak } from './keccak.ts';

const EMPTY = 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';

it('gives the same before and after the fast implementation is loaded', async () => {
  expect(keccak256(new Uint8Array(0)).toHex()).toBe(EMPTY);
  expect(await loadFastKeccak()).toBe(true);
  expect(keccak256(new Uint8Array(0)).toHex()).toBe(EMPTY);
  for (let size = 0; size < 600; size++) {
    const bytes = new Uint8Array(size).fill(size);
    expect(keccak256(bytes).toHex()).toBe(keccak_256(bytes).toHex());
  }
  const first = keccak256(new Uint8Array(1));
  const copy = first.slice();
  keccak256(new Uint8Array(2));
  expect(first).toEqual(copy);
});
