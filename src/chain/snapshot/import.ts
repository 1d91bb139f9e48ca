/**
 * Makes a database out of a snapshot, in a folder of its own.
 *
 *   store:  parts of the state with their tries, each write a checkpoint that says how many chunks
 *           are in it, under the name of the snapshot's head
 *   end:    the root is held against the block's header, then the store is at that block
 *   log:    the block's record; before it is there, the folder is no database (`incomplete`)
 *
 * What is interrupted goes on behind the last checkpoint, with the same snapshot alone. All of the
 * file is read and checked again then; what is slow is not done again.
 */

import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../../base/bytes.ts';
import type { Hash } from '../../evm/types.ts';
import { FlatState } from '../../state/flat/flat-state.ts';
import { StateError } from '../../state/flat/values.ts';
import { FolderFiles } from '../../state/log/files.ts';
import { RecordLog } from '../../state/log/record-log.ts';
import { LmdbStore } from '../../state/store/lmdb-store.ts';
import type { OrderedStore } from '../../state/store/ordered-store.ts';
import { encodeBlock } from '../blocks/block.ts';
import { DatabaseError } from '../database/fault.ts';
import { keepSpec } from '../database/kept-spec.ts';
import { lockFolder } from '../database/lock.ts';
import { OldBlocks } from '../database/old-blocks.ts';
import { encodeBlockRecord } from '../database/records.ts';
import { AncestorChain, putAncestors } from './ancestors.ts';
import { BLOCKS, type Chunk, SnapshotReader, STATE } from './chunks.ts';
import type { SnapshotProgress } from './export.ts';
import { SnapshotError } from './fault.ts';
import { headId, type SnapshotHead } from './head.ts';
import { StateCheck } from './state-check.ts';

export interface ImportOptions {
  /** The only block whose state is taken; any when left out. */
  readonly block?: Hash;
  /** Told after each chunk. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
  /** Ends the import behind the chunk in the making; it can go on later. */
  readonly signal?: AbortSignal;
  /** Accounts and slots before they go to the store; 50,000 when left out. */
  readonly checkpointWrites?: number;
}

/** What bounds the memory, with the tries' nodes below. */
const CHECKPOINT_WRITES = 50_000;
const TRIE_BYTES = 67_108_864;
const OPEN_STORAGES = 256;
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
  const file = await open(path, 'r');
  const opened: { close(): Promise<void> }[] = [file];
  try {
    // A file that is no snapshot makes no folder.
    const reader = await SnapshotReader.open(file);
    checkWanted(reader.head, options.block);
    await mkdir(folder, { recursive: true });
    const lock = await lockFolder(folder);
    opened.push({ close: () => lock.release() });
    const store = await LmdbStore.open({ folder: join(folder, 'state') });
    opened.push(store);
    const log = await RecordLog.open(new FolderFiles(join(folder, 'log')));
    opened.push(log);
    await new Import({ reader, store, log, folder, options }).run();
    return reader.head;
  } finally {
    for (const each of opened.reverse()) await each.close();
  }
}

function checkWanted({ block }: SnapshotHead, wanted: Hash | undefined): void {
  if (wanted === undefined || wanted === block.hash) return;
  const message = `the snapshot is of block ${block.header.number}, ${block.hash}, not ${wanted}`;
  throw new SnapshotError('snapshot/foreign', message);
}

interface ImportParts {
  readonly reader: SnapshotReader;
  readonly store: OrderedStore;
  readonly log: RecordLog;
  readonly folder: string;
  readonly options: ImportOptions;
}

class Import {
  readonly #parts: ImportParts;
  readonly #state: FlatState;
  readonly #old: OldBlocks;
  readonly #ancestors: AncestorChain;
  readonly #check: StateCheck;
  /** Under which the store's checkpoints stand while it is made. */
  readonly #id: Hash;

  constructor(parts: ImportParts) {
    const { reader, store } = parts;
    this.#parts = parts;
    this.#state = new FlatState({ store, trieBytes: TRIE_BYTES, openStorages: OPEN_STORAGES });
    this.#old = new OldBlocks(store);
    this.#ancestors = new AncestorChain(reader.head);
    this.#check = new StateCheck(reader.head.counts, (hash) => hasCode(this.#state, hash));
    this.#id = toHex(headId(reader.head));
  }

  async run(): Promise<void> {
    try {
      const done = await this.#begin();
      if (done !== undefined) await this.#takeChunks(done);
      await this.#finish();
    } finally {
      this.#state.free();
    }
  }

  /** Chunks that are in the store; undefined when all are, and the root was right. */
  async #begin(): Promise<bigint | undefined> {
    const { reader, log, folder } = this.#parts;
    const at = this.#state.checkpointed;
    if (at === undefined && log.last === 0n) {
      await this.#checkpoint(0n);
      return 0n;
    }
    if (log.last > 0n || (at?.block !== this.#id && at?.block !== reader.head.block.hash)) {
      const message = `${folder} holds another database, or a part of one: name another folder`;
      throw new DatabaseError('database/exists', message);
    }
    return at.block === this.#id ? at.record : undefined;
  }

  async #takeChunks(done: bigint): Promise<void> {
    const { reader, options } = this.#parts;
    const writes = options.checkpointWrites ?? CHECKPOINT_WRITES;
    let count = 0n;
    let saved = done;
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      options.signal?.throwIfAborted();
      count += 1n;
      await this.#take(chunk, count <= done);
      // Codes do not count as writes: what they weigh is in the chunk.
      const isDue = this.#state.gathered >= writes || chunk.content.length > writes * 16;
      if (count > done && isDue) {
        await this.#checkpoint(count);
        saved = count;
      }
      const { accounts, slots } = this.#check;
      options.onProgress?.({ accounts, slots, bytes: reader.end });
    }
    this.#ancestors.end();
    this.#check.end();
    if (count > saved) await this.#checkpoint(count);
  }

  async #take({ kind, content }: Chunk, isInStore: boolean): Promise<void> {
    if (kind === BLOCKS) {
      const blocks = this.#ancestors.take(content);
      if (!isInStore) await putAncestors(this.#old, blocks);
    } else if (kind === STATE) {
      const changes = this.#check.take(content);
      if (!isInStore) this.#state.apply(changes);
    } else {
      throw new SnapshotError('snapshot/damaged', `the snapshot has a chunk of kind ${kind}`);
    }
  }

  async #finish(): Promise<void> {
    const { reader, store, log } = this.#parts;
    const { block, spec } = reader.head;
    const { hash, header } = block;
    const root = this.#state.root();
    if (root !== header.stateRoot) {
      const message = `the snapshot’s state has the root ${root}, its block says`;
      const advice = `${header.stateRoot}: remove ${this.#parts.folder} and take another snapshot`;
      throw new SnapshotError('snapshot/wrong root', `${message} ${advice}`);
    }
    if (spec !== undefined) await keepSpec(store, spec);
    await this.#state.checkpoint({ block: hash, number: header.number, record: 1n });
    const moves = { forward: NONE, reverse: NONE };
    await log.append([encodeBlockRecord(block, encodeBlock(block), moves)]);
  }

  #checkpoint(record: bigint): Promise<void> {
    const { number } = this.#parts.reader.head.block.header;
    return this.#state.checkpoint({ block: this.#id, number, record });
  }
}

function hasCode(state: FlatState, hash: Hash): boolean {
  try {
    state.getCode(hash);
    return true;
  } catch (error) {
    if (error instanceof StateError && error.code === 'state/unknown code') return false;
    throw error;
  }
}
