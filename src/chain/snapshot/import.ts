/**
 * Makes a database out of a snapshot, in a folder of its own.
 *
 *   store:  parts of the state with their tries, each write a checkpoint that says how many chunks
 *           are in it, under the checksum of the last of them, which vouches for all before it
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
import { FlatState } from '../../state/flat/flat-state.ts';
import { codeKey } from '../../state/flat/keys.ts';
import type { Checkpoint } from '../../state/flat/values.ts';
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
  /** Ends the import behind the chunk in the making; it can go on later. */
  readonly signal?: AbortSignal;
  /** Accounts and slots before they go to the store; 20,000 when left out. */
  readonly checkpointWrites?: number;
}

/**
 * What bounds the memory, with the tries' nodes below: of 1,000,000 slots in 1,001 accounts the
 * process had 492 MiB of its own at most, and the store's mapped pages beside them.
 */
const CHECKPOINT_WRITES = 20_000;
/** Codes do not count as writes, and one may have 24 KiB. */
const CHECKPOINT_CODE_BYTES = 16_777_216;
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
  readonly #state: FlatState;
  readonly #old: OldBlocks;
  readonly #ancestors: AncestorChain;
  readonly #check: StateCheck;
  /** Codes since the last checkpoint: the others are in the store. */
  readonly #codes = new Set<Hash>();
  #codeBytes = 0;

  constructor(parts: ImportParts) {
    const { head, store } = parts;
    this.#parts = parts;
    this.#state = new FlatState({ store, trieBytes: TRIE_BYTES, openStorages: OPEN_STORAGES });
    this.#old = new OldBlocks(store);
    this.#ancestors = new AncestorChain(head);
    this.#check = new StateCheck(head.counts, (hash) => this.#hasCode(hash));
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

  /** How far the store is; undefined when all is there, and the root was right. */
  async #begin(): Promise<Checkpoint | undefined> {
    const { head, log } = this.#parts;
    const at = this.#state.checkpointed;
    if (log.last > 0n) throw this.#another();
    if (at?.block === head.block.hash) return undefined;
    if (at === undefined) await this.#checkpoint(0n);
    return this.#state.checkpointed;
  }

  async #takeChunks({ record: done, block: last }: Checkpoint): Promise<void> {
    const { reader, options } = this.#parts;
    if (done === 0n && toHex(reader.checksum) !== last) throw this.#another();
    const writes = options.checkpointWrites ?? CHECKPOINT_WRITES;
    let count = 0n;
    let saved = done;
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      options.signal?.throwIfAborted();
      count += 1n;
      await this.#take(chunk, count <= done);
      if (count === done && toHex(reader.checksum) !== last) throw this.#another();
      const isDue = this.#state.gathered >= writes || this.#codeBytes >= CHECKPOINT_CODE_BYTES;
      if (count > done && isDue) {
        await this.#checkpoint(count);
        saved = count;
      }
      const { accounts, slots } = this.#check;
      options.onProgress?.({ accounts, slots, bytes: reader.end });
    }
    if (count < done) throw this.#another();
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
      if (isInStore) return;
      this.#state.apply(changes);
      for (const [hash, code] of changes.codes) {
        this.#codes.add(hash);
        this.#codeBytes += code.length;
      }
    } else {
      throw new SnapshotError('snapshot/damaged', `the snapshot has a chunk of kind ${kind}`);
    }
  }

  async #finish(): Promise<void> {
    const { store, log } = this.#parts;
    const { block, spec } = this.#parts.head;
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

  async #checkpoint(record: bigint): Promise<void> {
    const { reader, head } = this.#parts;
    const block = toHex(reader.checksum);
    await this.#state.checkpoint({ block, number: head.block.header.number, record });
    this.#codes.clear();
    this.#codeBytes = 0;
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
