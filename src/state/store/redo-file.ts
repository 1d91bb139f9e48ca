/**
 * Changes that are too many for one transaction, kept in a file beside the store until all of them
 * are in it. A transaction of LMDB writes every page that it touches to a new place, and the old
 * ones are free only for the one after the next: large ones over the whole store made its file
 * three times as large as what it holds. In parts, sorted, each touches pages of its own.
 *
 * The file is there, whole, before the first part is written, and goes when the last one is on the
 * disk; whoever opens the store after an abrupt end writes all of it again.
 *
 *   "ironfly redo 1\n" | parts | SHA-256 of all before
 *   part: u32 bytes, little-endian | changes as `PackedChanges` has them
 */

import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './ordered-store.ts';
import { PackedChanges, type Pieces } from './packed-changes.ts';

export const REDO_FILE = 'redo';
/** While it is being written. */
export const REDO_DRAFT = 'redo.draft';

const MAGIC = new TextEncoder().encode('ironfly redo 1\n');
/** Of the magic, without the version. */
const NAME_BYTES = 13;
const SIZE_BYTES = 4;
const DIGEST_BYTES = 32;

/** On the disk when this returns, but counts for nothing. @throws what the disk says */
export function draftRedo(folder: string, { pieces, ends }: Pieces): void {
  const draft = join(folder, REDO_DRAFT);
  const file = openSync(draft, 'w');
  try {
    const hash = createHash('sha256');
    const put = (bytes: Uint8Array): void => {
      writeWhole(file, bytes);
      hash.update(bytes);
    };
    put(MAGIC);
    for (const [index, piece] of pieces.entries()) {
      const end = ends[index] as number;
      put(sizeBytes(end));
      put(new Uint8Array(piece, 0, end));
    }
    writeWhole(file, hash.digest());
    fsyncSync(file);
  } catch (error) {
    dropDraft(folder);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** From now on the draft counts, even where this throws. */
export function keepRedo(folder: string): void {
  renameSync(join(folder, REDO_DRAFT), join(folder, REDO_FILE));
  syncNames(folder);
}

/** What was not yet whole when it ended; nothing of it was written then. */
export function dropDraft(folder: string): void {
  rmSync(join(folder, REDO_DRAFT), { force: true });
}

/** Gone for good when this returns: it would take back what is written later. */
export function dropRedo(folder: string): void {
  rmSync(join(folder, REDO_FILE));
  syncNames(folder);
}

/** What an abrupt end left to be written; undefined for nothing. @throws StoreError */
export function readRedo(folder: string): PackedChanges | undefined {
  const file = openRedo(folder);
  if (file === undefined) return undefined;
  try {
    return PackedChanges.from(piecesOf(file, folder));
  } finally {
    closeSync(file);
  }
}

function openRedo(folder: string): number | undefined {
  try {
    return openSync(join(folder, REDO_FILE), 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const message = `${REDO_FILE} in ${folder} cannot be read: ${(cause as Error).message}`;
    throw new StoreError('store/damaged', message, { cause });
  }
}

/** Read part by part: all of it may be more than one buffer holds. */
function piecesOf(file: number, folder: string): Pieces {
  const end = fstatSync(file).size - DIGEST_BYTES;
  const hash = createHash('sha256');
  let at = 0;
  const take = (size: number): Uint8Array<ArrayBuffer> => {
    if (at + size > end) throw damaged(folder);
    const bytes = new Uint8Array(size);
    readWhole(file, bytes, at);
    at += size;
    hash.update(bytes);
    return bytes;
  };
  const magic = take(MAGIC.length);
  if (Buffer.compare(magic, MAGIC) !== 0) {
    if (Buffer.compare(magic.subarray(0, NAME_BYTES), MAGIC.subarray(0, NAME_BYTES)) !== 0) {
      throw damaged(folder);
    }
    const message = `${REDO_FILE} in ${folder} is of another version of this program`;
    throw new StoreError('store/version', message);
  }
  const pieces: ArrayBuffer[] = [];
  while (at < end) {
    const size = new DataView(take(SIZE_BYTES).buffer).getUint32(0, true);
    pieces.push(take(size).buffer);
  }
  const digest = new Uint8Array(DIGEST_BYTES);
  readWhole(file, digest, end);
  if (!hash.digest().equals(digest)) throw damaged(folder);
  return { pieces, ends: pieces.map(({ byteLength }) => byteLength) };
}

function damaged(folder: string): StoreError {
  const message = `${REDO_FILE} in ${folder} is damaged: restore the store from a copy`;
  return new StoreError('store/damaged', message);
}

function sizeBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(SIZE_BYTES);
  new DataView(bytes.buffer).setUint32(0, size, true);
  return bytes;
}

function readWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(file, bytes, at, bytes.length - at, position + at);
    if (count === 0) throw new RangeError('the file was cut while it was read');
    at += count;
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

function syncNames(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
