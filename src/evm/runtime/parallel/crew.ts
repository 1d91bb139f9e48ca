// A worker's days: it works on a job until there is nothing to do, sleeps until the bell rings, asks
// the first worker for state that is missing. The host sees nothing of a transaction but what it has
// to do itself: precompiles, and for the first worker the state.
import {
  C_REQUEST, C_REQUEST_ADDRESS, C_REQUEST_SLOT, REQUEST_BLOCK_HASH, STATUS_NEED_STATE,
} from "../../layout";
import {
  ASKS, ASKS_ASLEEP, C_ASKS, C_AT_HEAD, C_CHANCE, C_INSIDE, C_JOB, C_LEAVE_SEEN, C_TASK,
  C_TASK_INDEX, C_WORKER, EVENT_ASKS, EVENT_IS_ANSWERED, EVENT_SLEEPS, FIRST_WORKER, J_ANSWERED,
  J_ASKS, J_BELL, J_LEAVE, J_REQUEST, J_REQUESTS, ASKED_MAX, J_SEED, J_SLEEPERS,
  ASKED_ADDRESS, ASKED_BYTES, ASKED_INDEX, ASKED_KIND, ASKED_SLOT, WORK_DONE,
  WORK_GOES_ON, WORK_LEAVES, WORK_SERVES, WORK_WAITS,
} from "../../parallel-layout";
import { copyWord } from "../tables";
import { hasAsked } from "./asks";
import { note } from "./events";
import { ringAll } from "./tasks";
import { putOff, work } from "./work";

/** Looks at the bell before one sleeps: some 10 us, what waking up costs. */
const SPINS: u32 = 2_000;
/** The same for an answer, which takes its host some 10 us. */
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
  while (true) {
    const bell = atomic.load<u32>(job + J_BELL);
    atomic.store<u32>(ctx + C_INSIDE, 1);
    // Whoever has news raises J_LEAVE, waits until all are out, and begins a job only then.
    if (!first && load<u32>(ctx, C_TASK) == 0 && atomic.load<u32>(job + J_LEAVE) != load<u32>(ctx, C_LEAVE_SEEN)) {
      atomic.store<u32>(ctx + C_INSIDE, 0);
      return WORK_LEAVES;
    }
    if (load<u32>(job, J_SEED) != 0) dawdle(ctx, job);
    const status = work(ctx);
    if (status == STATUS_NEED_STATE && !first) {
      if (load<u32>(ctx, C_AT_HEAD) == 0 && request(ctx, job)) putOff(ctx, job);
      else ask(ctx, job);
      continue;
    }
    if (status >= 0) return status;
    if (first && isWanted(job, status == WORK_WAITS)) return WORK_SERVES;
    if (status == WORK_GOES_ON) continue;
    if (first) {
      if (status == WORK_DONE) return WORK_DONE;
      note(ctx, EVENT_SLEEPS, 0);
      if (!sleep(job, bell, PATIENCE)) return WORK_WAITS;
      continue;
    }
    note(ctx, EVENT_SLEEPS, 0);
    // From here on the job may become another one.
    atomic.store<u32>(ctx + C_INSIDE, 0);
    sleep(job, bell, FOR_EVER);
  }
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

/** Sleeps until the bell is another than it was; false where that took too long. */
function sleep(job: u32, bell: u32, patience: i64): bool {
  for (let spin: u32 = 0; spin < SPINS; spin++) {
    if (atomic.load<u32>(job + J_BELL) != bell) return true;
  }
  atomic.add<u32>(job + J_SLEEPERS, 1);
  const woken = atomic.wait<u32>(job + J_BELL, bell, patience);
  atomic.sub<u32>(job + J_SLEEPERS, 1);
  // 2: the time is up.
  return woken != 2;
}

/** Whether the first worker is to look what others ask for. */
function isWanted(job: u32, isIdle: bool): bool {
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
