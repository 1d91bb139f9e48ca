/**
 * Full blocks imported into a database on the disk, beside peers that build or execute the same
 * blocks in memory.
 *
 *   node bench/blocks.ts [--blocks N] [--filter RE] [--no-peers] [--json]
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { loadFastKeccak } from '../src/base/keccak.ts';
import { Machines } from '../src/chain/machines.ts';
import { median } from '../src/cli/bench/statistics.ts';
import { compileWorkloads } from '../src/cli/bench/workloads/compile.ts';
import { mineInAnvil } from './blocks/anvil.ts';
import { beginningOf, importBlocks, makeBlocks } from './blocks/chain.ts';
import { mineInEdr } from './blocks/edr.ts';
import { runInEthereumJs } from './blocks/ethereumjs.ts';
import { makeSenders, type Scenario, scenarios } from './blocks/scenario.ts';

requireBuild();
const { values } = parseArgs({
  options: {
    blocks: { type: 'string', default: '12' },
    filter: { type: 'string', default: '' },
    peers: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
  },
  allowNegative: true,
});
const BLOCKS = Number(values.blocks);
/** More than a block has room for. */
const SENDERS = 1_200;
/** EthereumJS takes seconds a block. */
const BLOCKS_ETHEREUMJS = Math.min(3, BLOCKS);

const missing = (what: string): void => console.error(`left out: ${what}`);
const compiled = compileWorkloads(missing);
if (compiled === undefined) throw new Error('the scenarios need solc: npm ci');
await loadFastKeccak();
const senders = makeSenders(SENDERS);
for (const scenario of scenarios(compiled, senders, missing)) {
  if (new RegExp(values.filter).test(scenario.name)) await measure(scenario);
}

async function measure(scenario: Scenario): Promise<void> {
  const beginning = beginningOf(scenario, senders);
  const blocks = await makeBlocks(scenario, senders, beginning, BLOCKS);
  const machines = new Machines({ engine: 'auto' });
  const first = await importBlocks(beginning, blocks, machines);
  const ours = median(await importBlocks(beginning, blocks, machines));
  const anvil = values.peers ? await mineInAnvil(scenario, senders, blocks) : undefined;
  const edr = values.peers ? await mineInEdr(scenario, senders, blocks) : undefined;
  const ethereumjs = values.peers
    ? await runInEthereumJs(beginning, blocks.slice(0, BLOCKS_ETHEREUMJS))
    : undefined;
  const gas = blocks.reduce((sum, { gasUsed }) => sum + Number(gasUsed), 0) / blocks.length;
  const transactions = blocks.reduce((sum, block) => sum + block.transactions.length, 0) / BLOCKS;
  const row = {
    scenario: scenario.name,
    Mgas: gas / 1e6,
    transactions,
    'ironfly, process just begun': median(first),
    ironfly: ours,
    'Mgas/s': gas / 1e3 / ours,
    'anvil, mined': anvil && median(anvil.mined),
    'anvil, sent and mined': anvil && median(anvil.sent),
    'edr, mined': edr && median(edr.mined),
    'edr, sent and mined': edr && median(edr.sent),
    ethereumjs: ethereumjs && median(ethereumjs),
  };
  console.log(values.json ? JSON.stringify(row) : row);
}
