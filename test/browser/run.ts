/**
 * `npm run browser`: the benchmark set, a thousand state tests, proofs and a block without its
 * state in headless Chromium, with and without isolation from other origins (shared and unshared
 * memory).
 *
 *   node test/browser/run.ts [--cases N] [--tiny] [--filter RE] [--warm-up MS]
 *
 * --tiny runs the workloads at sizes that show only that they work, --filter some of them. The
 * browser is Debian's `chromium`, or what IRONFLY_CHROMIUM names. The last line is
 * {"passed":N,"failed":N,"skipped":N}; what is missing (browser, fixtures) is skipped by name.
 */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { requireBuild } from '../../scripts/built.ts';
import { call, open } from '../../src/cli/bench/machine.ts';
import { columns } from '../../src/cli/bench/report.ts';
import { geometricMean } from '../../src/cli/bench/statistics.ts';
import type { Workload } from '../../src/cli/bench/workload.ts';
import { loadWorkloads } from '../../src/cli/bench/workloads.ts';
import type { Engine } from '../../src/evm/types.ts';
import { fixtures } from '../fixtures.ts';
import type { BrowserTime, Page, SentWorkload } from './messages.ts';
import { makeProofs, type SentProofs } from './proofs.ts';
import { BROWSERS, serve } from './server.ts';

const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];
/** Files that the cases are taken from. */
const FILES_MAX = 400;

requireBuild();
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000' },
    tiny: { type: 'boolean', default: false },
    filter: { type: 'string', default: '' },
    'warm-up': { type: 'string' },
  },
});
const cases = Number(values.cases);
if (!Number.isInteger(cases) || cases < 1) {
  process.stderr.write(`browser: --cases ${values.cases} is not a whole number above 0\n`);
  process.exit(2);
}
/**
 * V8 optimises regions in threads of its own, once they have run for a while: after 400 ms the
 * largest were still the baseline's, three times as slow as the interpreter, on a loaded machine.
 */
const warmUpMs = Number(values['warm-up'] ?? (values.tiny ? 100 : 2_000));
if (!(warmUpMs >= 0)) {
  process.stderr.write(`browser: --warm-up ${values['warm-up']} is not a number of milliseconds\n`);
  process.exit(2);
}
const totals = { passed: 0, failed: 0, skipped: 0 };
const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const program = BROWSERS.find((path) => path !== undefined && existsSync(path));
if (program === undefined) {
  note('skipped: no browser (apt-get install chromium, or name one with IRONFLY_CHROMIUM)');
  totals.skipped += 1;
} else {
  const workloads = loadWorkloads({
    tiny: values.tiny,
    missing: (what) => note(`left out: ${what}`),
  });
  const chosen = workloads.filter(({ name }) => new RegExp(values.filter).test(name)).map(sent);
  const files = stateTestFiles();
  const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
  try {
    const proofs = await makeProofs();
    const work = { chosen, files, proofs };
    for (const isolated of [true, false]) await runPage(browser, isolated, work);
  } finally {
    await browser.close();
  }
}
console.log(JSON.stringify(totals));
process.exitCode = totals.failed > 0 ? 1 : 0;

interface Work {
  readonly chosen: readonly SentWorkload[];
  readonly files: ReadonlyMap<string, string>;
  readonly proofs: SentProofs;
}

/** All of it in a page of its own for each engine. */
async function runPage(browser: Browser, isolated: boolean, { chosen, files, proofs }: Work) {
  const title = isolated ? 'isolated, shared memory' : 'not isolated, memory of its own';
  const served = [...files].map(([path, file]) => [path, () => readFileSync(file)] as const);
  const site = await serve(new Map(served), { isolated });
  const ask = async <Name extends keyof Page>(
    name: Name,
    ...args: Parameters<Page[Name]>
  ): Promise<Awaited<ReturnType<Page[Name]>>> => {
    const page = await browser.newPage();
    try {
      page.on('pageerror', (error) => note(`${title}: ${error.message}`));
      await page.goto(site.url);
      await page.waitForFunction('globalThis.ironfly !== undefined');
      const code = `globalThis.ironfly[${JSON.stringify(name)}](...${JSON.stringify(args)})`;
      return await page.evaluate<Awaited<ReturnType<Page[Name]>>>(code);
    } finally {
      await page.close();
    }
  };
  try {
    settle(
      `${title}: memory`,
      (await ask('sharesMemory')) === isolated ? undefined : 'is the other kind',
    );
    try {
      await ask('proofs', proofs);
      settle('proofs', undefined);
    } catch (error) {
      settle(`${title}: proofs`, (error as Error).message);
    }
    // Chance decides which; a few too many are taken rather than too few.
    const oneIn = Math.max(1, Math.floor(casesIn(files) / (1.1 * cases)));
    for (const engine of files.size === 0 ? [] : ENGINES) {
      const { passed, failures } = await ask('stateTests', [...files.keys()], engine, { oneIn });
      console.log(`${title}: ${passed} state tests passed on ${engine}, ${failures.length} failed`);
      totals.passed += passed;
      for (const failure of failures) settle(`${title}: ${engine}`, failure);
    }
    const times: BrowserTime[] = [];
    for (const workload of chosen) {
      try {
        times.push(await ask('workload', workload, warmUpMs));
        settle(workload.name, undefined);
      } catch (error) {
        settle(`${title}: ${workload.name}`, (error as Error).message);
      }
    }
    console.log(table(title, times));
  } finally {
    await site.close();
  }
}

function settle(what: string, error: string | undefined): void {
  if (error === undefined) totals.passed += 1;
  else {
    totals.failed += 1;
    console.log(`FAILED ${what}: ${error.slice(0, 2_000)}`);
  }
}

/** Medians in the browser, and beside those of this Node.js where it ran the same. */
function table(title: string, times: readonly BrowserTime[]): string {
  const head = [title, 'interpreter', 'compiler'];
  const lines = times.map(({ name, ms }) => [
    name,
    ...[ms['interpreter'], ms['compiler']].map((value) => (value ?? Number.NaN).toFixed(3)),
  ]);
  const gains = times.map(({ ms }) => (ms['interpreter'] ?? 1) / (ms['compiler'] ?? 1));
  const mean = `compiler: ${geometricMean(gains).toFixed(2)} x the interpreter`;
  return times.length === 0 ? '' : [...columns([head, ...lines]), mean, ''].join('\n');
}

/** The output that it must give is the one that it gives here, where it is compared with peers. */
function sent(workload: Workload): SentWorkload {
  const { accounts, input, expected, ...rest } = workload;
  return {
    ...rest,
    input: input.toHex(),
    expected: expected ?? call(open(workload, 'interpreter')).output,
    accounts: accounts.map(({ address, nonce, balance, code, storage }) => ({
      address,
      nonce: String(nonce),
      balance: String(balance),
      code: code.toHex(),
      storage: [...storage].map(([slot, value]) => [String(slot), String(value)] as const),
    })),
  };
}

/** Files of state tests, spread over the suites, by the path that they are served under. */
function stateTestFiles(): ReadonlyMap<string, string> {
  const suites = [
    ['eest-v5.4.0', 'state_tests'],
    ['legacytests-Cancun', 'GeneralStateTests'],
  ] as const;
  const all = suites.flatMap(([suite, part]) => {
    const folder = fixtures(suite);
    if (folder === undefined) {
      totals.skipped += 1;
      return [];
    }
    return globSync('**/*.json', { cwd: join(folder, part) })
      .sort()
      .map((file) => join(folder, part, file));
  });
  const step = Math.max(1, Math.floor(all.length / Math.min(FILES_MAX, cases)));
  const some = all.filter((_, i) => i % step === 0);
  return new Map(some.map((file, i) => [`/files/${i}.json`, file]));
}

/** About how many cases the files hold: each has a hash of its logs. */
function casesIn(files: ReadonlyMap<string, string>): number {
  let count = 0;
  for (const file of files.values()) {
    count += readFileSync(file, 'utf8').split('"logs"').length - 1;
  }
  return count;
}
