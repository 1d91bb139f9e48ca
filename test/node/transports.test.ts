/**
 * Clients as people use them, unmodified, over HTTP, WebSocket and IPC to a development chain: each
 * asks, sends a batch, and follows the head.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { IpcSocketProvider, JsonRpcProvider, WebSocketProvider } from 'ethers';
import { createPublicClient, http, type Transport, webSocket } from 'viem';
import { ipc } from 'viem/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Web3 } from 'web3';
import { devAccounts } from '../../src/node/dev/accounts.ts';
import { closeDevNode, createDevNode, type DevNode } from '../../src/node/dev/dev-node.ts';
import { devGenesis } from '../../src/node/dev/genesis.ts';
import { devMethods } from '../../src/node/dev/methods/tables.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import { type Serving, serve } from '../../src/node/server/serve.ts';
import { ask } from './rpc-client.ts';

const CHAIN_ID = 31_337;

let node: DevNode;
let server: Serving;
let folder: string;
let urls: { readonly http: string; readonly ws: string; readonly ipc: string };

beforeAll(async () => {
  const accounts = devAccounts(1);
  const genesis = devGenesis({
    ...{ chainId: BigInt(CHAIN_ID), fork: 'osaka', gasLimit: 30_000_000n, baseFee: 10n ** 9n },
    ...{ timestamp: 1_800_000_000n, number: 0n, hasCreate2Deployer: true },
    accounts: accounts.map(({ address }) => address),
    balance: 10n ** 22n,
  });
  node = await createDevNode({ genesis, accounts, clientVersion: 'ironfly/test' });
  folder = await mkdtemp(join(tmpdir(), 'ironfly-transports-'));
  const isWindows = process.platform === 'win32';
  const path = isWindows ? '\\\\.\\pipe\\ironfly-transports' : join(folder, 'dev.ipc');
  server = await serve(new Dispatcher(node, devMethods), {
    endpoints: [{ protocols: ['http', 'ws'], port: 0 }, { path }],
  });
  const [httpUrl = '', wsUrl = ''] = server.urls;
  urls = { http: httpUrl, ws: wsUrl, ipc: path };
});

afterAll(async () => {
  await server.close();
  await closeDevNode(node);
  await rm(folder, { recursive: true });
});

async function mine(): Promise<void> {
  expect((await ask(urls.http, 'evm_mine')).result).toBeDefined();
}

/** Mines until the promise resolves: whoever follows the head may begin a little later. */
async function mineUntil<T>(seen: Promise<T>): Promise<T> {
  let isSeen = false;
  const end = () => {
    isSeen = true;
  };
  seen.then(end, end);
  while (!isSeen) {
    await mine();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return seen;
}

describe('viem', () => {
  const transports: readonly [string, () => Transport][] = [
    ['HTTP', () => http(urls.http, { batch: true })],
    ['WebSocket', () => webSocket(urls.ws)],
    ['IPC', () => ipc(urls.ipc)],
  ];
  it.each(transports)('over %s', async (_, transport) => {
    const client = createPublicClient({ transport: transport(), pollingInterval: 20 });
    const [chainId, number, block] = await Promise.all([
      client.getChainId(),
      client.getBlockNumber({ cacheTime: 0 }),
      client.getBlock(),
    ]);
    expect([chainId, number]).toEqual([CHAIN_ID, block.number]);
    let stop = () => {};
    const seen = new Promise<bigint>((resolve, reject) => {
      stop = client.watchBlockNumber({ onBlockNumber: resolve, onError: reject });
    });
    expect(await mineUntil(seen)).toBeGreaterThanOrEqual(number);
    stop();
    const { transport: opened } = client;
    if ('getRpcClient' in opened) (await opened.getRpcClient()).close();
  });
});

describe('ethers', () => {
  const providers = [
    ['HTTP', () => new JsonRpcProvider(urls.http, undefined, { pollingInterval: 20 })],
    ['WebSocket', () => new WebSocketProvider(urls.ws)],
    ['IPC', () => new IpcSocketProvider(urls.ipc)],
  ] as const;
  it.each(providers)('over %s', async (_, open) => {
    const provider = open();
    const [network, number] = await Promise.all([provider.getNetwork(), provider.getBlockNumber()]);
    expect(network.chainId).toBe(BigInt(CHAIN_ID));
    const seen = new Promise<number>((resolve) => void provider.once('block', resolve));
    expect(await mineUntil(seen)).toBeGreaterThanOrEqual(number);
    await provider.destroy();
  });
});

describe('web3', () => {
  it.each([
    ['HTTP', () => urls.http],
    ['WebSocket', () => urls.ws],
  ])('over %s', async (_, url) => {
    const web3 = new Web3(url());
    expect(await web3.eth.getChainId()).toBe(BigInt(CHAIN_ID));
    if (url() === urls.ws) {
      const heads = await web3.eth.subscribe('newHeads');
      const seen = new Promise((resolve) => heads.on('data', ({ number }) => resolve(number)));
      expect(await mineUntil(seen)).toBeTypeOf('bigint');
      await heads.unsubscribe();
      web3.currentProvider?.disconnect();
    }
  });
});

describe.skipIf(castPath() === undefined)('cast', () => {
  it.each([
    ['HTTP', () => urls.http],
    ['WebSocket', () => urls.ws],
    ['IPC', () => urls.ipc],
  ])('over %s', async (_, url) => {
    await mine();
    const { stdout } = await promisify(execFile)(castPath() ?? '', ['bn', '--rpc-url', url()]);
    expect(BigInt(stdout.trim())).toBe(node.ledger.head.header.number);
  });
});

function castPath(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('@foundry-rs/cast-linux-amd64/bin/cast');
  } catch {
    return undefined;
  }
}
