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
  fsyncSync,
  openSync,
  readFileSync,
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
const DIGEST_BYTES = 32;

/** On the disk when this returns. @throws what the disk says; nothing is kept then */
export function keepRedo(folder: string, { pieces, ends }: Pieces): void {
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
    closeSync(file);
    rmSync(draft, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(draft, join(folder, REDO_FILE));
  syncNames(folder);
}

/** Gone for good when this returns: it would take back what is written later. */
export function dropRedo(folder: string): void {
  rmSync(join(folder, REDO_FILE));
  syncNames(folder);
}

/** What was not yet whole when it ended; nothing of it was written then. */
export function dropDraft(folder: string): void {
  rmSync(join(folder, REDO_DRAFT), { force: true });
}

/** What an abrupt end left to be written; undefined for nothing. @throws StoreError */
export function readRedo(folder: string): PackedChanges | undefined {
  const bytes = contentOf(join(folder, REDO_FILE));
  if (bytes === undefined) return undefined;
  const end = bytes.length - DIGEST_BYTES;
  const content = bytes.subarray(0, Math.max(end, 0));
  const digest = createHash('sha256').update(content).digest();
  if (end < MAGIC.length || !bytes.subarray(end).equals(digest)) throw damaged(folder);
  if (Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) !== 0) {
    const message = `${REDO_FILE} in ${folder} is of another version of this program`;
    throw new StoreError('store/version', message);
  }
  const pieces: ArrayBuffer[] = [];
  for (let at = MAGIC.length; at < end; ) {
    const size = bytes.readUInt32LE(at);
    pieces.push(new Uint8Array(bytes.subarray(at + 4, at + 4 + size)).buffer);
    at += 4 + size;
  }
  return PackedChanges.from({ pieces, ends: pieces.map(({ byteLength }) => byteLength) });
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StoreError('store/damaged', `${path} cannot be read`, { cause: error });
  }
}

function damaged(folder: string): StoreError {
  const message = `${REDO_FILE} in ${folder} is damaged: restore the store from a copy`;
  return new StoreError('store/damaged', message);
}

function sizeBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, size, true);
  return bytes;
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
