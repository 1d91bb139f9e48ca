/**
 * `npm run mutate`: plants bugs in a copy of the sources, one at a time, and asks who finds each:
 * the part of the differential suite that `npm test` runs, or else the fuzzer, or else all of the
 * suite, as `npm run conformance` runs it.
 *
 *   npm run mutate -- [--bug N]... [--sample N] [--seconds N] [--family F]...
 *
 * --sample is the suite's, 60 as in `npm test`; --seconds are those of the fuzzer; --family names
 * parts of the suite, to look at one bug. Exit code 1 when a bug was not found.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['src', 'test', 'scripts', 'build', 'package.json', 'tsconfig.json'];

process.exitCode = main();

function main(): number {
  const { values } = parseArgs({
    options: {
      bug: { type: 'string', multiple: true, default: [...PLANTED_BUGS.keys()].map(String) },
      sample: { type: 'string', default: '60' },
      seconds: { type: 'string', default: '60' },
      family: { type: 'string', multiple: true, default: [] },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-mutate-'));
  let missed = 0;
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    for (const index of values.bug.map(Number)) {
      const planted = PLANTED_BUGS[index];
      if (planted === undefined) throw new RangeError(`there are ${PLANTED_BUGS.length} bugs`);
      const start = performance.now();
      const found = tryBug(folder, planted, values);
      const seconds = ((performance.now() - start) / 1_000).toFixed(0);
      process.stdout.write(`${index} ${planted.what}: ${found ?? 'NOT FOUND'} (${seconds} s)\n`);
      if (found === undefined) missed += 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(`${values.bug.length - missed} found, ${missed} not found\n`);
  return missed > 0 ? 1 : 0;
}

interface Options {
  readonly sample: string;
  readonly seconds: string;
  readonly family: readonly string[];
}

/** By whom the bug is found, and where; undefined when nobody does. */
function tryBug(
  folder: string,
  { file, from, to }: PlantedBug,
  { sample, seconds, family }: Options,
): string | undefined {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times ${from}`);
  writeFileSync(path, parts.join(to));
  try {
    build(folder);
    const families = family.flatMap((name) => ['--family', name]);
    const suite = ['test/differential/run.ts', '--first', ...families];
    const fuzzer = ['test/fuzz/run.ts', '--seconds', seconds, '--seed', 'mutate'];
    return (
      lineOfFailure(folder, [...suite, '--sample', sample], `one in ${sample} of the suite`) ??
      lineOfFailure(folder, fuzzer, `the fuzzer in ${seconds} s`) ??
      lineOfFailure(folder, suite, 'all of the suite')
    );
  } finally {
    writeFileSync(path, text);
  }
}

function build(folder: string): void {
  const script = ['scripts/build-runtime.mjs'];
  const { status, stderr } = spawnSync(process.execPath, script, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`it cannot be built: ${stderr}`);
}

function lineOfFailure(folder: string, command: string[], who: string): string | undefined {
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, command, options);
  if (status === 0) return undefined;
  const lines = [...stdout.split('\n'), ...stderr.split('\n')];
  const line = lines.find((text) => /^FAIL|^round|Error/.test(text)) ?? `ended with ${status}`;
  return `${who}: ${line.slice(0, 160)}`;
}
