/**
 * What LMDB promises and the store is built upon: whatever part of a later transaction's pages is
 * on the disk, the one before is whole as long as its head is.
 *
 * The file is copied after each transaction that was answered; then any of the pages that the next
 * one wrote are put among those of the copy, whole or torn, and the store is opened. The next
 * head (a page of its own, in one sector) comes with all of its pages, since LMDB syncs them
 * before it: that it does, and that the disk keeps its word, is what this cannot see.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { LmdbStore } from '../../src/state/store/lmdb-store.ts';
import type { OrderedStore } from '../../src/state/store/ordered-store.ts';
import { prefixEnd, type StoreChange } from '../../src/state/store/ordered-store.ts';
import { randomFrom } from './random.ts';

const ROUNDS = Number(process.env['IRONFLY_CRASH_ROUNDS'] ?? 20);
const SEED = Number(process.env['IRONFLY_CRASH_SEED'] ?? Date.now() % 1_000_000);
/** Rounds upon one history of the file. */
const ROUNDS_A_HISTORY = 20;
const TRANSACTIONS = 8;
const SECTOR = 512;
/** Of a head: its magic is at 24, its transaction at 152. */
const TRANSACTION_AT = 152;
const PAGE_BYTES_AT = 48;

const place = mkdtempSync(join(tmpdir(), 'ironfly-pages-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

type Random = ReturnType<typeof randomFrom>;

/** The file behind a transaction, and what is in it. */
interface Copy {
  readonly file: Buffer;
  readonly content: string;
}

function contentOf(store: OrderedStore): string {
  const all = store.range(Uint8Array.of(1), prefixEnd(Uint8Array.of(1)));
  const texts = [...all].map(
    ({ key, value }) => `${key.toHex()}=${Buffer.from(value).toString('hex')}`,
  );
  return texts.join('\n');
}

async function history(folder: string, random: Random): Promise<Copy[]> {
  const store = await LmdbStore.open({ folder });
  const copies: Copy[] = [];
  for (let count = 0; count < TRANSACTIONS; count++) {
    const keys = new Set(Array.from({ length: 1 + random(120) }, () => random(300)));
    const changes = [...keys]
      .sort((a, b) => a - b)
      .map((number): StoreChange => {
        const key = Uint8Array.of(1, number >> 8, number & 255);
        const size = random(40) === 0 ? 9000 : 1 + random(200);
        return { key, value: random(4) === 0 ? undefined : new Uint8Array(size).fill(random(256)) };
      });
    await store.write(changes);
    copies.push({ file: readFileSync(join(folder, 'data.mdb')), content: contentOf(store) });
  }
  await store.close();
  return copies;
}

/** Pages of the later file among those of the earlier one; each may be torn into sectors. */
function mixed(before: Buffer, after: Buffer, random: Random): Buffer {
  const pageBytes = before.readUInt32LE(PAGE_BYTES_AT);
  const length = before.length + random(Math.max(1, after.length - before.length + 1));
  const file = Buffer.alloc(Math.max(length, before.length));
  before.copy(file);
  const share = 1 + random(10);
  // The two heads are pages 0 and 1.
  for (let page = 2 * pageBytes; page < file.length; page += pageBytes) {
    if (random(10) >= share) continue;
    const isTorn = random(4) === 0;
    for (let at = page; at < page + pageBytes; at += SECTOR) {
      if (!isTorn || random(2) === 0) after.copy(file, at, at, at + SECTOR);
    }
  }
  return file;
}

function lastTransaction(file: Buffer): bigint {
  const pageBytes = file.readUInt32LE(PAGE_BYTES_AT);
  const heads = [0, pageBytes].map((at) => file.readBigUInt64LE(at + TRANSACTION_AT));
  return (heads[0] as bigint) > (heads[1] as bigint) ? (heads[0] as bigint) : (heads[1] as bigint);
}

it(`a transaction is whole, ${ROUNDS} rounds, seed ${SEED}`, {
  timeout: 60_000 + ROUNDS * 3_000,
}, async () => {
  let copies: Copy[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const random = randomFrom(SEED + round);
    const folder = join(place, String(round));
    if (round % ROUNDS_A_HISTORY === 0) copies = await history(`${folder}-whole`, random);
    const index = random(copies.length - 1);
    const [before, after] = copies.slice(index, index + 2) as [Copy, Copy];
    const transactions = lastTransaction(after.file) - lastTransaction(before.file);
    // Keys were removed that were not there: nothing to write.
    if (transactions === 0n) {
      expect(after.content).toBe(before.content);
      continue;
    }
    expect(transactions).toBe(1n);
    const hasHead = random(5) === 0;
    mkdirSync(folder);
    const file = hasHead ? after.file : mixed(before.file, after.file, random);
    writeFileSync(join(folder, 'data.mdb'), file);
    const store = await LmdbStore.open({ folder });
    const content = contentOf(store);
    // It goes on from there.
    await store.write([{ key: Uint8Array.of(2), value: Uint8Array.of(round & 255) }]);
    const again = contentOf(store);
    await store.close();
    rmSync(folder, { recursive: true });
    const expected = hasHead ? after.content : before.content;
    expect(content === expected && again === expected, `seed ${SEED + round}`).toBe(true);
  }
});
