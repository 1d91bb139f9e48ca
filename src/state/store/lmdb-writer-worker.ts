/**
 * The program of the thread that writes to LMDB (lmdb-writer.ts): a transaction for each message,
 * or several, with a file beside the store that says how they end (redo-file.ts).
 */

import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase, putAll, putInParts } from './lmdb-database.ts';
import { PackedChanges, type Pieces } from './packed-changes.ts';
import { draftRedo, dropRedo, keepRedo } from './redo-file.ts';

/** Changes of so many bytes are one transaction. */
const WHOLE_BYTES_MAX = 4_194_304;

/** Without pieces: the end. */
export interface WriterJob {
  readonly pieces: Pieces | undefined;
}

export interface WriterAnswer {
  /** Why not all was written. */
  readonly failed: string | undefined;
  /** Whether a part of it may be: the rest is written when the store is opened again. */
  readonly begun: boolean;
}

const folder = workerData as string;
const database = openDatabase(folder);

parentPort?.on('message', async ({ pieces }: WriterJob) => {
  if (pieces === undefined) {
    await database.close();
    parentPort?.close();
    return;
  }
  let failed: string | undefined;
  let begun = false;
  try {
    const changes = PackedChanges.from(pieces);
    if (changes.bytes > WHOLE_BYTES_MAX) {
      draftRedo(folder, pieces);
      begun = true;
      keepRedo(folder);
      putInParts(database, folder, changes);
      dropRedo(folder);
    } else putAll(database, folder, changes);
  } catch (error) {
    failed = (error as Error).message;
  }
  parentPort?.postMessage({ failed, begun } satisfies WriterAnswer);
});
