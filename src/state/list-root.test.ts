import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRlp } from '../base/rlp.ts';
import { listRoot } from './list-root.ts';
import { trieRoot } from './trie.ts';

/** By the trie of whatever keys, which knows nothing of lists. */
function expected(items: readonly Uint8Array[]): string {
  const entries = items.map((value, index) => ({ key: encodeRlp(BigInt(index)), value }));
  return trieRoot(entries).toHex();
}

const bytes = (size: number, seed: number) =>
  Uint8Array.from({ length: size }, (_, at) => (at * 31 + seed * 7 + 1) & 255);

describe('the root of a list', () => {
  it('is that of a trie under the indices, whatever their number', () => {
    const counts = [...Array(35).keys(), 126, 127, 128, 129, 130, 143, 144, 255, 256, 257, 300];
    for (const count of [...counts, 4_095, 4_096, 65_536, 65_600]) {
      const items = Array.from({ length: count }, (_, index) => bytes(1 + (index % 90), index));
      expect(listRoot(items).toHex(), `${count} items`).toBe(expected(items));
    }
  });

  it('takes values of any size', () => {
    // Sizes at which headers grow, and at which a block of Keccak ends.
    const sizes = [0, 1, 2, 20, 27, 28, 29, 30, 31, 32, 33, 54, 55, 56, 120, 127, 128, 129, 130];
    const more = [131, 132, 133, 134, 135, 136, 137, 250, 255, 256, 272, 400, 65_535, 65_536];
    for (const a of [...sizes, ...more]) {
      for (const b of [...sizes, ...more]) {
        const items = [bytes(a, 1), bytes(b, 2), bytes(a, 3)];
        expect(listRoot(items).toHex(), `${a} and ${b} bytes`).toBe(expected(items));
      }
    }
    const small = [Uint8Array.of(0), Uint8Array.of(0x7f), Uint8Array.of(0x80), Uint8Array.of(0xff)];
    expect(listRoot(small).toHex()).toBe(expected(small));
    const large = [bytes(20_000_000, 1), bytes(3, 1)];
    expect(listRoot(large).toHex()).toBe(expected(large));
    expect(listRoot(small).toHex()).toBe(expected(small));
  });

  it('is so for random lists', () => {
    const item = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 300 }), (items) => {
        expect(listRoot(items).toHex()).toBe(expected(items));
      }),
    );
  });
});
