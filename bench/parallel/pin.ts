/**
 * Gives each thread that executes a core of its own (`taskset`): some kernels of virtual machines
 * put a thread that is woken on the core of who wakes it, where one then waits for the other.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const TASKS = '/proc/self/task';
/** Before any thread is pinned. */
const CORES = availableParallelism();

/** The main thread on the first core, those of crews on the others, of which there must be some. */
export function pinThreads(): void {
  if (CORES < 2) return;
  let next = 0;
  for (const thread of readdirSync(TASKS)) {
    const name = readFileSync(`${TASKS}/${thread}/comm`, 'utf8').trim();
    if (Number(thread) === process.pid) pin(thread, 0);
    else if (name === 'ironfly worker') pin(thread, 1 + (next++ % (CORES - 1)));
  }
}

function pin(thread: string, core: number): void {
  execFileSync('taskset', ['-p', '-c', String(core), thread], { stdio: 'ignore' });
}
