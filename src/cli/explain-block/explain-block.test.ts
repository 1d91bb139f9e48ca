/** What `ironfly explain-block` says of blocks, and of events by hand, and what it refuses. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeBlock } from '../../chain/blocks/block.ts';
import { firstBlock, genesisHeader } from '../../chain/blocks/genesis.ts';
import { Chain } from '../../chain/chain.ts';
import type { ChainSpec } from '../../chain/chain-spec.ts';
import type { ChainDatabase } from '../../chain/database/chain-database.ts';
import { createInFolder, createInMemory } from '../../chain/database/folder.ts';
import { Machines } from '../../chain/machines.ts';
import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { encodeTransaction } from '../../chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../chain/transactions/signature.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import type { JobEvent } from '../../evm/parallel/job.ts';
import type { Address } from '../../evm/types.ts';
import { MemoryState } from '../../state/memory.ts';
import { explainInTree } from '../explain-block.ts';
import { asJson } from './json.ts';
import { longestChain } from './longest-chain.ts';
import type { BlockExplanation } from './model.ts';
import { asHtml } from './page.ts';
import { asText } from './text.ts';
import { ticksOf } from './ticks.ts';
import { timelineOf } from './timeline.ts';

const BIN = fileURLToPath(new URL('../../../bin/ironfly.mjs', import.meta.url));
const TIMEOUT = 120_000;
const NONE = new Uint8Array(0);
/** Reads slot 7, counts down in a loop for a while, and adds one to what it had read. */
const SLOW = Uint8Array.fromHex('6007546161a85b600190038060065750600101600755005b00');
const BUSY: Address = `0x${'bb'.repeat(20)}`;
const COINBASE: Address = `0x${'c0'.repeat(20)}`;
const GAS_LIMIT = 100_000_000n;
/** Of which each second one calls BUSY, and the others send to somebody of their own. */
const TRANSACTIONS = 24;
const KEYS = Array.from({ length: TRANSACTIONS }, (_, index) => new Uint8Array(32).fill(index + 1));
const folder = mkdtempSync(join(tmpdir(), 'ironfly-explain-block-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const friendOf = (key: Uint8Array): Address => `0x${'d0'.repeat(19)}${key.toHex().slice(0, 2)}`;
const specOf = (fork: ForkName): ChainSpec => ({ chainId: 7n, forks: [{ fork }] });

function stateOf(): MemoryState {
  const state = new MemoryState();
  for (const key of KEYS) {
    const account = { nonce: 0n, balance: 10n ** 20n, code: NONE, storage: [] };
    state.setAccount(addressOfKey(key), account);
  }
  // Whether they are empty is looked at, too.
  const known = { nonce: 0n, balance: 1n, code: NONE, storage: [] };
  for (const address of [COINBASE, ...KEYS.map(friendOf)]) state.setAccount(address, known);
  state.setAccount(BUSY, { nonce: 1n, balance: 0n, code: SLOW, storage: [[7n, 1n]] });
  return state;
}

/** A chain of one block of the transactions of the first `count` senders, and an empty one. */
async function grow(tree: ChainDatabase, spec: ChainSpec, count = TRANSACTIONS): Promise<void> {
  const machines = new Machines({ engine: 'interpreter', workers: 1 });
  const chain = new Chain({ spec, tree, machines });
  const transactions = KEYS.slice(0, count).map((key, index) => {
    const to = index % 2 === 0 ? BUSY : friendOf(key);
    const fields = { gasLimit: 2_000_000n, maxFeePerGas: 10n ** 10n, to, value: 0n, nonce: 0n };
    const type = 0 as const;
    return encodeTransaction(signTransaction({ ...BLANK_TRANSACTION, type, ...fields }, key));
  });
  for (const offered of [transactions, []]) {
    const timestamp = chain.head.header.timestamp + 12n;
    const withdrawals = spec.forks[0]?.fork === 'shanghai' ? [] : undefined;
    const { block } = await chain.buildBlock({
      ...{ timestamp, coinbase: COINBASE, transactions: offered },
      ...(withdrawals && { withdrawals }),
    });
    expect(block.transactions.length).toBe(offered.length);
    await chain.setHead((await chain.importBlock(encodeBlock(block))).hash);
  }
}

function beginningOf(spec: ChainSpec) {
  const state = stateOf();
  const stateRoot = state.root();
  const given = { coinbase: COINBASE, stateRoot, gasLimit: GAS_LIMIT, difficulty: 131_072n };
  return { block: firstBlock(genesisHeader(spec, given)), state: state.asChanges() };
}

async function chainOf(fork: ForkName, count?: number): Promise<ChainDatabase> {
  const spec = specOf(fork);
  const { block, state } = beginningOf(spec);
  const tree = await createInMemory(block, state, { spec });
  await grow(tree, spec, count);
  return tree;
}

/** Of block 1 of a tree. */
async function explained(
  tree: ChainDatabase,
  { workers, runs = 1, seed }: { workers: number; runs?: number; seed?: number },
): Promise<BlockExplanation> {
  const machines = new Machines({ engine: 'interpreter', workers, seed });
  const setting = { spec: tree.spec as ChainSpec, tree, machines };
  const block = await tree.blockAt(1n);
  if (block === undefined) throw new Error('there is no block 1');
  return explainInTree(setting, block, { workers, runs });
}

function ironfly(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const run = (...args: string[]) => ironfly('explain-block', ...args);

describe('a block of which half is about one slot', { timeout: TIMEOUT }, () => {
  let tree: ChainDatabase;
  let found: BlockExplanation;
  beforeAll(async () => {
    tree = await chainOf('shanghai');
    // That somebody begins in advance is up to who gets a core when: within a few runs he does.
    for (let seed = 1; seed < 50; seed++) {
      found = await explained(tree, { workers: 2, seed });
      if (found.sums.inVain.count > 0) break;
    }
  }, TIMEOUT);
  afterAll(() => tree.close());

  test('is explained by it', () => {
    const { sums, transactions, spans, conflicts, longest, alone, ms } = found;
    expect(alone).toBeUndefined();
    expect(conflicts.map(({ address, slot }) => [address, slot])).toEqual([[BUSY, 7n]]);
    const [conflict] = conflicts;
    expect(conflict).toMatchObject({ field: 'slot', writers: TRANSACTIONS / 2 });
    expect(conflict?.dependents).toEqual(longest.indices.slice(1));
    expect(conflict?.transactions.length).toBeGreaterThan(0);
    for (const index of conflict?.transactions ?? []) {
      expect(index % 2).toBe(0);
      const [back] = transactions[index]?.sentBack ?? [];
      expect(back).toMatchObject({ address: BUSY, slot: 7n, writer: index - 2 });
    }
    expect(sums.head + sums.kept + sums.again).toBe(TRANSACTIONS);
    expect(sums.lost).toBe(0);
    expect(sums.inVain.count).toBe(conflict?.times);
    expect(longest.indices).toEqual(KEYS.map((_, index) => index).filter((i) => i % 2 === 0));
    expect(longest.micros).toBeLessThanOrEqual(sums.executionMs * 1_000 + 1e-6);
    for (const { startMs, endMs, worker } of spans) {
      expect(startMs).toBeGreaterThanOrEqual(0);
      expect(endMs).toBeGreaterThanOrEqual(startMs);
      expect(endMs).toBeLessThanOrEqual(ms);
      expect([1, 2]).toContain(worker);
    }
    for (const { succeeded, fate } of transactions) {
      expect(succeeded).toBe(true);
      expect(fate).toBeDefined();
    }
  });

  test('the text names the slot and fits', () => {
    const text = asText(found, { columns: 100 });
    expect(text).toContain(`block 1: ${TRANSACTIONS} transactions, 2 workers, rules of shanghai`);
    expect(text).toMatch(new RegExp(`^ {2}\\d+ +\\d+ +\\S+ [mµ]?s +${BUSY} {2}slot 0x7$`, 'm'));
    expect(text).toMatch(/^ {2}1 .* \d+ %$/m);
    expect(text).toMatch(/^ {2}2 .* \d+ %$/m);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  test('JSON has all of it', () => {
    const plain = (_: string, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value;
    const json = JSON.parse(JSON.stringify(asJson(found), plain));
    expect(json).toMatchObject({ number: '1', fork: 'shanghai', workers: 2, alone: null });
    expect(json.conflicts[0]).toMatchObject({ address: BUSY, slot: '0x7' });
    expect(json.transactions).toHaveLength(TRANSACTIONS);
    expect(json.longest.transactions).toHaveLength(TRANSACTIONS / 2);
    expect(json.spans[0]).toMatchObject({ worker: expect.any(Number), kind: expect.any(String) });
  });

  test('the page loads nothing and has each span', () => {
    const html = asHtml(found);
    expect(html).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    expect(html).not.toMatch(/https?:|src=|@import|url\((?!#)/);
    expect(html.match(/data-s="/g)?.length).toBe(found.spans.length);
    expect(html).toContain('slot 0x7');
    const [, data = ''] = /id="data">(.*?)<\/script>/s.exec(html) ?? [];
    expect(JSON.parse(data).transactions).toHaveLength(TRANSACTIONS);
  });

  test('nothing is changed, and one worker says so', async () => {
    const before = tree.head.hash;
    const alone = await explained(tree, { workers: 1, runs: 2 });
    expect(tree.head.hash).toBe(before);
    expect(alone).toMatchObject({ alone: 'one worker', runs: 2 });
    // What depends on what is known all the same.
    expect(alone.conflicts).toMatchObject([
      { address: BUSY, slot: 7n, transactions: [], times: 0 },
    ]);
    expect(alone.sums).toMatchObject({ head: TRANSACTIONS, kept: 0, again: 0 });
    expect(asText(alone, { columns: 80 })).toContain(
      'not spread over workers: there is one worker',
    );
    expect(asHtml(alone)).toContain('11 depend on 12 that write it');
  });
});

test.each([
  ['homestead', TRANSACTIONS, 'before byzantium', 'before Byzantium'],
  ['shanghai', 5, 'few transactions', 'fewer than 8 transactions'],
  ['shanghai', 0, 'few transactions', 'fewer than 8 transactions'],
] as const)(
  'a block of %s with %i transactions goes alone',
  async (fork, count, alone, why) => {
    const tree = await chainOf(fork, count);
    try {
      const found = await explained(tree, { workers: 2 });
      expect(found.alone).toBe(alone);
      expect(asText(found, { columns: 100 })).toContain(why);
      expect(asHtml(found)).toContain(why);
    } finally {
      await tree.close();
    }
  },
  TIMEOUT,
);

test(
  'a block that comes to other results is refused',
  async () => {
    const tree = await chainOf('shanghai', 9);
    const machines = new Machines({ engine: 'interpreter', workers: 1 });
    // By the rules of another chain: uses of gas differ.
    const spec: ChainSpec = { chainId: 7n, forks: [{ fork: 'byzantium' }] };
    const block = await tree.blockAt(1n);
    if (block === undefined) throw new Error('there is no block 1');
    const explaining = explainInTree({ spec, tree, machines }, block, { workers: 1, runs: 1 });
    await expect(explaining).rejects.toThrow(/block 1 \(0x[0-9a-f]+\) comes to other results/);
    await tree.close();
  },
  TIMEOUT,
);

test('the command', { timeout: TIMEOUT }, async () => {
  const spec = specOf('shanghai');
  const { block, state } = beginningOf(spec);
  const db = join(folder, 'db');
  const tree = await createInFolder(db, block, state, { spec, segmentBytes: 1 });
  await grow(tree, spec);
  const { hash } = tree.head;
  await tree.close();

  expect(ironfly('db', 'prune', db, '--window', '1').status).toBe(0);
  const page = join(folder, 'page.html');
  // Of the last block the parent’s state is kept still.
  const latest = run('latest', '--db', db, '--runs', '1', '--json', '--html', page);
  expect(latest).toMatchObject({ status: 0 });
  expect(latest.stderr).toContain(`${page} is written`);
  expect(JSON.parse(latest.stdout)).toMatchObject({ number: '2', hash, runs: 1 });
  expect(readFileSync(page, 'utf8')).toContain('There are no transactions.');
  expect(run(hash, '--db', db, '--workers', '1').stdout).toContain('block 2: 0 transactions');
  const gone = run('1', '--db', db);
  expect(gone.status).toBe(1);
  expect(gone.stderr).toContain('block 1 cannot be executed again, since the state of its parent');
  expect(run('0', '--db', db).stderr).toContain('block 0 begins the chain');
  const missing = run('17', '--db', db);
  expect(missing).toMatchObject({ status: 1 });
  expect(missing.stderr).toContain('there is no block 17');
  expect(run('latest', '--db', join(folder, 'none')).stderr).toContain('there is no database');
  expect(run('latest', '--db', db, '--html', join(folder, 'no', 'page.html')).status).toBe(1);
});

test('wrong options are named, and end it with 2', () => {
  expect(run('latest')).toMatchObject({ status: 2 });
  const named = run('seventeen', '--db', folder);
  expect(named.status).toBe(2);
  expect(named.stderr).toContain('a block is a number, 0x and 64 hexadecimal digits, or latest');
  for (const [option, value] of [
    ['--workers', '0'],
    ['--workers', '9'],
    ['--runs', '0'],
    ['--runs', 'many'],
  ] as const) {
    const { status, stderr } = run('latest', '--db', folder, option, value);
    expect(status).toBe(2);
    expect(stderr).toContain(`${value} is not a whole number from 1`);
  }
});

describe('events', () => {
  const at = (timeMs: number, worker: number, kind: JobEvent['kind'], index = 0): JobEvent => ({
    ...{ worker, timeMs: 1_000 + timeMs, kind, index },
    ...(kind === 'stale' ? { address: BUSY, slot: 7n } : {}),
  });

  test('become spans, and what came of each transaction', () => {
    const events = [
      at(1, 1, 'executes at head', 0),
      at(2, 2, 'executes in advance', 1),
      at(3, 2, 'gives back', 1),
      at(3, 2, 'executes in advance', 2),
      at(4, 1, 'counts', 0),
      at(4, 2, 'gives back', 2),
      at(4, 1, 'looks', 1),
      at(5, 1, 'stale', 1),
      at(5, 1, 'executes at head', 1),
      at(5, 2, 'sleeps'),
      at(6, 1, 'asks', 1),
      at(7, 1, 'is answered', 1),
      at(9, 1, 'counts', 1),
      at(9, 2, 'looks', 2),
      at(10, 2, 'counts', 2),
      at(10, 2, 'sleeps'),
    ];
    const frame = { startMs: 1_000, endMs: 1_012, transactions: 3 };
    const { spans, stale, courses } = timelineOf(events, frame);
    expect(courses).toEqual([
      { fate: 'head', executions: 1, ms: 3 },
      { fate: 'again', executions: 2, ms: 3 },
      { fate: 'kept', executions: 1, ms: 1 },
    ]);
    expect(stale).toEqual([{ index: 1, address: BUSY, slot: 7n, ms: 1 }]);
    const told = spans.map(({ worker, kind, index, startMs, endMs }) =>
      [worker, kind, index ?? '-', startMs, endMs].join(' '),
    );
    expect(told).toEqual([
      '1 head 0 1 4',
      '2 in vain 1 2 3',
      '2 kept 2 3 4',
      '1 again 1 5 9',
      '1 looks 1 4 5',
      '1 asks 1 6 7',
      '2 sleeps - 5 9',
      '2 looks 2 9 10',
      '2 sleeps - 10 12',
      '1 hosts - 0 1',
      '1 hosts - 10 12',
    ]);
  });

  test('that end early leave transactions whose end is not known', () => {
    const events = [at(1, 1, 'executes at head', 0), at(2, 1, 'counts', 0)];
    const unfinished = [...events, at(3, 1, 'executes at head', 1)];
    const frame = { startMs: 1_000, endMs: 1_009, transactions: 2 };
    const { courses } = timelineOf(unfinished, frame);
    expect(courses.map(({ fate }) => fate)).toEqual(['head', undefined]);
  });
});

test('the longest chain goes over what was read and written', () => {
  const of = (micros: number, reads: string[], writes: string[]) => ({ micros, reads, writes });
  const chain = longestChain([
    of(5, [], ['a']),
    of(1, [], ['b']),
    of(2, ['b'], ['b']),
    of(7, ['a'], ['a']),
    of(4, ['a', 'b'], []),
    of(9, [], []),
  ]);
  expect(chain).toEqual({ micros: 16, indices: [0, 3, 4] });
  expect(longestChain([])).toEqual({ micros: 0, indices: [] });
});

test('ticks are at round numbers, within what there is', () => {
  expect(ticksOf(9.3, 5).map(({ label }) => label)).toEqual(['0', '2 ms', '4 ms', '6 ms', '8 ms']);
  expect(ticksOf(0.31, 5).map(({ label }) => label)).toEqual(['0', '100 µs', '200 µs', '300 µs']);
  expect(ticksOf(2.1, 5).at(-1)).toEqual({ atMs: 2, label: '2.0 ms' });
  expect(ticksOf(0, 5)).toEqual([{ atMs: 0, label: '0' }]);
});
