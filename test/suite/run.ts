/**
 * One suite of tests over contracts of OpenZeppelin and Uniswap v2, v3 and v4, unchanged under
 * Hardhat 2 and Hardhat 3: on their own network, on Anvil, on `ironfly dev`. It prints what passed
 * and how long it took, and ends with the counts in one line of JSON.
 *
 *   node test/suite/run.ts [--node NAME] [--hardhat 2|3] [--rounds N] [--json]
 *
 * Times are medians of rounds; each round begins with another node. From end to end is from the
 * start of the node to the end of Hardhat; the tests alone are what Mocha tells.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Server, startAnvil, startIronfly } from '../../bench/node/servers.ts';
import { requireBuild } from '../../scripts/built.ts';
import { median } from '../../src/cli/bench/statistics.ts';
import { compileSuite } from './compile.ts';

const OPTIONS = ['--hardfork', 'osaka'];
const LAST_LINES = 4_000;

/** Nodes by name; `hardhat` is the network inside of Hardhat. */
const NODES: Readonly<Record<string, () => Promise<Server | undefined>>> = {
  hardhat: async () => undefined,
  anvil: () => startAnvil(OPTIONS, { tracing: false }),
  ironfly: () => startIronfly(OPTIONS),
};
/** What `hardhat` is asked for, by its version. */
const TASKS: Readonly<Record<string, readonly string[]>> = { 2: ['test'], 3: ['test', 'mocha'] };

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of the tests alone. */
  readonly testMs: number;
  readonly wallMs: number;
}

interface MochaReport {
  readonly stats: Readonly<Record<'passes' | 'failures' | 'pending' | 'duration', number>>;
  readonly failures: readonly { readonly fullTitle: string; readonly err: { message?: string } }[];
}

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: Object.keys(NODES) },
    hardhat: { type: 'string', multiple: true, default: Object.keys(TASKS) },
    rounds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
requireBuild();
const scratch = mkdtempSync(join(tmpdir(), 'ironfly-suite-'));

const folderOf = (version: string): string => join(import.meta.dirname, `hardhat-${version}`);

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function run(program: string, args: readonly string[], cwd: string, env = {}): Promise<Ended> {
  const child = spawn(program, args, {
    ...{ cwd, env: { ...process.env, ...env } },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-LAST_LINES);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** Each Hardhat has its own packages, beside those of the repository. */
async function install(version: string): Promise<void> {
  if (existsSync(join(folderOf(version), 'node_modules', '.bin', 'hardhat'))) return;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { code, output } = await run('npm', args, folderOf(version));
  if (code !== 0) throw new Error(`Hardhat ${version} is not installed:\n${output}`);
}

/** undefined where the node is not there. */
async function measure(version: string, node: string): Promise<Outcome | undefined> {
  const start = NODES[node];
  if (start === undefined) throw new RangeError(`no node ${node}`);
  const begun = performance.now();
  const server = await start();
  if (server === undefined && node !== 'hardhat') return undefined;
  const report = join(scratch, 'report.json');
  rmSync(report, { force: true });
  const remote = server === undefined ? [] : ['--network', 'remote'];
  const hardhat = join(folderOf(version), 'node_modules', '.bin', 'hardhat');
  const args = [hardhat, ...(TASKS[version] ?? []), '--no-compile', ...remote];
  try {
    const { code, output } = await run(process.execPath, args, folderOf(version), {
      ...(server === undefined ? {} : { SUITE_URL: server.url }),
      ...{ SUITE_REPORT: report, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true' },
    });
    const wallMs = performance.now() - begun;
    if (!existsSync(report)) throw new Error(`Hardhat ${version} ended with ${code}:\n${output}`);
    const { stats, failures } = JSON.parse(readFileSync(report, 'utf8')) as MochaReport;
    for (const { fullTitle, err } of failures) {
      console.log(`FAILED Hardhat ${version} on ${node}: ${fullTitle}\n${err.message}`);
    }
    const failed = stats.failures === 0 && code !== 0 ? 1 : stats.failures;
    const { passes: passed, pending: skipped, duration: testMs } = stats;
    return { passed, failed, skipped, testMs, wallMs };
  } finally {
    await server?.stop();
  }
}

const outcomes = new Map<string, Outcome[]>();
try {
  compileSuite();
  for (const version of values.hardhat) await install(version);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const version of values.hardhat) {
      for (let turn = 0; turn < values.node.length; turn++) {
        const node = values.node[(round + turn) % values.node.length] ?? '';
        const outcome = await measure(version, node);
        const key = `Hardhat ${version} on ${node}`;
        if (outcome === undefined) console.log(`left out: ${key}`);
        else outcomes.set(key, [...(outcomes.get(key) ?? []), outcome]);
      }
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const rows = [...outcomes].map(([combination, all]) => {
  const worst = all.toSorted((a, b) => b.failed - a.failed)[0];
  const seconds = (of: 'testMs' | 'wallMs') =>
    Number((median(all.map((each) => each[of])) / 1000).toFixed(2));
  return {
    ...{ combination, passed: worst?.passed ?? 0, failed: worst?.failed ?? 0 },
    ...{
      skipped: worst?.skipped ?? 0,
      'wall, s': seconds('wallMs'),
      'tests, s': seconds('testMs'),
    },
  };
});
if (values.json) for (const row of rows) console.log(JSON.stringify(row));
else console.table(rows);
const sum = (of: 'passed' | 'failed' | 'skipped') =>
  rows.reduce((total, row) => total + row[of], 0);
console.log(
  JSON.stringify({ passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }),
);
process.exitCode = sum('failed') > 0 || rows.length === 0 ? 1 : 0;
