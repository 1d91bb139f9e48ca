/**
 * A development node beside Anvil, each a process of its own that is asked over HTTP: how soon it
 * answers, deploys and sends a second, latency of calls, logs over many blocks, a long trace,
 * snapshots.
 *
 *   node bench/node.ts [--rounds N] [--no-peers] [--json] [--tiny]
 *
 * Medians of rounds, in turns. --tiny shows only that it works.
 */

import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { median } from '../src/cli/bench/statistics.ts';
import { compileWorkloads } from '../src/cli/bench/workloads/compile.ts';
import { connectTo } from './node/client.ts';
import { type Server, startAnvil, startIronfly } from './node/servers.ts';
import { FULL, measureNode, TINY } from './node/work.ts';

requireBuild();
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    peers: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
  },
  allowNegative: true,
});
const ROUNDS = values.tiny ? 1 : Number(values.rounds);
const sizes = values.tiny ? TINY : FULL;
const missing = (what: string): void => console.error(`left out: ${what}`);
const compiled = compileWorkloads(missing);
if (compiled === undefined) throw new Error('the contracts need solc: npm ci');

const OPTIONS = ['--gas-limit', '30000000'];
const nodes: [string, () => Promise<Server | undefined>][] = [
  ['ironfly', () => startIronfly(OPTIONS)],
];
if (values.peers && !values.tiny) nodes.push(['anvil', () => startAnvil(OPTIONS)]);

const figures = new Map<string, Record<string, number>[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, start] of nodes) {
    const server = await start();
    if (server === undefined) {
      missing(name);
      continue;
    }
    const client = connectTo(server.url);
    try {
      const measured = await measureNode(client, compiled, sizes);
      const row = { 'start, ms': server.startMs, ...measured, 'memory, MB': server.memory() / 1e6 };
      figures.set(name, [...(figures.get(name) ?? []), row]);
    } finally {
      client.close();
      await server.stop();
    }
  }
}
for (const [name, rows] of figures) {
  const names = Object.keys(rows[0] ?? {});
  const row = Object.fromEntries(
    names.map((each) => [each, Number(median(rows.map((one) => one[each] ?? 0)).toFixed(3))]),
  );
  console.log(values.json ? JSON.stringify({ node: name, ...row }) : { node: name, ...row });
}
