import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openDatabase, putAll } from './lmdb-database.ts';
import { LmdbStore } from './lmdb-store.ts';
import { MemoryStore } from './memory-store.ts';
import { type OrderedStore, prefixEnd, type StoreChange } from './ordered-store.ts';
import { OverlaidStore } from './overlaid-store.ts';
import { PackedChanges } from './packed-changes.ts';
import { draftRedo, keepRedo, REDO_DRAFT, REDO_FILE } from './redo-file.ts';

const root = mkdtempSync(join(tmpdir(), 'ironfly-redo-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, `store-${folders++}`);

const PREFIX = Uint8Array.of(1);
const COUNT = 40_000;

/** More than one transaction takes: each key with a value of the round, every seventh deleted. */
function* round(number: number): Iterable<StoreChange> {
  for (let index = 0; index < COUNT; index++) {
    const key = Uint8Array.of(1, index >> 8, index & 255);
    const value = (index + number) % 7 === 0 ? undefined : new Uint8Array(120).fill(number);
    yield { key, value };
  }
}

const entriesOf = (store: OrderedStore) =>
  [...store.range(PREFIX, prefixEnd(PREFIX))].map(
    ({ key, value }) => `${key.toHex()} ${value.length} ${value[0]}`,
  );
const expected = (number: number) =>
  [...round(number)].flatMap(({ key, value }) =>
    value === undefined ? [] : [`${key.toHex()} ${value.length} ${value[0]}`],
  );

async function content(folder: string, readOnly = false): Promise<string[]> {
  const store = await LmdbStore.open({ folder, readOnly });
  const entries = entriesOf(store);
  await store.close();
  return entries;
}

/** A store in which the first round is, and a part of the second, whose redo is there. */
async function cutOff(parts: number): Promise<string> {
  const folder = newFolder();
  const store = await LmdbStore.open({ folder });
  await store.write(round(1));
  await store.close();
  const changes = PackedChanges.of(round(2));
  draftRedo(folder, changes.take());
  keepRedo(folder);
  const database = openDatabase(folder);
  putAll(database, folder, [...round(2)].slice(0, Math.floor((COUNT * parts) / 32)));
  await database.close();
  return folder;
}

describe('changes that are too many for one transaction', () => {
  it('are whole, and leave no file beside the store', async () => {
    const folder = newFolder();
    const store = await LmdbStore.open({ folder });
    for (const number of [1, 2, 3]) {
      await store.write(round(number));
      expect(entriesOf(store)).toEqual(expected(number));
    }
    await store.close();
    expect(readdirSync(folder).sort()).toEqual(['data.mdb', 'lock.mdb']);
    expect(await content(folder)).toEqual(expected(3));
  });

  it.each([0, 1, 17, 32])('are written to their end after %i parts', async (parts) => {
    const folder = await cutOff(parts);
    const before = readFileSync(join(folder, 'data.mdb'));
    // Who may not write sees all of it, and leaves it to others.
    expect(await content(folder, true)).toEqual(expected(2));
    expect(readFileSync(join(folder, 'data.mdb')).equals(before)).toBe(true);
    expect(existsSync(join(folder, REDO_FILE))).toBe(true);
    expect(await content(folder)).toEqual(expected(2));
    expect(readdirSync(folder).sort()).toEqual(['data.mdb', 'lock.mdb']);
  });

  it('count for nothing while their file is no more than a draft', async () => {
    const folder = await cutOff(0);
    const whole = readFileSync(join(folder, REDO_FILE));
    rmSync(join(folder, REDO_FILE));
    writeFileSync(join(folder, REDO_DRAFT), whole.subarray(0, 1000));
    expect(await content(folder, true)).toEqual(expected(1));
    expect(await content(folder)).toEqual(expected(1));
    expect(readdirSync(folder).sort()).toEqual(['data.mdb', 'lock.mdb']);
  });

  it('are refused where their file is damaged, and nothing changes', async () => {
    const folder = await cutOff(5);
    const file = join(folder, REDO_FILE);
    const whole = readFileSync(file);
    const data = readFileSync(join(folder, 'data.mdb'));
    for (const at of [0, 15, 16, 20, whole.length >> 1, whole.length - 1]) {
      const bad = Buffer.from(whole);
      bad[at] = (bad[at] as number) ^ 4;
      writeFileSync(file, bad);
      await expect(LmdbStore.open({ folder })).rejects.toMatchObject({ code: 'store/damaged' });
    }
    for (const size of [0, 10, 40, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, size));
      await expect(LmdbStore.open({ folder })).rejects.toMatchObject({ code: 'store/damaged' });
    }
    writeFileSync(file, whole);
    expect(readFileSync(join(folder, 'data.mdb')).equals(data)).toBe(true);
    writeFileSync(file, Buffer.concat([Buffer.from('ironfly redo 2'), whole.subarray(14)]));
    await expect(LmdbStore.open({ folder })).rejects.toMatchObject({ code: 'store/version' });
    writeFileSync(file, whole);
    writeFileSync(join(folder, 'data.mdb'), '');
    await expect(LmdbStore.open({ folder })).rejects.toMatchObject({ code: 'store/damaged' });
    rmSync(join(folder, 'data.mdb'));
    await expect(LmdbStore.open({ folder })).rejects.toMatchObject({ code: 'store/damaged' });
  });

  it('are all there or none when the process is killed in the midst of them', async () => {
    const folder = newFolder();
    const first = await LmdbStore.open({ folder });
    await first.write(round(1));
    await first.close();
    let inParts = 0;
    for (let kill = 0; kill < 6; kill++) {
      const copy = newFolder();
      cpSync(folder, copy, { recursive: true });
      const process_ = writer(copy);
      const redo = join(copy, REDO_FILE);
      // From before the file is there until all may be done.
      for (let look = 0; kill > 0 && !existsSync(redo) && look < 5_000; look++) await pause(1);
      await pause(kill * 20);
      process_.kill('SIGKILL');
      await once(process_, 'exit');
      if (existsSync(join(copy, REDO_FILE))) inParts += 1;
      const entries = (await content(copy)).join();
      expect([expected(1).join(), expected(2).join()]).toContain(entries);
    }
    expect(inParts).toBeGreaterThan(0);
  });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A process that writes the second round. */
function writer(folder: string) {
  const here = JSON.stringify(import.meta.url);
  const program = `
    const { LmdbStore } = await import(new URL('./lmdb-store.ts', ${here}));
    const store = await LmdbStore.open({ folder: ${JSON.stringify(folder)} });
    const changes = ${round.toString()};
    const COUNT = ${COUNT};
    await store.write(changes(2));
    await new Promise((resolve) => setTimeout(resolve, 10_000));`;
  return spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

describe('a store with changes above it', () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 2 }).map((bytes) => bytes.map((b) => b & 7));
  const changes = fc
    .uniqueArray(fc.tuple(key, fc.option(fc.uint8Array({ minLength: 1, maxLength: 3 }))), {
      selector: ([k]) => k.toHex(),
      maxLength: 12,
    })
    .map((list) =>
      list
        .map(([k, v]): StoreChange => ({ key: k, value: v ?? undefined }))
        .sort((a, b) => Buffer.compare(a.key, b.key)),
    );

  it('reads as one in which they are', async () => {
    await fc.assert(
      fc.asyncProperty(changes, changes, key, key, async (below, above, from, to) => {
        const places = [new Map(), new Map()].map((store) => ({ content: store }));
        const [one, other] = await Promise.all(places.map((place) => MemoryStore.open(place)));
        if (one === undefined || other === undefined) throw new Error('no store');
        // The mark of a store is no part of this.
        const ours = (list: StoreChange[]) => list.filter((change) => change.key[0] !== 0);
        await one.write(ours(below));
        await other.write(ours(below));
        await other.write(ours(above));
        const overlaid = new OverlaidStore(one, ours(above));
        const texts = (store: OrderedStore) =>
          [...store.range(from, to)].map((entry) => `${entry.key.toHex()} ${entry.value.toHex()}`);
        expect(texts(overlaid)).toEqual(texts(other));
        expect(overlaid.get(from)).toEqual(other.get(from));
      }),
      { numRuns: 500 },
    );
  });
});
