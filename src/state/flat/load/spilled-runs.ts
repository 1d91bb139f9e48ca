/**
 * Sorted runs in a file without a name, which goes with the process however it ends: what is
 * sorted and does not fit into memory. Each run has the same parts, and a part is read of all runs
 * at once.
 */

import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PackedInput } from '../../path-trie.ts';
import { StoreError } from '../../store/ordered-store.ts';

interface WrittenRun {
  readonly start: number;
  readonly ends: Uint32Array;
}

const NAME = 'sorting';

export class SpilledRuns {
  readonly #folder: string;
  readonly #file: number;
  readonly #runs: WrittenRun[] = [];
  #counts: Uint32Array = new Uint32Array(0);
  #size = 0;

  /** @param folder where there is room: it takes as many bytes as all runs */
  constructor(folder: string) {
    this.#folder = folder;
    const path = join(folder, NAME);
    this.#file = openSync(path, 'w+');
    rmSync(path);
  }

  /** @throws StoreError `store/failed` */
  add({ bytes, ends, counts }: PackedInput): void {
    try {
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(this.#file, bytes, at, bytes.length - at, this.#size + at);
      }
    } catch (cause) {
      const message = `the entries of a trie cannot be sorted in ${this.#folder}`;
      const reason = (cause as Error).message;
      throw new StoreError('store/failed', `${message}: ${reason}`, { cause });
    }
    this.#runs.push({ start: this.#size, ends });
    this.#size += bytes.length;
    const before = this.#counts;
    this.#counts = counts.map((count, part) => count + (before[part] ?? 0));
  }

  /** Entries of a part. */
  count(part: number): number {
    return this.#counts[part] ?? 0;
  }

  /** A part of all runs, one after another. */
  read(part: number): Uint8Array {
    const places = this.#runs.map(({ start, ends }) => {
      const from = part === 0 ? 0 : (ends[part - 1] as number);
      return { at: start + from, size: (ends[part] as number) - from };
    });
    const bytes = new Uint8Array(places.reduce((sum, { size }) => sum + size, 0));
    let end = 0;
    for (const { at, size } of places) {
      this.#readWhole(bytes.subarray(end, end + size), at);
      end += size;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.#file);
  }

  #readWhole(to: Uint8Array, position: number): void {
    for (let at = 0; at < to.length; ) {
      const count = readSync(this.#file, to, at, to.length - at, position + at);
      if (count === 0) throw new RangeError('the file of sorted runs was cut while it was in use');
      at += count;
    }
  }
}
