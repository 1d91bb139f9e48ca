/**
 * `npm run crash [-- --rounds N --seed S]`: the crash suites at length, 1,000 rounds each, and a
 * fifth of it where a round starts a node: 200 kills of a sequencer, and 200 power cuts.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '1000' }, seed: { type: 'string' } },
});
for (const [name, value] of Object.entries(values)) {
  if (/^\d{1,9}$/.test(value)) continue;
  process.stderr.write(`--${name} ${value} is no whole number of up to nine digits\n`);
  process.exit(2);
}
const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const seed = values.seed === undefined ? {} : { IRONFLY_CRASH_SEED: values.seed };
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/crash'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, IRONFLY_CRASH_ROUNDS: values.rounds, ...seed },
});
process.exitCode = status ?? 1;
