// A worker's days: it works on a job until there is nothing to do, sleeps until the bell rings, asks
// the first worker for state that is missing. The host sees nothing of a transaction but what it has
// to do itself: precompiles, and for the first worker the state.
import {
  C_REQUEST, C_REQUEST_ADDRESS, C_REQUEST_SLOT, REQUEST_BLOCK_HASH, STATUS_NEED_STATE,
} from "../../layout";
import {
  ASKED_ADDRESS, ASKED_BYTES, ASKED_INDEX, ASKED_KIND, ASKED_MAX, ASKED_SLOT, ASKS, ASKS_ASLEEP,
  C_ASKS, C_AT_HEAD, C_CHANCE, C_INSIDE, C_JOB, C_LEAVE_SEEN, C_TASK, C_TASK_INDEX, C_WORKER,
  EVENT_ASKS, EVENT_IS_ANSWERED, EVENT_SLEEPS, FIRST_WORKER, JOB_RUNS, J_ANSWERED, J_ASKS, J_BELL,
  J_COUNT, J_FIRST_WORKS, J_LEAVE, J_READY, J_REQUEST, J_REQUESTS, J_RUNG, J_SEED, J_SLEEPERS,
  J_STATUS, WORK_DONE, WORK_GOES_ON, WORK_LEAVES, WORK_SERVES, WORK_WAITS,
} from "../../parallel-layout";
import { copyWord } from "../tables";
import { hasAsked } from "./asks";
import { note } from "./events";
import { ringAll } from "./tasks";
import { leaveToFirst, putOff, work } from "./work";

/** Looks for something to do before one sleeps, and loads between two: 10 us, what waking costs. */
const LOOKS: u32 = 24;
/** The same while there are tasks still to be written: they come one after another. */
const LOOKS_FOR_TASKS: u32 = 256;
const PAUSE: u32 = 400;
/** Looks for an answer, which takes its host some 10 us. */
const SPINS_FOR_ANSWER: u32 = 20_000;
/** Nanoseconds after which the first worker looks whether the others are still there. */
const PATIENCE: i64 = 20_000_000;
const FOR_EVER: i64 = -1;
/** The first worker answers so many requests at once, or when it has nothing else to do. */
const REQUESTS_AT_ONCE: u32 = 4;

/**
 * Works until the host is needed: WORK_DONE, WORK_SERVES, WORK_WAITS (for long) to the first worker,
 * WORK_LEAVES to the others; or what a transaction asks of the host.
 */
export function workOn(ctx: u32): i32 {
  const job = load<u32>(ctx, C_JOB);
  const first = load<u32>(ctx, C_WORKER) == FIRST_WORKER;
  // How often it has found nothing to do in a row; whether it is about to sleep, on what bell.
  let idle: u32 = 0;
  let isAnnounced = false;
  let bell: u32 = 0;
  if (first) atomic.store<u32>(job + J_FIRST_WORKS, 1);
  while (true) {
    atomic.store<u32>(ctx + C_INSIDE, 1);
    const status = hasNews(ctx, job, first) ? WORK_LEAVES : workOnce(ctx, job, first);
    const isIdle = status == WORK_WAITS || (status == WORK_DONE && !first);
    const isWanted = first && isAsked(job, isIdle);
    if (isIdle && !isWanted) {
      if (!isAnnounced) {
        pause(ctx);
        idle++;
        if (idle < LOOKS || (idle < LOOKS_FOR_TASKS && isWritten(job))) continue;
        isAnnounced = true;
        bell = announceSleep(job, first);
      } else {
        idle = 0;
        isAnnounced = false;
        if (!sleep(ctx, job, bell, first)) return leave(job, first, WORK_WAITS);
      }
      continue;
    }
    if (isAnnounced) wakeUp(job, first);
    isAnnounced = false;
    idle = 0;
    // It is back before another has done what is the head's: it counts as awake.
    if (isIdle || (status == WORK_GOES_ON && isWanted)) return WORK_SERVES;
    if (status == WORK_GOES_ON) continue;
    if (status == WORK_LEAVES) atomic.store<u32>(ctx + C_INSIDE, 0);
    return leave(job, first, status);
  }
}

function leave(job: u32, first: bool, status: i32): i32 {
  if (first) atomic.store<u32>(job + J_FIRST_WORKS, 0);
  return status;
}

/** Who does something from here on rings; what was done before is looked for once more. */
function announceSleep(job: u32, first: bool): u32 {
  if (first) atomic.store<u32>(job + J_FIRST_WORKS, 0);
  atomic.add<u32>(job + J_SLEEPERS, 1);
  return atomic.load<u32>(job + J_BELL);
}

/** Until the bell is another than it was; false where that took the first worker too long. */
function sleep(ctx: u32, job: u32, bell: u32, first: bool): bool {
  note(ctx, EVENT_SLEEPS, 0);
  // From here on the job of the others may become another one.
  if (!first) atomic.store<u32>(ctx + C_INSIDE, 0);
  const woken = atomic.wait<u32>(job + J_BELL, bell, first ? PATIENCE : FOR_EVER);
  wakeUp(job, first);
  // 2: the time is up.
  return !first || woken != 2;
}

function wakeUp(job: u32, first: bool): void {
  atomic.sub<u32>(job + J_SLEEPERS, 1);
  atomic.store<u32>(job + J_RUNG, 0);
  if (first) atomic.store<u32>(job + J_FIRST_WORKS, 1);
}

/** Whoever has news raises J_LEAVE, waits until all are out, and begins a job only then. */
function hasNews(ctx: u32, job: u32, first: bool): bool {
  if (first || load<u32>(ctx, C_TASK) != 0) return false;
  return atomic.load<u32>(job + J_LEAVE) != load<u32>(ctx, C_LEAVE_SEEN);
}

/** The same as `work`, but for what others than the first ask of the state. */
function workOnce(ctx: u32, job: u32, first: bool): i32 {
  if (load<u32>(job, J_SEED) != 0) dawdle(ctx, job);
  const status = work(ctx);
  if (status != STATUS_NEED_STATE || first) return status;
  if (load<u32>(ctx, C_AT_HEAD) != 0 && !isWritten(job)) leaveToFirst(ctx, job);
  else if (load<u32>(ctx, C_AT_HEAD) == 0 && request(ctx, job)) putOff(ctx, job);
  else ask(ctx, job);
  return WORK_GOES_ON;
}

/** Whether tasks of the job are still to be written. */
function isWritten(job: u32): bool {
  return atomic.load<u32>(job + J_STATUS) == JOB_RUNS && atomic.load<u32>(job + J_READY) < load<u32>(job, J_COUNT);
}

function pause(ctx: u32): void {
  for (let i: u32 = 0; i < PAUSE; i++) atomic.load<u32>(ctx + C_INSIDE);
}

/** For tests: a time by chance, now and then a long one, so that workers meet in other orders. */
function dawdle(ctx: u32, job: u32): void {
  let chance = load<u32>(ctx, C_CHANCE);
  chance ^= chance << 13;
  chance ^= chance >> 17;
  chance ^= chance << 5;
  store<u32>(ctx, chance, C_CHANCE);
  const looks = (chance & 63) == 0 ? chance >> 14 : chance >> 22;
  for (let look: u32 = 0; look < looks; look++) atomic.load<u32>(job + J_BELL);
}

/** Whether the first worker is to look what others ask for. */
function isAsked(job: u32, isIdle: bool): bool {
  if (hasAsked(job)) return true;
  const made = min<u32>(atomic.load<u32>(job + J_REQUESTS), ASKED_MAX);
  return made - load<u32>(job, J_ANSWERED) >= (isIdle ? 1 : REQUESTS_AT_ONCE);
}

/**
 * Leaves the context's request to be answered by and by; false where there is no room for more, or
 * where it is of a block's hash, which only the context itself keeps.
 */
function request(ctx: u32, job: u32): bool {
  const kind = load<u32>(ctx, C_REQUEST);
  if (kind == REQUEST_BLOCK_HASH || atomic.load<u32>(job + J_REQUESTS) >= <u32>ASKED_MAX) return false;
  const number = atomic.add<u32>(job + J_REQUESTS, 1);
  if (number >= <u32>ASKED_MAX) return false;
  const at = job + J_REQUEST + number * ASKED_BYTES;
  store<u32>(at, load<u32>(ctx, C_TASK_INDEX), ASKED_INDEX);
  copyWord(at + ASKED_ADDRESS, ctx + C_REQUEST_ADDRESS);
  copyWord(at + ASKED_SLOT, ctx + C_REQUEST_SLOT);
  atomic.store<u32>(at + ASKED_KIND, kind);
  note(ctx, EVENT_ASKS, load<u32>(ctx, C_TASK_INDEX));
  return true;
}

/** Has the first worker answer the context's request. */
function ask(ctx: u32, job: u32): void {
  note(ctx, EVENT_ASKS, load<u32>(ctx, C_TASK_INDEX));
  atomic.store<u32>(ctx + C_ASKS, ASKS);
  atomic.add<u32>(job + J_ASKS, 1);
  ringAll(job);
  for (let spin: u32 = 0; spin < SPINS_FOR_ANSWER; spin++) {
    if (atomic.load<u32>(ctx + C_ASKS) == 0) break;
  }
  atomic.cmpxchg<u32>(ctx + C_ASKS, ASKS, ASKS_ASLEEP);
  while (atomic.load<u32>(ctx + C_ASKS) != 0) atomic.wait<u32>(ctx + C_ASKS, ASKS_ASLEEP, FOR_EVER);
  note(ctx, EVENT_IS_ANSWERED, load<u32>(ctx, C_TASK_INDEX));
}
