import { verifyMerkleRangeProof } from '@ethereumjs/mpt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../base/bytes.ts';
import { keccak256 } from '../base/keccak.ts';
import { PathTrie } from '../state/path-trie.ts';
import { TrieMemory } from '../state/trie-memory.ts';
import { EMPTY_TRIE_ROOT } from './partial-trie.ts';
import { proveRange, type RangeEntry, type RangeProof, verifyRange } from './range-proof.ts';
import { ProofError } from './trie-node.ts';

const memory = new TrieMemory();
const FIRST = new Uint8Array(32);

/** Keys that share long beginnings, so that there are extensions, and nodes within nodes. */
const nearKey = fc
  .tuple(fc.constantFrom(0, 1, 2, 15, 30, 31), fc.constantFrom(0x00, 0x01, 0x10, 0x1f, 0xff))
  .map(([at, byte]) => new Uint8Array(32).fill(0x11).fill(byte, at, at + 1));
const farKey = fc.nat(300).map((seed) => keccak256(Uint8Array.of(seed & 255, seed >> 8)));
const key = fc.oneof(nearKey, farKey);
const value = fc.uint8Array({ minLength: 1, maxLength: 40 });
const trie = fc
  .uniqueArray(fc.tuple(key, value), { selector: ([k]) => k.toHex(), maxLength: 60 })
  .map((list) => list.map(([k, v]) => ({ key: k, value: v })).sort(byKey));
const start = fc.oneof(key, fc.constant(FIRST), fc.constant(new Uint8Array(32).fill(255)));
const countMax = fc.integer({ min: 0, max: 30 });

function byKey(a: { key: Uint8Array }, b: { key: Uint8Array }): number {
  return a.key.toHex() < b.key.toHex() ? -1 : 1;
}

function built(entries: readonly RangeEntry[]): PathTrie {
  const made = new PathTrie(memory);
  made.update(entries);
  return made;
}

describe('a range proof', () => {
  it('proves the range, and whether there is more behind it', () => {
    fc.assert(
      fc.property(trie, start, countMax, (entries, from, count) => {
        const made = built(entries);
        const proof = proveRange(made, entries, { start: from, countMax: count });
        const after = entries.filter((entry) => entry.key.toHex() >= from.toHex());
        expect(proof.entries).toEqual(after.slice(0, count));
        if (count === 0 && after.length > 0) {
          expect(() => verifyRange(made.root(), from, proof)).toThrow(ProofError);
        } else {
          const { more } = verifyRange(made.root(), from, proof);
          expect(more).toBe(after.length > count);
        }
        made.free();
      }),
      { numRuns: 500 },
    );
  });

  it('needs no nodes where the entries are the whole trie', () => {
    fc.assert(
      fc.property(trie, (entries) => {
        const made = built(entries);
        const root = made.root();
        expect(verifyRange(root, FIRST, { entries, proof: [] })).toEqual({ more: false });
        if (entries.length > 0) {
          const fewer = entries.slice(1);
          expect(() => verifyRange(root, FIRST, { entries: fewer, proof: [] })).toThrow(ProofError);
        }
        made.free();
      }),
    );
    expect(verifyRange(EMPTY_TRIE_ROOT, FIRST, { entries: [], proof: [] }).more).toBe(false);
  });

  it('proves nothing but what the trie holds', () => {
    const entry = fc.record({ key, value });
    const change = fc.oneof(
      fc.record({ how: fc.constant('drop' as const), at: fc.nat() }),
      fc.record({ how: fc.constant('add' as const), entry }),
      fc.record({ how: fc.constant('value' as const), at: fc.nat(), value }),
      fc.record({ how: fc.constant('key' as const), at: fc.nat(), key }),
      fc.record({ how: fc.constant('flip' as const), at: fc.nat(), byte: fc.nat() }),
      fc.record({ how: fc.constant('lose' as const), at: fc.nat() }),
    );
    const property = fc.property(
      trie,
      start,
      countMax,
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (entries, from, count, changes) => {
        const made = built(entries);
        let given = proveRange(made, entries, { start: from, countMax: count });
        for (const each of changes) given = changed(given, each);
        let more: boolean | undefined;
        try {
          more = verifyRange(made.root(), from, given).more;
        } catch (error) {
          expect(error).toBeInstanceOf(ProofError);
        }
        if (more !== undefined) {
          // What was accepted is true.
          const after = entries.filter((held) => held.key.toHex() >= from.toHex());
          expect(given.entries).toEqual(after.slice(0, given.entries.length));
          expect(more).toBe(after.length > given.entries.length);
          if (given.entries.length === 0) expect(after).toEqual([]);
        }
        made.free();
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });

  it('holds before an independent library', async () => {
    const entries = Array.from({ length: 500 }, (_, index) => ({
      key: keccak256(Uint8Array.of(index & 255, index >> 8)),
      value: Uint8Array.of(index & 255, 1),
    })).sort(byKey);
    const made = built(entries);
    for (const [from, count] of [
      [0, 100],
      [17, 1],
      [250, 250],
      [499, 1],
    ] as const) {
      const first = (entries[from] as RangeEntry).key;
      const { entries: range, proof } = proveRange(made, entries, {
        start: first,
        countMax: count,
      });
      const more = await verifyMerkleRangeProof(
        fromHex(made.root()),
        first,
        (range.at(-1) as RangeEntry).key,
        range.map((entry) => entry.key),
        range.map((entry) => entry.value),
        [...proof],
      );
      expect(more).toBe(from + count < 500);
      expect(verifyRange(made.root(), first, { entries: range, proof }).more).toBe(more);
    }
    made.free();
  });

  it('is of keys of one size', () => {
    const entries = [{ key: Uint8Array.of(1, 2), value: Uint8Array.of(1) }];
    const made = built(entries);
    const request = { start: Uint8Array.of(0), countMax: 1 };
    expect(() => proveRange(made, entries, request)).toThrow('start has 1 bytes: give 2');
    made.free();
  });

  it('refuses what is out of order', () => {
    const entries = [1, 2, 3].map((byte) => ({
      key: new Uint8Array(32).fill(byte),
      value: Uint8Array.of(byte),
    }));
    const made = built(entries);
    const root = made.root();
    const [one, two, three] = entries as [RangeEntry, RangeEntry, RangeEntry];
    const bad: (readonly [Uint8Array, RangeEntry[]])[] = [
      [FIRST, [two, one, three]],
      [FIRST, [one, one, two, three]],
      [two.key, [one, two, three]],
      [FIRST, [{ key: one.key.subarray(1), value: one.value }, two, three]],
      [FIRST, [{ key: one.key, value: new Uint8Array(0) }, two, three]],
    ];
    for (const [from, list] of bad) {
      const attempt = () => verifyRange(root, from, { entries: list, proof: made.prove(one.key) });
      expect(attempt).toThrow(ProofError);
    }
    made.free();
  });
});

type Change =
  | { how: 'drop'; at: number }
  | { how: 'lose'; at: number }
  | { how: 'add'; entry: RangeEntry }
  | { how: 'value'; at: number; value: Uint8Array }
  | { how: 'key'; at: number; key: Uint8Array }
  | { how: 'flip'; at: number; byte: number };

function changed({ entries, proof }: RangeProof, change: Change): RangeProof {
  if (change.how === 'add') return { entries: [...entries, change.entry].sort(byKey), proof };
  if (change.how === 'flip' || change.how === 'lose') {
    if (proof.length === 0) return { entries, proof };
    const at = change.at % proof.length;
    if (change.how === 'lose') return { entries, proof: proof.toSpliced(at, 1) };
    const node = (proof[at] as Uint8Array).slice();
    const index = change.byte % node.length;
    node[index] = (node[index] as number) ^ (1 + (change.byte % 255));
    return { entries, proof: proof.with(at, node) };
  }
  if (entries.length === 0) return { entries, proof };
  const at = change.at % entries.length;
  if (change.how === 'drop') return { entries: entries.toSpliced(at, 1), proof };
  const entry = entries[at] as RangeEntry;
  const next =
    change.how === 'key'
      ? { key: change.key, value: entry.value }
      : { key: entry.key, value: change.value };
  return { entries: entries.with(at, next).sort(byKey), proof };
}
