/** A database opened to be looked at: nothing of it is changed, and whoever has it may go on. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKPOINT_KEY } from '../../../state/flat/keys.ts';
import { type Checkpoint, decodeCheckpoint } from '../../../state/flat/values.ts';
import { ReadOnlyFiles } from '../../../state/log/read-only-files.ts';
import { RecordLog } from '../../../state/log/record-log.ts';
import { LmdbStore } from '../../../state/store/lmdb-store.ts';
import type { OrderedStore } from '../../../state/store/ordered-store.ts';
import { LOG, requireDatabase, STORE } from '../folder.ts';

export interface OpenedDatabase {
  readonly store: OrderedStore;
  readonly log: RecordLog;
}

/** @throws DatabaseError `database/missing`; StoreError, LogError for what cannot be opened */
export async function openToRead(folder: string): Promise<OpenedDatabase> {
  await requireDatabase(folder);
  const store = await LmdbStore.open({ folder: join(folder, STORE), readOnly: true });
  try {
    return { store, log: await RecordLog.open(new ReadOnlyFiles(join(folder, LOG))) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** @throws StateError `state/damaged` */
export function checkpointOf(store: OrderedStore): Checkpoint | undefined {
  const bytes = store.get(CHECKPOINT_KEY);
  return bytes && decodeCheckpoint(bytes);
}

/** Bytes that the files of a folder have. */
export async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
