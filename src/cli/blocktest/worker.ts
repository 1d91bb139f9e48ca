/** A thread of the pool: runs the files it is sent on machines that it keeps. */

import { parentPort, workerData } from 'node:worker_threads';
import { type MachineOptions, Machines } from '../../chain/machines.ts';
import { TrieMemory } from '../../state/trie-memory.ts';
import type { WorkerAnswer, WorkerTask } from '../file-pool.ts';
import { runBlockTestFile, type TestChoice } from './file.ts';
import type { BlockTestResult, TestBed } from './run.ts';

/** What a worker is given when it starts. */
export interface WorkerSetup {
  readonly machine: MachineOptions;
  readonly choice: TestChoice;
  /** Where databases are, instead of in memory. */
  readonly folder?: string;
}

const { machine, choice, folder } = workerData as WorkerSetup;
const port = parentPort;
if (port === null) throw new Error('worker.ts is a worker’s program');

const bed: TestBed = {
  machines: new Machines(machine),
  trieMemory: new TrieMemory(),
  ...(folder === undefined ? {} : { folder }),
};
port.on('message', async ({ index, path }: WorkerTask) => {
  const result = await runBlockTestFile(path, choice, bed);
  port.postMessage({ index, result } satisfies WorkerAnswer<BlockTestResult>);
});
