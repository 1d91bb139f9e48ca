/** Logs, filters and subscriptions, and what a re-organisation does to them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contract, type EthNode, ethNode, RICH } from '../../../../test/node/eth-node.ts';
import { turn } from '../../../base/turn.ts';
import type { Hash } from '../../../evm/types.ts';

const word = (value: number): Hash => `0x${value.toString(16).padStart(64, '0')}`;
const data = (value: number) => Uint8Array.fromHex(word(value).slice(2));

interface Log {
  readonly topics: readonly Hash[];
  readonly blockHash: Hash;
  readonly removed: boolean;
}

let node: EthNode;
beforeEach(async () => {
  node = await ethNode();
});
afterEach(() => node.close());

const log = (topic: number) => node.send({ to: contract('logs'), data: data(topic) });
const topics = (logs: unknown) => (logs as Log[]).map((each) => Number(each.topics[0]));
const steps = (logs: unknown) =>
  (logs as Log[]).map((each) => `${each.removed ? '-' : '+'}${Number(each.topics[0])}`);

/** A block with one log, and two that came of another branch in its place. */
async function reorganise(): Promise<{ readonly old: Hash; readonly young: readonly Hash[] }> {
  const base = node.node.ledger.head.hash;
  await log(1);
  const old = await node.mine();
  const first = await node.mine(base, { seconds: 2n, pooled: false });
  const second = await node.mine(first);
  return { old, young: [first, second] };
}

describe('eth_getLogs', () => {
  it('finds them by block, topic and address', async () => {
    for (let index = 0; index < 3; index++) {
      await log(index % 2);
      await node.mine();
    }
    const ask = (filter: object) => node.ask('eth_getLogs', filter);
    const all = { fromBlock: 'earliest', toBlock: 'latest' };
    expect(topics(await ask(all))).toEqual([0, 1, 0]);
    expect(topics(await ask({}))).toEqual([0]);
    expect(topics(await ask({ ...all, topics: [word(1)] }))).toEqual([1]);
    expect(topics(await ask({ ...all, topics: [[word(0), word(1)]] }))).toEqual([0, 1, 0]);
    expect(topics(await ask({ ...all, topics: [[null, word(1)]] }))).toEqual([0, 1, 0]);
    expect(topics(await ask({ ...all, topics: [null, null] }))).toEqual([]);
    // Of geth: null is a topic that may be any, and no address.
    await expect(ask({ ...all, address: [null] })).rejects.toMatchObject({ code: -32602 });
    expect(topics(await ask({ ...all, address: RICH }))).toEqual([]);
    expect(topics(await ask({ ...all, address: [RICH, contract('logs')] }))).toEqual([0, 1, 0]);
    expect(topics(await ask({ ...all, toBlock: '0x2' }))).toEqual([0, 1]);
    expect(topics(await ask({ blockHash: node.node.ledger.head.hash }))).toEqual([0]);
  });

  it('follows the head to another branch', async () => {
    const all = { fromBlock: 'earliest', toBlock: 'latest' };
    await node.ask('eth_getLogs', all);
    const { old, young } = await reorganise();
    const logs = (await node.ask('eth_getLogs', all)) as Log[];
    // The transaction came back into the pool, and into the new branch.
    expect(logs.map(({ blockHash }) => blockHash)).toEqual([young[1]]);
    expect(topics(await node.ask('eth_getLogs', { blockHash: old }))).toEqual([1]);
    await node.node.ledger.setHead(old);
    const back = (await node.ask('eth_getLogs', all)) as Log[];
    expect(back.map(({ blockHash }) => blockHash)).toEqual([old]);
  });

  it('bounds what one request may cost', async () => {
    const small = await ethNode({ logsMax: 1, logBlocksMax: 2 });
    for (let index = 0; index < 2; index++) {
      await small.send({ to: contract('logs'), data: data(index) });
      await small.mine();
    }
    await expect(
      small.ask('eth_getLogs', { fromBlock: '0x0', toBlock: '0x2' }),
    ).rejects.toMatchObject({ code: -32005 });
    await expect(
      small.ask('eth_getLogs', { fromBlock: '0x1', toBlock: '0x2' }),
    ).rejects.toMatchObject({ code: -32005 });
    await small.close();
  });
});

describe('filters', () => {
  it('say what is new since the last time', async () => {
    const blocks = await node.ask('eth_newBlockFilter');
    const logs = await node.ask('eth_newFilter', { topics: [word(1)] });
    const transactions = await node.ask('eth_newPendingTransactionFilter');
    const changes = (id: unknown) => node.ask('eth_getFilterChanges', id);
    expect(await changes(blocks)).toEqual([]);
    const sent = [await log(1), await log(2)];
    const mined = await node.mine();
    expect(await changes(blocks)).toEqual([mined]);
    expect(topics(await changes(logs))).toEqual([1]);
    expect(await changes(transactions)).toEqual(sent);
    expect(await changes(blocks)).toEqual([]);
    expect(await changes(logs)).toEqual([]);
    expect(topics(await node.ask('eth_getFilterLogs', logs))).toEqual([1]);
    expect(await node.ask('eth_uninstallFilter', logs)).toBe(true);
    expect(await node.ask('eth_uninstallFilter', logs)).toBe(false);
    await expect(changes(logs)).rejects.toThrow('filter not found');
  });

  it('take back what is of the branch no more', async () => {
    const logs = await node.ask('eth_newFilter', {});
    await reorganise();
    expect(steps(await node.ask('eth_getFilterChanges', logs))).toEqual(['+1', '-1', '+1']);
  });
});

describe('subscriptions', () => {
  it('send heads, logs and transactions as they come', async () => {
    const heads = await node.ask('eth_subscribe', 'newHeads');
    const logs = await node.ask('eth_subscribe', 'logs', { address: contract('logs') });
    const hashes = await node.ask('eth_subscribe', 'newPendingTransactions');
    const whole = await node.ask('eth_subscribe', 'newPendingTransactions', true);
    await node.ask('eth_subscribe', 'syncing');
    // The answers go first.
    await turn();
    const { old, young } = await reorganise();
    const sent = (id: unknown) =>
      node.notifications.flatMap(({ method, params }) => {
        expect(method).toBe('eth_subscription');
        return params.subscription === id ? [params.result] : [];
      });
    expect(sent(heads).map((head) => (head as { hash: Hash }).hash)).toEqual([old, ...young]);
    expect(steps(sent(logs))).toEqual(['+1', '-1', '+1']);
    const [hash] = sent(hashes);
    expect(sent(whole)[0]).toMatchObject({ hash, from: RICH, blockHash: null });
    expect(await node.ask('eth_unsubscribe', heads)).toBe(true);
    await expect(node.ask('eth_unsubscribe', heads)).rejects.toThrow('subscription not found');
    node.notifications.length = 0;
    await node.mine();
    expect(sent(heads)).toEqual([]);
    node.disconnect();
    await log(9);
    await node.mine();
    expect(node.notifications).toEqual([]);
  });

  it('are refused where there is no connection, and where there is no such thing', async () => {
    const request = { jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] };
    expect(await node.answer(JSON.stringify(request))).toContain('notifications not supported');
    await expect(node.ask('eth_subscribe', 'news')).rejects.toMatchObject({ code: -32601 });
  });
});
