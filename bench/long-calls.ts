/**
 * What long calls and traces do to others: a development node is asked for one over and over,
 * while another client measures how long a small call takes, and a block of one transaction.
 *
 *   node bench/long-calls.ts [--seconds N] [--call-workers N,N] [--json] [--tiny]
 *
 * Each load runs once with each number of workers (0 and 1 when left out). --tiny shows only that
 * it works.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { requireBuild } from '../scripts/built.ts';
import { percentile } from '../src/cli/bench/statistics.ts';
import { type Client, connectTo } from './node/client.ts';
import { startIronfly } from './node/servers.ts';

requireBuild();
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    'call-workers': { type: 'string', default: '0,1' },
    json: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
  },
});
const MEASURE_MS = values.tiny ? 200 : Number(values.seconds) * 1_000;
/** The first ones start threads and compile code. */
const WARM_MS = values.tiny ? 100 : 3_000;

const SMALL = `0x${'51'.repeat(20)}`;
const LOOP = `0x${'52'.repeat(20)}`;
const READS = `0x${'53'.repeat(20)}`;
const CODES = [
  // Returns 42.
  [SMALL, '0x602a5f5260205ff3'],
  // JUMPDEST PUSH0 JUMP
  [LOOP, '0x5b5f56'],
  // Reads one slot after the other: each is asked for.
  [READS, '0x5f5b8054506001016001565b'],
] as const;

const gas = (amount: number) => `0x${amount.toString(16)}`;
const LOADS: Readonly<Record<string, readonly [string, readonly unknown[]] | undefined>> = {
  nothing: undefined,
  'endless call': ['eth_call', [{ to: LOOP, gas: gas(550_000_000) }, 'latest']],
  'call of many reads': ['eth_call', [{ to: READS, gas: gas(100_000_000) }, 'latest']],
  'struct log': ['debug_traceCall', [{ to: LOOP, gas: gas(4_000_000) }, 'latest', {}]],
  'trace in one piece': ['trace_call', [{ to: LOOP, gas: gas(1_000_000) }, ['vmTrace'], 'latest']],
};

type Row = Record<string, number | string>;

for (const workers of values['call-workers'].split(',')) {
  const server = await startIronfly(['--gas-limit', '30000000', '--call-workers', workers]);
  const client = connectTo(server.url);
  try {
    const [from] = (await client.request('eth_accounts', [])) as string[];
    for (const [address, code] of CODES) await client.request('anvil_setCode', [address, code]);
    for (const load of Object.keys(LOADS)) {
      const figures = await beside(server.url, load, () => measure(client, from ?? ''));
      const row = { workers: Number(workers), load, ...figures, 'memory, MB': megabytes(server) };
      console.log(values.json ? JSON.stringify(row) : row);
    }
  } finally {
    client.close();
    await server.stop();
  }
}

function megabytes({ memory }: { memory(): number }): number {
  return Math.round(memory() / 1e6);
}

/** The work's figures while the load is asked for by a client of its own. */
async function beside(url: string, load: string, work: () => Promise<Row>): Promise<Row> {
  const asked = LOADS[load];
  if (asked === undefined) return work();
  const client = connectTo(url);
  let isOver = false;
  let answers = 0;
  const loading = (async () => {
    for (; !isOver; answers++) await client.drain(...asked);
  })();
  try {
    await delay(WARM_MS);
    const before = answers;
    const figures = await work();
    return { ...figures, 'answers of the load': answers - before };
  } finally {
    isOver = true;
    await loading;
    client.close();
  }
}

async function measure(client: Client, from: string): Promise<Row> {
  const calls: number[] = [];
  const blocks: number[] = [];
  const time = async (into: number[], work: () => Promise<unknown>) => {
    const start = performance.now();
    const answer = await work();
    into.push(performance.now() - start);
    return answer;
  };
  const end = performance.now() + MEASURE_MS;
  while (performance.now() < end) {
    for (let index = 0; index < 10; index++) {
      const answer = await time(calls, () => client.request('eth_call', [{ to: SMALL }, 'latest']));
      if (Number(answer) !== 42) throw new Error(`the small call gave ${answer}`);
    }
    // The block comes with the transaction.
    const sent = { from, to: SMALL, gas: gas(30_000) };
    await time(blocks, () => client.request('eth_sendTransaction', [sent]));
  }
  return { ...spread('call', calls), ...spread('block', blocks) };
}

function spread(name: string, times: readonly number[]): Row {
  const at = (share: number) => Number(percentile(times, share).toFixed(2));
  return {
    [`${name} p50, ms`]: at(0.5),
    [`${name} p99, ms`]: at(0.99),
    [`${name}, most, ms`]: at(1),
  };
}
