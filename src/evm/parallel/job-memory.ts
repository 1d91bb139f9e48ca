/**
 * A job's memory as its host sees it: the tasks are written, what came of them is read
 * (parallel-layout.ts). One region of the machine's heap serves all jobs, one after the other.
 */
import { putHex } from '../../base/bytes.ts';
import * as layout from '../layout.ts';
import { encodeTransactionAt, inputBytes } from '../machine/encode.ts';
import type { MachineMemory } from '../machine/memory.ts';
import { NO_LOGS, ReceiptLogs } from '../machine/receipt-logs.ts';
import { type RefusedTransaction, refusalOf } from '../machine/refusals.ts';
import type { RequestPlace } from '../machine/requests.ts';
import { isSuccess } from '../machine/statuses.ts';
import { readAddress, readWord } from '../machine/words.ts';
import * as parallel from '../parallel-layout.ts';
import type { Address, Transaction } from '../types.ts';
import type {
  JobOutcome,
  JobResult,
  JobStatistics,
  JobTransactions,
  RawTransaction,
} from './job.ts';
import { readJobAccesses } from './job-accesses.ts';
import type { Seat } from './seat.ts';

/** Bytes that the versions, reads, logs and inputs of a job may take. */
export const REGION_BYTES: number = 64 << 20;
/** How far ahead of the head transactions are executed in advance, at first and at most. */
const WINDOW_FIRST = 64;
const WINDOW_MAX = 256;
/** Places in the table of what was written, a transaction. */
const BUCKETS_EACH = 8;
const ADDRESS_BYTES = 20;
const SELECTOR_BYTES = 4;
/** Slots of access lists that are looked at, a transaction: strangers may list thousands. */
const LISTED_MAX = 16;

/** What a transaction has in common with others that it may meet. */
export type TransactionKind =
  /** Whom it is sent to, and a selector. */
  | `${Address} ${string}`
  /** A slot that is listed. */
  | `${Address}[${string}]`;

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

  /** Lays a job out while nobody works. False where the region is too small. */
  begin(
    {
      length: count,
      seed = 0,
      listsAccesses = false,
    }: Omit<JobTransactions, typeof Symbol.iterator>,
    gasLimit: bigint,
  ): boolean {
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
      [parallel.J_LISTS_ACCESSES, listsAccesses ? 1 : 0],
      [parallel.J_REQUESTS, 0],
      [parallel.J_ANSWERED, 0],
    ];
    const asked = Math.min(this.#get(parallel.J_REQUESTS), parallel.ASKED_MAX);
    const requests = this.job + parallel.J_REQUEST;
    this.#memory.bytes().fill(0, requests, requests + asked * parallel.ASKED_BYTES);
    for (const [offset, value] of fields) this.#put(offset, value);
    const view = this.#memory.view();
    view.setBigUint64(this.job + parallel.J_GAS_USED, 0n, true);
    view.setBigUint64(this.job + parallel.J_STATE_GAS_USED, 0n, true);
    view.setBigUint64(this.job + parallel.J_GAS_LIMIT, gasLimit, true);
    return true;
  }

  /**
   * Has the runtime write the next transaction's task: RAW_*; undefined where the region is full.
   */
  writeRaw(
    { runtime, arena }: Seat,
    index: number,
    { raw, sender }: RawTransaction,
  ): number | undefined {
    if (index >= this.count) return undefined;
    const at = this.take(ADDRESS_BYTES + raw.length);
    if (at === undefined) return undefined;
    const bytes = this.#memory.bytes();
    putHex(bytes, at, sender);
    bytes.set(raw, at + ADDRESS_BYTES);
    return runtime.writeRaw(arena.ctx, index, at, raw.length);
  }

  /** Writes the next transaction's task; false where the region is full. */
  write(index: number, transaction: Transaction): boolean {
    if (index >= this.count) return false;
    const bytes = inputBytes(transaction);
    const inputs = this.take(bytes);
    if (inputs === undefined) return false;
    const task = this.#task(index);
    this.#memory.bytes().fill(0, task, task + parallel.TASK_TX);
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

  /** The transaction is likely to read from that of `after`: said before it is shown to others. */
  follow(index: number, after: number): void {
    this.#memory.view().setUint32(this.#task(index) + parallel.TASK_AFTER, after + 1, true);
  }

  /** Whom a transaction whose task is written is sent to. */
  recipient(index: number): Address | undefined {
    const view = this.#memory.view();
    const tx = this.#task(index) + parallel.TASK_TX;
    const creates = view.getUint32(tx + layout.TX_FLAGS, true) !== 0;
    return creates ? undefined : readAddress(view, tx + layout.TX_TO);
  }

  /** What it has in common with others; of a creation that lists nothing, nothing. */
  kindsOf(index: number): TransactionKind[] {
    const view = this.#memory.view();
    const tx = this.#task(index) + parallel.TASK_TX;
    const kinds: TransactionKind[] = [];
    const to = this.recipient(index);
    if (to !== undefined) {
      const isCall = view.getUint32(tx + layout.TX_DATA_SIZE, true) >= SELECTOR_BYTES;
      const data = view.getUint32(tx + layout.TX_DATA, true);
      if (isCall) kinds.push(`${to} ${view.getUint32(data).toString(16)}`);
    }
    let at = view.getUint32(tx + layout.TX_ACCESS_LIST, true);
    let listed = 0;
    for (let left = view.getUint32(tx + layout.TX_ACCESS_LIST_COUNT, true); left > 0; left--) {
      const address = readAddress(view, at);
      const slots = view.getUint32(at + 32, true);
      at += 64;
      for (let i = 0; i < slots && listed < LISTED_MAX; i++, listed++) {
        kinds.push(`${address}[${readWord(view, at + 32 * i).toString(16)}]`);
      }
      at += 32 * slots;
      if (listed === LISTED_MAX) break;
    }
    return kinds;
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
  results(): JobResult[] {
    const view = this.#memory.view();
    const results: JobResult[] = [];
    for (let index = 0; index < this.count; index++) {
      const task = this.#task(index);
      const refused = view.getUint32(task + parallel.TASK_REFUSED, true);
      if (refused === 0) results.push(this.#outcome(view, task));
      else results.push(refusalOf(refused, refusedAt(view, task + parallel.TASK_TX)));
    }
    return results;
  }

  #outcome(view: DataView, task: number): JobOutcome {
    const status = view.getInt32(task + parallel.TASK_STATUS, true);
    const succeeded = isSuccess(status);
    const creates = view.getUint32(task + parallel.TASK_TX + layout.TX_FLAGS, true) !== 0;
    const logs = view.getUint32(task + parallel.TASK_LOGS, true);
    const size = view.getUint32(task + parallel.TASK_LOGS_BYTES, true);
    return {
      status: succeeded ? 'success' : 'failed',
      gasUsed: view.getBigUint64(task + parallel.TASK_GAS_USED, true),
      blockGasUsed: view.getBigUint64(task + parallel.TASK_BLOCK_GAS_USED, true),
      stateGasUsed: view.getBigUint64(task + parallel.TASK_STATE_GAS_USED, true),
      receiptLogs:
        size === 0 ? NO_LOGS : new ReceiptLogs(this.#memory.bytes().slice(logs, logs + size)),
      created: creates && succeeded ? readAddress(view, task + parallel.TASK_CREATED) : undefined,
      accesses:
        this.#get(parallel.J_LISTS_ACCESSES) === 0
          ? undefined
          : readJobAccesses(this.#memory, task),
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

/** What is said of a transaction that is refused. */
function refusedAt(view: DataView, tx: number): RefusedTransaction {
  return {
    sender: readAddress(view, tx + layout.TX_SENDER),
    nonce: view.getBigUint64(tx + layout.TX_NONCE, true),
    gasLimit: view.getBigUint64(tx + layout.TX_GAS, true),
    maxFeePerGas: readWord(view, tx + layout.TX_MAX_FEE),
    value: readWord(view, tx + layout.TX_VALUE),
  };
}
