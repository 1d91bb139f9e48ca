/** A development chain upon another node's: what was before the fork is that one's. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { devAccounts } from '../dev/accounts.ts';
import { closeDevNode, createDevNode, type DevNode } from '../dev/dev-node.ts';
import { devGenesis } from '../dev/genesis.ts';
import { devMethods } from '../dev/methods/tables.ts';
import { CallWorkers } from '../execution/workers/call-workers.ts';
import { Dispatcher } from '../rpc/dispatch.ts';
import { withForwarding } from './forwarding.ts';
import { openFork } from './open-fork.ts';

type Ask = (method: string, ...params: unknown[]) => Promise<unknown>;

const accounts = devAccounts(2);
const [FROM, OTHER] = accounts.map(({ address }) => address);
/** Counts in slot 0, and logs nothing of data. */
const COUNTER_INIT = '0x600f600c600039600f6000f360005460010160005560006000a000';
const closing: (() => Promise<unknown>)[] = [];
let origin: Ask;
let fork: Ask;
/** The fork, whose calls and traces run on a worker. */
let onWorker: Ask;
let counter: string;
let first: string;

function asking(dispatcher: Dispatcher<DevNode>): Ask {
  const caller = {
    signal: new AbortController().signal,
    notify: undefined,
    onClose: () => {},
    connection: {},
  };
  return async (method, ...params) => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const { result, error } = JSON.parse(String(await dispatcher.answer(text, caller)));
    if (error !== undefined) throw new Error(error.message);
    return result;
  };
}

async function send(ask: Ask, to?: string, data = '0x') {
  const fields = { from: FROM, data, gas: '0x30d40', ...(to === undefined ? {} : { to }) };
  const hash = await ask('eth_sendTransaction', fields);
  return (await ask('eth_getTransactionReceipt', hash)) as Record<string, string>;
}

beforeAll(async () => {
  const genesis = devGenesis({
    chainId: 31_337n,
    fork: 'osaka',
    gasLimit: 30_000_000n,
    baseFee: 1_000_000_000n,
    timestamp: 1_700_000_000n,
    number: 0n,
    accounts: accounts.map(({ address }) => address),
    balance: 10n ** 22n,
    hasCreate2Deployer: true,
  });
  const there = await createDevNode({ genesis, accounts, clientVersion: 'origin' });
  closing.push(() => closeDevNode(there));
  const dispatcher = new Dispatcher(there, devMethods);
  origin = asking(dispatcher);
  const created = await send(origin, undefined, COUNTER_INIT);
  counter = String(created['contractAddress']);
  first = String((await send(origin, counter))['transactionHash']);
  await send(origin, counter);
  const server = createServer(async (request, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part as Uint8Array);
    const caller = {
      signal: new AbortController().signal,
      notify: undefined,
      onClose: () => {},
      connection: {},
    };
    response.end(await dispatcher.answer(Buffer.concat(parts).toString(), caller));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const opened = await openFork({ url });
  const state = { accounts: new Map(), codes: new Map() };
  const here = await createDevNode({
    genesis: { spec: opened.spec, block: opened.first, state },
    tree: opened.tree,
    accounts,
    clientVersion: 'fork',
  });
  closing.push(() => closeDevNode(here));
  const tables = withForwarding(devMethods, opened);
  fork = asking(new Dispatcher(here, tables));
  const callWorkers = new CallWorkers(1, 0);
  closing.push(() => callWorkers.close());
  onWorker = asking(new Dispatcher<DevNode>({ ...here, callWorkers }, tables));
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

it('has the remote’s state, and goes on from it alone', async () => {
  expect(await fork('eth_blockNumber')).toBe('0x3');
  expect(await fork('eth_chainId')).toBe('0x7a69');
  expect(await fork('eth_getLogs', { fromBlock: '0x0' })).toHaveLength(2);
  const slot = async (ask: Ask) => BigInt(String(await ask('eth_getStorageAt', counter, '0x0')));
  expect(await slot(fork)).toBe(2n);
  const snapshot = await fork('evm_snapshot');
  const receipt = await send(fork, counter);
  expect(receipt['status']).toBe('0x1');
  expect(await slot(fork)).toBe(3n);
  expect(await slot(origin)).toBe(2n);
  expect(await fork('evm_revert', snapshot)).toBe(true);
  expect(await slot(fork)).toBe(2n);
  await fork('anvil_setStorageAt', counter, '0x0', `0x${'0'.repeat(62)}63`);
  await fork('anvil_setBalance', OTHER, '0x1');
  await send(fork, counter);
  expect(await slot(fork)).toBe(100n);
  expect(await fork('eth_getBalance', OTHER)).toBe('0x1');
  await fork('anvil_impersonateAccount', OTHER);
});

it.each([
  ['eth_getBlockByNumber', ['0x1', true]],
  ['eth_getBlockByNumber', ['earliest', false]],
  ['eth_getBalance', [FROM, '0x0']],
  ['eth_getTransactionCount', [FROM, '0x2']],
  ['eth_call', [{ to: OTHER }, '0x1']],
  ['eth_getBlockReceipts', ['0x2']],
])('gives what was before the fork: %s %j', async (method, params) => {
  expect(await fork(method, ...params)).toEqual(await origin(method, ...params));
});

it('knows transactions, receipts and traces of before', async () => {
  for (const method of ['eth_getTransactionByHash', 'eth_getTransactionReceipt']) {
    expect(await fork(method, first)).toEqual(await origin(method, first));
  }
  const trace = (await fork('debug_traceTransaction', first)) as { gas: number };
  expect(trace).toEqual(await origin('debug_traceTransaction', first));
  const block = (await origin('eth_getBlockByNumber', '0x1', false)) as { hash: string };
  expect(await fork('eth_getBlockByHash', block.hash, false)).toEqual(block);
  expect(await fork('eth_getTransactionByHash', `0x${'12'.repeat(32)}`)).toBeNull();
});

it('gives logs of before and since in one', async () => {
  const since = await send(fork, counter);
  const logs = (await fork('eth_getLogs', { fromBlock: '0x0', address: counter })) as {
    transactionHash: string;
  }[];
  expect(logs[0]?.transactionHash).toBe(first);
  expect(logs.at(-1)?.transactionHash).toBe(since['transactionHash']);
  const old = { fromBlock: '0x1', toBlock: '0x2', address: counter };
  expect(await fork('eth_getLogs', old)).toEqual(await origin('eth_getLogs', old));
});

it('gives a worker what it has, and what the remote has', async () => {
  const since = await send(fork, counter);
  const call = { from: FROM, to: counter };
  const code = { [String(OTHER)]: { code: '0x5f545f5260205ff3' } };
  const asked: readonly (readonly [string, ...unknown[]])[] = [
    ['eth_estimateGas', call],
    ['eth_createAccessList', call],
    ['eth_call', { to: OTHER }, 'latest', code],
    ['debug_traceTransaction', since['transactionHash']],
    ['debug_traceTransaction', first],
    ['debug_traceCall', call, 'latest', { tracer: 'prestateTracer' }],
    ['trace_block', 'latest'],
  ];
  for (const [method, ...params] of asked) {
    expect(await onWorker(method, ...params), method).toEqual(await fork(method, ...params));
  }
});

it('says of fees what it has', async () => {
  const history = (await fork('eth_feeHistory', '0xa', 'latest', [])) as { oldestBlock: string };
  expect(history.oldestBlock).toBe('0x3');
});

it('has no proofs, and no state to dump', async () => {
  await expect(fork('eth_getProof', counter, [], 'latest')).rejects.toThrow('no proofs');
  await expect(fork('anvil_dumpState')).rejects.toThrow('cannot be dumped');
});
