/**
 * ERC-20 transfers from the socket to the committed block: an `ironfly node` that sequences, in a
 * folder on the disk, is sent raw transactions at a rate by this process, over WebSocket, and says
 * of each when it was executed and when its block was in the chain.
 *
 *   node bench/load.ts [--rate N]... [--seconds N] [--block-ms N] [--order RULE] [--tiny]
 *
 * A rate that is kept: all that was sent in the time is in blocks at its end, as the chain's state
 * shows. --tiny shows only that it works.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';
import { requireBuild } from '../scripts/built.ts';
import { MILLISECONDS_CODE } from '../src/chain/sequencing.ts';
import { compileWorkloads } from '../src/cli/bench/workloads/compile.ts';
import { SYSTEM_CONTRACTS } from './blocks/chain.ts';
import { GAS_LIMIT, makeSenders, type Scenario, scenarios, signed } from './blocks/scenario.ts';

requireBuild();
const { values } = parseArgs({
  options: {
    rate: { type: 'string', multiple: true, default: ['3000', '5000', '10000'] },
    seconds: { type: 'string', default: '20' },
    'block-ms': { type: 'string', default: '500' },
    order: { type: 'string', default: 'first come' },
    tiny: { type: 'boolean', default: false },
  },
});
const RATES = values.tiny ? [200] : values.rate.map(Number);
const SECONDS = values.tiny ? 1 : Number(values.seconds);
const SENDERS = values.tiny ? 20 : 1_000;
/** Transactions of one message. */
const BATCH = 50;
const CLOCK = `0x${'c1'.repeat(20)}`;
const BLOCK_GAS = GAS_LIMIT * 100n;

const compiled = compileWorkloads((what) => console.error(`left out: ${what}`));
if (compiled === undefined) throw new Error('the token needs solc: npm ci');
const senders = makeSenders(SENDERS);
const [tokens] = scenarios(compiled, senders, () => {});
for (const rate of RATES) console.log(await measure(tokens as Scenario, rate));
process.exit();

async function measure(scenario: Scenario, rate: number) {
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-load-'));
  const genesis = join(folder, 'genesis.json');
  writeFileSync(genesis, genesisFile(scenario));
  const transactions = sign(scenario, rate * SECONDS);
  const node = spawn(
    process.execPath,
    [
      ...['bin/ironfly.mjs', 'node', '--datadir', join(folder, 'data'), '--genesis', genesis],
      ...['--http-port', '0', '--log-format', 'json', '--sequencer', `0x${'c0'.repeat(20)}`],
      ...['--block-ms', values['block-ms'], '--order', values.order],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  try {
    const url = await urlOf(node.stderr);
    return await load(url, transactions, { rate, pid: node.pid ?? 0 });
  } finally {
    const gone = new Promise((resolve) => node.once('exit', resolve));
    node.kill('SIGTERM');
    await gone;
    rmSync(folder, { recursive: true });
  }
}

/** Where it listens, as its log says. */
async function urlOf(output: Readable): Promise<string> {
  let text = '';
  // It stays open: what ends a node's log ends the node, or did.
  for await (const part of output.iterator({ destroyOnReturn: false })) {
    text += String(part);
    const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    if (found === undefined) continue;
    // What it says later is let go.
    output.on('data', () => {});
    return found;
  }
  throw new Error(`the node has ended: ${text}`);
}

function genesisFile({ accounts }: Scenario): string {
  const hex = (value: bigint) => `0x${value.toString(16)}`;
  const word = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}`;
  const alloc: Record<string, object> = {};
  for (const { address } of senders) alloc[address] = { balance: hex(10n ** 24n) };
  for (const { address, nonce, code, storage } of accounts) {
    const slots = [...storage].map(([slot, value]) => [word(slot), word(value)]);
    alloc[address] = {
      balance: '0x0',
      nonce: hex(nonce),
      code: `0x${code.toHex()}`,
      storage: Object.fromEntries(slots),
    };
  }
  for (const address of SYSTEM_CONTRACTS) {
    alloc[address] = { balance: '0x0', nonce: '0x1', code: '0x00' };
  }
  alloc[CLOCK] = { balance: '0x0', nonce: '0x1', code: `0x${MILLISECONDS_CODE.toHex()}` };
  const blocks = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople'];
  const later = ['petersburg', 'istanbul', 'berlin', 'london'];
  const numbers = [...blocks, ...later].map((name) => [`${name}Block`, 0]);
  const times = ['shanghai', 'cancun', 'prague', 'osaka'].map((name) => [`${name}Time`, 0]);
  return JSON.stringify({
    config: {
      chainId: 31_337,
      ...Object.fromEntries([...numbers, ...times]),
      terminalTotalDifficulty: 0,
      ironfly: { milliseconds: CLOCK },
    },
    alloc,
    gasLimit: hex(BLOCK_GAS),
    difficulty: '0x0',
    baseFeePerGas: '0x7',
    timestamp: hex(BigInt(Math.floor(Date.now() / 1_000)) - 1n),
  });
}

/** One of each sender in turn. */
function sign(scenario: Scenario, count: number): string[] {
  for (const sender of senders) sender.nonce = 0n;
  return Array.from({ length: count }, (_, index) => {
    const sender = senders[index % SENDERS] as (typeof senders)[number];
    const bytes = signed(sender, scenario.call(Math.floor(index / SENDERS), index % SENDERS));
    sender.nonce += 1n;
    return `0x${bytes.toHex()}`;
  });
}

interface Target {
  readonly rate: number;
  readonly pid: number;
}

async function load(url: string, transactions: readonly string[], { rate, pid }: Target) {
  const socket = new WebSocket(url.replace('http', 'ws'), { maxPayload: 1 << 30 });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const sentAt = new Map<string, number>();
  const byId = new Map<number, number>();
  const executed: number[] = [];
  const included: number[] = [];
  let refused = 0;
  let failed = 0;
  let settle: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const hashes = new Map<string, string[]>();
  socket.on('message', (data) => {
    const now = performance.now();
    for (const message of [JSON.parse(String(data))].flat()) {
      if (message.method !== 'ironfly_subscription') {
        const time = byId.get(message.id);
        if (time === undefined) continue;
        if (message.error !== undefined) {
          failed += 1;
          if (failed === 1) console.error(message.error.message);
        } else {
          const hash = String(message.result);
          sentAt.set(hash, time);
          for (const kind of hashes.get(hash) ?? []) note(kind, hash, now);
          hashes.delete(hash);
        }
        continue;
      }
      const { status, transactionHash } = message.params.result;
      if (sentAt.has(transactionHash)) note(status, transactionHash, now);
      // It was told before the answer to who sent it.
      else hashes.set(transactionHash, [...(hashes.get(transactionHash) ?? []), status]);
    }
    if (included.length + refused + failed >= transactions.length) settle();
  });
  function note(status: string, hash: string, now: number): void {
    const time = sentAt.get(hash) as number;
    if (status === 'executed') executed.push(now - time);
    else if (status === 'included') included.push(now - time);
    else if (status === 'refused') refused += 1;
  }
  socket.send(
    JSON.stringify({
      jsonrpc: '2.0',
      id: -1,
      method: 'ironfly_subscribePreconfirmations',
      params: [],
    }),
  );
  const start = performance.now();
  let memory = 0;
  for (let from = 0; from < transactions.length; from += BATCH) {
    const due = start + (from * 1_000) / rate;
    const wait = due - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    else await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    const batch = transactions.slice(from, from + BATCH).map((raw, index) => {
      byId.set(from + index, now);
      return { jsonrpc: '2.0', id: from + index, method: 'eth_sendRawTransaction', params: [raw] };
    });
    socket.send(JSON.stringify(batch));
    if (from % (BATCH * 100) === 0) memory = Math.max(memory, residentOf(pid));
  }
  const sentMs = performance.now() - start;
  const timeout = setTimeout(settle, 60_000);
  await done;
  clearTimeout(timeout);
  const totalMs = performance.now() - start;
  socket.close();
  return {
    rate,
    sent: transactions.length,
    'sent in, s': round(sentMs / 1_000),
    included: included.length,
    refused,
    failed,
    'transactions a second, to the last block': round((included.length * 1_000) / totalMs),
    'executed p50, ms': at(executed, 0.5),
    'executed p99, ms': at(executed, 0.99),
    'included p50, ms': at(included, 0.5),
    'included p99, ms': at(included, 0.99),
    'memory, MB': round(Math.max(memory, residentOf(pid)) / 1e6),
  };
}

function at(times: readonly number[], part: number): number | undefined {
  const sorted = times.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return value === undefined ? undefined : round(value);
}

function round(value: number): number {
  return Number(value.toFixed(1));
}

function residentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}
