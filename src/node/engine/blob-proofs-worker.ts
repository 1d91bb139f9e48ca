/** A thread that verifies blobs: of each that it is sent it says whether its proofs hold. */

import { parentPort } from 'node:worker_threads';
import { provesBlobs } from './blob-proofs.ts';
import type { ProvenBlob } from './blobs.ts';

parentPort?.on(
  'message',
  async ({ id, blob }: { readonly id: number; readonly blob: ProvenBlob }) => {
    const holds = await provesBlobs([blob]).catch(() => false);
    parentPort?.postMessage({ id, holds });
  },
);
