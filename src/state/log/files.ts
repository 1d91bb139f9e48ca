/** Files as the log uses them: an interface, so that tests can lose and damage what is written. */

import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, syncFolder } from '../folders.ts';

export interface LogFile {
  /** Writes all of `bytes` at `offset`. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** Up to `size` bytes from `offset` on; fewer only at the file's end. */
  read(offset: number, size: number): Promise<Uint8Array>;
  size(): Promise<number>;
  /** Resolves when what was written is on the disk. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export interface LogFiles {
  /** Names of the files there, in no order. */
  list(): Promise<string[]>;
  open(name: string): Promise<LogFile>;
  /** An empty file, its name on the disk. */
  create(name: string): Promise<LogFile>;
  remove(name: string): Promise<void>;
}

/** The files of a folder, which is made when it is not there. */
export class FolderFiles implements LogFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<string[]> {
    await makeFolder(this.#folder);
    return readdir(this.#folder);
  }

  async open(name: string): Promise<LogFile> {
    return new HandleFile(await open(join(this.#folder, name), 'r+'));
  }

  async create(name: string): Promise<LogFile> {
    const file = new HandleFile(await open(join(this.#folder, name), 'wx+'));
    await file.sync();
    await syncFolder(this.#folder);
    return file;
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name));
    await syncFolder(this.#folder);
  }
}

/** A file that is open: what the system writes or reads in part is gone on with. */
export class HandleFile implements LogFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, done, null, offset + done);
      done += bytesWritten;
    }
  }

  async read(offset: number, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await this.#handle.read(bytes, done, size - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
