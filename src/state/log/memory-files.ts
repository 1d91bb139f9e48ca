/** Files in memory: for chains that need not outlive the process. */

import type { LogFile, LogFiles } from './files.ts';

export class MemoryFiles implements LogFiles {
  readonly #files = new Map<string, MemoryFile>();

  async list(): Promise<string[]> {
    return [...this.#files.keys()];
  }

  async open(name: string): Promise<LogFile> {
    const file = this.#files.get(name);
    if (file === undefined) throw new Error(`there is no file ${name}`);
    return file;
  }

  async create(name: string): Promise<LogFile> {
    const file = new MemoryFile();
    this.#files.set(name, file);
    return file;
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name);
  }
}

const START_BYTES = 65_536;

class MemoryFile implements LogFile {
  #bytes = new Uint8Array(START_BYTES);
  #size = 0;

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    const end = offset + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, offset);
    this.#size = Math.max(this.#size, end);
  }

  async read(offset: number, size: number): Promise<Uint8Array> {
    return this.#bytes.slice(offset, Math.min(offset + size, this.#size));
  }

  async size(): Promise<number> {
    return this.#size;
  }

  async sync(): Promise<void> {}

  async truncate(size: number): Promise<void> {
    this.#bytes.fill(0, size, this.#size);
    this.#size = Math.min(this.#size, size);
  }

  async close(): Promise<void> {}
}
