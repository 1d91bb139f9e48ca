/**
 * The head of LMDB's data file, looked at before LMDB does: LMDB maps the file into memory, where
 * a file that was cut short ends the process, and it changes files that it is given.
 *
 *   meta page (two of them, one page apart; the one with the later transaction counts):
 *     24 u32 magic | 28 u32 version | 48 u32 page size | 144 u64 last page | 152 u64 transaction
 */

import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from './ordered-store.ts';

export const DATA_FILE = 'data.mdb';
const LOCK_FILE = 'lock.mdb';

const MAGIC = 0xbeef_c0de;
const VERSION = 2;
const HEAD_BYTES = 160;
const PAGE_BYTES_MIN = 256;
const PAGE_BYTES_MAX = 65_536;

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

/**
 * Says whether a folder holds a database; false for one that is empty or not there.
 * @throws StoreError `store/foreign`, `store/damaged`
 */
export async function checkFolder(folder: string): Promise<boolean> {
  const names = await namesIn(folder);
  const foreign = names.find((name) => name !== DATA_FILE && name !== LOCK_FILE);
  if (foreign !== undefined) {
    const message = `${foreign} in ${folder} is no part of a database: give another folder`;
    throw new StoreError('store/foreign', message);
  }
  if (!names.includes(DATA_FILE)) return false;
  const file = await open(join(folder, DATA_FILE), 'r');
  try {
    const { size } = await file.stat();
    // What a crash leaves that came before anything was written.
    if (size === 0) return false;
    const needed = neededBytes(await lastMeta(file, folder));
    if (size < needed) {
      const message = `${DATA_FILE} in ${folder} was cut short: ${size} of ${needed} bytes`;
      throw new StoreError('store/damaged', message, { details: { size, needed } });
    }
    return true;
  } finally {
    await file.close();
  }
}

/**
 * Makes the file as long as its last page says. LMDB leaves it shorter where the last pages were
 * taken and given back in one transaction; then it could not be told from one cut short.
 */
export async function fillUp(folder: string): Promise<void> {
  const file = await open(join(folder, DATA_FILE), 'r+');
  try {
    const { size } = await file.stat();
    const needed = neededBytes(await lastMeta(file, folder));
    if (size < needed) await file.truncate(needed);
  } finally {
    await file.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const message = `${folder} cannot be read: ${(error as Error).message}`;
    throw new StoreError('store/foreign', message, { cause: error });
  }
}

function neededBytes({ pageBytes, lastPage }: Meta): number {
  return (Number(lastPage) + 1) * pageBytes;
}

async function lastMeta(file: FileHandle, folder: string): Promise<Meta> {
  const first = await metaAt(file, 0, folder);
  const second = await metaAt(file, first.pageBytes, folder);
  return second.transaction > first.transaction ? second : first;
}

async function metaAt(file: FileHandle, offset: number, folder: string): Promise<Meta> {
  const bytes = new Uint8Array(HEAD_BYTES);
  const { bytesRead } = await file.read(bytes, 0, HEAD_BYTES, offset);
  const view = new DataView(bytes.buffer);
  const pageBytes = view.getUint32(48, true);
  const version = view.getUint32(28, true);
  if (bytesRead < HEAD_BYTES || view.getUint32(24, true) !== MAGIC) {
    // A second head that is none is a first one's neighbour that was written over.
    const fault = offset === 0 ? 'store/foreign' : 'store/damaged';
    throw new StoreError(fault, `${DATA_FILE} in ${folder} has no head of a database at ${offset}`);
  }
  if (version !== VERSION) {
    const message = `${DATA_FILE} in ${folder} is of another LMDB: version ${version}`;
    throw new StoreError('store/version', message, { details: { version } });
  }
  const fits = pageBytes >= PAGE_BYTES_MIN && pageBytes <= PAGE_BYTES_MAX;
  if (!fits || (pageBytes & (pageBytes - 1)) !== 0) {
    const message = `${DATA_FILE} in ${folder} is damaged: pages of ${pageBytes} bytes`;
    throw new StoreError('store/damaged', message, { details: { pageBytes } });
  }
  return {
    pageBytes,
    lastPage: view.getBigUint64(144, true),
    transaction: view.getBigUint64(152, true),
  };
}
