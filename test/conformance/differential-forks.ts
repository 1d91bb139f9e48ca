/** The differential suite of all forks, each in a process of its own, several at a time. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ForkName } from '../../src/evm/forks/names.ts';
import type { Engine } from '../../src/evm/types.ts';
import { PEER_FORKS } from '../differential/ethereumjs.ts';

export interface DifferentialRun {
  readonly engines: readonly Engine[];
  readonly oneIn: number;
  /** Processes at a time. */
  readonly jobs: number;
}

export interface DifferentialReport {
  readonly passed: (count: number) => void;
  readonly failed: (message: string) => void;
}

const PROGRAM = fileURLToPath(new URL('../differential/run.ts', import.meta.url));

/** Runs all; a process that dies is a failure of its fork. */
export async function runDifferentialForks(
  run: DifferentialRun,
  report: DifferentialReport,
): Promise<void> {
  // The younger a fork, the more it has: the longest first, so that all processes end together.
  const queue = [...PEER_FORKS].reverse();
  const work = async (): Promise<void> => {
    for (let fork = queue.shift(); fork !== undefined; fork = queue.shift()) {
      await runFork(fork, run, report);
    }
  };
  await Promise.all(Array.from({ length: run.jobs }, work));
}

async function runFork(
  fork: ForkName,
  { engines, oneIn }: DifferentialRun,
  { passed, failed }: DifferentialReport,
): Promise<void> {
  const chosen = engines.flatMap((engine) => ['--engine', engine]);
  const options = ['--fork', fork, '--sample', String(oneIn), ...chosen];
  const child = spawn(process.execPath, [PROGRAM, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let failures = 0;
  let summed = false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('FAIL ')) {
      failures++;
      failed(`differential ${fork}: ${line.slice('FAIL '.length)}`);
    }
    if (!line.startsWith('{')) continue;
    const sums = JSON.parse(line) as { readonly passed: number; readonly failed: number };
    passed(sums.passed);
    summed = sums.failed === failures;
  }
  const code = await ended;
  if (!summed || (code !== 0) !== failures > 0) {
    failed(`differential ${fork}: the process ended with code ${code}`);
  }
}
