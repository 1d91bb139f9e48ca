/** What a receipt holds of a transaction's logs, made where they lie (runtime/receipt-logs.ts). */
import type { Arena } from './arena.ts';
import type { Machine } from './instance.ts';

const BLOOM_BYTES = 256;

export interface ReceiptLogs {
  /** 256 bytes. */
  readonly bloom: Uint8Array;
  /** The RLP of each log, one after the other, without the header of a list around them. */
  readonly encoded: Uint8Array;
}

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
  // PERF: one buffer a transaction, not two.
  const both = memory.bytes().slice(staging, staging + size);
  return { bloom: both.subarray(0, BLOOM_BYTES), encoded: both.subarray(BLOOM_BYTES) };
}
