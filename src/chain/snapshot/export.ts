/**
 * Writes the state of a block to a file: head, ancestors, codes, accounts with their slots, end.
 *
 * What is interrupted goes on where its last whole chunk ends: the file is looked through, what
 * follows that chunk is cut off, and the next part is the one behind what the chunk holds. The
 * same state makes the same file, byte for byte, interrupted or not.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { equalBytes } from '../../base/bytes.ts';
import { encodeRlp } from '../../base/rlp.ts';
import type { Hash } from '../../evm/types.ts';
import { decodeChanges, encodeChanges } from '../../state/change-codec.ts';
import type { OrderedStore } from '../../state/store/ordered-store.ts';
import type { ChainBlock } from '../block-tree.ts';
import { encodeBlock } from '../blocks/block.ts';
import type { ChainDatabase } from '../database/chain-database.ts';
import { storedItems } from '../database/records.ts';
import { ANCESTORS_MAX, blockItems } from './ancestors.ts';
import {
  BLOCKS,
  type Chunk,
  checksumOf,
  packChunk,
  packEnd,
  SnapshotReader,
  STATE,
} from './chunks.ts';
import { SnapshotError } from './fault.ts';
import { encodeHead, headId, type SnapshotHead } from './head.ts';
import {
  countState,
  FIRST_PLACE,
  PART_BYTES,
  type Place,
  partAfter,
  placeAfter,
} from './state-parts.ts';

export interface ExportOptions {
  /** Told after each chunk. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
  /** Ends the export behind the chunk in the making; it can go on later. */
  readonly signal?: AbortSignal;
  /** Bytes of a chunk before it is compressed, about. */
  readonly partBytes?: number;
}

export interface SnapshotProgress {
  readonly accounts: number;
  readonly slots: number;
  /** Of the file. */
  readonly bytes: number;
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
  const file = await open(path, 'a+').then(async (created) => {
    await created.close();
    return open(path, 'r+');
  });
  try {
    const writer = await SnapshotWriter.begin(file, path, head);
    const check = (): void => {
      const at = database.state.checkpointed?.block;
      options.signal?.throwIfAborted();
      if (at === hash) return;
      const message = `the database moved on to block ${at} while block ${hash} was exported`;
      throw new SnapshotError('snapshot/moved', `${message}: run the export again, it goes on`);
    };
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

/** What a file holds already. */
interface Last {
  blocks: number;
  place: Place;
}

class SnapshotWriter {
  readonly last: Last = { blocks: 0, place: FIRST_PLACE };
  readonly #file: FileHandle;
  #at: number;
  #checksum: Uint8Array;
  #accounts = 0;
  #slots = 0;
  #isComplete = false;

  private constructor(file: FileHandle, at: number, checksum: Uint8Array) {
    this.#file = file;
    this.#at = at;
    this.#checksum = checksum;
  }

  /** Writes the head, or finds it and what was written behind it. */
  static async begin(file: FileHandle, path: string, head: SnapshotHead): Promise<SnapshotWriter> {
    const bytes = encodeHead(head);
    const { size } = await file.stat();
    const start = new Uint8Array(Math.min(size, bytes.length));
    await file.read(start, 0, start.length, 0);
    if (!equalBytes(start, bytes.subarray(0, start.length))) {
      const message = `${path} holds something else than a snapshot of this state`;
      throw new SnapshotError('snapshot/exists', `${message}: name another file, or remove it`);
    }
    if (size <= bytes.length) {
      await file.write(bytes, 0, bytes.length, 0);
      return new SnapshotWriter(file, bytes.length, headId(head));
    }
    return SnapshotWriter.#goOn(file, bytes.length, head);
  }

  static async #goOn(file: FileHandle, at: number, head: SnapshotHead): Promise<SnapshotWriter> {
    const writer = new SnapshotWriter(file, at, headId(head));
    const reader = await SnapshotReader.open(file);
    try {
      for (;;) {
        const chunk = await reader.next();
        if (chunk === undefined) writer.#isComplete = true;
        else writer.#note(chunk);
        writer.#at = reader.end;
        writer.#checksum = reader.checksum;
        if (chunk === undefined) return writer;
      }
    } catch (error) {
      // What an interruption leaves behind the last whole chunk.
      if (!(error instanceof SnapshotError)) throw error;
      await file.truncate(writer.#at);
      return writer;
    }
  }

  get progress(): SnapshotProgress {
    return { accounts: this.#accounts, slots: this.#slots, bytes: this.#at };
  }

  async write(chunk: Chunk): Promise<void> {
    await this.#append(packChunk(chunk, this.#checksum));
    this.#note(chunk);
  }

  async end(): Promise<void> {
    if (!this.#isComplete) await this.#append(packEnd(this.#checksum));
    await this.#file.sync();
  }

  async #append(packed: Uint8Array): Promise<void> {
    await this.#file.write(packed, 0, packed.length, this.#at);
    this.#at += packed.length;
    this.#checksum = checksumOf(packed);
  }

  #note({ kind, content }: Chunk): void {
    if (kind === BLOCKS) {
      this.last.blocks += blockItems(content).length;
      return;
    }
    const part = decodeChanges(content);
    const { place } = this.last;
    const goesOn = 'address' in place && part.accounts.has(place.address);
    this.last.place = placeAfter(part);
    this.#accounts += part.accounts.size - (goesOn ? 1 : 0);
    for (const change of part.accounts.values()) this.#slots += change?.storage.size ?? 0;
  }
}
