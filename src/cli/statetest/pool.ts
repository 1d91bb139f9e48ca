/** Files of state tests on several threads. */

import { type PoolReport, runPool, workerProgram } from '../file-pool.ts';
import type { CaseChoice } from './cases.ts';
import type { MachineOptions } from './machine.ts';
import type { CaseResult } from './run.ts';

/** What a worker is given when it starts. */
export interface WorkerSetup {
  readonly machine: MachineOptions;
  readonly choice: CaseChoice;
  /** Folder in which all threads keep the results of the longest precompile. */
  readonly sharedResults?: string;
}

export interface StateTestPool extends WorkerSetup {
  readonly paths: readonly string[];
  readonly jobs: number;
  readonly longest?: RegExp;
}

/** @throws when a path does not exist */
export function runStateTestPool(
  { paths, jobs, longest, ...setup }: StateTestPool,
  report: PoolReport<CaseResult>,
): Promise<void> {
  return runPool(
    {
      paths,
      jobs,
      ...(longest && { longest }),
      setup,
      worker: workerProgram('./worker', import.meta.url),
    },
    report,
  );
}
