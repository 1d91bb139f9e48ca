/**
 * The file of a snapshot in the making: what was interrupted is looked through up to its last whole
 * chunk, and what follows that is cut off.
 */

import { equalBytes } from '../../base/bytes.ts';
import { decodeChanges } from '../../state/change-codec.ts';
import type { LogFile } from '../../state/log/files.ts';
import { blockItems } from './ancestors.ts';
import { BLOCKS, type Chunk, checksumOf, packChunk, packEnd, SnapshotReader } from './chunks.ts';
import { SnapshotError } from './fault.ts';
import { encodeHead, headChecksum, type SnapshotHead } from './head.ts';
import { FIRST_PLACE, type Place, placeAfter } from './state-parts.ts';

export interface SnapshotProgress {
  readonly accounts: number;
  readonly slots: number;
  /** Of the file. */
  readonly bytes: number;
}

/** What a file holds already. */
export interface Last {
  blocks: number;
  place: Place;
}

/** Writes a snapshot, or goes on with one. */
export class SnapshotWriter {
  readonly last: Last = { blocks: 0, place: FIRST_PLACE };
  readonly #file: LogFile;
  #at: number;
  #checksum: Uint8Array;
  #accounts = 0;
  #slots = 0;
  #isComplete = false;

  private constructor(file: LogFile, at: number, checksum: Uint8Array) {
    this.#file = file;
    this.#at = at;
    this.#checksum = checksum;
  }

  /**
   * Writes the head, or finds it and what was written behind it.
   * @throws SnapshotError `snapshot/exists` for a file of something else, which stays as it is
   */
  static async begin(file: LogFile, path: string, head: SnapshotHead): Promise<SnapshotWriter> {
    const bytes = encodeHead(head);
    const size = await file.size();
    const start = await file.read(0, Math.min(size, bytes.length));
    if (!equalBytes(start, bytes.subarray(0, start.length))) {
      const message = `${path} holds something else than a snapshot of this state`;
      throw new SnapshotError('snapshot/exists', `${message}: name another file, or remove it`);
    }
    const writer = new SnapshotWriter(file, bytes.length, headChecksum(bytes));
    if (size > bytes.length) await writer.#goOn();
    else await file.write(bytes, 0);
    return writer;
  }

  async #goOn(): Promise<void> {
    const reader = await SnapshotReader.open(this.#file);
    try {
      for (;;) {
        const chunk = await reader.next();
        if (chunk === undefined) this.#isComplete = true;
        else this.#note(chunk);
        this.#at = reader.end;
        this.#checksum = reader.checksum;
        if (chunk === undefined) return;
      }
    } catch (error) {
      // What an interruption leaves behind the last whole chunk.
      if (!(error instanceof SnapshotError)) throw error;
      await this.#file.truncate(this.#at);
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
    await this.#file.write(packed, this.#at);
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
