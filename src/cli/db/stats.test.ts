/** `ironfly db stats` as it is typed, over a small database. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../chain/database/folder.ts';
import * as sample from '../../chain/database/inspect/sample.ts';

const BIN = fileURLToPath(new URL('../../../bin/ironfly.mjs', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'ironfly-stats-'));
const folder = join(root, 'data');
afterAll(() => rmSync(root, { recursive: true, force: true }));
let head = '';

beforeAll(async () => {
  head = (await sample.makeSample(folder)).hash;
});

function stats(...args: string[]) {
  const argv = [BIN, 'db', 'stats', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Of the store's data and the log. */
function digest(): string {
  const hash = createHash('sha256');
  hash.update(readFileSync(join(folder, 'state', 'data.mdb')));
  for (const name of readdirSync(join(folder, 'log')).sort()) {
    hash.update(name).update(readFileSync(join(folder, 'log', name)));
  }
  return hash.digest('hex');
}

describe('ironfly db stats', { timeout: 60_000 }, () => {
  it('counts what is there, and changes nothing', () => {
    const before = digest();
    const { status, stdout, stderr } = stats(folder, '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(digest()).toBe(before);
    // They are in the log, too, until all of their segment is old, and count for old all the same.
    const old = sample.CHECKPOINT - sample.SAMPLE_WINDOW;
    const slots = sample.LARGE_SLOTS + sample.SMALL_SLOTS;
    // Each block from the oldest on writes a slot.
    const written = sample.HEAD - old + 1;
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({
      chainId: '5',
      head: { number: `${sample.HEAD}`, hash: head },
      oldest: { number: `${old}` },
      checkpoint: { number: `${sample.CHECKPOINT}` },
      kinds: {
        accounts: { entries: 3 },
        slots: { entries: slots },
        codes: { entries: 1, bytes: 33 + 5 },
        oldBlocks: { entries: old },
        oldHashes: { entries: old, bytes: old * (33 + 8) },
      },
      contracts: 2,
      largest: [
        { address: sample.LARGE, slots: sample.LARGE_SLOTS },
        { address: sample.SMALL, slots: sample.SMALL_SLOTS, idleSlots: sample.SMALL_SLOTS },
      ],
      idle: { blocks: written, accounts: 2, slots: slots - written },
    });
    const [large, small] = found.largest;
    const { slots: flat, storageTries } = found.kinds;
    expect(large.slotBytes + small.slotBytes).toBe(flat.bytes);
    expect(large.trieBytes + small.trieBytes).toBe(storageTries.bytes);
    const state = ['accounts', 'slots', 'accountTrie', 'storageTries'];
    const stateBytes = state.reduce((sum, kind) => sum + found.kinds[kind].bytes, 0);
    expect(found.idle.bytes).toBeGreaterThan(0.9 * stateBytes);
    expect(found.idle.bytes).toBeLessThan(stateBytes);
  });

  it('is readable, of as many contracts as are asked for, while the database is open', async () => {
    const database = await openFolder(folder);
    const { status, stdout } = stats(folder, '--largest', '1');
    await database.close();
    expect(status).toBe(0);
    expect(stdout).toContain(`head        block ${sample.HEAD}, ${head}`);
    expect(stdout).toMatch(/^ {2}slots +320 /m);
    expect(stdout).toContain(sample.LARGE);
    expect(stdout).not.toContain(sample.SMALL);
  });

  it('makes no database where there is none', () => {
    const { status, stderr } = stats(join(root, 'nowhere'));
    expect(status).toBe(1);
    expect(stderr).toContain('there is no database in');
    expect(readdirSync(root)).toEqual(['data']);
  });
});
