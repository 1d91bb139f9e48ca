/**
 * What waits in the pool, on the disk, so that it is there again after a restart.
 *
 *   record:  size (4 bytes) | CRC-32 of what follows (4 bytes) | transaction as it was sent
 *
 * Records are appended as transactions come; nothing is synced, for what is lost is sent again by
 * whoever wants it. A record that was not written to its end is the last one: reading ends there.
 * When much of the file is of transactions that are gone, it is written anew beside it and takes
 * its place.
 */

import { open, readFile, rename } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { concatBytes } from '../../base/bytes.ts';

type FileHandle = Awaited<ReturnType<typeof open>>;

const HEAD_BYTES = 8;
/** Below it the file is not written anew. */
const ROTATION_BYTES = 1 << 20;
/** Of more than that many times what is alive it is. */
const ROTATION_FACTOR = 2;

export class PoolJournal {
  readonly #path: string;
  #file: FileHandle;
  #bytes: number;
  /** Bytes of the file when it was last written anew. */
  #aliveBytes: number;
  #turn: Promise<void> = Promise.resolve();
  /** Not written yet. */
  #waiting: Uint8Array[] = [];
  #failure: unknown;

  private constructor(path: string, file: FileHandle, bytes: number) {
    this.#path = path;
    this.#file = file;
    this.#bytes = bytes;
    this.#aliveBytes = bytes;
  }

  /** Opens a file, which is made where there is none, and gives what it holds. */
  static async open(
    path: string,
  ): Promise<{ readonly journal: PoolJournal; readonly sent: readonly Uint8Array[] }> {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return new Uint8Array(0);
      throw error;
    });
    const sent = recordsIn(bytes);
    // What is torn is cut off, or what is appended behind it would never be read.
    const whole = sent.reduce((sum, { length }) => sum + HEAD_BYTES + length, 0);
    const file = await open(path, 'a');
    await file.truncate(whole);
    return { journal: new PoolJournal(path, file, whole), sent };
  }

  /** What became of the file, when writing it failed: the pool goes on without. */
  get failure(): unknown {
    return this.#failure;
  }

  /** @param alive what the file is to hold where it is written anew */
  append(sent: Uint8Array, alive: () => Iterable<Uint8Array>): void {
    this.#waiting.push(recordOf(sent));
    // PERF: what comes while others are being written goes with one call of the system.
    if (this.#waiting.length > 1) return;
    this.#inTurn(async () => {
      const records = concatBytes(...this.#waiting);
      this.#waiting = [];
      await this.#append(records);
      this.#bytes += records.length;
      if (this.#bytes > Math.max(ROTATION_BYTES, ROTATION_FACTOR * this.#aliveBytes)) {
        await this.#rotate(alive());
      }
    });
  }

  /** All of it or none: behind a part of a record nothing is read. */
  async #append(records: Uint8Array): Promise<void> {
    try {
      await this.#file.appendFile(records);
    } catch (error) {
      await this.#file.truncate(this.#bytes);
      throw error;
    }
  }

  /** Writes the file anew. */
  rotate(alive: Iterable<Uint8Array>): Promise<void> {
    return this.#inTurn(() => this.#rotate(alive));
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#turn;
    await this.#file.close();
  }

  async #rotate(alive: Iterable<Uint8Array>): Promise<void> {
    const next = `${this.#path}.new`;
    const file = await open(next, 'w');
    let bytes = 0;
    for (const sent of alive) {
      const record = recordOf(sent);
      await file.appendFile(record);
      bytes += record.length;
    }
    // Else the name could come to be the new file's before its content is on the disk.
    await file.sync();
    await rename(next, this.#path);
    await this.#file.close();
    this.#file = file;
    this.#bytes = bytes;
    this.#aliveBytes = bytes;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      this.#failure ??= error;
    });
    return this.#turn;
  }
}

function recordOf(sent: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEAD_BYTES + sent.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, sent.length);
  view.setUint32(4, crc32(sent));
  record.set(sent, HEAD_BYTES);
  return record;
}

function recordsIn(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Uint8Array[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const size = view.getUint32(at);
    const end = at + HEAD_BYTES + size;
    // Zeros, which a disk may leave where nothing was written, have the checksum of nothing.
    if (size === 0 || end > bytes.length) break;
    const sent = new Uint8Array(bytes.subarray(at + HEAD_BYTES, end));
    if (crc32(sent) !== view.getUint32(at + 4)) break;
    found.push(sent);
    at = end;
  }
  return found;
}
