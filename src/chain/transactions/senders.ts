/**
 * Senders of a block's transactions. Recovering one takes as long as executing it, so where there
 * are threads a worker does it ahead, from the moment at which the block is known.
 */

import { concatBytes, toHex } from '../../base/bytes.ts';
import { nodeBuiltin } from '../../evm/machine/node-builtins.ts';
import type { Address } from '../../evm/types.ts';
import { ADDRESS_BYTES, FREE, KNOWN, type SenderJob, TAKEN } from './sender-worker.ts';

/** Whose a transaction is, where that is known before it is looked at. */
export interface KnownSenders {
  /** undefined: whoever executes it recovers the sender. */
  of(index: number): Address | undefined;
}

export const NO_SENDERS: KnownSenders = { of: () => undefined };

/** Fewer transactions are not worth a message. */
const TRANSACTIONS_MIN = 8;
/** One that takes the worker longer is recovered here: the worker may have died. */
const WAIT_MS_MAX = 5;

/** Has the senders recovered ahead, where this host can. */
export function recoverAhead(transactions: readonly Uint8Array[]): KnownSenders {
  if (transactions.length < TRANSACTIONS_MIN) return NO_SENDERS;
  worker ??= start();
  if (worker === 'none') return NO_SENDERS;
  const count = transactions.length;
  const job: SenderJob = {
    bytes: concatBytes(...transactions),
    sizes: Uint32Array.from(transactions, ({ length }) => length),
    marks: new Int32Array(new SharedArrayBuffer(4 * count)),
    senders: new Uint8Array(new SharedArrayBuffer(ADDRESS_BYTES * count)),
  };
  worker.postMessage(job);
  return {
    of(index) {
      const { marks, senders } = job;
      let mark = Atomics.compareExchange(marks, index, FREE, TAKEN);
      if (mark === TAKEN) {
        Atomics.wait(marks, index, TAKEN, WAIT_MS_MAX);
        mark = Atomics.load(marks, index);
      }
      if (mark !== KNOWN) return undefined;
      return toHex(senders.slice(index * ADDRESS_BYTES, (index + 1) * ADDRESS_BYTES));
    },
  };
}

type SenderWorker = Pick<import('node:worker_threads').Worker, 'postMessage'>;

let worker: SenderWorker | 'none' | undefined;

/** The worker of this thread; it does not keep the process alive. */
function start(): SenderWorker | 'none' {
  const threads = nodeBuiltin('node:worker_threads');
  if (threads === undefined) return 'none';
  const file = import.meta.url.endsWith('.ts') ? './sender-worker.ts' : './sender-worker.js';
  const started = new threads.Worker(new URL(file, import.meta.url), { name: 'ironfly senders' });
  started.unref();
  started.on('error', () => {
    worker = 'none';
  });
  return started;
}
