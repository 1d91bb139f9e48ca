/** `ironfly db verify` over a small database, whole, and damaged in one place after another. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../../../base/bytes.ts';
import { encodeRlp } from '../../../base/rlp.ts';
import {
  accountLookupKey,
  CHECKPOINT_KEY,
  codesPrefix,
  recordsPrefix,
  slotLookupKey,
} from '../../../state/flat/keys.ts';
import { FolderFiles } from '../../../state/log/files.ts';
import { ReadOnlyFiles } from '../../../state/log/read-only-files.ts';
import { RecordLog } from '../../../state/log/record-log.ts';
import { LmdbStore } from '../../../state/store/lmdb-store.ts';
import { type OrderedStore, prefixEnd } from '../../../state/store/ordered-store.ts';
import { encodeBlock } from '../../blocks/block.ts';
import { openFolder } from '../folder.ts';
import {
  type BlockRecord,
  decodeRecord,
  decodeStored,
  encodeBlockRecord,
  readStored,
  storedItems,
} from '../records.ts';
import { CHECKPOINT, HEAD, LARGE, makeSample, PLAIN, SAMPLE_WINDOW, SMALL } from './sample.ts';
import { verifyDatabase } from './verify.ts';

const BIN = fileURLToPath(new URL('../../../../bin/ironfly.mjs', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'ironfly-verify-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const whole = join(root, 'whole');
let copies = 0;

beforeAll(async () => {
  await makeSample(whole);
});

function copy(): string {
  const folder = join(root, `${copies++}`);
  cpSync(whole, folder, { recursive: true });
  return folder;
}

async function verify(folder: string, entriesHeld?: number) {
  const faults: string[] = [];
  const onFault = (place: string, fault: string) => faults.push(`${place}: ${fault}`);
  const found = await verifyDatabase(folder, {
    onFault,
    ...(entriesHeld === undefined ? {} : { entriesHeld }),
  });
  expect(found.faults).toBe(faults.length);
  return { found, faults };
}

/** The faults after the store's value of a key was changed, or deleted. */
async function damaged(
  keyIn: (store: OrderedStore) => Uint8Array,
  change: (value: Uint8Array) => Uint8Array | undefined = flipLast,
): Promise<string[]> {
  const folder = copy();
  const store = await LmdbStore.open({ folder: join(folder, 'state') });
  const key = keyIn(store).slice();
  await store.write([{ key, value: change((store.get(key) as Uint8Array).slice()) }]);
  await store.close();
  return (await verify(folder)).faults;
}

function flipLast(value: Uint8Array): Uint8Array {
  value[value.length - 1] = (value.at(-1) as number) ^ 1;
  return value;
}

const firstOf = (prefix: Uint8Array) => (store: OrderedStore) => {
  const [entry] = store.range(prefix, prefixEnd(prefix));
  return entry?.key as Uint8Array;
};
const oldBlock = (number: number) => () => Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0, number);

describe('a whole database', { timeout: 60_000 }, () => {
  it('has no faults, in one part and in many, and is not changed', async () => {
    const before = readFileSync(join(whole, 'state', 'data.mdb'));
    for (const entriesHeld of [undefined, 8, 1]) {
      const { found, faults } = await verify(whole, entriesHeld);
      expect(faults).toEqual([]);
      expect(found).toMatchObject({
        accounts: 3,
        slots: 320,
        codes: 1,
        // The first block, and each block with the head after it.
        records: 1 + 2 * HEAD,
        oldBlocks: CHECKPOINT - SAMPLE_WINDOW,
        // To the head, to the first block, and to the head again.
        moves: HEAD - CHECKPOINT + 2 * HEAD,
        unfinishedBytes: 0,
      });
      expect(found.trieRecords).toBeGreaterThan(2);
    }
    expect(readFileSync(join(whole, 'state', 'data.mdb')).equals(before)).toBe(true);
    expect(readdirSync(whole).sort()).toEqual(['log', 'state']);
  });

  it('is left alone while another has it', async () => {
    const folder = copy();
    const database = await openFolder(folder);
    await expect(verify(folder)).rejects.toMatchObject({ code: 'database/in use' });
    await database.close();
  });
});

describe('a database whose store is damaged', { timeout: 60_000 }, () => {
  it('in a slot, in none, or in one too many', async () => {
    const slot = () => slotLookupKey(SMALL, 3n);
    for (const change of [flipLast, () => undefined, () => new Uint8Array(1)]) {
      const faults = (await damaged(slot, change)).join('\n');
      expect(faults).toMatch(new RegExp(`^storage of ${SMALL}: its slots have the root 0x`, 'm'));
      expect(faults).toContain(`the storage trie of ${SMALL}: record 0x`);
      expect(faults).not.toContain(LARGE);
    }
    const faults = await damaged(() => slotLookupKey(LARGE, 299n));
    expect(faults.join('\n')).toContain(`storage of ${LARGE}: its slots have the root 0x`);
  });

  it('in an account', async () => {
    const faults = await damaged(() => accountLookupKey(PLAIN));
    expect(faults.join('\n')).toContain('the state: its accounts have the root 0x');
    expect(faults.join('\n')).toContain('the account trie: record 0x');
    const cut = await damaged(
      () => accountLookupKey(PLAIN),
      (value) => value.subarray(1),
    );
    expect(cut.join('\n')).toContain(`account ${PLAIN}: the state in the store is damaged`);
    const gone = await damaged(
      () => accountLookupKey(SMALL),
      () => undefined,
    );
    expect(gone).toContain(`account ${SMALL}: there are slots, and no such account`);
  });

  it('in a code, a record of a trie, the checkpoint', async () => {
    const code = await damaged(firstOf(codesPrefix));
    expect(code).toEqual([expect.stringMatching(/^code 0x.*: its bytes have the hash 0x/)]);
    for (const [owner, name] of [
      [undefined, 'the account trie'],
      [LARGE, `the storage trie of ${LARGE}`],
    ] as const) {
      const record = firstOf(recordsPrefix(owner));
      expect((await damaged(record)).join('\n')).toContain(`${name}: record 0x is not that`);
      const gone = await damaged(record, () => undefined);
      expect(gone.join('\n')).toContain(`${name}: record 0x is missing`);
    }
    const number = await damaged(
      () => CHECKPOINT_KEY,
      (value) => {
        value[71] = (value[71] as number) ^ 1;
        return value;
      },
    );
    expect(number.join('\n')).toContain('the checkpoint: it says block 9');
  });

  it('in an old block', async () => {
    for (const at of [30, 100, 200, 500]) {
      const faults = await damaged(oldBlock(2), (value) => {
        value[at] = (value[at] as number) ^ 1;
        return value;
      });
      expect(faults.join('\n')).toContain('old block 2: ');
    }
    const body = await damaged(oldBlock(2), (value) => {
      const block = { ...readStored(decodeStored(value)), transactions: [Uint8Array.of(2, 0xc0)] };
      return encodeRlp(storedItems(block, encodeBlock(block)));
    });
    expect(body).toEqual([expect.stringMatching(/^old block 2: its transactionsRoot is 0x/)]);
    const gone = await damaged(oldBlock(1), () => undefined);
    expect(gone.join('\n')).toMatch(/^hash 0x[0-9a-f]{64}: it leads to no old block/m);
  });
});

describe('a database whose log is damaged', { timeout: 120_000 }, () => {
  it('in any record', async () => {
    const [name = ''] = readdirSync(join(whole, 'log'));
    const bytes = readFileSync(join(whole, 'log', name));
    const folder = copy();
    const file = join(folder, 'log', name);
    const places = [4, 20, 60, 700, bytes.length >> 1, bytes.length - 100, bytes.length - 1];
    for (const at of places) {
      const spoilt = Uint8Array.from(bytes);
      spoilt[at] = (spoilt[at] as number) ^ 1;
      writeFileSync(file, spoilt);
      const { faults } = await verify(folder);
      expect(faults.join('\n'), `byte ${at}`).toMatch(/^the log: /m);
      expect(readFileSync(file).equals(spoilt)).toBe(true);
    }
  });

  it('by a crash at its end, which is no fault', async () => {
    const folder = copy();
    const [name = ''] = readdirSync(join(folder, 'log'));
    const file = join(folder, 'log', name);
    const bytes = readFileSync(file);
    writeFileSync(file, concatBytes(bytes, new Uint8Array(40)));
    writeFileSync(join(folder, 'lock'), '1 0\n');
    // It changes nothing: the second finds what the first did.
    for (let time = 0; time < 2; time++) {
      const { found, faults } = await verify(folder);
      expect(faults).toEqual([]);
      expect(found.unfinishedBytes).toBe(40);
      expect(readFileSync(file).length).toBe(bytes.length + 40);
      expect(readdirSync(folder).sort()).toEqual(['lock', 'log', 'state']);
    }
    rmSync(join(folder, 'lock'));
    expect((await verify(folder)).faults.join()).toContain('no crash left them');
  });

  it('by changes that lead elsewhere, in records that are whole', async () => {
    const folder = copy();
    // The way back of block 3 puts 1,003 into slot 3.
    await rewriteLog(folder, (payloads) => {
      const record = Buffer.from(payloads[5] as Uint8Array);
      const at = record.lastIndexOf(Uint8Array.of(0x03, 0xeb));
      record[at + 1] = 0xea;
      return payloads.with(5, record);
    });
    const { faults } = await verify(folder);
    const fault = /^the log: the way back in record 6 leads to the root 0x.*header of block 2 says/;
    expect(faults).toEqual([expect.stringMatching(fault)]);
  });

  it('in a record of a segment before the last', async () => {
    const folder = copy();
    await rewriteLog(folder, (payloads) => payloads, 1500);
    const [name = '', ...others] = readdirSync(join(folder, 'log')).sort();
    expect(others.length).toBeGreaterThan(1);
    expect((await verify(folder)).faults).toEqual([]);
    const file = join(folder, 'log', name);
    writeFileSync(file, flipLast(readFileSync(file)));
    const { faults } = await verify(folder);
    expect(faults[0]).toMatch(
      /^record \d+ of the log: .* is damaged at byte \d+: record \d+ is not/,
    );
  });

  it('or does not begin where old blocks end', async () => {
    const oldest = CHECKPOINT - SAMPLE_WINDOW;
    for (const [gone, fault] of [
      [undefined, undefined],
      [2, 'old block 3: before it comes block 1, not 2'],
      [oldest - 1, `block ${oldest} of the log: before it comes block 2, not 3`],
    ] as const) {
      const folder = copy();
      await rewriteLog(folder, (payloads) => payloads.slice(2 * oldest - 1));
      if (gone !== undefined) {
        const store = await LmdbStore.open({ folder: join(folder, 'state') });
        await store.write([{ key: oldBlock(gone)(), value: undefined }]);
        await store.close();
      }
      const { faults } = await verify(folder);
      if (fault === undefined) expect(faults).toEqual([]);
      else expect(faults).toContain(fault);
    }
  });

  it('or an old block says another difficulty before it', async () => {
    const folder = copy();
    await rewriteLog(folder, (payloads) => payloads.slice(2 * (CHECKPOINT - SAMPLE_WINDOW) - 1));
    const store = await LmdbStore.open({ folder: join(folder, 'state') });
    const key = oldBlock(2)();
    const block = readStored(decodeStored((store.get(key) as Uint8Array).slice()));
    const value = encodeRlp(storedItems({ ...block, totalDifficulty: 7n }, encodeBlock(block)));
    await store.write([{ key, value }]);
    await store.close();
    expect((await verify(folder)).faults).toEqual([
      'old block 2: its total difficulty is 7, not 0',
      'old block 3: its total difficulty is 0, not 7',
    ]);
  });

  it('or a block of it says another difficulty before it', async () => {
    const folder = copy();
    await rewriteLog(folder, (payloads) => {
      const record = decodeRecord(payloads[5] as Uint8Array) as BlockRecord;
      const block = { ...readStored(record.stored), totalDifficulty: 7n };
      return payloads.with(5, encodeBlockRecord(block, encodeBlock(block), record.moves));
    });
    const { faults } = await verify(folder);
    expect(faults).toEqual([
      expect.stringMatching(/^block 0x.* of the log: its total difficulty is 7, not 0$/),
      expect.stringMatching(/^block 0x.* of the log: its total difficulty is 0, not 7$/),
    ]);
  });
});

async function rewriteLog(
  folder: string,
  change: (payloads: Uint8Array[]) => Uint8Array[],
  segmentBytes = 1_000_000,
): Promise<void> {
  const log = await RecordLog.open(new ReadOnlyFiles(join(folder, 'log')));
  const payloads: Uint8Array[] = [];
  for (let at = log.first; at <= log.last; at += 1n) payloads.push((await log.read(at)).slice());
  await log.close();
  rmSync(join(folder, 'log'), { recursive: true });
  const written = await RecordLog.open(new FolderFiles(join(folder, 'log')), { segmentBytes });
  for (const payload of change(payloads)) await written.append([payload]);
  await written.close();
}

describe('ironfly db verify', { timeout: 60_000 }, () => {
  it('ends with 0, or with 1 naming each fault', async () => {
    const run = (...args: string[]) => {
      const argv = [BIN, 'db', 'verify', ...args];
      return spawnSync(process.execPath, argv, { encoding: 'utf8' });
    };
    const folder = copy();
    const good = run(folder);
    expect(good.status, good.stderr).toBe(0);
    expect(good.stdout).toMatch(/no faults\n$/);
    const store = await LmdbStore.open({ folder: join(folder, 'state') });
    await store.write([{ key: slotLookupKey(SMALL, 3n), value: Uint8Array.of(9) }]);
    await store.close();
    const bad = run(folder);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toContain(`storage of ${SMALL}: its slots have the root`);
    const lines = run(folder, '--json').stdout.trimEnd().split('\n');
    const objects = lines.map((line) => JSON.parse(line));
    const sums = objects.pop();
    expect(objects.map(({ place }) => place)).toContain(`storage of ${SMALL}`);
    expect(sums.faults).toBe(objects.length);
  });
});
