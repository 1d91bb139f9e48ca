/** An environment of LMDB: on the thread that reads, and on the one that writes. */

import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb';
import { fillUp } from './lmdb-file.ts';
import { type StoreChange, StoreError } from './ordered-store.ts';
import type { PackedChanges } from './packed-changes.ts';

/** What lmdb's types leave out: the size of the value that was read last. */
export type Database = RootDatabase<Uint8Array, Uint8Array> & { readonly lastSize: number };

export interface DatabaseOptions {
  readonly readOnly?: boolean;
  /**
   * Has the system read no pages but those that are asked for, as it comes to where a database is
   * much larger than memory: for measurements, since what it reads around them is its setting.
   */
  readonly noReadAhead?: boolean;
}

/** @throws StoreError `store/damaged` */
export function openDatabase(folder: string, options: DatabaseOptions = {}): Database {
  const { readOnly = false, noReadAhead = false } = options;
  // lmdb's types leave `noReadAhead` out.
  const given: RootDatabaseOptionsWithPath & DatabaseOptions = {
    path: folder,
    noSubdir: false,
    readOnly,
    noReadAhead,
    overlappingSync: false,
    encoding: 'binary',
    keyEncoding: 'binary',
  };
  try {
    return open(given) as Database;
  } catch (error) {
    const message = `the database in ${folder} cannot be opened: ${(error as Error).message}`;
    throw new StoreError('store/damaged', message, { cause: error });
  }
}

/** Parts are of so many bytes at least, and so many in number at most. */
const PART_BYTES_MIN = 524_288;
const PARTS_MAX = 32;

/**
 * Writes changes as one transaction after another. Throws in the midst of them: then some are
 * written. Blocks until all are synced.
 */
export function putInParts(database: Database, folder: string, changes: PackedChanges): void {
  const bytesMax = Math.max(PART_BYTES_MIN, changes.bytes / PARTS_MAX);
  let part: StoreChange[] = [];
  let bytes = 0;
  const put = (): void => {
    putAll(database, folder, part);
    part = [];
    bytes = 0;
  };
  for (const change of changes) {
    part.push(change);
    bytes += change.key.length + (change.value?.length ?? 0);
    if (bytes >= bytesMax) put();
  }
  if (part.length > 0) put();
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
