/** What a receipt holds of a transaction's logs, made where they lie (runtime/receipt-logs.ts). */
import type { Arena } from './arena.ts';
import type { Machine } from './instance.ts';

const BLOOM_BYTES = 256;

export class ReceiptLogs {
  /** The bloom, then what is encoded. */
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** 256 bytes. */
  get bloom(): Uint8Array {
    return this.bytes.subarray(0, BLOOM_BYTES);
  }

  /** The RLP of each log, one after the other, without the header of a list around them. */
  get encoded(): Uint8Array {
    return this.bytes.subarray(BLOOM_BYTES);
  }
}

/** Of what has logged nothing. */
export const NO_LOGS: ReceiptLogs = new ReceiptLogs(new Uint8Array(BLOOM_BYTES));

/**
 * Of the transaction that ended in this context; undefined where the staging region has no room
 * for them. What was staged is overwritten, so an output that may lie there is read before.
 */
export function readReceiptLogs(
  { runtime, memory }: Machine,
  { ctx, staging, stagingEnd }: Arena,
): ReceiptLogs | undefined {
  const size = runtime.receiptLogs(ctx, staging, stagingEnd) >>> 0;
  if (size === 0) return undefined;
  return new ReceiptLogs(memory.bytes().slice(staging, staging + size));
}
