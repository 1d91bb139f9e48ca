import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, it } from 'vitest';
import { TrieMemory } from './trie-memory.ts';

/** Behind an input. */
const PADDING = 143;

it('hashes two inputs of any sizes, and writes nothing else', () => {
  const memory = new TrieMemory();
  const room = memory.input(8192);
  const [to, a, b] = [room, room + 128, room + 4096];
  const bytes = memory.bytes();
  const blocks = [0, 1, 7, 8, 9, 127, 128, 129, 134, 135, 136, 137, 143, 144, 271, 272, 273, 700];
  const sizes = [...blocks, ...Array.from({ length: 40 }, (_, index) => 3 * index), 532, 1000];
  for (const sizeA of sizes) {
    for (const sizeB of sizes) {
      const first = Uint8Array.from({ length: sizeA }, (_, at) => at * 7 + sizeB);
      const second = Uint8Array.from({ length: sizeB }, (_, at) => at * 13 + sizeA);
      bytes.fill(0xee, room, room + 8192);
      bytes.set(first, a);
      bytes.set(second, b);
      memory.runtime.keccak256Pair(to + 16, a, sizeA, to + 64, b, sizeB);
      const name = `${sizeA} and ${sizeB} bytes`;
      expect(bytes.slice(to + 16, to + 48).toHex(), name).toBe(keccak_256(first).toHex());
      expect(bytes.slice(to + 64, to + 96).toHex(), name).toBe(keccak_256(second).toHex());
      const others = [
        [to, to + 16],
        [to + 48, to + 64],
        [to + 96, a],
        [a + sizeA + PADDING, b],
        [b + sizeB + PADDING, room + 8192],
      ] as const;
      for (const [start, end] of others) {
        const changed = bytes.subarray(start, end).findIndex((byte) => byte !== 0xee);
        if (changed >= 0) expect.fail(`${name}: ${start + changed - room}`);
      }
    }
  }
});
