/** The cases of one file: chosen, run one after the other, each with its verdict. */

import { readFileSync } from 'node:fs';
import { findFork } from '../../evm/forks/names.ts';
import { parseStateTests, type StateTest, type StateTestCase } from './fixture.ts';
import {
  type CaseResult,
  type PreparedTest,
  prepareTest,
  runCase,
  type TestMachine,
} from './run.ts';

/** Which cases are run. Plain data: it crosses to workers. */
export interface CaseChoice {
  /** Only this fork, in any spelling. */
  readonly fork?: string;
  /** Only cases whose `path::name::fork::index` matches this regular expression. */
  readonly filter?: string;
  /** Only one case in so many, always the same ones; 1 = all. */
  readonly oneIn?: number;
}

export interface FileResult {
  readonly results: readonly CaseResult[];
  /** Why the file could not be read; then there are results only of what came before. */
  readonly error?: string;
}

/** Larger files are refused: a state test takes kilobytes, the largest official one 60 MB. */
const FILE_BYTES_MAX = 268_435_456;

/** Runs the chosen cases of the file at `path`. A file that is none of state tests is an error. */
export async function runFile(
  path: string,
  choice: CaseChoice,
  machine: TestMachine,
  onCase?: (result: CaseResult) => void,
): Promise<FileResult> {
  let tests: StateTest[];
  try {
    const source = readFileSync(path);
    if (source.length > FILE_BYTES_MAX) throw new Error(`the file has ${source.length} bytes`);
    tests = parseStateTests(source.toString('utf8'));
  } catch (cause) {
    return { results: [], error: `${path}: ${(cause as Error).message}` };
  }
  const results: CaseResult[] = [];
  for (const test of tests) {
    const chosen = test.cases.filter((testCase) => isChosen(path, test, testCase, choice));
    if (chosen.length === 0) continue;
    let prepared: PreparedTest;
    try {
      prepared = prepareTest(test);
    } catch (cause) {
      return { results, error: `${path}: ${test.name}: ${(cause as Error).message}` };
    }
    for (const testCase of chosen) {
      const result = await runCase(prepared, testCase, machine);
      onCase?.(result);
      results.push(result);
    }
  }
  return { results };
}

function isChosen(
  path: string,
  test: StateTest,
  { fork, index }: StateTestCase,
  choice: CaseChoice,
): boolean {
  if (choice.fork !== undefined && findFork(choice.fork) !== fork) return false;
  const title = `${path}::${test.name}::${fork}::${index}`;
  if (choice.filter !== undefined && !new RegExp(choice.filter).test(title)) return false;
  const oneIn = choice.oneIn ?? 1;
  return oneIn <= 1 || spread(`${test.name}::${fork}::${index}`) % oneIn === 0;
}

/** A number from a text, evenly spread and the same on every machine (FNV-1a). */
function spread(text: string): number {
  let sum = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193);
  }
  return (sum ^ (sum >>> 15)) >>> 0;
}
