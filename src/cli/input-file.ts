/** Files that users name: read whole, within a limit, and named in what is wrong with them. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { concatBytes } from '../base/bytes.ts';
import { IronflyError } from '../base/errors.ts';
import { type JsonObject, readJson } from '../base/json-field.ts';

export class InputFileError extends IronflyError<
  'input/unreadable' | 'input/too large' | 'input/malformed'
> {}

/** A string of Node.js holds no more. */
export const TEXT_BYTES_MAX = 536_870_000;
const STDIN = 0;
const CHUNK = 1_048_576;

/**
 * All of a file, a pipe among them.
 * @param path 0 is standard input
 * @throws InputFileError
 */
export function readInputFile(path: string | 0, bytesMax: number): Uint8Array {
  let file: number | undefined;
  try {
    file = path === STDIN ? STDIN : openSync(path, 'r');
    const stats = fstatSync(file);
    if (stats.isFile() && stats.size > bytesMax) throw tooLarge(path, stats.size, bytesMax);
    return readAll(path, file, bytesMax);
  } catch (cause) {
    if (cause instanceof InputFileError) throw cause;
    const message = `${nameOf(path)}: ${(cause as Error).message}`;
    throw new InputFileError('input/unreadable', message, { cause });
  } finally {
    if (file !== undefined && file !== STDIN) closeSync(file);
  }
}

/** A file of UTF-8. @throws InputFileError */
export function readTextFile(path: string | 0, bytesMax: number = TEXT_BYTES_MAX): string {
  const bytes = readInputFile(path, bytesMax);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new InputFileError('input/malformed', `${nameOf(path)} is no text`, { cause });
  }
}

/** What `read` makes of a file's JSON object. @throws InputFileError naming file and fault */
export function readJsonFile<T>(path: string | 0, read: (whole: JsonObject) => T): T {
  const text = readTextFile(path);
  try {
    return read(readJson(text).object());
  } catch (cause) {
    const message = `${nameOf(path)}: ${(cause as Error).message}`;
    throw new InputFileError('input/malformed', message, { cause });
  }
}

function readAll(path: string | 0, file: number, bytesMax: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK);
    let used = 0;
    // A pipe gives less at a time.
    for (let count = 1; count > 0 && used < CHUNK; used += count) {
      count = readSync(file, chunk, used, CHUNK - used, null);
    }
    size += used;
    if (size > bytesMax) throw tooLarge(path, size, bytesMax);
    chunks.push(chunk.subarray(0, used));
    if (used < CHUNK) return concatBytes(...chunks);
  }
}

function tooLarge(path: string | 0, size: number, most: number): InputFileError {
  const message = `${nameOf(path)} has ${size} bytes, at most ${most} are read`;
  return new InputFileError('input/too large', message, { details: { size } });
}

function nameOf(path: string | 0): string {
  return path === STDIN ? 'standard input' : path;
}
