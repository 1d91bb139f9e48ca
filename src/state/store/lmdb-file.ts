/**
 * The head of LMDB's data file, looked at before LMDB does: LMDB maps the file into memory, where
 * a file that was cut short ends the process, and it changes files that it is given.
 *
 *   meta page (two of them, one page apart; the one with the later transaction counts):
 *     24 u32 magic | 28 u32 version | 48 u32 page size | 48, 96 trees (lmdb-pages.ts)
 *     144 u64 last page | 152 u64 transaction
 */

import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isWholeTree, TREE_BYTES, type TreePlace, treeIn } from './lmdb-pages.ts';
import { StoreError } from './ordered-store.ts';
import { REDO_DRAFT, REDO_FILE } from './redo-file.ts';

const DATA_FILE = 'data.mdb';
const LOCK_FILE = 'lock.mdb';
const FILES: readonly string[] = [DATA_FILE, LOCK_FILE, REDO_FILE, REDO_DRAFT];

const MAGIC = 0xbeef_c0de;
const VERSION = 2;
const HEAD_BYTES = 160;
const TREES = 48;
const PAGE_BYTES_MIN = 256;
const PAGE_BYTES_MAX = 65_536;

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
  /** That of free pages, and that of what is stored. */
  readonly trees: readonly TreePlace[];
}

/**
 * Says whether a folder holds a database; false for one that is empty or not there.
 * @param repair makes a file that lacks nothing as long as its head says
 * @throws StoreError `store/foreign`, `store/damaged`; nothing is changed then
 */
export async function checkFolder(folder: string, repair: boolean): Promise<boolean> {
  const names = await namesIn(folder);
  const foreign = names.find((name) => !FILES.includes(name));
  if (foreign !== undefined) {
    const message = `${foreign} in ${folder} is no part of a database: give another folder`;
    throw new StoreError('store/foreign', message);
  }
  if (!names.includes(DATA_FILE)) {
    if (names.includes(REDO_FILE)) throw lostData(folder);
    return false;
  }
  const file = openSync(join(folder, DATA_FILE), 'r');
  try {
    // What a crash leaves that came before anything was written.
    if (fstatSync(file).size === 0) {
      if (names.includes(REDO_FILE)) throw lostData(folder);
      return false;
    }
    const short = shortness(file, folder);
    if (short === undefined) return true;
    if (!short.isSound) {
      const { size, needed } = short;
      const message = `${DATA_FILE} in ${folder} was cut short: ${size} of ${needed} bytes`;
      throw new StoreError('store/damaged', message, { details: { size, needed } });
    }
  } finally {
    closeSync(file);
  }
  if (repair) fillUp(folder);
  return true;
}

function lostData(folder: string): StoreError {
  const message = `${DATA_FILE} is gone from ${folder}, and ${REDO_FILE} is not all that it held`;
  return new StoreError('store/damaged', message);
}

/**
 * Makes the file as long as its last page says: what is shorter must be looked through on opening
 * (lmdb-pages.ts). Of use to the thread that has just committed.
 */
export function fillUp(folder: string): void {
  const file = openSync(join(folder, DATA_FILE), 'r+');
  try {
    const needed = neededBytes(lastMeta(file, folder));
    if (fstatSync(file).size >= needed) return;
    ftruncateSync(file, needed);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Looked through again while somebody writes to it. */
const LOOKS = 4;

/** How much a file lacks that its head says it has, and whether anything leads there. */
function shortness(
  file: number,
  folder: string,
): { readonly size: number; readonly needed: number; readonly isSound: boolean } | undefined {
  for (let look = 1; ; look++) {
    const meta = lastMeta(file, folder);
    const { size } = fstatSync(file);
    const needed = neededBytes(meta);
    if (size >= needed) return undefined;
    const { pageBytes, trees } = meta;
    const paged = { descriptor: file, pageBytes, pages: BigInt(Math.floor(size / pageBytes)) };
    const isSound = trees.every((tree) => isWholeTree(paged, tree));
    const isStill = lastMeta(file, folder).transaction === meta.transaction;
    if (isSound || isStill || look === LOOKS) return { size, needed, isSound };
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

function lastMeta(file: number, folder: string): Meta {
  const first = metaAt(file, 0, folder);
  const second = metaAt(file, first.pageBytes, folder);
  return second.transaction > first.transaction ? second : first;
}

function metaAt(file: number, offset: number, folder: string): Meta {
  const bytes = new Uint8Array(HEAD_BYTES);
  const bytesRead = readSync(file, bytes, 0, HEAD_BYTES, offset);
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
    trees: [TREES, TREES + TREE_BYTES].map((at) => treeIn(view, at)),
  };
}
