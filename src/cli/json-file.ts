/** Files of JSON that users name. */

import { readFileSync } from 'node:fs';
import { type JsonObject, object } from './fixture-json.ts';

/** Larger files are refused: a string of Node.js holds no more. */
const BYTES_MAX = 536_870_000;

/** What `read` makes of the file's object. @throws TypeError that names the file and the fault */
export function readJsonFile<T>(path: string, read: (whole: JsonObject) => T): T {
  try {
    const source = readFileSync(path);
    if (source.length > BYTES_MAX) throw new Error(`it has ${source.length} bytes`);
    return read(object(JSON.parse(source.toString('utf8')), ''));
  } catch (error) {
    throw new TypeError(`${path}: ${(error as Error).message}`);
  }
}
