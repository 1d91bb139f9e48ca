/**
 * Makes a database out of a snapshot, in a folder of its own.
 *
 *   store:  parts of the state, each write a checkpoint that says how many chunks are in it, under
 *           the checksum of the last of them, which vouches for all before it
 *   tries:  made of what is in the store (state/flat/load)
 *   end:    the root is held against the block's header, then the store is at that block
 *   log:    the block's record; before it is there, the folder is no database (`incomplete`)
 *
 * What is interrupted goes on behind the last checkpoint, with the same snapshot alone: nothing is
 * written before the chunk of the checkpoint was found in the file. All of the file is read and
 * checked again then; what is slow is not done again.
 */

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../../base/bytes.ts';
import type { Hash } from '../../evm/types.ts';
import { CHECKPOINT_KEY, codeKey } from '../../state/flat/keys.ts';
import { type LoadProgress, loadedTo, StateLoad } from '../../state/flat/load/state-load.ts';
import { type Checkpoint, encodeCheckpoint } from '../../state/flat/values.ts';
import { makeFolder } from '../../state/folders.ts';
import { FolderFiles, HandleFile } from '../../state/log/files.ts';
import { RecordLog } from '../../state/log/record-log.ts';
import { LmdbStore } from '../../state/store/lmdb-store.ts';
import type { OrderedStore } from '../../state/store/ordered-store.ts';
import { encodeBlock } from '../blocks/block.ts';
import type { ChainSpec } from '../chain-spec.ts';
import { DatabaseError } from '../database/fault.ts';
import { closeAll, LOG, STORE } from '../database/folder.ts';
import { checkSpec, keepSpec } from '../database/kept-spec.ts';
import { lockFolder } from '../database/lock.ts';
import { OldBlocks } from '../database/old-blocks.ts';
import { encodeBlockRecord } from '../database/records.ts';
import { AncestorChain, putAncestors } from './ancestors.ts';
import { BLOCKS, type Chunk, SnapshotReader, STATE } from './chunks.ts';
import { SnapshotError } from './fault.ts';
import type { SnapshotHead } from './head.ts';
import { StateCheck } from './state-check.ts';
import type { SnapshotProgress } from './writer.ts';

export interface ImportOptions {
  /** The only block whose state is taken; any when left out. */
  readonly block?: Hash;
  /**
   * Of which chain it must be. Without it the database is of the chain that the file says, for
   * which no hash vouches: with the right state and wrong rules later blocks are judged wrongly.
   */
  readonly spec?: ChainSpec;
  /** Told after each chunk. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
  /** Told of tries in the making, when all chunks are read. */
  readonly onTries?: (progress: LoadProgress) => void;
  /** Ends the import behind the chunk in the making; it can go on later. */
  readonly signal?: AbortSignal;
  /** Bytes before they go to the store; 2 MiB when left out. */
  readonly checkpointBytes?: number;
}

const NONE = new Uint8Array(0);

/**
 * Makes the database of a snapshot, or goes on making it; it is then opened like any other.
 * @throws SnapshotError for a file that is not whole or not true: what there is of the folder is
 *   no database then; DatabaseError `database/exists`, `database/in use`
 */
export async function importSnapshot(
  path: string,
  folder: string,
  options: ImportOptions = {},
): Promise<SnapshotHead> {
  const file = new HandleFile(await open(path, 'r'));
  const opened: { close(): Promise<void> }[] = [file];
  try {
    // A file that is no snapshot makes no folder.
    const reader = await SnapshotReader.open(file);
    const head = headOf(reader, options);
    await makeFolder(folder);
    const lock = await lockFolder(folder);
    opened.push({ close: () => lock.release() });
    const store = await LmdbStore.open({ folder: join(folder, STORE) });
    opened.push(store);
    const log = await RecordLog.open(new FolderFiles(join(folder, LOG)));
    opened.push(log);
    await new Import({ reader, head, store, log, folder, options }).run();
    return head;
  } finally {
    await closeAll(opened);
  }
}

/** The head with the chain that is wanted. @throws SnapshotError, DatabaseError for another one */
function headOf({ head }: SnapshotReader, { block: wanted, spec }: ImportOptions): SnapshotHead {
  const { hash, header } = head.block;
  if (wanted !== undefined && wanted !== hash) {
    const message = `the snapshot is of block ${header.number}, ${hash}, not ${wanted}`;
    throw new SnapshotError('snapshot/foreign', message);
  }
  if (spec === undefined) return head;
  if (head.spec !== undefined) checkSpec(head.spec, spec, 'the snapshot');
  return { ...head, spec };
}

interface ImportParts {
  readonly reader: SnapshotReader;
  readonly head: SnapshotHead;
  readonly store: OrderedStore;
  readonly log: RecordLog;
  readonly folder: string;
  readonly options: ImportOptions;
}

class Import {
  readonly #parts: ImportParts;
  readonly #load: StateLoad;
  readonly #old: OldBlocks;
  readonly #ancestors: AncestorChain;
  readonly #check: StateCheck;
  /** Codes since the last checkpoint: the others are in the store. */
  readonly #codes = new Set<Hash>();

  constructor(parts: ImportParts) {
    const { head, store, folder, options } = parts;
    const { checkpointBytes: batchBytes } = options;
    this.#parts = parts;
    this.#load = new StateLoad({ store, folder, ...(batchBytes && { batchBytes }) });
    this.#old = new OldBlocks(store);
    this.#ancestors = new AncestorChain(head);
    this.#check = new StateCheck(head.counts, (hash) => this.#hasCode(hash));
  }

  async run(): Promise<void> {
    const { head, store, log, options } = this.#parts;
    if (log.last > 0n) throw this.#another();
    const at = loadedTo(store);
    // Its state is there, and the root was right.
    if (at?.block === head.block.hash) return this.#finish();
    await this.#takeChunks(at ?? (await this.#begin()));
    options.signal?.throwIfAborted();
    const root = await this.#load.finish((progress) => {
      options.signal?.throwIfAborted();
      options.onTries?.(progress);
    });
    this.#checkRoot(root);
    await this.#finish();
  }

  async #begin(): Promise<Checkpoint> {
    await this.#write(0n, toHex(this.#parts.reader.checksum));
    await this.#load.settled();
    return loadedTo(this.#parts.store) as Checkpoint;
  }

  async #takeChunks({ record: done, block: last }: Checkpoint): Promise<void> {
    const { reader, options } = this.#parts;
    if (done === 0n && toHex(reader.checksum) !== last) throw this.#another();
    let count = 0n;
    // The reader's own goes on to the mark of the end, which is no chunk.
    let checksum = last;
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      options.signal?.throwIfAborted();
      count += 1n;
      await this.#take(chunk, count <= done);
      checksum = toHex(reader.checksum);
      if (count === done && checksum !== last) throw this.#another();
      if (count > done && this.#load.isDue) await this.#write(count, checksum);
      const { accounts, slots } = this.#check;
      options.onProgress?.({ accounts, slots, bytes: reader.end });
    }
    if (count < done) throw this.#another();
    this.#ancestors.end();
    this.#check.end();
    if (count > done) await this.#write(count, checksum);
  }

  async #take({ kind, content }: Chunk, isInStore: boolean): Promise<void> {
    if (kind === BLOCKS) {
      const blocks = this.#ancestors.take(content);
      if (!isInStore) await putAncestors(this.#old, blocks);
    } else if (kind === STATE) {
      const changes = this.#check.take(content);
      if (isInStore) return;
      this.#load.take(changes);
      for (const hash of changes.codes.keys()) this.#codes.add(hash);
    } else {
      throw new SnapshotError('snapshot/damaged', `the snapshot has a chunk of kind ${kind}`);
    }
  }

  #checkRoot(root: Hash): void {
    const { head, folder } = this.#parts;
    const { stateRoot } = head.block.header;
    if (root === stateRoot) return;
    const message = `the snapshot’s state has the root ${root}, its block says ${stateRoot}`;
    const advice = `remove ${folder} and take another snapshot`;
    throw new SnapshotError('snapshot/wrong root', `${message}: ${advice}`);
  }

  async #finish(): Promise<void> {
    const { store, log } = this.#parts;
    const { block, spec } = this.#parts.head;
    const { number, stateRoot } = block.header;
    if (spec !== undefined) await keepSpec(store, spec);
    const checkpoint = { block: block.hash, number, record: 1n, stateRoot };
    await store.write([{ key: CHECKPOINT_KEY, value: encodeCheckpoint(checkpoint) }]);
    const moves = { forward: NONE, reverse: NONE };
    await log.append([encodeBlockRecord(block, encodeBlock(block), moves)]);
  }

  /** Writes what was taken; `record` chunks are in the store then, the last of that checksum. */
  async #write(record: bigint, checksum: Hash): Promise<void> {
    const { number } = this.#parts.head.block.header;
    await this.#load.write({ block: checksum, number, record });
    if (this.#codes.size === 0) return;
    // From now on they are looked for in the store.
    await this.#load.settled();
    this.#codes.clear();
  }

  #hasCode(hash: Hash): boolean {
    return this.#codes.has(hash) || this.#parts.store.get(codeKey(hash)) !== undefined;
  }

  #another(): DatabaseError {
    const { folder } = this.#parts;
    const message = `${folder} holds another database, or a part of one: name another folder`;
    return new DatabaseError('database/exists', message);
  }
}
