/**
 * Senders that two threads recover: each transaction has a mark, by which one of them takes it, so
 * that neither does what the other has done.
 */

import { putHex, toHex } from '../../base/bytes.ts';
import type { Address } from '../../evm/types.ts';
import { senderOf } from './sender-of.ts';

const FREE = 0;
const TAKEN = 1;
const KNOWN = 2;
/** Whoever executes it finds out what is wrong. */
const FAULTY = 3;

const ADDRESS_BYTES = 20;

/** Transactions of a block; plain data on shared memory. */
export interface SenderJob {
  /** One behind the other. */
  readonly bytes: Uint8Array;
  /** Where each ends. */
  readonly ends: Uint32Array;
  /** A mark each. */
  readonly marks: Int32Array;
  /** 20 bytes each. */
  readonly senders: Uint8Array;
}

export function senderJob(transactions: readonly Uint8Array[]): SenderJob {
  const count = transactions.length;
  const ends = new Uint32Array(count);
  let end = 0;
  for (const [index, { length }] of transactions.entries()) {
    end += length;
    ends[index] = end;
  }
  const bytes = new Uint8Array(new SharedArrayBuffer(end));
  for (const [index, transaction] of transactions.entries()) {
    bytes.set(transaction, ends[index - 1] ?? 0);
  }
  const marks = new Int32Array(new SharedArrayBuffer(4 * count));
  const senders = new Uint8Array(new SharedArrayBuffer(ADDRESS_BYTES * count));
  return { bytes, ends, marks, senders };
}

/** Takes a transaction; false when somebody has it. */
export function take({ marks }: SenderJob, index: number): boolean {
  return Atomics.compareExchange(marks, index, FREE, TAKEN) === FREE;
}

/** Whether a transaction is in somebody's hands. */
export function isTaken({ marks }: SenderJob, index: number): boolean {
  return Atomics.load(marks, index) === TAKEN;
}

/** Waits until a transaction is in nobody's hands any more, or too long. */
export function awaitTaken({ marks }: SenderJob, index: number, ms: number): void {
  Atomics.wait(marks, index, TAKEN, ms);
}

/** Recovers the sender of a transaction that was taken. */
export function recoverTaken(job: SenderJob, index: number): void {
  const { bytes, ends, marks, senders } = job;
  // A copy: what makes text of it wants memory of its own.
  const sender = senderOf(bytes.slice(ends[index - 1] ?? 0, ends[index]));
  if (sender !== undefined) putHex(senders, index * ADDRESS_BYTES, sender);
  Atomics.store(marks, index, sender === undefined ? FAULTY : KNOWN);
  Atomics.notify(marks, index);
}

export function knownSender({ marks, senders }: SenderJob, index: number): Address | undefined {
  if (Atomics.load(marks, index) !== KNOWN) return undefined;
  return toHex(senders.slice(index * ADDRESS_BYTES, (index + 1) * ADDRESS_BYTES));
}
