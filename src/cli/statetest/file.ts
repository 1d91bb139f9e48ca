/** A file of state tests, read and run. */

import { readFileSync } from 'node:fs';
import { type CaseChoice, type FileResult, runCases } from './cases.ts';
import type { CaseResult, TestMachine } from './run.ts';

/** Larger files are refused: a state test takes kilobytes, the largest official one 60 MB. */
const FILE_BYTES_MAX = 268_435_456;

/** Runs the chosen cases of the file at `path`. A file that is none of state tests is an error. */
export async function runFile(
  path: string,
  choice: CaseChoice,
  machine: TestMachine,
  onCase?: (result: CaseResult) => void,
): Promise<FileResult> {
  let text: string;
  try {
    const source = readFileSync(path);
    if (source.length > FILE_BYTES_MAX) throw new Error(`the file has ${source.length} bytes`);
    text = source.toString('utf8');
  } catch (cause) {
    return { results: [], error: `${path}: ${(cause as Error).message}` };
  }
  return runCases({ path, text }, choice, machine, onCase);
}
