/** An environment of LMDB: on the thread that reads, and on the one that writes. */

import { open, type RootDatabase } from 'lmdb';
import { fillUp } from './lmdb-file.ts';
import { type StoreChange, StoreError } from './ordered-store.ts';

/** What lmdb's types leave out: the size of the value that was read last. */
export type Database = RootDatabase<Uint8Array, Uint8Array> & { readonly lastSize: number };

/** @throws StoreError `store/damaged` */
export function openDatabase(folder: string, readOnly: boolean): Database {
  try {
    return open({
      path: folder,
      noSubdir: false,
      readOnly,
      overlappingSync: false,
      encoding: 'binary',
      keyEncoding: 'binary',
    }) as Database;
  } catch (error) {
    const message = `the database in ${folder} cannot be opened: ${(error as Error).message}`;
    throw new StoreError('store/damaged', message, { cause: error });
  }
}

/** Writes all changes as one transaction, or throws and writes none. Blocks until it is synced. */
export function putAll(database: Database, folder: string, changes: Iterable<StoreChange>): void {
  database.transactionSync(() => {
    for (const { key, value } of changes) {
      if (value === undefined) database.removeSync(key);
      else database.putSync(key, value);
    }
  });
  try {
    fillUp(folder);
  } catch {
    // All is written: a file that stays shorter is looked through when it is opened next.
  }
}
