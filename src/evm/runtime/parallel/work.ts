// A worker's part in a job: it takes one task after the other, and comes back to the host where a
// transaction asks for something, as a call does.
import {
  C_BLOB_HASHES, C_BLOB_HASH_COUNT, C_LOG_BASE, C_LOG_TOP, C_RULES, C_TX, R_STATE_GAS, STATUS_HOST_LIMIT,
  STATUS_LAST_HALT, STATUS_STOPPED, TX_BLOCK_GAS_LEFT, TX_BLOCK_GAS_USED, TX_BLOCK_STATE_GAS_LEFT, TX_CREATED,
  TX_GAS, TX_GAS_USED, TX_REFUSED, TX_STATE_GAS_USED,
} from "../../layout";
import {
  COUNTED_AGAIN, COUNTED_FIRST, COUNTED_KEPT, C_AT_HEAD, C_COUNTS_AS, C_JOB, C_TASK,
  C_TASK_INDEX, C_WORKER, EVENT_COUNTS, EVENT_EXECUTES_AT_HEAD, EVENT_EXECUTES_IN_ADVANCE,
  EVENT_GIVES_BACK, EVENT_LOOKS, FIRST_WORKER, J_GAS_LIMIT, J_GAS_USED, J_HEAD, J_STATE_GAS_USED, J_STATUS,
  JOB_GIVEN_UP, JOB_RUNS, TASK_BLOB_HASHES, TASK_BLOB_HASH_COUNT, TASK_COUNTS, TASK_CREATED,
  TASK_BLOCK_GAS_USED, TASK_BY, TASK_EXECUTED, TASK_GAS_USED, TASK_HOW, TASK_LOGS, TASK_LOGS_BYTES,
  TASK_REFUSED, TASK_RUNS, TASK_STATE_GAS_USED, TASK_STATUS, TASK_STAYS, TASK_TX, TASK_TX_BYTES, TASK_WAITS, WORK_DONE, WORK_GOES_ON,
  WORK_WAITS,
} from "../../parallel-layout";
import { receiptLogs } from "../receipt-logs";
import { copyWord } from "../tables";
import { resume, transact } from "../transaction";
import { listAccesses } from "./accessed";
import { note } from "./events";
import { holds, keepObserved } from "./observed";
import { publishWrites } from "./publish";
import {
  ANYBODY, count, giveBack, giveToFirst, NO_TASK, ringAll, takeAgain, takeExecuted, takeHead, taskAt, takeNext,
} from "./tasks";
import { countRecords, replaceRecords, takeBytes } from "./written";

/** Bytes that a receipt's logs take at most beside the logs themselves: its bloom. */
const BLOOM_BYTES: u32 = 256;

/** Sees to one task, or goes on with the one that had asked the host: WORK_*, or what it asks. */
export function work(ctx: u32): i32 {
  const job = load<u32>(ctx, C_JOB);
  if (load<u32>(ctx, C_TASK) != 0) return endOf(ctx, job, resume(ctx));
  if (atomic.load<u32>(job + J_STATUS) != JOB_RUNS) return WORK_DONE;
  const worker = load<u32>(ctx, C_WORKER);
  let head = takeHead(job, worker, worker);
  if (head == TASK_RUNS) {
    const next = takeNext(job, worker);
    if (next != NO_TASK) return executeInAdvance(ctx, job, next);
    head = takeHead(job, worker, ANYBODY);
  }
  if (head == TASK_COUNTS) return WORK_DONE;
  if (head == TASK_WAITS) return executeHead(ctx, job, COUNTED_FIRST);
  if (head == TASK_EXECUTED) return lookAtHead(ctx, job);
  const again = takeAgain(job, worker);
  if (again != NO_TASK) return executeInAdvance(ctx, job, again);
  const executed = takeExecuted(job, worker);
  if (executed == NO_TASK) return WORK_WAITS;
  note(ctx, EVENT_LOOKS, executed);
  if (!holds(ctx, job, taskAt(job, executed), executed, false)) {
    return executeInAdvance(ctx, job, executed);
  }
  note(ctx, EVENT_GIVES_BACK, executed);
  giveBack(job, executed, TASK_EXECUTED);
  return WORK_GOES_ON;
}

/** What was executed in advance counts if it holds, and if the block has gas for it. */
function lookAtHead(ctx: u32, job: u32): i32 {
  const index = load<u32>(job, J_HEAD);
  const task = taskAt(job, index);
  note(ctx, EVENT_LOOKS, index);
  if (!holds(ctx, job, task, index, true)) return executeHead(ctx, job, COUNTED_AGAIN);
  // More than it can take of either kind: executed at the head, it says whether it is refused.
  const gas = load<u64>(task + TASK_TX, TX_GAS);
  if (gas > gasLeft(job) || gas > stateGasLeft(job)) return executeHead(ctx, job, COUNTED_FIRST);
  return countTask(ctx, job, task, COUNTED_KEPT);
}

// @ts-ignore: decorator
@inline
function gasLeft(job: u32): u64 {
  return load<u64>(job, J_GAS_LIMIT) - load<u64>(job, J_GAS_USED);
}

// @ts-ignore: decorator
@inline
function stateGasLeft(job: u32): u64 {
  return load<u64>(job, J_GAS_LIMIT) - load<u64>(job, J_STATE_GAS_USED);
}

function executeHead(ctx: u32, job: u32, countsAs: u32): i32 {
  begin(ctx, job, load<u32>(job, J_HEAD), 1);
  store<u32>(ctx, countsAs, C_COUNTS_AS);
  store<u64>(ctx + C_TX, gasLeft(job), TX_BLOCK_GAS_LEFT);
  store<u64>(ctx + C_TX, stateGasLeft(job), TX_BLOCK_STATE_GAS_LEFT);
  return endOf(ctx, job, transact(ctx));
}

/** As if all of the block's gas were left: that is looked at when it counts. */
function executeInAdvance(ctx: u32, job: u32, index: u32): i32 {
  begin(ctx, job, index, 0);
  return endOf(ctx, job, transact(ctx));
}

function begin(ctx: u32, job: u32, index: u32, atHead: u32): void {
  const task = taskAt(job, index);
  note(ctx, atHead != 0 ? EVENT_EXECUTES_AT_HEAD : EVENT_EXECUTES_IN_ADVANCE, index);
  store<u32>(ctx, task, C_TASK);
  store<u32>(ctx, index, C_TASK_INDEX);
  store<u32>(ctx, atHead, C_AT_HEAD);
  memory.copy(ctx + C_TX, task + TASK_TX, TASK_TX_BYTES);
  store<u32>(ctx, load<u32>(task, TASK_BLOB_HASHES), C_BLOB_HASHES);
  store<u32>(ctx, load<u32>(task, TASK_BLOB_HASH_COUNT), C_BLOB_HASH_COUNT);
}

/** Gives the transaction back that the context executes in advance, until its request is answered. */
export function putOff(ctx: u32, job: u32): void {
  const index = load<u32>(ctx, C_TASK_INDEX);
  store<u32>(load<u32>(ctx, C_TASK), 1, TASK_STAYS);
  store<u32>(ctx, 0, C_TASK);
  note(ctx, EVENT_GIVES_BACK, index);
  giveBack(job, index, TASK_WAITS);
}

/** Gives the head's task to the first worker, which has the state that is missing. */
export function leaveToFirst(ctx: u32, job: u32): void {
  const index = load<u32>(ctx, C_TASK_INDEX);
  store<u32>(ctx, 0, C_TASK);
  note(ctx, EVENT_GIVES_BACK, index);
  giveToFirst(job, index);
}

/** What comes of a status: the transaction asks the host, or has ended. */
function endOf(ctx: u32, job: u32, status: i32): i32 {
  if (status > STATUS_LAST_HALT && status != STATUS_HOST_LIMIT && status != STATUS_STOPPED) return status;
  const task = load<u32>(ctx, C_TASK);
  const index = load<u32>(ctx, C_TASK_INDEX);
  const worker = load<u32>(ctx, C_WORKER);
  store<u32>(ctx, 0, C_TASK);
  if (status == STATUS_STOPPED) return giveUp(job);
  if (status == STATUS_HOST_LIMIT) {
    if (worker == FIRST_WORKER) return giveUp(job);
    note(ctx, EVENT_GIVES_BACK, index);
    giveToFirst(job, index);
    return WORK_GOES_ON;
  }
  const refused = load<u32>(ctx + C_TX, TX_REFUSED);
  const atHead = load<u32>(ctx, C_AT_HEAD) != 0;
  if (!atHead && refused != 0) {
    store<u32>(task, 1, TASK_STAYS);
    note(ctx, EVENT_GIVES_BACK, index);
    giveBack(job, index, TASK_WAITS);
    return WORK_GOES_ON;
  }
  store<u32>(task, refused, TASK_REFUSED);
  if (refused != 0) {
    replaceRecords(task);
    store<u64>(task, 0, TASK_GAS_USED);
    store<u64>(task, 0, TASK_BLOCK_GAS_USED);
    store<u64>(task, 0, TASK_STATE_GAS_USED);
  } else if (!keepOutcome(ctx, job, task, index, status)) return giveUp(job);
  store<u32>(task, worker, TASK_BY);
  if (atHead) return countTask(ctx, job, task, load<u32>(ctx, C_COUNTS_AS));
  note(ctx, EVENT_GIVES_BACK, index);
  giveBack(job, index, TASK_EXECUTED);
  return WORK_GOES_ON;
}

/** False: the region is full. */
function keepOutcome(ctx: u32, job: u32, task: u32, index: u32, status: i32): bool {
  if (!publishWrites(ctx, job, task, index)) return false;
  if (load<u32>(ctx, C_AT_HEAD) == 0 && !keepObserved(ctx, task)) return false;
  if (!listAccesses(ctx, job, task)) return false;
  store<i32>(task, status, TASK_STATUS);
  const metersState = load<u32>(load<u32>(ctx, C_RULES), R_STATE_GAS) != 0;
  store<u64>(task, load<u64>(ctx + C_TX, TX_GAS_USED), TASK_GAS_USED);
  store<u64>(task, load<u64>(ctx + C_TX, TX_BLOCK_GAS_USED), TASK_BLOCK_GAS_USED);
  store<u64>(task, metersState ? load<u64>(ctx + C_TX, TX_STATE_GAS_USED) : 0, TASK_STATE_GAS_USED);
  copyWord(task + TASK_CREATED, ctx + C_TX + TX_CREATED);
  const logBytes = load<u32>(ctx, C_LOG_TOP) - load<u32>(ctx, C_LOG_BASE);
  store<u32>(task, 0, TASK_LOGS_BYTES);
  if (logBytes == 0) return true;
  const bytes = BLOOM_BYTES + logBytes;
  const logs = takeBytes(ctx, bytes);
  if (logs == 0) return false;
  store<u32>(task, logs, TASK_LOGS);
  store<u32>(task, receiptLogs(ctx, logs, logs + bytes), TASK_LOGS_BYTES);
  return true;
}

function countTask(ctx: u32, job: u32, task: u32, how: u32): i32 {
  if (!countRecords(ctx, task)) return giveUp(job);
  store<u64>(job, load<u64>(job, J_GAS_USED) + load<u64>(task, TASK_BLOCK_GAS_USED), J_GAS_USED);
  store<u64>(job, load<u64>(job, J_STATE_GAS_USED) + load<u64>(task, TASK_STATE_GAS_USED), J_STATE_GAS_USED);
  store<u32>(task, how, TASK_HOW);
  note(ctx, EVENT_COUNTS, load<u32>(job, J_HEAD));
  count(job, how);
  return WORK_GOES_ON;
}

/** Only the sequential executor can say what is the matter. */
function giveUp(job: u32): i32 {
  atomic.store<u32>(job + J_STATUS, JOB_GIVEN_UP);
  ringAll(job);
  return WORK_DONE;
}
