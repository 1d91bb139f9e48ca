/**
 * What `createEVM` costs a process that has just begun: each figure from fresh processes of the
 * built package (`npm run build`), medians, what an empty process takes subtracted from memory.
 *
 *   node bench/start.ts [--processes N] [--fork F]
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, requireBuild } from '../scripts/built.ts';
import { median } from '../src/cli/bench/statistics.ts';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '15' },
    fork: { type: 'string', default: 'osaka' },
  },
});
requireBuild();
const library = join(ROOT, 'dist', 'src', 'evm', 'evm.js');
if (!existsSync(library)) throw new Error('there is no dist/: run npm run build');

/** Prints milliseconds of wall and CPU of the import and of `createEVM`, and MiB resident. */
const CREATE = `
const at = () => {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1000 };
};
const start = at();
const { createEVM } = await import(${JSON.stringify(`file://${library}`)});
const imported = at();
globalThis.evm = createEVM({ fork: '${values.fork}' });
const created = at();
const MiB = process.memoryUsage.rss() / 2 ** 20;
const importMs = imported.wall - start.wall;
const importCpuMs = imported.cpu - start.cpu;
const [wallMs, cpuMs] = [created.wall - imported.wall, created.cpu - imported.cpu];
console.log(JSON.stringify({ importMs, importCpuMs, wallMs, cpuMs, MiB, processMs: created.wall }));
process.exit();
`;
const EMPTY = `console.log(JSON.stringify({
  MiB: process.memoryUsage.rss() / 2 ** 20, processMs: performance.now() }));`;

type Figures = Readonly<Record<string, number>>;

function measure(program: string): Figures {
  const args = ['--input-type=module', '--eval', program];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Figures;
}

const empty: Figures[] = [];
const created: Figures[] = [];
for (let i = 0; i < Number(values.processes); i++) {
  empty.push(measure(EMPTY));
  created.push(measure(CREATE));
}
const of = (all: readonly Figures[], name: string) => median(all.map((one) => one[name] ?? 0));
const print = (what: string, value: number, unit: string) =>
  console.log(`${what.padEnd(44)} ${value.toFixed(1).padStart(7)} ${unit}`);
print('import of ironfly/evm', of(created, 'importMs'), 'ms');
print('the same, CPU of all threads', of(created, 'importCpuMs'), 'ms');
print('createEVM', of(created, 'wallMs'), 'ms');
print('the same, CPU of all threads', of(created, 'cpuMs'), 'ms');
print('both, over an empty process', of(created, 'processMs') - of(empty, 'processMs'), 'ms');
print('memory, over an empty process', of(created, 'MiB') - of(empty, 'MiB'), 'MiB');
