/**
 * Where a chain's database lies.
 *
 *   FOLDER/state   the store
 *   FOLDER/log     the block log
 *   FOLDER/lock    who has it open
 */

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateChanges } from '../../evm/types.ts';
import { makeFolder } from '../../state/folders.ts';
import { FolderFiles } from '../../state/log/files.ts';
import { MemoryFiles } from '../../state/log/memory-files.ts';
import { RecordLog } from '../../state/log/record-log.ts';
import { LmdbStore } from '../../state/store/lmdb-store.ts';
import { MemoryStore } from '../../state/store/memory-store.ts';
import type { ChainBlock } from '../block-tree.ts';
import { ChainDatabase, type ChainDatabaseOptions } from './chain-database.ts';
import { DatabaseError } from './fault.ts';
import { lockFolder } from './lock.ts';
import type { OldBlock } from './old-blocks.ts';

/** Names in the folder. */
export const STORE = 'state';
export const LOG = 'log';

export interface DatabaseLimits extends Omit<ChainDatabaseOptions, 'store' | 'log'> {
  /** Of a file of the log, which goes when all in it is old; 64 MiB when left out. */
  readonly segmentBytes?: number;
}

export interface CreationLimits extends DatabaseLimits {
  /** Blocks before the first, the oldest first. */
  readonly ancestors?: readonly OldBlock[];
}

/** A chain in memory, from its first block and that block's state on. */
export async function createInMemory(
  block: ChainBlock,
  state: StateChanges,
  { ancestors = [], ...limits }: CreationLimits = {},
): Promise<ChainDatabase> {
  const [store, log] = await Promise.all([MemoryStore.open(), RecordLog.open(new MemoryFiles())]);
  return ChainDatabase.create({ ...limits, store, log }, block, state, ancestors);
}

/**
 * A chain in a folder, which is made when it is not there.
 * @throws DatabaseError `database/exists`, `database/in use`; StoreError, LogError for a folder of
 *   something else
 */
export function createInFolder(
  folder: string,
  block: ChainBlock,
  state: StateChanges,
  { ancestors = [], ...limits }: CreationLimits = {},
): Promise<ChainDatabase> {
  const create = (options: ChainDatabaseOptions) =>
    ChainDatabase.create(options, block, state, ancestors);
  return withFolder(folder, limits, create);
}

/**
 * The chain that a folder holds.
 * @throws DatabaseError `database/missing` and others, StoreError, LogError, StateError
 */
export async function openFolder(
  folder: string,
  limits: DatabaseLimits = {},
): Promise<ChainDatabase> {
  await requireDatabase(folder);
  return withFolder(folder, limits, (options) => ChainDatabase.open(options));
}

/** @throws DatabaseError `database/missing` for a folder without one; it stays as it is */
export async function requireDatabase(folder: string): Promise<void> {
  try {
    await access(join(folder, STORE));
  } catch (error) {
    const message = `there is no database in ${folder}: make one with \`ironfly db init\``;
    throw new DatabaseError('database/missing', message, { cause: error });
  }
}

async function withFolder(
  folder: string,
  limits: DatabaseLimits,
  work: (options: ChainDatabaseOptions) => Promise<ChainDatabase>,
): Promise<ChainDatabase> {
  await makeFolder(folder);
  const lock = await lockFolder(folder);
  const opened: Closable[] = [{ close: () => lock.release() }];
  try {
    const store = await LmdbStore.open({ folder: join(folder, STORE) });
    opened.push(store);
    const { segmentBytes } = limits;
    const files = new FolderFiles(join(folder, LOG));
    const log = await RecordLog.open(files, segmentBytes === undefined ? {} : { segmentBytes });
    opened.push(log);
    return await work({ ...limits, store, log, onClose: () => lock.release() });
  } catch (error) {
    // What is wrong is what is said, not what came of it.
    await closeAll(opened).catch(() => {});
    throw error;
  }
}

export interface Closable {
  close(): Promise<void>;
}

/** Closes all, the last one first, whichever of them fail. @throws the first fault */
export async function closeAll(opened: readonly Closable[]): Promise<void> {
  const faults: unknown[] = [];
  for (const each of opened.toReversed()) {
    await each.close().catch((error: unknown) => faults.push(error));
  }
  if (faults.length > 0) throw faults[0];
}
