/**
 * The worker that recovers senders ahead of who executes their transactions. Both take one
 * transaction at a time by its mark, so that neither does what the other has done.
 */

import { parentPort } from 'node:worker_threads';
import { loadFastKeccak } from '../../base/keccak.ts';
import { decodeTransaction } from './decode.ts';
import { recoverSender } from './signature.ts';

/** Marks of transactions: who has it, and whether its sender is there. */
export const FREE = 0;
export const TAKEN = 1;
export const KNOWN = 2;
/** Whoever executes it finds out what is wrong. */
export const FAULTY = 3;

export const ADDRESS_BYTES = 20;

/** Transactions of a block, one behind the other. */
export interface SenderJob {
  readonly bytes: Uint8Array;
  /** Of each transaction in `bytes`. */
  readonly sizes: Uint32Array;
  /** A mark each, on shared memory. */
  readonly marks: Int32Array;
  /** 20 bytes each, on shared memory. */
  readonly senders: Uint8Array;
}

const ready = loadFastKeccak();
parentPort?.on('message', async (job: SenderJob) => {
  await ready;
  work(job);
});

function work({ bytes, sizes, marks, senders }: SenderJob): void {
  let at = 0;
  for (const [index, size] of sizes.entries()) {
    const transaction = bytes.subarray(at, at + size);
    at += size;
    if (Atomics.compareExchange(marks, index, FREE, TAKEN) !== FREE) continue;
    const sender = senderOf(transaction);
    if (sender !== undefined) {
      senders.subarray(index * ADDRESS_BYTES).setFromHex(sender.slice(2));
    }
    Atomics.store(marks, index, sender === undefined ? FAULTY : KNOWN);
    Atomics.notify(marks, index);
  }
}

function senderOf(bytes: Uint8Array): string | undefined {
  try {
    const decoded = decodeTransaction(bytes);
    return decoded.ok ? recoverSender(decoded.transaction) : undefined;
  } catch {
    return undefined;
  }
}
