/**
 * Loaded into a node before its program (`node --import`): writes down what of its files is on the
 * disk for good, for power-cut.ts, which takes the rest away. Lines of JSON (`SyncEntry`) go to the
 * file that IRONFLY_SYNC_RECORD names.
 *
 * It sees the files that Node.js opens by promises: the log of the order, the block log, the
 * pool's journal. What LMDB writes is LMDB's own (lmdb-pages.test.ts).
 */

import { appendFileSync, existsSync, fstatSync, linkSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';

/** Sizes are in bytes. `file` is a number for each file that was opened. */
export type SyncEntry =
  | {
      readonly kind: 'opened';
      readonly file: number;
      readonly path: string;
      readonly size: number;
      readonly isNew: boolean;
    }
  | { readonly kind: 'synced'; readonly file: number; readonly size: number }
  /** `before` is a link to what had the name `to`; undefined where nothing had. */
  | {
      readonly kind: 'renamed';
      readonly from: string;
      readonly to: string;
      readonly before: string | undefined;
    }
  /** The names in it are on the disk. */
  | { readonly kind: 'folder synced'; readonly path: string };

const record = process.env['IRONFLY_SYNC_RECORD'] ?? '';
const { open, rename } = promises;
let count = 0;

function note(entry: SyncEntry): void {
  appendFileSync(record, `${JSON.stringify(entry)}\n`);
}

promises.open = async (path, flags, mode) => {
  const name = resolve(String(path));
  const isNew = !existsSync(name);
  const handle = await open(path, flags, mode);
  const { sync, datasync } = handle;
  const stat = fstatSync(handle.fd);
  const file = count++;
  if (!stat.isDirectory()) note({ kind: 'opened', file, path: name, size: stat.size, isNew });
  const noted = (work: () => Promise<void>) => async () => {
    // What is written while it syncs may not be in it.
    const { size } = fstatSync(handle.fd);
    await work.call(handle);
    note(
      stat.isDirectory() ? { kind: 'folder synced', path: name } : { kind: 'synced', file, size },
    );
  };
  handle.sync = noted(sync);
  handle.datasync = noted(datasync);
  return handle;
};

promises.rename = async (from, to) => {
  const [before, after] = [resolve(String(from)), resolve(String(to))];
  const kept = `${record}.${count++}`;
  if (existsSync(after)) linkSync(after, kept);
  await rename(from, to);
  note({ kind: 'renamed', from: before, to: after, before: existsSync(kept) ? kept : undefined });
};

syncBuiltinESMExports();
