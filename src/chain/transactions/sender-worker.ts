/** The worker that recovers senders ahead of who executes their transactions. */

import { parentPort } from 'node:worker_threads';
import { loadFastKeccak } from '../../base/keccak.ts';
import { recoverTaken, type SenderJob, take } from './sender-job.ts';

const ready = loadFastKeccak();
parentPort?.on('message', async (job: SenderJob) => {
  await ready;
  for (let index = 0; index < job.ends.length; index++) {
    if (take(job, index)) recoverTaken(job, index);
  }
});
