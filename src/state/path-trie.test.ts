import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../base/bytes.ts';
import { keccak256 } from '../base/keccak.ts';
import { encodeRlp, rlpInteger } from '../base/rlp.ts';
import { PathTrie, type TrieRecords } from './path-trie.ts';
import { EMPTY_ROOT, trieRoot } from './trie.ts';
import { HASH_CLAIMS, HASH_DONE } from './trie-layout.ts';
import { TrieMemory } from './trie-memory.ts';

/** Records in a map: what a database does. */
class RecordMap implements TrieRecords {
  readonly records = new Map<string, Uint8Array>();

  read(place: Uint8Array): Uint8Array | undefined {
    return this.records.get(place.toHex());
  }

  take(trie: PathTrie): void {
    for (const { place, record } of trie.takeRecords()) {
      if (record === undefined) this.records.delete(place.toHex());
      else this.records.set(place.toHex(), record.slice());
    }
  }
}

const memory = new TrieMemory();

function rootOf(entries: ReadonlyMap<string, Uint8Array>): string {
  const list = [...entries].map(([key, value]) => ({ key: Uint8Array.fromHex(key), value }));
  return `0x${trieRoot(list).toHex()}`;
}

/** Keys that share long beginnings, so that there are extensions, and nodes within nodes. */
const key = fc
  .tuple(
    fc.constantFrom(0, 1, 2, 3, 15, 29, 30, 31, 32),
    fc.array(fc.constantFrom(0x00, 0x01, 0x10, 0x1f, 0xf0), { minLength: 2, maxLength: 2 }),
  )
  .map(([at, bytes]) => {
    const whole = new Uint8Array(32).fill(0x11);
    whole.set(bytes.slice(0, 32 - at), at);
    return whole;
  });
const randomKey = fc.nat(400).map((seed) => keccak256(Uint8Array.of(seed & 255, seed >> 8)));
/** Keys that part at each of the first nibbles: branches full of leaves, and extensions. */
const denseKey = fc
  .tuple(fc.array(fc.constantFrom(0, 0, 1, 2), { minLength: 5, maxLength: 5 }), fc.nat(3))
  .map(([nibbles, tail]) => Uint8Array.fromHex(nibbles.join('') + `${tail}`.repeat(59)));
const value = fc.option(fc.uint8Array({ minLength: 1, maxLength: 110 }), { freq: 3 });
const long = fc.option(fc.uint8Array({ minLength: 90, maxLength: 110 }), { freq: 2 });
const short = fc.option(fc.uint8Array({ minLength: 1, maxLength: 2 }), { freq: 3 });
const changes = (keys: fc.Arbitrary<Uint8Array>, values: fc.Arbitrary<Uint8Array | null>) =>
  fc.uniqueArray(fc.tuple(keys, values), { selector: ([k]) => k.toHex(), maxLength: 60 });
const step = fc.record({
  entries: fc.oneof(
    changes(key, value),
    changes(key, short),
    changes(randomKey, value),
    changes(denseKey, value),
    changes(denseKey, long),
    changes(fc.oneof(key, randomKey), short),
  ),
  after: fc.constantFrom('nothing', 'write', 'evict', 'reopen'),
});

/** All records at once, some, and one after the other; the last is hashed by two threads. */
const memories = [
  memory,
  new TrieMemory({ portion: 300 }),
  new TrieMemory({ portion: 1, sharedMin: 1 }),
];

describe('a trie by path', () => {
  it('has the root of all its entries, whatever is written, forgotten and read again', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.constantFrom(...memories),
        (steps, memory) => {
          const store = new RecordMap();
          let trie = new PathTrie(memory, store);
          const entries = new Map<string, Uint8Array>();
          let clock = 1;
          for (const { entries: given, after } of steps) {
            memory.runtime.setClock(clock);
            trie.update(given.map(([k, v]) => ({ key: k, value: v ?? undefined })));
            for (const [k, v] of given) {
              if (v === null) entries.delete(k.toHex());
              else entries.set(k.toHex(), v);
            }
            expect(trie.root()).toBe(rootOf(entries));
            if (after === 'nothing') continue;
            store.take(trie);
            clock += 1;
            if (after === 'evict') trie.evict(clock);
            if (after === 'reopen') {
              trie.free();
              trie = new PathTrie(memory, store);
            }
            expect(trie.root()).toBe(rootOf(entries));
          }
          // What is written is the trie and nothing more.
          store.take(trie);
          const again = new RecordMap();
          const built = new PathTrie(memory, again);
          built.update([...entries].map(([k, v]) => ({ key: Uint8Array.fromHex(k), value: v })));
          again.take(built);
          const texts = ({ records }: RecordMap) =>
            [...records].map(([path, record]) => `${path} ${record.toHex()}`).sort();
          expect(texts(store)).toEqual(texts(again));
          trie.free();
          built.free();
          expect(memory.used).toBe(0);
        },
      ),
      { numRuns: Number(process.env['IRONFLY_TRIE_RUNS'] ?? 400) },
    );
  });

  it('has the same root, whoever hashes it', async () => {
    const shared = new TrieMemory({ sharedMin: 1 });
    // Tries of sizes that have few tasks and many; the other thread comes too late to some.
    for (let round = 0; round < 300; round++) {
      const [one, two] = [new PathTrie(shared), new PathTrie(memory)];
      for (const count of [3 + round, 40 * (round % 20), 1]) {
        const input = new Uint8Array(64 * count);
        for (let at = 0; at < input.length; at += 8) {
          new DataView(input.buffer).setFloat64(at, Math.sin(round + count + at));
        }
        for (const trie of [one, two]) trie.updateSlots(input);
        expect(one.root()).toBe(two.root());
      }
      one.free();
      two.free();
      if (round % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(shared.used).toBe(0);
  });

  it('is in nobody’s hands when the rest of it is hashed', async () => {
    const shared = new TrieMemory({ sharedMin: 1 });
    const tasks: number[][] = [];
    const { runtime } = shared;
    const hashTrie = (trie: number): void => {
      const view = shared.view();
      tasks.push([HASH_DONE, HASH_CLAIMS + 4].map((at) => view.getUint32(at, true)));
      runtime.hashTrie(trie);
    };
    Object.assign(shared, { runtime: { ...runtime, hashTrie } });
    const [one, two] = [new PathTrie(shared), new PathTrie(memory)];
    for (let round = 0; round < 12; round++) {
      // Few tasks, and long ones: nibbles 0 and 2 choose them.
      const entries = Array.from({ length: 12_000 }, (_, index) => {
        const key = new Uint8Array(32);
        new DataView(key.buffer).setUint32(20, index);
        key[0] = (index & 1) << 4;
        key[1] = (index & 2) << 6;
        return { key, value: Uint8Array.of(round, index) };
      });
      for (const trie of [one, two]) trie.update(entries);
      expect(one.root()).toBe(two.root());
      expect(tasks.pop()).toEqual([4, 4]);
      // The other thread begins.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    one.free();
    two.free();
  });

  it('keeps a leaf that is put as it is beside a deletion of what is not there', () => {
    const other = (key: Uint8Array) => key.map((byte, at) => (at === 31 ? byte ^ 1 : byte));
    const keys = [Uint8Array.of(0x11), Uint8Array.of(0x80)].map((first) =>
      concatBytes(first, new Uint8Array(31).fill(0x11)),
    );
    for (const count of [1, 2]) {
      const memory = new TrieMemory();
      const trie = new PathTrie(memory);
      const put = keys.slice(0, count).map((key) => ({ key, value: Uint8Array.of(7) }));
      trie.update(put);
      const root = trie.root();
      const used = memory.used;
      for (let round = 0; round < 3; round++) {
        trie.update(put.flatMap((entry) => [entry, { key: other(entry.key), value: undefined }]));
        expect(trie.root()).toBe(root);
        expect(memory.used).toBe(used);
      }
      trie.free();
      expect(memory.used).toBe(0);
    }
  });

  it('gives back all memory', () => {
    const before = memory.used;
    const trie = new PathTrie(memory);
    const entries = Array.from({ length: 5000 }, (_, index) => ({
      key: keccak256(rlpInteger(BigInt(index + 1))),
      value: Uint8Array.of(1, 2, 3),
    }));
    trie.update(entries);
    expect(memory.used).toBeGreaterThan(before + 5000 * 48);
    trie.update(entries.map(({ key: k }) => ({ key: k, value: undefined })));
    expect(trie.root()).toBe(EMPTY_ROOT);
    trie.free();
    expect(memory.used).toBe(before);
  });

  it('takes slots and accounts as they come', () => {
    const slots = Array.from({ length: 300 }, (_, index) => [BigInt(index) ** 9n, index % 7]);
    const bytes = Uint8Array.fromHex(
      slots
        .flat()
        .map((word) => word?.toString(16).padStart(64, '0'))
        .join(''),
    );
    const trie = new PathTrie(memory);
    trie.updateSlots(bytes);
    const expected = new Map(
      slots
        .filter(([, word]) => word !== 0)
        .map(([slot, word]) => [
          keccak256(Uint8Array.fromHex(slot?.toString(16).padStart(64, '0') as string)).toHex(),
          encodeRlp(rlpInteger(BigInt(word as number))),
        ]),
    );
    expect(trie.root()).toBe(rootOf(expected));
    trie.free();
  });

  it('refuses records that are damaged, and names them', () => {
    const store = new RecordMap();
    const trie = new PathTrie(memory, store);
    const entries = Array.from({ length: 200 }, (_, index) => ({
      key: keccak256(Uint8Array.of(index)),
      value: Uint8Array.of(index + 1),
    }));
    trie.update(entries);
    store.take(trie);
    trie.free();
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.boolean(), (pick, at, cut) => {
        const [path, record] = [...store.records][pick % store.records.size] as [
          string,
          Uint8Array,
        ];
        const damaged = cut ? record.slice(0, at % record.length) : record.slice();
        if (!cut)
          damaged[at % record.length] = (damaged[at % record.length] as number) ^ (1 + (at % 255));
        const records: TrieRecords = {
          read: (wanted) => (wanted.toHex() === path ? damaged : store.read(wanted)),
        };
        // Either it is refused, or it is a trie of other contents: nothing worse comes of it.
        try {
          const opened = new PathTrie(memory, records);
          opened.update(entries.map((entry) => ({ ...entry, value: Uint8Array.of(9) })));
          opened.root();
          opened.free();
        } catch (error) {
          expect((error as Error).message).toMatch(/^the record of path 0x/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
