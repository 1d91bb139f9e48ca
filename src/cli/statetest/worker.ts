/** A thread of the pool: runs the files it is sent on machines that it keeps. */

import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerAnswer, WorkerTask } from '../file-pool.ts';
import { runFile } from './file.ts';
import { openMachine } from './machine.ts';
import type { WorkerSetup } from './pool.ts';
import type { CaseResult, TestJob } from './run.ts';
import { runBlake2f, sharedPrecompiles } from './shared-results.ts';

const { machine, choice, sharedResults } = workerData as WorkerSetup;
const port = parentPort;
if (port === null) throw new Error('worker.ts is a worker’s program');

const shared =
  sharedResults === undefined
    ? {}
    : {
        jobPrecompiles: ({ fork, transaction }: TestJob) =>
          sharedPrecompiles(sharedResults, runBlake2f, {
            engine: machine.engine,
            fork,
            gasLimit: transaction.gasLimit,
          }),
      };
const opened = openMachine({ ...machine, ...shared });
port.on('message', async ({ index, path }: WorkerTask) => {
  const result = await runFile(path, choice, opened);
  port.postMessage({ index, result } satisfies WorkerAnswer<CaseResult>);
});
