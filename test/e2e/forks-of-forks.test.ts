/**
 * `ironfly dev` upon a fork that itself is one, several deep: each sees what those below had when
 * it was forked, and its own; nobody sees what is above.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DevProcess, startDev } from './dev-process.ts';

const FROM = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const STRANGER = `0x${'77'.repeat(20)}`;
/** Counts in slot 0, and logs. */
const COUNTER_INIT = '0x600f600c600039600f6000f360005460010160005560006000a000';
const DEPTH = 4;

/** The first is no fork; each of the others is one of the one before. */
const chain: DevProcess[] = [];
const others: DevProcess[] = [];
let counter: string;
let first: string;

async function send(dev: DevProcess, to?: string, data = '0x'): Promise<Record<string, string>> {
  const fields = { from: FROM, data, gas: '0x30d40', ...(to === undefined ? {} : { to }) };
  const hash = await dev.ask('eth_sendTransaction', fields);
  return (await dev.ask('eth_getTransactionReceipt', hash)) as Record<string, string>;
}

async function count(dev: DevProcess, block = 'latest'): Promise<number> {
  return Number(await dev.ask('eth_getStorageAt', counter, '0x0', block));
}

beforeAll(async () => {
  const origin = await startDev();
  chain.push(origin);
  counter = (await send(origin, undefined, COUNTER_INIT))['contractAddress'] ?? '';
  first = (await send(origin, counter))['transactionHash'] ?? '';
  while (chain.length < DEPTH) {
    const below = chain.at(-1) as DevProcess;
    const fork = await startDev('--fork-url', below.url);
    chain.push(fork);
    // Two blocks each: in one the counter goes on, in the other an account is edited.
    await send(fork, counter);
    await fork.ask('anvil_setBalance', STRANGER, `0x${chain.length}`);
    await fork.ask('evm_mine');
  }
}, 60_000);

afterAll(async () => {
  for (const dev of [...others, ...chain].reverse()) expect(await dev.stop()).toBe(0);
});

test('each goes on from the one below, which sees nothing of it', async () => {
  for (const [depth, dev] of chain.entries()) {
    expect(Number(await dev.ask('eth_blockNumber'))).toBe(2 + 2 * depth);
    expect(await count(dev)).toBe(1 + depth);
    const balance = depth === 0 ? 0 : depth + 1;
    expect(Number(await dev.ask('eth_getBalance', STRANGER, 'latest'))).toBe(balance);
  }
});

test('blocks, receipts, states and logs of each depth are there from the top', async () => {
  const top = chain.at(-1) as DevProcess;
  for (const [depth, dev] of chain.entries()) {
    const number = await dev.ask('eth_blockNumber');
    const { hash } = (await dev.ask('eth_getBlockByNumber', number, false)) as { hash: string };
    for (const [method, ...params] of [
      ['eth_getBlockByNumber', number, true],
      ['eth_getBlockReceipts', number],
      ['eth_getBlockReceipts', hash],
      ['debug_getRawBlock', number],
      ['debug_getRawReceipts', number],
      ['ots_getBlockDetails', number],
      ['eth_getBalance', STRANGER, { blockHash: hash }],
      ['debug_traceBlockByNumber', number, { tracer: 'callTracer' }],
      ['eth_getTransactionCount', FROM, number],
      ['eth_getCode', counter, number],
    ] as const) {
      expect(await top.ask(method, ...params), `${method} ${depth}`).toEqual(
        await dev.ask(method, ...params),
      );
    }
    expect(await count(top, `0x${(2 + 2 * depth).toString(16)}`)).toBe(1 + depth);
  }
  const logs = (await top.ask('eth_getLogs', { fromBlock: '0x0' })) as { blockNumber: string }[];
  expect(logs.map(({ blockNumber }) => Number(blockNumber))).toEqual([2, 3, 5, 7]);
  for (const method of ['eth_getTransactionReceipt', 'eth_getTransactionByHash'])
    expect(await top.ask(method, first)).toEqual(await chain[0]?.ask(method, first));
  const tracer = { tracer: 'callTracer' };
  expect(await top.ask('debug_traceTransaction', first, tracer)).toEqual(
    await chain[0]?.ask('debug_traceTransaction', first, tracer),
  );
});

test('a fork of the top at a block of the bottom, and back by snapshots', async () => {
  const top = chain.at(-1) as DevProcess;
  const old = await startDev('--fork-url', top.url, '--fork-block-number', '2');
  others.push(old);
  expect(await count(old)).toBe(1);
  expect(await old.ask('eth_getBalance', STRANGER, 'latest')).toBe('0x0');
  const receipts = await chain[0]?.ask('eth_getBlockReceipts', '0x2');
  expect(receipts).toHaveLength(1);
  for (const name of ['latest', '0x2'])
    expect(await old.ask('eth_getBlockReceipts', name)).toEqual(receipts);
  for (const tag of ['safe', 'finalized'])
    expect(await old.ask('eth_getBlockByNumber', tag, false)).toMatchObject({ number: '0x0' });
  expect(await old.ask('eth_getBalance', counter, 'safe')).toBe('0x0');
  const snapshot = await old.ask('evm_snapshot');
  await send(old, counter);
  await send(old, counter);
  expect(await count(old)).toBe(3);
  expect(await old.ask('evm_revert', snapshot)).toBe(true);
  expect(await count(old)).toBe(1);
  expect(await count(top)).toBe(DEPTH);
});

test('one that is forked goes on without those above', async () => {
  const [origin, , , top] = chain as [DevProcess, DevProcess, DevProcess, DevProcess];
  await send(origin, counter);
  expect(await count(origin)).toBe(2);
  expect(await count(top)).toBe(DEPTH);
  expect(await count(top, '0x3')).toBe(2);
  await send(top, counter);
  expect(await count(top)).toBe(DEPTH + 1);
  expect(await count(chain[2] as DevProcess)).toBe(DEPTH - 1);
});
