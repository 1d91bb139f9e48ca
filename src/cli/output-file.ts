/** Files that appear when they are whole: written beside their place, then put there. */

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { syncFolder } from '../state/folders.ts';

/** Replaces the file; one whose name ends in .gz is compressed. */
export async function writeWhole(
  file: string,
  pieces: AsyncIterable<Uint8Array | string>,
): Promise<void> {
  const part = `${file}.part`;
  try {
    const target = createWriteStream(part, { flush: true });
    const source = Readable.from(pieces, { objectMode: false });
    if (file.endsWith('.gz')) await pipeline(source, createGzip(), target);
    else await pipeline(source, target);
    await rename(part, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
