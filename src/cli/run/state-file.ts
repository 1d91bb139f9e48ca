/**
 * Accounts from a file: an object by address, as genesis files (`alloc`) and state tests (`pre`)
 * hold it, or alone. What an account leaves out is zero or empty.
 */

import { readAccounts } from '../../chain/genesis-files/accounts.ts';
import type { MemoryState } from '../../state/memory.ts';
import { InputFileError, readJsonFile } from '../input-file.ts';

const FORM = '{"0x<address>": {"balance", "nonce", "code", "storage"}}';

/** @throws InputFileError that names the file and the place in it */
export function readStateFile(path: string): MemoryState {
  try {
    return readJsonFile(path, (whole) => {
      const given = ['alloc', 'pre'].map((name) => whole.get(name)).find((each) => !each.isAbsent);
      return readAccounts(given === undefined ? whole : given.object());
    });
  } catch (error) {
    if (!(error instanceof InputFileError)) throw error;
    const message = `${path} is no file of accounts (${FORM}): ${error.message}`;
    throw new InputFileError(error.code, message, { cause: error });
  }
}
