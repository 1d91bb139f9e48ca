/** The program of the thread that writes to LMDB (lmdb-writer.ts): one transaction a message. */

import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase, putAll } from './lmdb-database.ts';
import { PackedChanges, type Pieces } from './packed-changes.ts';

/** Without pieces: the end. */
export interface WriterJob {
  readonly pieces: Pieces | undefined;
}

export interface WriterAnswer {
  /** Why nothing was written. */
  readonly failed: string | undefined;
}

const folder = workerData as string;
const database = openDatabase(folder, false);

parentPort?.on('message', async ({ pieces }: WriterJob) => {
  if (pieces === undefined) {
    await database.close();
    parentPort?.close();
    return;
  }
  let failed: string | undefined;
  try {
    putAll(database, folder, PackedChanges.from(pieces));
  } catch (error) {
    failed = (error as Error).message;
  }
  parentPort?.postMessage({ failed } satisfies WriterAnswer);
});
