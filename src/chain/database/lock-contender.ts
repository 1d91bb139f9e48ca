/**
 * A process, or a thread, that wants the lock of a folder, for tests: asks for it again and again
 * until the time is over, and half of the times leaves it as one that ended would. That it is alone
 * it sees by a file that only one can make.
 */

import { randomUUID } from 'node:crypto';
import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { DatabaseError } from './fault.ts';
import { lockFolder } from './lock.ts';

interface Task {
  readonly folder: string;
  readonly milliseconds: number;
}

export interface Contended {
  readonly held: number;
  readonly refused: number;
}

const [, , given] = process.argv;
const task: Task = parentPort === null ? JSON.parse(given as string) : workerData;
const result = await contend(task);
if (parentPort === null) process.stdout.write(JSON.stringify(result));
else parentPort.postMessage(result);

/** Leaves a lock of a process that is none; whole at once, as locks are. */
function end(folder: string): void {
  const aside = join(folder, `aside-${randomUUID()}`);
  writeFileSync(aside, `1 ${randomUUID()}\n`);
  renameSync(aside, join(folder, 'lock'));
}

async function contend({ folder, milliseconds }: Task): Promise<Contended> {
  const counts = { held: 0, refused: 0 };
  const alone = join(folder, 'alone');
  const endMs = performance.now() + milliseconds;
  do {
    try {
      const lock = await lockFolder(folder);
      counts.held += 1;
      closeSync(openSync(alone, 'wx'));
      await sleep(Math.random() * 4);
      rmSync(alone);
      if (Math.random() < 0.5) end(folder);
      await lock.release();
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      counts.refused += 1;
    }
    await sleep(0);
  } while (performance.now() < endMs);
  return counts;
}
