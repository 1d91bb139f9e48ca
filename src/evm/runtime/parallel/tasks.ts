// Who executes which transaction of a job, and when one counts. test/models/parallel.pml is the same
// as a model, explored whole.
//
// A task's state and who runs it are one word, so that both change together: whoever would run it
// exchanges the state that he has seen. Only who has the head's task makes it count.
import {
  COUNTED_AGAIN, COUNTED_KEPT, FIRST_WORKER, J_AGAIN, J_BELL, J_CLOSED, J_CLOSED_FOR, J_COUNT, J_FIRST_WORKS, J_HEAD, J_KEPT, J_NEXT,
  J_READY, J_RUNG, J_SLEEPERS, J_STATUS, J_TASKS, J_WINDOW, J_WINDOW_MAX, JOB_DONE, JOB_RUNS,
  TASK_AFTER, TASK_BY, TASK_BYTES, TASK_COUNTS,
  TASK_EXECUTED, TASK_LARGE, TASK_LOOKED, TASK_OWNER_SHIFT, TASK_RUNS, TASK_STATE,
  TASK_STAYS, TASK_WAITS,
} from "../../parallel-layout";

/** In place of a transaction's number. */
export const NO_TASK: u32 = 0xffffffff;
/** In place of a worker's. */
export const ANYBODY: u32 = 0;

/** The window grows by one, and shrinks by a half. */
const GROWS_BY: u32 = 1;
const SHRINKS: u32 = 1;
/** Of one that is open. */
const WINDOW_MIN: u32 = 2;
/** So wide, it has proved worth its while. */
const WIDE: u32 = 8;
/** Transactions for which it stays closed, twice as many each time, and how far it opens then. */
const CLOSED_FOR: u32 = 32;
const CLOSED_FOR_MAX: u32 = 512;
const OPENS_TO: u32 = 3;
/**
 * The head's task and the next are left to who comes to them at the head: begun in advance they
 * would be under way when it does, and two workers in the same lines (transfers 0.6 to 0.8 x).
 */
const LEFT_TO_HEAD: u32 = 2;
/** How far behind the head one looks whether what was executed in advance still holds. */
const LOOKED_AT_MAX: u32 = 16;

// @ts-ignore: decorator
@inline
export function taskAt(job: u32, index: u32): u32 {
  return load<u32>(job, J_TASKS) + index * TASK_BYTES;
}

// @ts-ignore: decorator
@inline
function runs(worker: u32): u32 {
  return TASK_RUNS | (worker << TASK_OWNER_SHIFT);
}

/** Takes a task that is in this state; false where it is not, or somebody else was first. */
export function claim(job: u32, index: u32, state: u32, worker: u32): bool {
  return atomic.cmpxchg<u32>(taskAt(job, index) + TASK_STATE, state, runs(worker)) == state;
}

/** Gives a task back, executed or not. Who gives it back looks at the head next. */
export function giveBack(job: u32, index: u32, state: u32): void {
  atomic.store<u32>(taskAt(job, index) + TASK_STATE, state);
}

/**
 * Takes the head's task, if it is in nobody's hands: whoever has it holds the head. TASK_EXECUTED:
 * it is to be looked at; TASK_WAITS: to be executed; TASK_COUNTS: all count; TASK_RUNS: somebody
 * else has it, or is to look at it who has executed it: `by`, or ANYBODY.
 * PERF: what was observed and written lies in that worker's cache. Where nothing is done in advance
 * the first worker goes on alone, as long as it is awake: it has written the tasks.
 */
export function takeHead(job: u32, worker: u32, by: u32): u32 {
  while (true) {
    const index = atomic.load<u32>(job + J_HEAD);
    if (index == load<u32>(job, J_COUNT)) {
      if (atomic.cmpxchg<u32>(job + J_STATUS, JOB_RUNS, JOB_DONE) == JOB_RUNS) ringAll(job);
      return TASK_COUNTS;
    }
    if (index >= atomic.load<u32>(job + J_READY)) return TASK_RUNS;
    const state = atomic.load<u32>(taskAt(job, index) + TASK_STATE);
    // Whoever made it count has not moved the head yet.
    if (state == TASK_COUNTS) moveHead(job, index);
    else if (state != TASK_EXECUTED && state != TASK_WAITS) return TASK_RUNS;
    else if (state == TASK_WAITS && worker != FIRST_WORKER && isFirsts(job, index)) return TASK_RUNS;
    else if (state == TASK_EXECUTED && by != ANYBODY && load<u32>(taskAt(job, index), TASK_BY) != by) {
      return TASK_RUNS;
    }
    // A task that does not count yet is the head's still.
    else if (claim(job, index, state, worker)) return state;
  }
}

/** From the task `index`, which counts, unless somebody else has done it. */
function moveHead(job: u32, index: u32): void {
  atomic.cmpxchg<u32>(job + J_HEAD, index, index + 1);
}

/** The head's task counts, COUNTED_*, and the head is the next one. By who has it. */
export function count(job: u32, how: u32): void {
  const index = load<u32>(job, J_HEAD);
  adapt(job, how);
  atomic.store<u32>(taskAt(job, index) + TASK_STATE, TASK_COUNTS);
  moveHead(job, index);
  const window = load<u32>(job, J_WINDOW);
  const ready = atomic.load<u32>(job + J_READY);
  // Who made it count goes on with the next; the others are woken where there is something in advance.
  const next = atomic.load<u32>(job + J_NEXT);
  if (index + 1 < ready && load<u32>(taskAt(job, index + 1), TASK_LARGE) != 0) ringAll(job);
  else if (window != 0 && next < min<u32>(ready, index + 1 + window) && mayBegin(job, next)) ring(job);
}

/** Whether only the first worker takes the head's task. */
function isFirsts(job: u32, index: u32): bool {
  const task = taskAt(job, index);
  if (load<u32>(task, TASK_LARGE) != 0) return true;
  if (atomic.load<u32>(job + J_FIRST_WORKS) == 0) return false;
  return atomic.load<u32>(job + J_WINDOW) == 0 || load<u32>(task, TASK_AFTER) != 0;
}

/**
 * The window grows while what was executed in advance holds, and shrinks where it does not. Closed,
 * it opens by a little now and then: blocks are of more than one kind of transaction.
 */
function adapt(job: u32, how: u32): void {
  const window = load<u32>(job, J_WINDOW);
  if (how == COUNTED_KEPT) {
    store<u32>(job, load<u32>(job, J_KEPT) + 1, J_KEPT);
    // What was begun before it closed may hold: it was closed too soon.
    const grown = window == 0 ? WINDOW_MIN : window + GROWS_BY;
    if (grown == WIDE) store<u32>(job, 0, J_CLOSED_FOR);
    if (grown <= load<u32>(job, J_WINDOW_MAX)) atomic.store<u32>(job + J_WINDOW, grown);
  } else if (how == COUNTED_AGAIN) {
    store<u32>(job, load<u32>(job, J_AGAIN) + 1, J_AGAIN);
    const shrunk = window >> SHRINKS;
    // One of the head alone would keep it from opening again.
    atomic.store<u32>(job + J_WINDOW, shrunk < WINDOW_MIN ? 0 : shrunk);
  } else if (window == 0) {
    const closed = load<u32>(job, J_CLOSED) + 1;
    store<u32>(job, closed, J_CLOSED);
    const patience = max<u32>(load<u32>(job, J_CLOSED_FOR), CLOSED_FOR);
    if (closed < patience) return;
    store<u32>(job, 0, J_CLOSED);
    store<u32>(job, min<u32>(patience << 1, CLOSED_FOR_MAX), J_CLOSED_FOR);
    atomic.store<u32>(job + J_WINDOW, min<u32>(OPENS_TO, load<u32>(job, J_WINDOW_MAX)));
  }
}

/**
 * Whoever finds nothing to do says so, reads the bell, looks everywhere once more, and sleeps as long
 * as it is what it was: so none sleeps over what was done before, rung or not.
 */
function ring(job: u32): void {
  if (atomic.load<u32>(job + J_SLEEPERS) == 0) return;
  // PERF: a call of the system; who was rung for takes as long to wake as ten transactions.
  if (atomic.xchg<u32>(job + J_RUNG, 1) != 0) return;
  atomic.add<u32>(job + J_BELL, 1);
  atomic.notify(job + J_BELL, 1);
}

/** The same, where it is not anybody's to see to. */
export function ringAll(job: u32): void {
  if (atomic.load<u32>(job + J_SLEEPERS) == 0) return;
  atomic.add<u32>(job + J_BELL, 1);
  atomic.notify(job + J_BELL);
}

/** The transaction needs the first worker's context. */
export function giveToFirst(job: u32, index: u32): void {
  atomic.store<u32>(taskAt(job, index) + TASK_LARGE, 1);
  atomic.store<u32>(taskAt(job, index) + TASK_STATE, TASK_WAITS);
  ringAll(job);
}

/** Takes the next transaction to execute it in advance; NO_TASK where none is within the window. */
export function takeNext(job: u32, worker: u32): u32 {
  while (true) {
    const next = atomic.load<u32>(job + J_NEXT);
    const head = atomic.load<u32>(job + J_HEAD);
    const end = min<u32>(atomic.load<u32>(job + J_READY), head + atomic.load<u32>(job + J_WINDOW));
    if (next >= end) return NO_TASK;
    // Those before the head have been executed there: nobody is to go over them one by one.
    const taken = max<u32>(next, head + LEFT_TO_HEAD);
    if (taken >= end) return NO_TASK;
    if (atomic.cmpxchg<u32>(job + J_NEXT, next, taken + 1) != next) continue;
    if (mayBegin(job, taken) && claimToRead(job, taken, TASK_WAITS, worker)) return taken;
  }
}

/** Whether what it is likely to read from has been executed, if only in advance. */
function mayBegin(job: u32, index: u32): bool {
  const after = load<u32>(taskAt(job, index), TASK_AFTER);
  if (after == 0) return true;
  const state = atomic.load<u32>(taskAt(job, after - 1) + TASK_STATE);
  return state == TASK_EXECUTED || state == TASK_COUNTS;
}

/** The same as `claim`, and notes where the head was: up to there others' writes are seen. */
function claimToRead(job: u32, index: u32, state: u32, worker: u32): bool {
  const head = atomic.load<u32>(job + J_HEAD);
  if (!claim(job, index, state, worker)) return false;
  store<u32>(taskAt(job, index), head, TASK_LOOKED);
  return true;
}

/**
 * Takes a transaction that was begun in advance and given back, since state was missing: near the
 * head; NO_TASK for none.
 */
export function takeAgain(job: u32, worker: u32): u32 {
  const head = atomic.load<u32>(job + J_HEAD);
  const window = min<u32>(atomic.load<u32>(job + J_WINDOW), LOOKED_AT_MAX);
  const end = min<u32>(head + window, atomic.load<u32>(job + J_NEXT));
  for (let index = head + 1; index < end; index++) {
    const task = taskAt(job, index);
    if (atomic.load<u32>(task + TASK_STATE) != TASK_WAITS) continue;
    if ((load<u32>(task, TASK_STAYS) | load<u32>(task, TASK_LARGE)) != 0) continue;
    if (mayBegin(job, index) && claimToRead(job, index, TASK_WAITS, worker)) return index;
  }
  return NO_TASK;
}

/**
 * Takes a transaction that was executed in advance, to look whether what it observed is still so:
 * the first behind the head that nobody has looked at since the head moved; NO_TASK for none.
 */
export function takeExecuted(job: u32, worker: u32): u32 {
  const head = atomic.load<u32>(job + J_HEAD);
  const window = min<u32>(atomic.load<u32>(job + J_WINDOW), LOOKED_AT_MAX);
  const end = min<u32>(head + window, atomic.load<u32>(job + J_NEXT));
  for (let index = head + 1; index < end; index++) {
    const task = taskAt(job, index);
    if (atomic.load<u32>(task + TASK_STATE) != TASK_EXECUTED) continue;
    if (load<u32>(task, TASK_LOOKED) == head) continue;
    if (claimToRead(job, index, TASK_EXECUTED, worker)) return index;
  }
  return NO_TASK;
}
