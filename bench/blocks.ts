/**
 * Full blocks imported into a database on the disk, beside peers that build or execute the same
 * blocks in memory; and real blocks of mainnet beside EthereumJS, where the fixtures are.
 *
 *   node bench/blocks.ts [--blocks N] [--rounds N] [--filter RE] [--no-peers] [--awake] [--json]
 *                        [--tiny]
 *
 * Ironfly's and EthereumJS's figures are of passes over the same blocks after a first one, each
 * into a database of its own, so that V8 and the machine have compiled what they are going to.
 * --awake keeps the cores awake (awake.ts). --tiny shows only that it works.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { Machines } from '../src/chain/machines.ts';
import { median } from '../src/cli/bench/statistics.ts';
import { compileWorkloads } from '../src/cli/bench/workloads/compile.ts';
import { keepAwake } from './awake.ts';
import { mineInAnvil } from './blocks/anvil.ts';
import {
  beginningOf,
  importBlocks,
  importStream,
  makeBlocks,
  produceBlocks,
} from './blocks/chain.ts';
import { mineInEdr } from './blocks/edr.ts';
import { runInEthereumJs } from './blocks/ethereumjs.ts';
import { importMainnetBlock, mainnetBlocks, runMainnetInEthereumJs } from './blocks/mainnet.ts';
import { makeSenders, type Scenario, scenarios } from './blocks/scenario.ts';

requireBuild();
const { values } = parseArgs({
  options: {
    blocks: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '5' },
    tiny: { type: 'boolean', default: false },
    filter: { type: 'string', default: '' },
    peers: { type: 'boolean', default: true },
    awake: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  allowNegative: true,
});
const { tiny } = values;
if (values.awake) keepAwake();
const BLOCKS = tiny ? 2 : Number(values.blocks);
const ROUNDS = tiny ? 1 : Number(values.rounds);
const PEERS = values.peers && !tiny;
/** More than a block has room for. */
const SENDERS = 1_200;
/** Of threads and one alone, where both are measured. */
const TURNS = 3;
/** EthereumJS takes seconds a block. */
const BLOCKS_ETHEREUMJS = Math.min(3, BLOCKS);

const missing = (what: string): void => console.error(`left out: ${what}`);
const compiled = compileWorkloads(missing);
if (compiled === undefined) throw new Error('the scenarios need solc: npm ci');
const senders = makeSenders(SENDERS);
const filter = new RegExp(values.filter);
for (const scenario of scenarios(compiled, senders, missing)) {
  if (filter.test(scenario.name)) await measure(scenario);
}
if (filter.test('mainnet')) await measureMainnet();
process.exit();

async function measure(scenario: Scenario): Promise<void> {
  const beginning = beginningOf(scenario, senders);
  const blocks = await makeBlocks(scenario, senders, beginning, BLOCKS);
  const machines = new Machines({ engine: 'auto' });
  const first = await importBlocks(beginning, blocks, machines);
  const times: number[] = [];
  const streams: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    times.push(...(await importBlocks(beginning, blocks, machines)));
    streams.push(await importStream(beginning, blocks, machines));
  }
  const produced: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    produced.push(...(await produceBlocks(beginning, blocks, machines)));
  }
  const ours = median(times);
  const anvil = PEERS ? await mineInAnvil(scenario, senders, blocks) : undefined;
  const edr = PEERS ? await mineInEdr(scenario, senders, blocks) : undefined;
  const some = blocks.slice(0, BLOCKS_ETHEREUMJS);
  if (PEERS) await runInEthereumJs(beginning, some);
  const ethereumjs = PEERS ? await runInEthereumJs(beginning, some) : undefined;
  const gas = blocks.reduce((sum, { gasUsed }) => sum + Number(gasUsed), 0) / blocks.length;
  const transactions = blocks.reduce((sum, block) => sum + block.transactions.length, 0) / BLOCKS;
  const row = {
    scenario: scenario.name,
    Mgas: gas / 1e6,
    transactions,
    'ironfly, first pass': median(first),
    'ironfly, one by one': ours,
    'ironfly, one after another': median(streams),
    'ironfly, produced': median(produced),
    'Mgas/s': gas / 1e3 / median(streams),
    'anvil, mined': anvil && median(anvil.mined),
    'anvil, sent and mined': anvil && median(anvil.sent),
    'edr, mined': edr && median(edr.mined),
    'edr, sent and mined': edr && median(edr.sent),
    ethereumjs: ethereumjs && median(ethereumjs),
  };
  console.log(values.json ? JSON.stringify(row) : row);
}

async function measureMainnet(): Promise<void> {
  const folder = join(process.env['IRONFLY_FIXTURES'] ?? '.cache/fixtures', 'pevm-mainnet-blocks');
  if (!existsSync(folder)) {
    missing('the mainnet blocks (set IRONFLY_FIXTURES to where the fixtures are unpacked)');
    return;
  }
  const machines = new Machines({ engine: 'auto' });
  const alone = new Machines({ engine: 'auto', workers: 1 });
  for (const block of mainnetBlocks(folder)) {
    const times: number[] = [];
    const aloneTimes: number[] = [];
    const roots = new Set<string>();
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [by, to] of [[machines, times] as const, [alone, aloneTimes] as const]) {
        const imported = await importMainnetBlock(block, by, ROUNDS + 1);
        to.push(...imported.times.slice(1));
        roots.add(imported.root);
      }
    }
    const peer = PEERS ? await runMainnetInEthereumJs(block, 3) : undefined;
    if (peer !== undefined) roots.add(peer.root);
    if (roots.size > 1) throw new Error(`block ${block.number}: roots ${[...roots].join(', ')}`);
    const row = {
      ...{ mainnet: block.number, Mgas: Number(block.gasUsed) / 1e6 },
      ...{ transactions: block.transactions, ironfly: median(times) },
      'ironfly, one thread': median(aloneTimes),
      ethereumjs: peer && median(peer.times.slice(1)),
    };
    console.log(values.json ? JSON.stringify(row) : row);
  }
}
