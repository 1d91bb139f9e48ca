/** The cases of one file's text: chosen, run one after the other, each with its verdict. */

import { findFork } from '../../evm/forks/names.ts';
import { isSampled } from '../sample.ts';
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

/** What to run: the text of a file, and the path that it is named by. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Runs the chosen cases of a file. One that is none of state tests is an error. */
export async function runCases(
  { path, text }: SourceFile,
  choice: CaseChoice,
  machine: TestMachine,
  onCase?: (result: CaseResult) => void,
): Promise<FileResult> {
  const results: CaseResult[] = [];
  let name = '';
  try {
    for (const test of parseStateTests(text)) {
      const chosen = test.cases.filter((testCase) => isChosen(path, test, testCase, choice));
      if (chosen.length === 0) continue;
      name = `${test.name}: `;
      const prepared: PreparedTest = prepareTest(test);
      for (const testCase of chosen) {
        const result = await runCase(prepared, testCase, machine);
        onCase?.(result);
        results.push(result);
      }
    }
  } catch (cause) {
    return { results, error: `${path}: ${name}${(cause as Error).message}` };
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
  return isSampled(`${test.name}::${fork}::${index}`, choice.oneIn ?? 1);
}
