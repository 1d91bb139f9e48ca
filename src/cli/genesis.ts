/** Genesis files that users name. */

import { type GenesisFile, parseGenesis } from '../chain/genesis-files/genesis-file.ts';
import { InputFileError, readTextFile } from './input-file.ts';

/** @throws InputFileError naming the file and the place in it */
export function readGenesis(path: string): GenesisFile {
  const text = readTextFile(path);
  try {
    return parseGenesis(text);
  } catch (cause) {
    const message = `${path}: ${(cause as Error).message}`;
    throw new InputFileError('input/malformed', message, { cause });
  }
}
