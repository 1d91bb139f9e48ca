// Questions between the workers of a job.
import { CODE_CALLS, CODE_HASH } from "../../layout";
import { J_ASKS, J_ASKS_SEEN, J_HOT, J_HOT_COUNT, HOT_CODES_MAX } from "../../parallel-layout";

/** Whether others ask the first worker for state. */
export function hasAsked(job: u32): bool {
  return atomic.load<u32>(job + J_ASKS) != load<u32>(job, J_ASKS_SEEN);
}

/** Code that became hot: the host looks at it after the job. Init code is gone by then. */
export function noteHot(job: u32, code: u32): void {
  if (load<u64>(code, CODE_HASH) == 0) return;
  const count = atomic.add<u32>(job + J_HOT_COUNT, 1);
  if (count < <u32>HOT_CODES_MAX) store<u32>(job + (count << 2), code, J_HOT);
  // It becomes hot once more.
  else store<u32>(code, 0, CODE_CALLS);
}
