/**
 * What was asked of a remote at one block, kept in a file named by chain and block hash: a state
 * that cannot change is asked for once. Lines of JSON are appended; one that a crash cut is left
 * out, and so are a stranger's.
 *
 *   {"k": "eth_getStorageAt 0xab.. 0x0", "v": "0x01"}
 */

import { appendFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hash } from '../../evm/types.ts';

/** A file that is larger is not added to. */
const BYTES_MAX = 1 << 30;
/** Milliseconds after which what came is written, at once. */
const WRITE_MS = 200;

export class RemoteCache {
  readonly #values: Map<string, unknown>;
  readonly #file: string | undefined;
  #bytes: number;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** Without a folder it is kept in memory alone. */
  static async open(
    folder: string | undefined,
    { chainId, blockHash }: { readonly chainId: bigint; readonly blockHash: Hash },
  ): Promise<RemoteCache> {
    if (folder === undefined) return new RemoteCache(undefined, new Map(), 0);
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${chainId}-${blockHash}.jsonl`);
    const text = await readFile(file, 'utf8').catch(() => '');
    const values = new Map<string, unknown>();
    for (const line of text.split('\n')) {
      const entry = entryOf(line);
      if (entry !== undefined) values.set(...entry);
    }
    // What follows a line that was cut would be of it.
    if (text !== '' && !text.endsWith('\n')) await rewrite(file, values);
    return new RemoteCache(file, values, text.length);
  }

  private constructor(file: string | undefined, values: Map<string, unknown>, bytes: number) {
    this.#file = file;
    this.#values = values;
    this.#bytes = bytes;
  }

  get(key: string): unknown {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  set(key: string, value: unknown): void {
    this.#values.set(key, value);
    if (this.#file === undefined || this.#bytes > BYTES_MAX) return;
    const line = `${JSON.stringify({ k: key, v: value })}\n`;
    this.#bytes += line.length;
    this.#lines.push(line);
    this.#timer ??= setTimeout(() => this.#write(), WRITE_MS).unref();
  }

  /** Resolves when all is written. What cannot be is asked for again the next time. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#write();
    await this.#writing;
  }

  #write(): void {
    this.#timer = undefined;
    const text = this.#lines.join('');
    this.#lines = [];
    const file = this.#file;
    if (file === undefined || text === '') return;
    this.#writing = this.#writing.then(() => appendFile(file, text)).catch(() => {});
  }
}

function entryOf(line: string): [string, unknown] | undefined {
  try {
    const entry = JSON.parse(line) as Record<string, unknown> | null;
    const key = entry?.['k'];
    return typeof key === 'string' && entry !== null ? [key, entry['v']] : undefined;
  } catch {
    return undefined;
  }
}

async function rewrite(file: string, values: ReadonlyMap<string, unknown>): Promise<void> {
  const lines = Array.from(values, ([k, v]) => `${JSON.stringify({ k, v })}\n`);
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  await appendFile(fresh, lines.join(''));
  await rename(fresh, file);
}
