/**
 * The files of a folder as they are, for who looks at a log and changes nothing. Opening a log cuts
 * off what a crash left unfinished at its end: here that is passed over, and stays.
 */

import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogFile, LogFiles } from './files.ts';

export class ReadOnlyFiles implements LogFiles {
  readonly #folder: string;
  /** Bytes at the log's end that are no whole record: opening a log to write would cut them off. */
  unfinishedBytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  list(): Promise<string[]> {
    return readdir(this.#folder);
  }

  async open(name: string): Promise<LogFile> {
    const handle = await open(join(this.#folder, name), 'r');
    return new ReadOnlyFile(handle, (bytes) => {
      this.unfinishedBytes = bytes;
    });
  }

  create(name: string): Promise<LogFile> {
    return Promise.reject(new Error(`${name} cannot be made: the log is read only`));
  }

  remove(name: string): Promise<void> {
    return Promise.reject(new Error(`${name} cannot be removed: the log is read only`));
  }
}

class ReadOnlyFile implements LogFile {
  readonly #handle: FileHandle;
  readonly #onCut: (bytes: number) => void;

  constructor(handle: FileHandle, onCut: (bytes: number) => void) {
    this.#handle = handle;
    this.#onCut = onCut;
  }

  async read(offset: number, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.min(size, Math.max(0, (await this.size()) - offset)));
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await this.#handle.read(
        bytes,
        done,
        bytes.length - done,
        offset + done,
      );
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  /** Of a segment's head, where a crash left none: nothing else is written on opening. */
  write(_bytes: Uint8Array, offset: number): Promise<void> {
    if (offset === 0) return Promise.resolve();
    return Promise.reject(new Error('the log is read only'));
  }

  async truncate(size: number): Promise<void> {
    this.#onCut((await this.size()) - size);
  }

  async sync(): Promise<void> {}

  close(): Promise<void> {
    return this.#handle.close();
  }
}
