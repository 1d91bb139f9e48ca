/** What the commands that run official tests have in common: options, progress, sums. */

import { InvalidArgumentError } from 'commander';
import { wholeNumber } from './options.ts';

/** Sums of a run. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** Milliseconds between two drawings of the progress line. */
const PROGRESS_INTERVAL_MS = 100;

/** A line that says how far a run is, where standard error is a terminal. */
export class ProgressLine {
  readonly #shown: boolean;
  #last = 0;

  constructor({ json }: { readonly json: boolean }) {
    this.#shown = process.stderr.isTTY === true && !json;
  }

  draw(done: number, total: number, { passed, failed }: Totals): void {
    if (!this.#shown) return;
    const now = Date.now();
    if (now - this.#last < PROGRESS_INTERVAL_MS && done < total) return;
    this.#last = now;
    process.stderr.write(`\r\x1b[K${done}/${total} files, ${passed} passed, ${failed} failed`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
  }
}

/** The last line of a run, and a hint where nothing ran. */
export function printTotals(command: string, options: string, totals: Totals, json: boolean): void {
  const { passed, failed, skipped } = totals;
  if (passed + failed === 0) {
    process.stderr.write(`ironfly ${command}: no case was chosen; look at ${options}\n`);
  }
  const text = json
    ? JSON.stringify({ passed, failed, skipped })
    : `${passed} passed, ${failed} failed, ${skipped} skipped`;
  process.stdout.write(`${text}\n`);
}

export function parseRegExp(text: string): string {
  try {
    new RegExp(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

const JOBS_MAX = 256;

/** A number of threads. */
export const parseJobs: (given: string) => number = wholeNumber(1, JOBS_MAX);
