/**
 * A store in LMDB: one file of pages, of which a transaction writes new ones and then moves the
 * head, so that a crash at any moment leaves what was there before, or all of the new.
 *
 * Options, for their reasons: `overlappingSync: false`, since a write must be on the disk when it
 * resolves. No `useWritemap`: in measurements it makes large transactions up to three times as
 * fast, but a full disk then ends the process (SIGBUS), where without it is an error; and a stray
 * native write could damage the file. Keys and values are bytes as they are.
 */

import { makeFolder, syncFolder } from '../folders.ts';
import {
  type Database,
  type DatabaseOptions,
  openDatabase,
  putAll,
  putInParts,
} from './lmdb-database.ts';
import { checkFolder } from './lmdb-file.ts';
import { LmdbWriter, UnfinishedWrite } from './lmdb-writer.ts';
import {
  closedStore,
  type OrderedStore,
  readOnlyStore,
  type StoreChange,
  type StoreEntry,
  StoreError,
} from './ordered-store.ts';
import { OverlaidStore } from './overlaid-store.ts';
import { PackedChanges } from './packed-changes.ts';
import { dropDraft, dropRedo, readRedo } from './redo-file.ts';
import { openFormat } from './store-format.ts';

export interface LmdbStoreOptions extends DatabaseOptions {
  /** Its own; made when it is not there. */
  readonly folder: string;
}

/** Changes of so many bytes are written on this thread; more go to one of their own. */
const HERE_BYTES_MAX = 65_536;
/** Threads of libuv's pool that read ahead at once. */
const READERS = 4;

export class LmdbStore implements OrderedStore {
  readonly readOnly: boolean;
  readonly #folder: string;
  readonly #database: Database;
  #writer: LmdbWriter | undefined;
  /** The last write: the next one begins when it is done. */
  #tail: Promise<void> = Promise.resolve();
  #closed = false;
  #failure: StoreError | undefined;

  private constructor({ folder, ...options }: LmdbStoreOptions) {
    this.readOnly = options.readOnly ?? false;
    this.#folder = folder;
    this.#database = openDatabase(folder, options);
  }

  /**
   * Opens the store of a folder, or begins one.
   * @throws StoreError for a folder of something else, of another version, or damaged; nothing
   *   in it is changed then
   */
  static async open(options: LmdbStoreOptions): Promise<OrderedStore> {
    const { folder, readOnly = false } = options;
    const exists = await checkFolder(folder, !readOnly);
    if (!exists) {
      if (readOnly) throw new StoreError('store/missing', `there is no database in ${folder}`);
      await makeFolder(folder);
    }
    const store = new LmdbStore(options);
    try {
      const left = exists ? readRedo(folder) : undefined;
      if (left !== undefined && readOnly) {
        const whole = new OverlaidStore(store, left);
        await openFormat(whole, folder);
        return whole;
      }
      if (!readOnly) store.#redo(left);
      await openFormat(store, folder);
      if (!exists) await syncFolder(folder);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkUsable();
    const database = this.#database;
    const value = database.getBinaryFast(key);
    // The buffer is longer than the value, and only pretends to have its length.
    return value && new Uint8Array(value.buffer, value.byteOffset, database.lastSize);
  }

  /** Errors are for who reads the keys. `close` waits for it. */
  readAhead(keys: readonly Uint8Array[]): void {
    this.#checkUsable();
    const share = Math.ceil(keys.length / READERS);
    for (let from = 0; from < keys.length; from += share) {
      this.#database.prefetch(keys.slice(from, from + share), () => {});
    }
  }

  *range(from: Uint8Array, to: Uint8Array): Iterable<StoreEntry> {
    this.#checkUsable();
    yield* this.#database.getRange({ start: from, end: to });
  }

  /**
   * Changes of more than `HERE_BYTES_MAX` are written by another thread, and of more than 4 MiB in
   * parts, which reads may see one after another. Packed changes are taken over.
   */
  async write(changes: Iterable<StoreChange>): Promise<void> {
    this.#checkUsable();
    if (this.readOnly) throw readOnlyStore();
    const packed = changes instanceof PackedChanges ? changes : PackedChanges.of(changes);
    const written = this.#tail.then(() => this.#put(packed));
    this.#tail = written.catch(() => {});
    await written;
  }

  /** Waits for writes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#tail;
    await this.#writer?.close();
    await this.#database.close();
  }

  async #put(changes: PackedChanges): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const { count } = changes;
    try {
      if (changes.bytes <= HERE_BYTES_MAX) putAll(this.#database, this.#folder, changes);
      else await this.#writeAside(changes);
    } catch (error) {
      const reason = (error as Error).message;
      if (error instanceof UnfinishedWrite) {
        const message =
          `the database in ${this.#folder} took a part of ${count} changes: ${reason}; ` +
          'open it anew, which writes the rest';
        this.#failure = new StoreError('store/unfinished', message, { cause: error });
        throw this.#failure;
      }
      const message = `the database in ${this.#folder} took none of ${count} changes`;
      throw new StoreError('store/failed', `${message}: ${reason}`, { cause: error });
    }
  }

  /** Writes what an abrupt end left to be written. @throws StoreError `store/failed` */
  #redo(left: PackedChanges | undefined): void {
    try {
      if (left !== undefined) {
        putInParts(this.#database, this.#folder, left);
        dropRedo(this.#folder);
      }
      dropDraft(this.#folder);
    } catch (error) {
      const message = `what was being written to ${this.#folder} when it ended cannot be written`;
      const reason = (error as Error).message;
      throw new StoreError('store/failed', `${message}: ${reason}`, { cause: error });
    }
  }

  #checkUsable(): void {
    if (this.#closed) throw closedStore();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #writeAside(changes: PackedChanges): Promise<void> {
    this.#writer ??= new LmdbWriter(this.#folder);
    await this.#writer.write(changes);
    // The next read begins a transaction of its own, which sees what the other thread wrote.
    this.#database.resetReadTxn();
  }
}
