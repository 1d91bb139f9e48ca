/**
 * A folder belongs to one process at a time: a file in it names the process. What an abrupt end
 * leaves behind is told from a process that lives by the time at which it started.
 *
 * Two that find such a file must not both take its place: the second would take away what the
 * first has just made. So whoever would replace a file first takes a lock of its own that is named
 * after the file's content, in the same way, and then looks whether the content is still there. No
 * two files have the same content, so nobody comes late.
 */

import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseError } from './fault.ts';

export interface FolderLock {
  /** Whether an abrupt end had left a lock there. */
  readonly foundStale: boolean;
  /** Gives the folder back; once. */
  release(): Promise<void>;
}

export interface LockOptions {
  /** Leaves behind what an abrupt end left: for who looks at a folder and changes nothing. */
  readonly keepsStale?: boolean;
}

/** Folders that this thread holds. */
const held = new Set<string>();
/** Name of the file in the folder. */
const LOCK = 'lock';
/** Each time the one that has the folder can have gone since it was looked at. */
const TRIES = 8;
/** Processes that may have ended one after another while each took the place of the one before. */
const DEPTH = 4;

/** @throws DatabaseError `database/in use` naming the process that has it */
export async function lockFolder(
  folder: string,
  { keepsStale = false }: LockOptions = {},
): Promise<FolderLock> {
  const place = await realpath(folder);
  if (held.has(place)) throw inUse(folder, process.pid);
  held.add(place);
  const file = join(place, LOCK);
  const own = `${process.pid} ${startOf(process.pid)} ${randomUUID()}\n`;
  let stale: string | undefined;
  try {
    stale = await take(file, own, { folder, depth: DEPTH });
  } catch (error) {
    held.delete(place);
    throw error;
  }
  let released: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    held.delete(place);
    // Somebody may have taken it by force: what is not ours stays.
    if ((await contentOf(file)) !== own) return;
    if (keepsStale && stale !== undefined) await replace(file, stale);
    else await rm(file, { force: true });
  };
  return {
    foundStale: stale !== undefined,
    release: () => {
      released ??= release();
      return released;
    },
  };
}

/** Makes the file; what an abrupt end had left there before. */
async function take(
  file: string,
  own: string,
  { folder, depth }: { readonly folder: string; readonly depth: number },
): Promise<string | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (await make(file, own)) return undefined;
    const found = await contentOf(file);
    if (found === undefined) continue;
    const owner = ownerOf(found);
    if (owner !== undefined || depth === 0) throw inUse(folder, owner);
    const right = `${file}.${createHash('sha256').update(found).digest('hex').slice(0, 16)}`;
    await take(right, own, { folder, depth: depth - 1 });
    try {
      if ((await contentOf(file)) === found) {
        await replace(file, own);
        return found;
      }
    } finally {
      await rm(right, { force: true });
    }
  }
  throw inUse(folder, undefined);
}

/** Makes the file, whole from the start on, unless there is one. */
async function make(file: string, content: string): Promise<boolean> {
  const aside = nameAside(file);
  await writeFile(aside, content);
  try {
    await link(aside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function replace(file: string, content: string): Promise<void> {
  const aside = nameAside(file);
  await writeFile(aside, content);
  await rename(aside, file);
}

/** A name that is nobody else's. */
function nameAside(file: string): string {
  return `${file}.${randomUUID()}`;
}

/** undefined where there is no such file. */
async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The process that made the file, if it lives. */
function ownerOf(content: string): number | undefined {
  const [pid = '', start = ''] = content.trim().split(' ');
  const owner = Number(pid);
  if (!Number.isInteger(owner) || owner <= 0) return undefined;
  // Another thread of this process, where its start can be told; else one before it.
  if (owner === process.pid && start === UNKNOWN) return undefined;
  return isAlive(owner) && startOf(owner) === start ? owner : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When a process started, where the system says so: another may have its number later. One that
 * has ended and waits for its parent to notice has no start any more.
 */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it, in brackets, may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === ZOMBIE ? 'ended' : (fields[STARTTIME] ?? UNKNOWN);
  } catch {
    return UNKNOWN;
  }
}

/** Counted from the field behind the name, the state: proc(5). */
const STARTTIME = 19;
const ZOMBIE = 'Z';
const UNKNOWN = 'unknown';

function inUse(folder: string, pid: number | undefined): DatabaseError {
  const by = pid === undefined ? 'another process' : `process ${pid}`;
  return new DatabaseError('database/in use', `${folder} is in use by ${by}: end it first`);
}
