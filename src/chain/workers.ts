/** How many threads execute the transactions of a block. */
import { availableParallelism } from 'node:os';
import { CONTEXTS_MAX } from '../evm/machine/contexts.ts';

/** The thread that imports, and one for each of a machine's other contexts. */
export const WORKERS_MAX: number = CONTEXTS_MAX;

/** As many as there are cores. */
export const WORKERS_DEFAULT: number = Math.min(WORKERS_MAX, availableParallelism());
