/**
 * The differential suite by itself: all of it, or one scenario in N.
 *
 *   node test/differential/run.ts [--fork F]... [--family F]... [--engine E]... [--sample N]
 *     [--first]
 *
 * --first ends with the first difference. The last line is {"passed":N,"failed":N,"skipped":0}.
 * Exit code 1 on a difference.
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../../scripts/built.ts';
import { findFork, forkIndex } from '../../src/evm/forks/names.ts';
import type { Engine } from '../../src/evm/types.ts';
import { ENGINES } from './compare.ts';
import { PEER_FORKS } from './ethereumjs.ts';
import { createSuite, FAMILIES } from './suite.ts';

requireBuild();
process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      fork: { type: 'string', multiple: true, default: [...PEER_FORKS] },
      family: { type: 'string', multiple: true, default: Object.keys(FAMILIES) },
      engine: { type: 'string', multiple: true, default: [...ENGINES] },
      sample: { type: 'string', default: '1' },
      first: { type: 'boolean', default: false },
    },
  });
  const forks = values.fork.map((name) => PEER_FORKS.find((fork) => fork === findFork(name)));
  const engines = values.engine.filter((name): name is Engine => ENGINES.includes(name as Engine));
  const oneIn = Number(values.sample);
  const unknown = values.family.find((name) => FAMILIES[name] === undefined);
  if (forks.includes(undefined) || unknown !== undefined || engines.length === 0 || !(oneIn >= 1)) {
    process.stderr.write(
      `differential: forks are ${PEER_FORKS.join(', ')}; families are ` +
        `${Object.keys(FAMILIES).join(', ')}; engines are ${ENGINES.join(', ')}; ` +
        '--sample is a whole number from 1\n',
    );
    return 2;
  }
  let [passed, failed] = [0, 0];
  for (const fork of forks) {
    if (fork === undefined || (values.first && failed > 0)) continue;
    const start = performance.now();
    const suite = createSuite(fork, [...new Set<Engine>(['interpreter', ...engines])]);
    let count = 0;
    for (const family of values.family) {
      if (values.first && failed > 0) break;
      const first = forkIndex(fork);
      const result = await suite.run(family, { oneIn, first, stopsAtFailure: values.first });
      count += result.passed;
      failed += result.failures.length;
      for (const failure of result.failures) process.stdout.write(`FAIL ${failure}\n`);
    }
    passed += count;
    const seconds = ((performance.now() - start) / 1_000).toFixed(1);
    process.stdout.write(`${fork.padEnd(18)} ${String(count).padStart(7)} passed ${seconds} s\n`);
  }
  process.stdout.write(`${JSON.stringify({ passed, failed, skipped: 0 })}\n`);
  return failed > 0 ? 1 : 0;
}
