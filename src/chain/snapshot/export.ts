/**
 * Writes the state of a block to a file: head, ancestors, codes, accounts with their slots, end.
 *
 * What is interrupted goes on where its last whole chunk ends: the file is looked through, what
 * follows that chunk is cut off, and the next part is the one behind what the chunk holds. The
 * same state makes the same file, byte for byte, interrupted or not.
 */

import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeRlp } from '../../base/rlp.ts';
import type { Hash } from '../../evm/types.ts';
import { encodeChanges } from '../../state/change-codec.ts';
import { syncFolder } from '../../state/folders.ts';
import { HandleFile } from '../../state/log/files.ts';
import type { OrderedStore } from '../../state/store/ordered-store.ts';
import type { ChainBlock } from '../block-tree.ts';
import { encodeBlock } from '../blocks/block.ts';
import type { ChainDatabase } from '../database/chain-database.ts';
import { storedItems } from '../database/records.ts';
import { ANCESTORS_MAX } from './ancestors.ts';
import { BLOCKS, type Chunk, STATE } from './chunks.ts';
import { SnapshotError } from './fault.ts';
import type { SnapshotHead } from './head.ts';
import { countState, PART_BYTES, partAfter, placeAfter } from './state-parts.ts';
import { type Last, type SnapshotProgress, SnapshotWriter } from './writer.ts';

export interface ExportOptions {
  /** Told after each chunk. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
  /** Ends the export behind the chunk in the making; it can go on later. */
  readonly signal?: AbortSignal;
  /** Bytes of a chunk before it is compressed, about. */
  readonly partBytes?: number;
}

export interface ExportedSnapshot {
  readonly head: SnapshotHead;
  readonly bytes: number;
}

/**
 * Exports the state of a block to a file, or goes on with an export of the same block.
 * @throws DatabaseError `database/no state`; SnapshotError `snapshot/exists` for a file of
 *   something else, which is left as it is
 */
export async function exportSnapshot(
  database: ChainDatabase,
  hash: Hash,
  path: string,
  options: ExportOptions = {},
): Promise<ExportedSnapshot> {
  const store = await database.storeAt(hash);
  const block = (await database.block(hash)) as ChainBlock;
  const ancestors = await ancestorsOf(database, block);
  const counts = { ...countState(store), ancestors: BigInt(ancestors.length) };
  const { spec } = database;
  const head = { block, ...(spec === undefined ? {} : { spec }), counts };
  const check = (): void => {
    const at = database.state.checkpointed?.block;
    options.signal?.throwIfAborted();
    if (at === hash) return;
    const message = `the database moved on to block ${at} while block ${hash} was exported`;
    throw new SnapshotError('snapshot/moved', `${message}: run the export again, it goes on`);
  };
  check();
  const file = await openFile(path);
  try {
    const writer = await SnapshotWriter.begin(file, path, head);
    for (const chunk of chunksOf(store, ancestors, writer.last, options.partBytes ?? PART_BYTES)) {
      check();
      await writer.write(chunk);
      options.onProgress?.(writer.progress);
    }
    await writer.end();
    return { head, bytes: writer.progress.bytes };
  } finally {
    await file.close();
  }
}

/** Made when it is not there. */
async function openFile(path: string): Promise<HandleFile> {
  await (await open(path, 'a')).close();
  await syncFolder(dirname(path));
  return new HandleFile(await open(path, 'r+'));
}

/** The chunks behind the last that there is. */
function* chunksOf(
  store: OrderedStore,
  ancestors: readonly ChainBlock[],
  last: Last,
  partBytes: number,
): Iterable<Chunk> {
  let blocks: Uint8Array[] = [];
  let size = 0;
  for (const [index, ancestor] of ancestors.entries()) {
    if (index < last.blocks) continue;
    const block = encodeRlp(storedItems(ancestor, encodeBlock(ancestor)));
    blocks.push(block);
    size += block.length;
    if (size < partBytes && index < ancestors.length - 1) continue;
    yield { kind: BLOCKS, content: encodeRlp(blocks) };
    blocks = [];
    size = 0;
  }
  let { place } = last;
  for (;;) {
    const part = partAfter(store, place, partBytes);
    if (part === undefined) return;
    yield { kind: STATE, content: encodeChanges(part) };
    place = placeAfter(part);
  }
}

/** The parent first. */
async function ancestorsOf(database: ChainDatabase, block: ChainBlock): Promise<ChainBlock[]> {
  const ancestors: ChainBlock[] = [];
  let { parentHash } = block.header;
  while (ancestors.length < ANCESTORS_MAX) {
    const parent = await database.block(parentHash);
    if (parent === undefined) break;
    ancestors.push(parent);
    parentHash = parent.header.parentHash;
  }
  return ancestors;
}
