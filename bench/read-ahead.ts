/**
 * What reading ahead gains a block of which no page is in memory: swaps in Uniswap v2, each by
 * another trader in another pair of other coins. A trader is a contract, which names its two coins
 * and its pair by constants. What it calls reads its own.
 *
 *   node bench/read-ahead.ts [--pairs N] [--holders N] [--swaps N] [--rounds N]
 *     [--system-reads-ahead] [--tiny]
 *
 * The block is imported with nothing read ahead, with what transactions name (recipients, senders)
 * and with the slots that the codes of recipients name as well, in turns; each round in a database
 * that was opened anew, whose pages `dd` has the system forget: of this file alone, on Linux. A
 * wait is a page that the thread of the chain waited for. The system reads one page at a time, as
 * it comes to where the database is much larger than memory; with --system-reads-ahead as many as
 * it likes. --tiny shows only that it works.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { Chain } from '../src/chain/chain.ts';
import { ChainDatabase } from '../src/chain/database/chain-database.ts';
import { LOG, STORE } from '../src/chain/database/folder.ts';
import { Machines } from '../src/chain/machines.ts';
import { median } from '../src/cli/bench/statistics.ts';
import { compileWorkloads } from '../src/cli/bench/workloads/compile.ts';
import { FolderFiles } from '../src/state/log/files.ts';
import { RecordLog } from '../src/state/log/record-log.ts';
import { LmdbStore } from '../src/state/store/lmdb-store.ts';
import { addressIn, makePairs } from './blocks/pairs.ts';
import { makeSenders, scenarios, signed } from './blocks/scenario.ts';

const MODES = ['nothing', 'what transactions name', 'what codes name as well'] as const;
type Mode = (typeof MODES)[number];

requireBuild();
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '8000' },
    holders: { type: 'string', default: '80' },
    swaps: { type: 'string', default: '240' },
    rounds: { type: 'string', default: '20' },
    'system-reads-ahead': { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
  },
});
const { tiny } = values;
const PAIRS = tiny ? 20 : Number(values.pairs);
const HOLDERS = tiny ? 2 : Number(values.holders);
const SWAPS = tiny ? 10 : Number(values.swaps);
const ROUNDS = tiny ? 1 : Number(values.rounds);

const missing = (what: string): void => console.error(`left out: ${what}`);
const compiled = compileWorkloads(missing);
const scenario =
  compiled && scenarios(compiled, [], missing).find(({ name }) => /swaps/.test(name));
if (scenario === undefined) throw new Error('the scenario needs solc and Uniswap: npm ci');
const senders = makeSenders(SWAPS);

async function openChain(folder: string, mode: Mode): Promise<Chain> {
  const noReadAhead = !values['system-reads-ahead'];
  const store = await LmdbStore.open({ folder: join(folder, STORE), noReadAhead });
  const log = await RecordLog.open(new FolderFiles(join(folder, LOG)));
  const tree = await ChainDatabase.open({ store, log });
  const readAhead = tree.readAhead.bind(tree);
  tree.readAhead = (touched) => {
    if (mode === 'nothing') return;
    readAhead(() => {
      const { accounts, slots, called = [] } = touched();
      return { accounts, slots, called: mode === 'what codes name as well' ? called : [] };
    });
  };
  if (tree.spec === undefined) throw new Error('the database names no chain');
  return new Chain({ spec: tree.spec, tree, machines: new Machines({ engine: 'auto' }) });
}

function forgetPages(folder: string): void {
  if (tiny) return;
  const file = join(folder, STORE, 'data.mdb');
  execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
}

/** Pages that this thread has waited for: `majflt` of proc(5). */
function waits(): number {
  const file = `/proc/self/task/${process.pid}/stat`;
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[11]) : Number.NaN;
}

const home = mkdtempSync(join(tmpdir(), 'ironfly-read-ahead-'));
try {
  const folder = join(home, 'chain');
  await makePairs(folder, scenario, senders, { pairs: PAIRS, holders: HOLDERS });
  const { to, data, gasLimit } = scenario.call(1, 0);
  const step = Math.floor(PAIRS / SWAPS);
  const transactions = senders.map((sender, index) =>
    signed(sender, { to: addressIn(index * step, to), data, gasLimit }),
  );
  const maker = await openChain(folder, 'nothing');
  const request = { timestamp: 12n, coinbase: maker.head.header.coinbase, transactions };
  const { bytes, block, receipts } = await maker.buildBlock(request);
  await maker.close();
  const done = receipts.filter(({ succeeded }) => succeeded).length;
  if (done !== SWAPS) throw new Error(`${done} of ${SWAPS} swaps came about`);

  const kept = join(home, 'log');
  cpSync(join(folder, LOG), kept, { recursive: true });
  const measured = new Map(
    MODES.map((mode) => [mode, { ms: [] as number[], waits: [] as number[] }]),
  );
  // One round before those that count: V8 has compiled then what it is going to.
  for (let round = -1; round < ROUNDS; round++) {
    for (let turn = 0; turn < MODES.length; turn++) {
      const mode = MODES[(turn + round + 1) % MODES.length] as Mode;
      rmSync(join(folder, LOG), { recursive: true });
      cpSync(kept, join(folder, LOG), { recursive: true });
      forgetPages(folder);
      const chain = await openChain(folder, mode);
      const [start, waitsBefore] = [performance.now(), waits()];
      const { hash } = await chain.importBlock(bytes);
      const figures = { ms: performance.now() - start, waits: waits() - waitsBefore };
      await chain.close();
      if (hash !== block.hash) throw new Error('another block was imported');
      if (round < 0) continue;
      measured.get(mode)?.ms.push(figures.ms);
      measured.get(mode)?.waits.push(figures.waits);
    }
  }
  console.log(`${SWAPS} swaps, ${PAIRS} pairs, read ahead:`);
  const last = measured.get('nothing')?.ms ?? [];
  for (const [mode, { ms, waits }] of measured) {
    const ratio = median(ms.map((each, round) => each / (last[round] as number)));
    const columns = [median(ms).toFixed(1), median(waits).toFixed(0)];
    const [time, count] = columns.map((text) => text.padStart(8));
    console.log(`${mode.padEnd(26)}${time} ms ${count} waits, ${ratio.toFixed(3)} x in pairs`);
  }
} finally {
  rmSync(home, { recursive: true });
}
