// Looking up from the work: a stop that another thread wrote, a module that a worker has compiled, and
// the host's own watch (a deadline, a signal), where it asked for it.
import {
  CONTEXT_FLAG_WATCH, C_FLAGS, C_STOP, GLOBALS, G_ARRIVALS_SEEN, G_ARRIVED, STATUS_POLL, STATUS_STOPPED, WATCH_GO_ON, WATCH_STOP,
} from "../layout";
import { C_JOB, C_WORKER, FIRST_WORKER } from "../parallel-layout";
import { hasAsked } from "./parallel/asks";

/** In a context's place, for work that nothing stops. */
export const NOBODY: u32 = 0;

/** The host's: WATCH_*. */
// @ts-ignore: decorator
@external("env", "watch")
declare function watch(ctx: u32): i32;

/** Between slices and frames: 0, or the status with which to return to the host. */
export function lookUp(ctx: u32): i32 {
  if (PARALLEL && load<u32>(ctx + C_JOB) != 0) return lookUpInJob(ctx);
  if (atomic.load<u32>(ctx + C_STOP)) return STATUS_STOPPED;
  if (atomic.load<u32>(GLOBALS + G_ARRIVED) != load<u32>(GLOBALS + G_ARRIVALS_SEEN)) return STATUS_POLL;
  if ((load<u32>(ctx + C_FLAGS) & CONTEXT_FLAG_WATCH) == 0) return 0;
  return watch(ctx) == WATCH_GO_ON ? 0 : STATUS_POLL;
}

/** Modules are linked between jobs only; the first worker is asked for state. */
function lookUpInJob(ctx: u32): i32 {
  if (atomic.load<u32>(ctx + C_STOP)) return STATUS_STOPPED;
  const serves = load<u32>(ctx + C_WORKER) == FIRST_WORKER && hasAsked(load<u32>(ctx + C_JOB));
  return serves ? STATUS_POLL : 0;
}

/**
 * Within long work, which cannot be left but to be given up. Whoever gives it up need not tell: the
 * stop stays in the context, and the driver sees it before anything comes of the run.
 */
export function mustStop(ctx: u32): bool {
  if (ctx == NOBODY) return false;
  if (atomic.load<u32>(ctx + C_STOP)) return true;
  if ((load<u32>(ctx + C_FLAGS) & CONTEXT_FLAG_WATCH) == 0 || watch(ctx) != WATCH_STOP) return false;
  atomic.store<u32>(ctx + C_STOP, 1);
  return true;
}
