/** Files that appear when they are whole: written beside their place, then put there. */

import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { syncFolder } from '../state/folders.ts';

type Pieces = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/**
 * Replaces the file; one whose name ends in .gz is compressed. What is there and no file, such as a
 * pipe, is written as the pieces come.
 */
export async function writeWhole(file: string, pieces: Pieces): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there !== undefined && !there.isFile()) {
    return write(file, pieces);
  }
  const part = `${file}.part`;
  try {
    await write(part, pieces, { isCompressed: file.endsWith('.gz'), isSynced: true });
    await rename(part, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function write(
  file: string,
  pieces: Pieces,
  { isCompressed = false, isSynced = false } = {},
): Promise<void> {
  const target = createWriteStream(file, { flush: isSynced });
  const source = Readable.from(pieces, { objectMode: false });
  if (isCompressed) await pipeline(source, createGzip(), target);
  else await pipeline(source, target);
}
