/**
 * Everything that must hold, part by part, with one total at the end:
 * lint and format, types, build, unit and property tests (benchmarks at tiny size among them),
 * conformance, a browser.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Part {
  readonly name: string;
  readonly command: readonly string[];
  /** Reads the counts from the part's output; a part without is one check. */
  readonly count?: (stdout: string) => Counts | undefined;
}

const ROOT = new URL('..', import.meta.url).pathname;
const BIN = join(ROOT, 'node_modules', '.bin');
const scratch = mkdtempSync(join(tmpdir(), 'ironfly-test-'));
const vitestReport = join(scratch, 'vitest.json');

/** The differential suite has a test of its own among the unit tests. */
const CONFORMANCE = [
  'test/conformance/run.ts',
  ...['--sample', '40'],
  ...['eest', 'legacy', 'blocks', 'chains', 'engine', 'rpc', 'amsterdam', 'parallel', 'vm'].flatMap(
    (suite) => ['--suite', suite],
  ),
];

const PARTS: readonly Part[] = [
  { name: 'runtime', command: [process.execPath, 'scripts/build-runtime.mjs'] },
  { name: 'lint and format', command: [join(BIN, 'biome'), 'check', '.'] },
  { name: 'types', command: [join(BIN, 'tsc'), '--noEmit'] },
  { name: 'build', command: [process.execPath, 'scripts/build-dist.mjs'] },
  {
    name: 'the package, packed and installed elsewhere',
    command: [process.execPath, 'scripts/check-package.ts'],
    count: (stdout) => countLastLine(stdout),
  },
  {
    name: 'unit and property tests',
    command: [join(BIN, 'vitest'), 'run', '--reporter=json', `--outputFile=${vitestReport}`],
    count: () => countVitest(),
  },
  {
    name: 'conformance, a sample on every engine',
    command: [process.execPath, ...CONFORMANCE],
    count: (stdout) => countLastLine(stdout),
  },
  {
    name: 'the metrics, at tiny size',
    command: [process.execPath, 'bench/metrics.ts', '--tiny'],
  },
  {
    name: 'the figures of the state, at tiny size',
    command: [process.execPath, 'bench/state.ts', '--tiny'],
  },
  {
    name: 'full blocks, at tiny size',
    command: [process.execPath, 'bench/blocks.ts', '--tiny'],
  },
  {
    name: 'what reading ahead gains, at tiny size',
    command: [process.execPath, 'bench/read-ahead.ts', '--tiny'],
  },
  {
    name: 'blocks on simulated cores, at tiny size',
    command: [process.execPath, 'bench/parallel.ts', '--tiny'],
  },
  {
    name: 'a development node, at tiny size',
    command: [process.execPath, 'bench/node.ts', '--tiny'],
  },
  {
    name: 'a node under load, at tiny size',
    command: [process.execPath, 'bench/load.ts', '--tiny'],
  },
  {
    name: 'a suite of tests over contracts, by Hardhat 2 and 3 on a development node',
    command: [process.execPath, 'test/suite/run.ts', '--node', 'ironfly'],
    count: (stdout) => countLastLine(stdout),
  },
  {
    name: 'headless Chromium, a sample with shared and with unshared memory',
    command: [
      ...[process.execPath, '--disable-warning=ExperimentalWarning', 'test/browser/run.ts'],
      ...['--tiny', '--cases', '40', '--filter', 'TokenLoops mint|Sha1|OrderBook|UniswapV4'],
    ],
    count: (stdout) => countLastLine(stdout),
  },
];

function countVitest(): Counts | undefined {
  if (!existsSync(vitestReport)) return undefined;
  const report = JSON.parse(readFileSync(vitestReport, 'utf8')) as Record<string, unknown>;
  const results = report['testResults'] as { name: string; status: string; message: string }[];
  const assertions = (report['testResults'] as { assertionResults: unknown[] }[]).flatMap(
    ({ assertionResults }) => assertionResults as Record<string, unknown>[],
  );
  for (const { status, fullName, failureMessages } of assertions) {
    if (status === 'failed') console.log(`FAILED ${fullName}\n${String(failureMessages)}`);
  }
  // A file that cannot be loaded has no assertions.
  let broken = 0;
  for (const { name, status, message } of results) {
    if (status !== 'failed' || message === '') continue;
    broken += 1;
    console.log(`FAILED ${name}\n${message}`);
  }
  return {
    passed: Number(report['numPassedTests']),
    failed: Number(report['numFailedTests']) + broken,
    skipped: Number(report['numPendingTests']) + Number(report['numTodoTests']),
  };
}

function countLastLine(stdout: string): Counts | undefined {
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    const { passed, failed, skipped } = JSON.parse(last) as Partial<Counts>;
    if (passed === undefined || failed === undefined) return undefined;
    return { passed, failed, skipped: skipped ?? 0 };
  } catch {
    return undefined;
  }
}

function runPart(part: Part): Counts {
  const started = performance.now();
  console.log(`--- ${part.name}`);
  const [program = '', ...rest] = part.command;
  const { status, stdout } = spawnSync(program, rest, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    shell: process.platform === 'win32',
  });
  const counted = part.count?.(stdout);
  const counts = counted ?? { passed: status === 0 ? 1 : 0, failed: 0, skipped: 0 };
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  if (counts.failed > 0) process.stdout.write(`${stdout.slice(-20_000)}\n`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const { passed, failed, skipped } = counts;
  console.log(
    `${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s: ${part.name}`,
  );
  return counts;
}

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const part of PARTS) {
  const { passed, failed, skipped } = runPart(part);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}
rmSync(scratch, { recursive: true, force: true });
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
