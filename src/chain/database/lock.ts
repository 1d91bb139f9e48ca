/**
 * A folder belongs to one process at a time: a file in it names the process. What an abrupt end
 * leaves behind is told from a process that lives by the time at which it started.
 */

import { readFileSync } from 'node:fs';
import { link, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseError } from './fault.ts';

export interface FolderLock {
  release(): Promise<void>;
}

/** Folders that this process holds. */
const held = new Set<string>();
/** Name of the file in the folder. */
export const LOCK = 'lock';

/** @throws DatabaseError `database/in use` naming the process that has it */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const place = await realpath(folder);
  if (held.has(place)) throw inUse(folder, process.pid);
  held.add(place);
  const file = join(place, LOCK);
  try {
    // The second try is for what an abrupt end left.
    if (!(await take(file))) {
      const owner = await ownerOf(file);
      if (owner !== undefined) throw inUse(folder, owner);
      await rm(file, { force: true });
      if (!(await take(file))) throw inUse(folder, undefined);
    }
  } catch (error) {
    held.delete(place);
    throw error;
  }
  return {
    release: async () => {
      held.delete(place);
      await rm(file, { force: true });
    },
  };
}

/** Makes the file, whole from the start on, unless there is one. */
async function take(file: string): Promise<boolean> {
  const own = `${file}.${process.pid}`;
  await writeFile(own, `${process.pid} ${startOf(process.pid)}\n`);
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/** The process that holds the file, if it lives. */
async function ownerOf(file: string): Promise<number | undefined> {
  const [pid = '', start = ''] = (await readFile(file, 'utf8')).trim().split(' ');
  const owner = Number(pid);
  if (!Number.isInteger(owner) || owner <= 0 || owner === process.pid) return undefined;
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
    return fields[0] === ZOMBIE ? 'ended' : (fields[STARTTIME] ?? 'unknown');
  } catch {
    return 'unknown';
  }
}

/** Counted from the field behind the name, the state: proc(5). */
const STARTTIME = 19;
const ZOMBIE = 'Z';

function inUse(folder: string, pid: number | undefined): DatabaseError {
  const by = pid === undefined ? 'another process' : `process ${pid}`;
  return new DatabaseError('database/in use', `${folder} is in use by ${by}: end it first`);
}
