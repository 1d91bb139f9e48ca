/**
 * `npm run fuzz`: random cases on EthereumJS and on every tier until time is up.
 *
 *   npm run fuzz -- [--seconds N] [--seed S] [--fork F]... [--engine E]... [--round N]
 *
 * Ctrl-C ends it early, with its counts. A round is one case: its seed and number make it, so
 * `--seed S --round N` runs it again. What differs is made small, printed, and written to
 * test/differential/found, where `npm test` runs it. Exit code 1 when something differed, 2 on
 * wrong usage.
 */

import { writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { requireBuild } from '../../scripts/built.ts';
import { type ForkName, findFork } from '../../src/evm/forks/names.ts';
import type { Engine } from '../../src/evm/types.ts';
import { writeJson } from '../differential/case.ts';
import { ENGINES } from '../differential/compare.ts';
import { PEER_FORKS } from '../differential/ethereumjs.ts';
import { type Campaign, createCampaign, type Round } from './campaign.ts';
import { holes, newCoverage, note, opcodeTable, table } from './coverage.ts';
import { Random } from './random.ts';
import { shrink } from './shrink.ts';
import { forkOfRound } from './world.ts';

/** Differences after which the run ends: more of one kind say nothing new. */
const DIFFERENCES_MAX = 5;
const PROGRESS_MS = 10_000;

requireBuild();
process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now()) },
      fork: { type: 'string', multiple: true, default: [...PEER_FORKS] },
      engine: { type: 'string', multiple: true, default: [...ENGINES] },
      round: { type: 'string' },
    },
  });
  const forks = values.fork.map((name) => PEER_FORKS.find((fork) => fork === findFork(name)));
  const engines = values.engine.filter((name): name is Engine => ENGINES.includes(name as Engine));
  const seconds = Number(values.seconds);
  if (!forks.every((fork) => fork !== undefined) || engines.length === 0 || !(seconds >= 0)) {
    process.stderr.write(
      `fuzz: forks are ${PEER_FORKS.join(', ')}; engines are ${ENGINES.join(', ')}; ` +
        '--seconds is a number from 0\n',
    );
    return 2;
  }
  // All are compared with the interpreter.
  const campaign = createCampaign([...new Set<Engine>(['interpreter', ...engines])]);
  process.stdout.write(`seed ${values.seed}\n`);
  const coverage = newCoverage();
  let differences = 0;
  const start = performance.now();
  let shown = start;
  const only = values.round === undefined ? undefined : Number(values.round);
  let stopped = false;
  process.once('SIGINT', () => {
    stopped = true;
  });
  for (let number = only ?? 0; only === undefined || number === only; number++) {
    if (stopped || (only === undefined && performance.now() - start > seconds * 1_000)) break;
    const round = await runRound(campaign, forks as ForkName[], values.seed, number);
    note(coverage, round);
    if (round.comparison.difference !== undefined) {
      differences += 1;
      await report(campaign, round, number);
      if (differences >= DIFFERENCES_MAX) break;
    }
    if (performance.now() - shown > PROGRESS_MS) {
      shown = performance.now();
      // Nothing in a round gives way to signals.
      await setImmediate();
      const { transactions } = coverage;
      const rate = Math.round((transactions * 1_000) / (shown - start));
      process.stderr.write(
        `${transactions} transactions, ${rate}/s, round ${number}, ${differences} differences\n`,
      );
    }
  }
  const elapsed = performance.now() - start;
  process.stdout.write(
    `forks: ${table(coverage.forks)}\ntypes: ${table(coverage.types)}\n` +
      `outcomes: ${table(coverage.outcomes)}\n` +
      `steps: ${opcodeTable(coverage)}\n` +
      `opcodes without a compared step: ${holes(coverage, forks as ForkName[])}\n` +
      `${coverage.transactions} transactions, ${coverage.distinct.size} distinct, ` +
      `on ${engines.join(', ')} and EthereumJS in ${Math.round(elapsed / 1_000)} s, ` +
      `${differences} differences\n`,
  );
  return differences > 0 ? 1 : 0;
}

async function runRound(
  campaign: Campaign,
  forks: readonly ForkName[],
  seed: string,
  number: number,
): Promise<Round> {
  const name = `${seed} ${number}`;
  const fork = forkOfRound(new Random(name), forks);
  try {
    return await campaign.round(fork, name);
  } catch (error) {
    throw new Error(`round ${number} of seed ${seed} on ${fork}`, { cause: error });
  }
}

async function report(campaign: Campaign, round: Round, number: number): Promise<void> {
  const { difference } = round.comparison;
  process.stdout.write(`round ${number}, ${round.test.fork}: ${JSON.stringify(difference)}\n`);
  const small = await shrink(round.test, async (test) => {
    const found = (await campaign.compare(test, round.options)).difference;
    return (
      found !== undefined &&
      found.machine === difference?.machine &&
      found.text.split(' ')[0] === difference.text.split(' ')[0]
    );
  });
  const { difference: left } = await campaign.compare(small, round.options);
  const { forcing = {} } = round.options;
  const text = writeJson({ ...small, forcing, why: left?.text ?? difference?.text }, 1);
  const file = new URL(`../differential/found/${round.test.fork}-${number}.json`, import.meta.url);
  writeFileSync(file, `${text}\n`);
  process.stdout.write(`${text}\nwritten to ${file.pathname}\n`);
}
