/** Metrics as Prometheus reads them, and the dashboard that shows them. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, post, requestText, WebSocketClient } from '../../../test/node/rpc-client.ts';
import { type SmallNode, smallNode } from '../../../test/node/small-node.ts';
import type { Hash } from '../../evm/types.ts';
import { createMetrics } from '../operations/metrics.ts';
import { watchNode } from '../operations/node-metrics.ts';
import { type Serving, serve } from './serve.ts';

const DASHBOARD = new URL('../../../docs/dashboards/ironfly.json', import.meta.url);

let small: SmallNode;
let server: Serving;
let stop: () => void;
let http: string;
let ws: string;

beforeAll(async () => {
  small = await smallNode();
  const metrics = await createMetrics();
  stop = watchNode(metrics, small.node);
  const endpoints = [{ protocols: ['http', 'ws'] as const, port: 0 }];
  server = await serve(small.dispatcher, { endpoints, metrics });
  [http = '', ws = ''] = server.urls;
});

afterAll(async () => {
  await server.close();
  stop();
  await small.close();
});

/** All samples, by name and labels as they stand. */
async function samples(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${http}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => /^[a-z]/.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('metrics', () => {
  it('count requests by method and outcome, and no names that clients make', async () => {
    await ask(http, 'eth_chainId');
    await post(http, `[${requestText('eth_chainId')},${requestText('web3_sha3')}]`);
    for (let name = 0; name < 100; name++) await ask(http, `eth_made${name}`);
    const got = await samples();
    const count = (method: string, outcome: string) =>
      got.get(
        `ironfly_rpc_requests_total{endpoint="http",method="${method}",outcome="${outcome}"}`,
      );
    expect(count('eth_chainId', 'ok')).toBe(2);
    expect(count('web3_sha3', '-32602')).toBe(1);
    expect(count('unknown', '-32601')).toBe(100);
    expect(got.get('ironfly_rpc_request_seconds_count{method="eth_chainId"}')).toBe(2);
    expect([...got.keys()].filter((name) => name.includes('made'))).toEqual([]);
  });

  it('show connections, bytes, and who was turned away', async () => {
    const name = 'ironfly_rpc_connections{endpoint="http",transport="ws"}';
    const client = await WebSocketClient.open(ws);
    await client.ask('eth_chainId');
    expect((await samples()).get(name)).toBe(1);
    client.socket.close();
    await expect.poll(async () => (await samples()).get(name)).toBe(0);
    await post(http, requestText('eth_chainId'), { Origin: 'https://evil.example' });
    const got = await samples();
    expect(got.get('ironfly_rpc_refused_total{endpoint="http",why="origin"}')).toBe(1);
    const bytes = (what: string) =>
      got.get(`ironfly_rpc_${what}_bytes_total{endpoint="http",transport="ws"}`);
    expect(bytes('received')).toBe(requestText('eth_chainId').length);
    expect(bytes('sent')).toBe('{"jsonrpc":"2.0","id":1,"result":"0x539"}'.length);
  });

  it('follow the chain, also to another branch', async () => {
    const { ledger } = small.node;
    const block = async (timestamp: bigint, parent: Hash) => {
      const request = { timestamp, coinbase: `0x${'fe'.repeat(20)}` as const, transactions: [] };
      const { bytes } = await ledger.chain.buildBlock(request, parent);
      return ledger.chain.importBlock(bytes);
    };
    const { hash: genesis } = ledger.head;
    const [left, right] = [await block(1n, genesis), await block(2n, genesis)];
    await ledger.setHead(left.hash);
    await ledger.setHead(right.hash);
    const got = await samples();
    expect(got.get('ironfly_head_number')).toBe(1);
    expect(got.get('ironfly_head_timestamp_seconds')).toBe(2);
    expect(got.get('ironfly_blocks_total')).toBe(2);
    expect(got.get('ironfly_removed_blocks_total')).toBe(1);
    expect(got.get('ironfly_reorganisations_total')).toBe(1);
    expect(got.get('ironfly_safe_number')).toBe(-1);
    ledger.setFinality({ safe: right.hash });
    expect((await samples()).get('ironfly_safe_number')).toBe(1);
    expect(got.get('ironfly_pool_transactions{state="pending"}')).toBe(0);
    expect(got.get('ironfly_long_calls{state="running"}')).toBe(0);
    expect(got.get('ironfly_build_info{version="ironfly/test",chain_id="1337"}')).toBe(1);
  });
});

describe('the dashboard', () => {
  it('names metrics and labels that there are', async () => {
    // A collection of garbage, an error, a refusal: what has not happened has no sample.
    await ask(http, 'no_such');
    globalThis.gc?.();
    const got = [...(await samples()).keys()];
    const text = await (await fetch(`${http}/metrics`)).text();
    const known = new Set(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    const dashboard = readFileSync(DASHBOARD, 'utf8');
    const expressions = [...dashboard.matchAll(/"expr": "(.*)",?$/gm)].map(([, each = '']) => each);
    expect(expressions.length).toBeGreaterThan(25);
    const named = new Set(expressions.flatMap((each) => each.match(METRIC) ?? []));
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
    // And each metric of ours is shown.
    const ours = [...known].filter((name) => name.startsWith('ironfly_') && !/_count$/.test(name));
    expect(ours.filter((name) => !named.has(name))).toEqual([]);
    for (const [, labels = ''] of dashboard.matchAll(/by \(([^)]*)\)/g)) {
      for (const label of labels.split(', ')) {
        expect(got.some((name) => name.includes(`${label}="`)) || label === 'kind', label).toBe(
          true,
        );
      }
    }
  });
});

const METRIC = /\b(?:ironfly|process|nodejs)_[a-z0-9_]+/g;
