/** What a disk may do to a log, for tests. */

import type { LogFile, LogFiles } from './files.ts';

/** Files in memory that know what was synced, and can crash. */
export class FaultyFiles implements LogFiles {
  readonly files: Map<string, FaultyFile> = new Map();
  /** Names that were made or removed, and the folder was not synced since. */
  readonly #uncertain = new Set<string>();
  /** Operations until the next one fails; none fails when undefined. */
  failsAfter: number | undefined;
  /** What a failure says. */
  failure: string = 'ENOSPC: no space left on device';
  /** Reads fail, too, as those of a disk that wears out. */
  failsToRead: boolean = false;
  /** What a read waits for before it looks. */
  beforeRead: () => Promise<void> = async () => {};
  /** What a sync waits for before it begins. */
  beforeSync: () => Promise<void> = async () => {};
  /** Told of each moment at which the power could go: before and after what is on the disk then. */
  onMoment: () => void = () => {};

  async list(): Promise<string[]> {
    return [...this.files.keys()];
  }

  async open(name: string): Promise<LogFile> {
    return this.files.get(name) as FaultyFile;
  }

  async create(name: string): Promise<LogFile> {
    const file = new FaultyFile(this);
    this.files.set(name, file);
    this.#uncertain.add(name);
    this.onMoment();
    // One that fails may have made the file.
    this.step();
    this.#uncertain.delete(name);
    this.onMoment();
    return file;
  }

  async remove(name: string): Promise<void> {
    this.#uncertain.add(name);
    this.onMoment();
    this.step();
    this.files.delete(name);
    this.#uncertain.delete(name);
    this.onMoment();
  }

  step(): void {
    if (this.failsAfter === undefined) return;
    if (this.failsAfter === 0) throw new Error(this.failure);
    this.failsAfter -= 1;
  }

  /**
   * What the disk holds after the power went: of each write since the last sync any part may be
   * there or not, and so may a name. `choose` gives a number below its argument.
   */
  crash(choose: (below: number) => number): void {
    this.failsAfter = undefined;
    for (const name of this.#uncertain) if (choose(2) === 0) this.files.delete(name);
    this.#uncertain.clear();
    for (const file of this.files.values()) file.crash(choose);
  }

  /** The same disk after a crash, out of reach of who wrote to it before. */
  afterCrash(choose: (below: number) => number): FaultyFiles {
    const after = new FaultyFiles();
    for (const [name, file] of this.files) after.files.set(name, file.copyFor(after));
    for (const name of this.#uncertain) after.#uncertain.add(name);
    after.crash(choose);
    return after;
  }
}

/** Bytes that the disk writes at once. */
const SECTOR = 16;

export class FaultyFile implements LogFile {
  readonly #owner: FaultyFiles;
  bytes: Uint8Array = new Uint8Array(0);
  #synced: Uint8Array = new Uint8Array(0);

  constructor(owner: FaultyFiles) {
    this.#owner = owner;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    // A write that fails has written a part.
    const part = this.#owner.failsAfter === 0 ? bytes.subarray(0, bytes.length >> 1) : bytes;
    const grown = new Uint8Array(Math.max(this.bytes.length, offset + part.length));
    grown.set(this.bytes);
    grown.set(part, offset);
    this.bytes = grown;
    this.#owner.onMoment();
    this.#owner.step();
  }

  async read(offset: number, size: number): Promise<Uint8Array> {
    await this.#owner.beforeRead();
    if (this.#owner.failsToRead) throw new Error('EIO: i/o error, read');
    return this.bytes.slice(offset, offset + size);
  }

  async size(): Promise<number> {
    return this.bytes.length;
  }

  async sync(): Promise<void> {
    await this.#owner.beforeSync();
    this.#owner.step();
    this.#owner.onMoment();
    this.#synced = this.bytes.slice();
    this.#owner.onMoment();
  }

  async truncate(size: number): Promise<void> {
    this.#owner.step();
    this.bytes = this.bytes.slice(0, size);
    this.#owner.onMoment();
  }

  async close(): Promise<void> {}

  copyFor(owner: FaultyFiles): FaultyFile {
    const copy = new FaultyFile(owner);
    copy.bytes = this.bytes.slice();
    copy.#synced = this.#synced.slice();
    return copy;
  }

  crash(choose: (below: number) => number): void {
    const [written, synced] = [this.bytes, this.#synced];
    const [least, most] = [written.length, synced.length].sort((a, b) => a - b) as [number, number];
    // The file may not have grown yet, or been cut; half of the times it has.
    const length = choose(2) === 0 ? written.length : least + choose(most - least + 1);
    const kept = new Uint8Array(length);
    for (let at = 0; at < length; at += SECTOR) {
      const from = choose(2) === 0 ? written : synced;
      kept.set(from.subarray(at, Math.min(at + SECTOR, length)), at);
    }
    this.bytes = kept;
    this.#synced = kept.slice();
  }
}
