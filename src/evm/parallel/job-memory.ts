/**
 * A job's memory as its host sees it: the tasks are written, what came of them is read
 * (parallel-layout.ts). One region of the machine's heap serves all jobs, one after the other.
 */
import { encodeTransactionAt, inputBytes } from '../machine/encode.ts';
import type { MachineMemory } from '../machine/memory.ts';
import { refusalOf } from '../machine/refusals.ts';
import type { RequestPlace } from '../machine/requests.ts';
import { isSuccess } from '../machine/statuses.ts';
import { readAddress } from '../machine/words.ts';
import * as parallel from '../parallel-layout.ts';
import type { Transaction } from '../types.ts';
import type { JobOutcome, JobResult, JobStatistics } from './job.ts';

/** Bytes that the versions, reads, logs and inputs of a job may take. */
export const REGION_BYTES: number = 64 << 20;
/** How far ahead of the head transactions are executed in advance, at first and at most. */
const WINDOW_FIRST = 64;
const WINDOW_MAX = 256;
/** Places in the table of what was written, a transaction. */
const BUCKETS_EACH = 8;
const BLOOM_BYTES = 256;
/** The bloom of nothing. */
const NO_LOGS = new Uint8Array(BLOOM_BYTES);

export class JobMemory {
  readonly job: number;
  /** Its words before J_HOT, for Atomics: they stay good, since a shared memory never moves. */
  readonly words: Int32Array;
  readonly #memory: MachineMemory;
  readonly #end: number;

  /** `region`: its address; so many bytes of it. */
  constructor(memory: MachineMemory, region: number, bytes: number) {
    this.#memory = memory;
    this.job = region;
    this.words = new Int32Array(memory.memory.buffer, region, parallel.J_HOT / 4);
    this.#end = region + bytes;
    memory.bytes().fill(0, region, region + parallel.JOB_BYTES);
    this.#put(parallel.J_STATUS, parallel.JOB_DONE);
  }

  /**
   * Lays a job out while nobody works; `seed` as JobTransactions have it. False where the region is
   * too small.
   */
  begin(count: number, gasLimit: bigint, seed = 0): boolean {
    const buckets = 2 ** Math.ceil(Math.log2(count * BUCKETS_EACH));
    const bucketsAt = this.job + parallel.JOB_BYTES;
    const tasksAt = bucketsAt + 4 * buckets;
    const free = tasksAt + count * parallel.TASK_BYTES;
    if (free > this.#end) return false;
    this.#memory.bytes().fill(0, bucketsAt, tasksAt);
    const fields: readonly (readonly [number, number])[] = [
      [parallel.J_COUNT, count],
      [parallel.J_HEAD, 0],
      [parallel.J_NEXT, 0],
      [parallel.J_WINDOW, WINDOW_FIRST],
      [parallel.J_WINDOW_MAX, WINDOW_MAX],
      [parallel.J_TASKS, tasksAt],
      [parallel.J_BUCKETS, bucketsAt],
      [parallel.J_BUCKET_MASK, buckets - 1],
      [parallel.J_FREE, free],
      [parallel.J_END, this.#end],
      [parallel.J_KEPT, 0],
      [parallel.J_AGAIN, 0],
      [parallel.J_CLOSED, 0],
      [parallel.J_CLOSED_FOR, 0],
      [parallel.J_READY, 0],
      [parallel.J_FIRST_WORKS, 0],
      [parallel.J_RUNG, 0],
      [parallel.J_HOT_COUNT, 0],
      [parallel.J_SEED, seed],
      [parallel.J_REQUESTS, 0],
      [parallel.J_ANSWERED, 0],
    ];
    const asked = Math.min(this.#get(parallel.J_REQUESTS), parallel.ASKED_MAX);
    const requests = this.job + parallel.J_REQUEST;
    this.#memory.bytes().fill(0, requests, requests + asked * parallel.ASKED_BYTES);
    for (const [offset, value] of fields) this.#put(offset, value);
    const view = this.#memory.view();
    view.setBigUint64(this.job + parallel.J_GAS_USED, 0n, true);
    view.setBigUint64(this.job + parallel.J_GAS_LIMIT, gasLimit, true);
    return true;
  }

  /**
   * Writes the next transaction's task, which is likely to read from that of `after`; false where
   * the region is full.
   */
  write(index: number, transaction: Transaction, after?: number): boolean {
    if (index >= this.count) return false;
    const bytes = inputBytes(transaction);
    const inputs = this.take(bytes);
    if (inputs === undefined) return false;
    const task = this.#task(index);
    this.#memory.bytes().fill(0, task, task + parallel.TASK_TX);
    if (after !== undefined) {
      this.#memory.view().setUint32(task + parallel.TASK_AFTER, after + 1, true);
    }
    const tx = task + parallel.TASK_TX;
    const places = { tx, inputs, inputsEnd: inputs + bytes };
    // What is left of the block's gas is looked at when it counts.
    const settings = { flags: 0, blockGasLeft: 2n ** 64n - 1n, blockStateGasLeft: 2n ** 64n - 1n };
    const blobHashes = encodeTransactionAt(this.#memory, places, transaction, settings);
    const view = this.#memory.view();
    view.setUint32(task + parallel.TASK_BLOB_HASHES, blobHashes, true);
    const blobs = transaction.blobVersionedHashes.length;
    view.setUint32(task + parallel.TASK_BLOB_HASH_COUNT, blobs, true);
    return true;
  }

  /** So many bytes of the region, while others take of it, too. */
  take(bytes: number): number | undefined {
    const size = Math.ceil(bytes / 64) * 64;
    const at = Atomics.add(this.words, parallel.J_FREE / 4, size) >>> 0;
    return at + size > this.#end ? undefined : at;
  }

  /** A request that nobody waits for, and its transaction; undefined while it is being written. */
  request(number: number): (RequestPlace & { readonly index: number }) | undefined {
    const at = this.job + parallel.J_REQUEST + number * parallel.ASKED_BYTES;
    const kind = this.#memory.view().getUint32(at + parallel.ASKED_KIND, true);
    if (kind === 0) return undefined;
    const index = this.#memory.view().getUint32(at + parallel.ASKED_INDEX, true);
    const words = { address: at + parallel.ASKED_ADDRESS, word: at + parallel.ASKED_SLOT };
    return { kind, index, ...words };
  }

  /** Whether what was executed in advance held; undefined for what was not. */
  held(index: number): boolean | undefined {
    const how = this.#memory.view().getUint32(this.#task(index) + parallel.TASK_HOW, true);
    return how === parallel.COUNTED_FIRST ? undefined : how === parallel.COUNTED_KEPT;
  }

  /** The transaction may be executed in advance again. */
  letBegin(index: number): void {
    this.#memory.view().setUint32(this.#task(index) + parallel.TASK_STAYS, 0, true);
  }

  /** Transactions that it is of. */
  get count(): number {
    return this.#get(parallel.J_COUNT);
  }

  get isDone(): boolean {
    return this.#get(parallel.J_STATUS) === parallel.JOB_DONE;
  }

  get statistics(): Omit<JobStatistics, 'executionMs'> {
    return { kept: this.#get(parallel.J_KEPT), again: this.#get(parallel.J_AGAIN) };
  }

  /** Code objects that became hot. */
  get hotCodes(): number[] {
    const count = Math.min(this.#get(parallel.J_HOT_COUNT), parallel.HOT_CODES_MAX);
    return Array.from({ length: count }, (_, i) => this.#get(parallel.J_HOT + 4 * i));
  }

  /** What came of each, once all count. */
  results(transactions: readonly Transaction[]): JobResult[] {
    const view = this.#memory.view();
    return transactions.map((transaction, index) => {
      const task = this.#task(index);
      const refused = view.getUint32(task + parallel.TASK_REFUSED, true);
      if (refused !== 0) return refusalOf(refused, transaction);
      return this.#outcome(view, task, transaction);
    });
  }

  #outcome(view: DataView, task: number, { to }: Transaction): JobOutcome {
    const status = view.getInt32(task + parallel.TASK_STATUS, true);
    const succeeded = isSuccess(status);
    const logs = view.getUint32(task + parallel.TASK_LOGS, true);
    const size = view.getUint32(task + parallel.TASK_LOGS_BYTES, true);
    const both = size === 0 ? NO_LOGS : this.#memory.bytes().slice(logs, logs + size);
    return {
      status: succeeded ? 'success' : 'failed',
      gasUsed: view.getBigUint64(task + parallel.TASK_GAS_USED, true),
      receiptLogs: { bloom: both.subarray(0, BLOOM_BYTES), encoded: both.subarray(BLOOM_BYTES) },
      created:
        to === undefined && succeeded ? readAddress(view, task + parallel.TASK_CREATED) : undefined,
    };
  }

  #task(index: number): number {
    return this.#get(parallel.J_TASKS) + index * parallel.TASK_BYTES;
  }

  #get(offset: number): number {
    return this.#memory.view().getUint32(this.job + offset, true);
  }

  #put(offset: number, value: number): void {
    this.#memory.view().setUint32(this.job + offset, value, true);
  }
}
