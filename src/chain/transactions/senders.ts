/**
 * Senders of a block's transactions. Recovering one takes as long as executing it, so where there
 * are threads a worker does it ahead, from the moment at which the block is known; who executes
 * the block does not wait for it, but recovers another meanwhile.
 */

import { HelperThread } from '../../evm/machine/helper-thread.ts';
import type { Address } from '../../evm/types.ts';
import {
  awaitTaken,
  isTaken,
  knownSender,
  recoverTaken,
  type SenderJob,
  senderJob,
  take,
} from './sender-job.ts';

/** Whose a transaction is, where that is known before it is looked at. */
export interface KnownSenders {
  /** undefined: whoever executes it recovers the sender. */
  of(index: number): Address | undefined;
  /** Those that are known by now. */
  known(): Iterable<Address>;
}

export const NO_SENDERS: KnownSenders = { of: () => undefined, known: () => [] };

/** Fewer transactions are not worth a message. */
const TRANSACTIONS_MIN = 8;
/** One that takes the worker longer is recovered here: the worker may have died. */
const WAIT_MS_MAX = 5;

const beside = import.meta.url;
const helper = new HelperThread({ name: 'ironfly senders', beside, program: './sender-worker' });

/** Has the senders recovered ahead, where this host can. */
export function recoverAhead(transactions: readonly Uint8Array[]): KnownSenders {
  if (transactions.length < TRANSACTIONS_MIN) return NO_SENDERS;
  if (!helper.isThere) return NO_SENDERS;
  const job = senderJob(transactions);
  helper.send(job);
  return new SharedSenders(job);
}

class SharedSenders implements KnownSenders {
  readonly #job: SenderJob;
  /** All behind it are done, or in the worker's hands. */
  #last: number;

  constructor(job: SenderJob) {
    this.#job = job;
    this.#last = job.ends.length;
  }

  of(index: number): Address | undefined {
    const job = this.#job;
    if (take(job, index)) recoverTaken(job, index);
    while (isTaken(job, index) && this.#recoverAnother(index));
    if (isTaken(job, index)) awaitTaken(job, index, WAIT_MS_MAX);
    return knownSender(job, index);
  }

  *known(): Iterable<Address> {
    for (let index = 0; index < this.#job.ends.length; index++) {
      const sender = knownSender(this.#job, index);
      if (sender !== undefined) yield sender;
    }
  }

  /** From the end, where the worker comes last; false when there is none between. */
  #recoverAnother(index: number): boolean {
    while (this.#last - 1 > index) {
      this.#last -= 1;
      if (!take(this.#job, this.#last)) continue;
      recoverTaken(this.#job, this.#last);
      return true;
    }
    return false;
  }
}
