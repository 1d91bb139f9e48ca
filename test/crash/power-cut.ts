/**
 * The power goes behind a node that was killed: of its files (sync-record.ts) stays what was
 * synced. Of what was not, any part may be there or not; a name that its folder was not synced
 * with may be there, or that which had it before. Names that were removed stay removed.
 */

import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { randomFrom } from './random.ts';
import type { SyncEntry } from './sync-record.ts';

/** Bytes that the disk writes at once: fewer than any does, so that there are more ways to tear. */
const SECTOR = 16;

interface Kept {
  /** Bytes of it that are on the disk for good. */
  synced: number;
  isNameSynced: boolean;
  /** What had its name. */
  before: { readonly path: string; readonly synced: number } | undefined;
}

/** Bytes that are gone, by the path of their file. */
export function cutPower(
  record: string,
  random: ReturnType<typeof randomFrom>,
): ReadonlyMap<string, number> {
  const lost = new Map<string, number>();
  for (const [path, kept] of filesIn(record)) {
    if (!existsSync(path)) continue;
    let { synced } = kept;
    if (!kept.isNameSynced && random(2) === 0) {
      if (kept.before === undefined) {
        rmSync(path);
        continue;
      }
      copyFileSync(kept.before.path, path);
      synced = kept.before.synced;
    }
    const bytes = tear(path, synced, random);
    if (bytes > 0) lost.set(path, bytes);
  }
  return lost;
}

function filesIn(record: string): ReadonlyMap<string, Kept> {
  const files = new Map<string, Kept>();
  const byNumber = new Map<number, Kept>();
  // The last line may be torn itself: the node was killed.
  const lines = readFileSync(record, 'utf8').split('\n').slice(0, -1);
  for (const line of lines) {
    const entry = JSON.parse(line) as SyncEntry;
    switch (entry.kind) {
      case 'opened': {
        const { path, size, isNew } = entry;
        // Opened again, it is what it was.
        const known = isNew ? undefined : files.get(path);
        const kept = known ?? { synced: size, isNameSynced: !isNew, before: undefined };
        files.set(path, kept);
        byNumber.set(entry.file, kept);
        break;
      }
      case 'synced': {
        const kept = byNumber.get(entry.file);
        if (kept !== undefined) kept.synced = Math.max(kept.synced, entry.size);
        break;
      }
      case 'renamed': {
        const kept = files.get(entry.from);
        if (kept === undefined) break;
        const { synced = 0 } = files.get(entry.to) ?? {};
        kept.before = entry.before === undefined ? undefined : { path: entry.before, synced };
        kept.isNameSynced = false;
        files.delete(entry.from);
        files.set(entry.to, kept);
        break;
      }
      case 'folder synced':
        for (const [path, kept] of files)
          if (dirname(path) === entry.path) kept.isNameSynced = true;
    }
  }
  return files;
}

/** Takes from a file what was not synced: all behind a point, and any part before it. */
function tear(path: string, synced: number, random: ReturnType<typeof randomFrom>): number {
  const written = readFileSync(path);
  const unsynced = written.length - synced;
  if (unsynced <= 0) return 0;
  const length = random(2) === 0 ? written.length : synced + random(unsynced + 1);
  const kept = Buffer.from(written.subarray(0, length));
  let lost = written.length - length;
  const isTorn = random(2) === 0;
  for (let at = synced; isTorn && at < length; at += SECTOR) {
    if (random(2) === 0) continue;
    const end = Math.min(at + SECTOR, length);
    kept.fill(0, at, end);
    lost += end - at;
  }
  writeFileSync(path, kept);
  return lost;
}
