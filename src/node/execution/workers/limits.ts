/** How many threads there may be for long calls and traces. */

import { availableParallelism } from 'node:os';

/** Each has machines of 30 MB, up to eight, and a heap of its own. */
export const CALL_WORKERS_MAX = 16;

/** The node's thread, and those that execute blocks, have the other cores. */
export const CALL_WORKERS_DEFAULT: number = Math.min(
  4,
  Math.max(1, Math.floor(availableParallelism() / 2)),
);
