import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { open } from 'lmdb';
import { afterAll, describe, expect, it } from 'vitest';
import { LmdbStore } from './lmdb-store.ts';
import { MemoryStore, type StoreContent } from './memory-store.ts';
import { type OrderedStore, prefixEnd, type StoreChange } from './ordered-store.ts';
import { PackedChanges } from './packed-changes.ts';
import { markOf, STORE_VERSION } from './store-format.ts';

const root = mkdtempSync(join(tmpdir(), 'ironfly-store-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, `store-${folders++}`);

/** A place that a store is opened upon, again and again. */
interface Place {
  open(readOnly?: boolean): Promise<OrderedStore>;
}
const places: Record<string, () => Place> = {
  memory: () => {
    const content: StoreContent = new Map();
    return { open: (readOnly = false) => MemoryStore.open({ content, readOnly }) };
  },
  lmdb: () => {
    const folder = newFolder();
    return { open: (readOnly = false) => LmdbStore.open({ folder, readOnly }) };
  },
};

const key = fc
  .array(fc.constantFrom(0, 1, 0x7f, 0xfe), { minLength: 1, maxLength: 4 })
  .map((bytes) => Uint8Array.of(1, ...bytes));
const value = fc.option(
  fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.tuple(fc.nat(255), fc.constantFrom(3000, 70_000)).map(([b, n]) => new Uint8Array(n).fill(b)),
  ),
);
const write = fc
  .uniqueArray(fc.tuple(key, value), { selector: ([k]) => k.toHex(), maxLength: 12 })
  .map((list) =>
    list
      .map(([k, v]): StoreChange => ({ key: k, value: v ?? undefined }))
      .sort((a, b) => Buffer.compare(a.key, b.key)),
  );

const texts = (entries: Iterable<{ key: Uint8Array; value: Uint8Array }>) =>
  [...entries].map(({ key: k, value: v }) => `${k.toHex()} ${Buffer.from(v).toString('hex')}`);

describe.each(Object.keys(places))('an ordered store: %s', (name) => {
  const newPlace = places[name] as () => Place;

  it('holds what was written, in order, and after it is opened again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 5 }), key, key, async (writes, from, to) => {
        const place = newPlace();
        let store = await place.open();
        const model = new Map<string, Uint8Array>();
        for (const changes of writes) {
          await store.write(changes);
          for (const change of changes) {
            if (change.value === undefined) model.delete(change.key.toHex());
            else model.set(change.key.toHex(), change.value);
          }
          const expected = [...model]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([k, v]) => ({ key: Uint8Array.fromHex(k), value: v }));
          const all = store.range(Uint8Array.of(1), prefixEnd(Uint8Array.of(1)));
          expect(texts(all)).toEqual(texts(expected));
          for (const change of changes) {
            expect(store.get(change.key)?.toHex()).toBe(change.value?.toHex());
          }
          const inside = expected.filter(
            (entry) => Buffer.compare(entry.key, from) >= 0 && Buffer.compare(entry.key, to) < 0,
          );
          expect(texts(store.range(from, to))).toEqual(texts(inside));
          await store.close();
          store = await place.open();
        }
        await store.close();
      }),
      { numRuns: 25 },
    );
  });

  it('keeps nothing of a write that is refused', async () => {
    const place = newPlace();
    const store = await place.open();
    const at = (byte: number) => ({ key: Uint8Array.of(1, byte), value: Uint8Array.of(byte) });
    await expect(store.write([at(2), at(1)])).rejects.toThrow('not sorted');
    await expect(store.write([at(1), at(1)])).rejects.toThrow('not sorted');
    expect(store.get(Uint8Array.of(1, 2))).toBeUndefined();
    await store.write([at(1)]);
    await store.close();
    expect(() => store.get(Uint8Array.of(1, 1))).toThrow('closed');
    const reader = await place.open(true);
    expect(reader.get(Uint8Array.of(1, 1))).toEqual(Uint8Array.of(1));
    await expect(reader.write([at(2)])).rejects.toThrow('read only');
    await reader.close();
  });

  it('takes large writes one after another, all of each or none', async () => {
    const place = newPlace();
    const store = await place.open();
    const large = (byte: number, count = 3000) =>
      Array.from({ length: count }, (_, index) => ({
        key: Uint8Array.of(1, index >> 8, index & 255),
        value: new Uint8Array(60).fill(byte),
      }));
    const first = store.write(large(1));
    const second = store.write(PackedChanges.of(large(2, 2000)));
    const small = store.write([{ key: Uint8Array.of(1, 0, 7), value: undefined }]);
    await first;
    await second;
    expect(store.get(Uint8Array.of(1, 0, 8))).toEqual(new Uint8Array(60).fill(2));
    await small;
    expect(store.get(Uint8Array.of(1, 0, 7))).toBeUndefined();
    expect(store.get(Uint8Array.of(1, 0x0b, 0))).toEqual(new Uint8Array(60).fill(1));
    await expect(store.write([...large(3), ...large(4)])).rejects.toThrow('not sorted');
    expect(store.get(Uint8Array.of(1, 0, 8))).toEqual(new Uint8Array(60).fill(2));
    const last = store.write(large(5));
    await store.close();
    await last;
    const again = await place.open();
    expect(again.get(Uint8Array.of(1, 0, 7))).toEqual(new Uint8Array(60).fill(5));
    expect([...again.range(Uint8Array.of(1), Uint8Array.of(2))].length).toBe(3000);
    await again.close();
  });

  it('reads ahead beside reads, writes and the end', async () => {
    const place = newPlace();
    for (let round = 1; round < 20; round++) {
      const store = await place.open();
      const keys = Array.from({ length: 2000 }, (_, index) =>
        Uint8Array.of(1, index >> 8, index & 255),
      );
      const value = new Uint8Array(60).fill(round);
      const some = keys.filter((_, index) => index % 3 !== 0).map((k) => ({ key: k, value }));
      const written = store.write(some);
      store.readAhead?.(keys.map((k) => k.slice()));
      store.readAhead?.([]);
      store.readAhead?.([new Uint8Array(511).fill(7)]);
      await written;
      store.readAhead?.(keys.map((k) => k.slice()));
      for (const [index, k] of keys.entries()) {
        expect(store.get(k)).toEqual(index % 3 === 0 ? undefined : value);
      }
      store.readAhead?.(keys);
      await store.close();
    }
  });

  it('shows a large write as soon as it is done to who reads all the time', async () => {
    const store = await newPlace().open();
    for (let round = 1; round < 30; round++) {
      let done = false;
      const values = Array.from({ length: 1000 }, (_, index) => ({
        key: Uint8Array.of(1, index >> 8, index & 255),
        value: new Uint8Array(100).fill(round),
      }));
      const written = store.write(values).then(() => {
        done = true;
        expect(store.get(Uint8Array.of(1, 0, 9))?.[0]).toBe(round);
      });
      while (!done) {
        expect([round, round - 1]).toContain(store.get(Uint8Array.of(1, 0, 9))?.[0] ?? 0);
        await new Promise(setImmediate);
      }
      await written;
    }
    await store.close();
  });

  it('refuses another version', async () => {
    const place = newPlace();
    const store = await place.open();
    await store.write([markOf(STORE_VERSION + 1)]);
    await store.close();
    const message = `has version ${STORE_VERSION + 1}, this program reads version ${STORE_VERSION}`;
    await expect(place.open()).rejects.toThrow(message);
  });
});

describe('a folder that holds no store', () => {
  const refused = async (folder: string, message: string | RegExp) => {
    const names = ['data.mdb', 'notes.txt'];
    const content = () =>
      names.map((name) => {
        try {
          return readFileSync(join(folder, name)).toString('hex');
        } catch {
          return undefined;
        }
      });
    const before = content();
    await expect(LmdbStore.open({ folder })).rejects.toThrow(message);
    await expect(LmdbStore.open({ folder, readOnly: true })).rejects.toThrow(message);
    expect(content()).toEqual(before);
  };

  it('is refused and stays as it was', async () => {
    const other = mkdtempSync(join(root, 'other-'));
    writeFileSync(join(other, 'notes.txt'), 'mine');
    await refused(other, 'notes.txt in');

    const text = mkdtempSync(join(root, 'text-'));
    writeFileSync(join(text, 'data.mdb'), 'not a database '.repeat(1000));
    await refused(text, 'has no head of a database at 0');

    const foreign = newFolder();
    const database = open({ path: foreign, encoding: 'binary', keyEncoding: 'binary' });
    await database.put(Uint8Array.of(7, 7), Uint8Array.of(1));
    await database.close();
    await refused(foreign, 'holds keys (0x0707) but not the mark of a state');

    await expect(LmdbStore.open({ folder: newFolder(), readOnly: true })).rejects.toThrow(
      'there is no database',
    );
  });

  it('is refused when it was cut short anywhere, or its head is damaged', async () => {
    const folder = newFolder();
    const store = await LmdbStore.open({ folder });
    const entries = Array.from({ length: 500 }, (_, index) => ({
      key: Uint8Array.of(1, index >> 8, index & 255),
      value: new Uint8Array(100).fill(index),
    }));
    await store.write(entries);
    await store.close();
    const file = join(folder, 'data.mdb');
    const whole = readFileSync(file);
    for (const size of [10, 4000, 5000, 8192, 20_000, whole.length - 1]) {
      truncateSync(file, size);
      await refused(folder, /cut short|no head/);
      writeFileSync(file, whole);
    }
    for (const offset of [24, 28, 48, 4096 + 24, 4096 + 48]) {
      const damaged = Buffer.from(whole);
      damaged[offset] = (damaged[offset] as number) ^ 0xff;
      writeFileSync(file, damaged);
      await refused(folder, /no head|another LMDB|pages of/);
    }
    writeFileSync(file, whole);
    const again = await LmdbStore.open({ folder });
    expect(again.get(entries[300]?.key as Uint8Array)).toEqual(entries[300]?.value);
    await again.close();
  });

  it('is made longer again where only pages are missing that nothing leads to', async () => {
    const folder = newFolder();
    const file = join(folder, 'data.mdb');
    const textOf = (store: OrderedStore) =>
      texts(store.range(Uint8Array.of(1), prefixEnd(Uint8Array.of(1)))).join();
    const put = (from: number, count: number, size: number | undefined) =>
      Array.from({ length: count }, (_, index) => ({
        key: Uint8Array.of(1, (from + index) >> 8, (from + index) & 255),
        value: size === undefined ? undefined : new Uint8Array(size).fill(index),
      }));
    const counts = { refused: 0, mended: 0 };
    for (const changes of [
      put(0, 300, 100),
      put(300, 300, 100),
      put(300, 300, undefined),
      put(700, 5, 9000),
      put(0, 290, 60),
      put(705, 20, 9000),
      put(705, 20, undefined),
    ]) {
      const store = await LmdbStore.open({ folder });
      await store.write(changes);
      const content = textOf(store);
      await store.close();
      const whole = readFileSync(file);
      for (let size = whole.length - 4079; size > 8192; size -= 4096) {
        const cut = whole.subarray(0, size);
        writeFileSync(file, cut);
        const reader = await LmdbStore.open({ folder, readOnly: true }).catch((error) => error);
        if (reader instanceof Error) {
          expect(reader.message).toContain('cut short');
          await expect(LmdbStore.open({ folder })).rejects.toThrow('cut short');
          expect(readFileSync(file).equals(cut)).toBe(true);
          counts.refused += 1;
          continue;
        }
        expect(textOf(reader)).toBe(content);
        await reader.close();
        expect(readFileSync(file).equals(cut)).toBe(true);
        const mended = await LmdbStore.open({ folder });
        expect(statSync(file).size).toBe(whole.length);
        await mended.write([{ key: Uint8Array.of(2), value: Uint8Array.of(1) }]);
        await mended.write([{ key: Uint8Array.of(2), value: undefined }]);
        expect(textOf(mended)).toBe(content);
        await mended.close();
        counts.mended += 1;
      }
      writeFileSync(file, whole);
    }
    expect(Math.min(counts.refused, counts.mended)).toBeGreaterThan(20);
  });
});
