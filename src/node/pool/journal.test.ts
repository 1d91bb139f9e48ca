import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PoolJournal } from './journal.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ironfly-journal-'));
  path = join(folder, 'pool');
});

afterEach(() => rm(folder, { recursive: true }));

const record = (byte: number, size = 100) => new Uint8Array(size).fill(byte);

async function write(...records: readonly Uint8Array[]): Promise<void> {
  const { journal } = await PoolJournal.open(path);
  for (const each of records) journal.append(each, () => []);
  await journal.close();
}

async function read(): Promise<readonly Uint8Array[]> {
  const { journal, sent } = await PoolJournal.open(path);
  await journal.close();
  return sent;
}

test('what was appended is there again', async () => {
  expect(await read()).toEqual([]);
  await write(record(1), record(2, 20_000));
  await write(record(3));
  expect(await read()).toEqual([record(1), record(2, 20_000), record(3)]);
});

test('a torn end is cut off, wherever it is torn', async () => {
  await write(record(1), record(2));
  const { length } = await readFile(path);
  for (let cut = 1; cut < 108; cut += 7) {
    await truncate(path, length - cut);
    expect(await read()).toEqual([record(1)]);
    await write(record(2));
    expect(await read()).toEqual([record(1), record(2)]);
  }
});

test('zeros behind the end are cut off, as a disk may leave them', async () => {
  await write(record(1));
  const { length } = await readFile(path);
  await truncate(path, length + 64);
  expect(await read()).toEqual([record(1)]);
  await write(record(2));
  expect(await read()).toEqual([record(1), record(2)]);
  expect((await readFile(path)).length).toBe(2 * length);
});

test('it is written anew with what is alive', async () => {
  const { journal } = await PoolJournal.open(path);
  const alive = [record(9)];
  for (let index = 0; index < 12; index++) journal.append(record(index, 100_000), () => alive);
  await journal.close();
  const found = await read();
  expect(found.length).toBeLessThan(12);
  expect(found[0]).toEqual(record(9));
});

test.skipIf(process.platform !== 'linux')('what found no room leaves nothing behind', async () => {
  // A file may have 1,024 bytes: of the third record only a part can be written.
  const module = new URL('./journal.ts', import.meta.url).href;
  const program = `
    const { PoolJournal } = await import('${module}');
    const { journal } = await PoolJournal.open('${path}');
    for (const [byte, size] of [[1, 300], [2, 300], [3, 2_000], [4, 100]]) {
      journal.append(new Uint8Array(size).fill(byte), () => []);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await journal.close();
    console.log(journal.failure.code);`;
  const node = [process.execPath, '--input-type=module', '-e', program];
  const run = ['-c', 'ulimit -f 1; exec "$@"', 'bash', ...node];
  expect(execFileSync('bash', run, { encoding: 'utf8' })).toBe('EFBIG\n');
  expect(await read()).toEqual([record(1, 300), record(2, 300), record(4)]);
});
