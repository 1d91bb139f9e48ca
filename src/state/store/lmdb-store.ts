/**
 * A store in LMDB: one file of pages, of which a transaction writes new ones and then moves the
 * head, so that a crash at any moment leaves what was there before, or all of the new.
 *
 * Options, for their reasons: `overlappingSync: false`, since a write must be on the disk when it
 * resolves. No `useWritemap`: in measurements it makes large transactions up to three times as
 * fast, but a full disk then ends the process (SIGBUS), where without it is an error; and a stray
 * native write could damage the file. Keys and values are bytes as they are.
 */

import { mkdir } from 'node:fs/promises';
import { open, type RootDatabase } from 'lmdb';
import { checkFolder, fillUp } from './lmdb-file.ts';
import {
  checkSorted,
  closedStore,
  type OrderedStore,
  readOnlyStore,
  type StoreChange,
  type StoreEntry,
  StoreError,
} from './ordered-store.ts';
import { openFormat } from './store-format.ts';

export interface LmdbStoreOptions {
  /** Its own; made when it is not there. */
  readonly folder: string;
  readonly readOnly?: boolean;
}

/** What lmdb's types leave out: the size of the value that was read last. */
type Database = RootDatabase<Uint8Array, Uint8Array> & { readonly lastSize: number };

export class LmdbStore implements OrderedStore {
  readonly readOnly: boolean;
  readonly #folder: string;
  readonly #database: Database;
  #closed = false;

  private constructor(folder: string, readOnly: boolean) {
    this.readOnly = readOnly;
    this.#folder = folder;
    this.#database = openDatabase(folder, readOnly);
  }

  /**
   * Opens the store of a folder, or begins one.
   * @throws StoreError for a folder of something else, of another version, or damaged; nothing
   *   in it is changed then
   */
  static async open({ folder, readOnly = false }: LmdbStoreOptions): Promise<LmdbStore> {
    const exists = await checkFolder(folder);
    if (!exists) {
      if (readOnly) throw new StoreError('store/missing', `there is no database in ${folder}`);
      await mkdir(folder, { recursive: true });
    }
    const store = new LmdbStore(folder, readOnly);
    try {
      await openFormat(store, folder);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (this.#closed) throw closedStore();
    const database = this.#database;
    const value = database.getBinaryFast(key);
    // The buffer is longer than the value, and only pretends to have its length.
    return value && new Uint8Array(value.buffer, value.byteOffset, database.lastSize);
  }

  *range(from: Uint8Array, to: Uint8Array): Iterable<StoreEntry> {
    if (this.#closed) throw closedStore();
    yield* this.#database.getRange({ start: from, end: to });
  }

  /** Blocks this thread until the changes are on the disk. */
  async write(changes: readonly StoreChange[]): Promise<void> {
    if (this.#closed) throw closedStore();
    if (this.readOnly) throw readOnlyStore();
    checkSorted(changes);
    try {
      this.#database.transactionSync(() => {
        for (const { key, value } of changes) {
          if (value === undefined) this.#database.removeSync(key);
          else this.#database.putSync(key, value);
        }
      });
    } catch (error) {
      const message = `the database in ${this.#folder} took none of ${changes.length} changes`;
      const reason = (error as Error).message;
      throw new StoreError('store/failed', `${message}: ${reason}`, { cause: error });
    }
    await fillUp(this.#folder);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#database.close();
  }
}

function openDatabase(folder: string, readOnly: boolean): Database {
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
