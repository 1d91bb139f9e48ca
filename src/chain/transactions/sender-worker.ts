/** The worker that recovers senders ahead of who executes their transactions. */

import { parentPort } from 'node:worker_threads';
import { recoverTaken, type SenderJob, take } from './sender-job.ts';

parentPort?.on('message', (job: SenderJob) => {
  for (let index = 0; index < job.ends.length; index++) {
    if (take(job, index)) recoverTaken(job, index);
  }
});
