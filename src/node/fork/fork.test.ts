/** Chains that begin at a block of a node of our own, asked over HTTP, as it fails and recovers. */
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Chain } from '../../chain/chain.ts';
import { createChain, genesisOf } from '../../chain/open-chain.ts';
import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { encodeTransaction } from '../../chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../chain/transactions/signature.ts';
import type { Address } from '../../evm/types.ts';
import { MemoryState } from '../../state/memory.ts';
import { CallMachines } from '../execution/call-machines.ts';
import { Ledger } from '../ledger/ledger.ts';
import { MemoryTransactionIndex } from '../ledger/transaction-index.ts';
import { basicMethods } from '../methods/basic.ts';
import { ethMethods } from '../methods/eth/tables.ts';
import { type Node, REQUEST_LIMITS } from '../node.ts';
import { MemoryPool } from '../pool/memory-pool.ts';
import { Dispatcher } from '../rpc/dispatch.ts';
import { chainOf, openFork } from './open-fork.ts';
import { Remote, RemoteError } from './remote.ts';

const KEY = new Uint8Array(32).fill(7);
const SENDER = addressOfKey(KEY);
const COINBASE: Address = `0x${'c0'.repeat(20)}`;
/** Counts in slot 0; keeps in slot 1 the hash of the block two before, in 2 who calls. */
const COUNTER: Address = `0x${'ab'.repeat(20)}`;
const COUNTER_CODE = '600054600101600055600243034060015533600255';
/** Destroys itself. */
const MORTAL: Address = `0x${'de'.repeat(20)}`;

const closing: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** `london`: blocks need nothing of the state. */
const SPEC = { chainId: 77n, forks: [{ fork: 'london' as const }, { fork: 'paris' as const }] };

async function openOrigin(): Promise<Chain> {
  const state = new MemoryState();
  const account = { nonce: 0n, balance: 10n ** 20n, code: new Uint8Array(0), storage: [] };
  state.setAccount(SENDER, account);
  const code = Uint8Array.fromHex(COUNTER_CODE);
  state.setAccount(COUNTER, { ...account, balance: 0n, code, storage: [[0n, 41n]] });
  state.setAccount(MORTAL, {
    ...account,
    code: Uint8Array.fromHex('33ff'),
    storage: [[5n, 6n]],
  });
  const header = { timestamp: 1_000n, baseFeePerGas: 7n };
  const chain = await createChain(genesisOf({ spec: SPEC, state, header }), { workers: 1 });
  closing.push(() => chain.close());
  for (let nonce = 0n; nonce < 3n; nonce++) await produce(chain, [sent(nonce, COUNTER)]);
  return chain;
}

function sent(nonce: bigint, to: Address): Uint8Array {
  const fields = {
    ...BLANK_TRANSACTION,
    type: 2,
    chainId: 77n,
    nonce,
    gasLimit: 200_000n,
    maxFeePerGas: 10n ** 9n,
    to,
  } as const;
  return encodeTransaction(signTransaction(fields, KEY));
}

async function produce(chain: Chain, transactions: Uint8Array[]) {
  const timestamp = chain.head.header.timestamp + 12n;
  const built = await chain.produceBlock({ timestamp, coinbase: COINBASE, transactions });
  await chain.setHead(built.block.hash);
  return built;
}

type Handler = (text: string, response: ServerResponse) => Promise<void> | void;

async function serve(handle: Handler): Promise<string> {
  const server = createServer(async (request: IncomingMessage, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part as Uint8Array);
    await handle(Buffer.concat(parts).toString(), response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-key`;
}

interface Origin {
  readonly chain: Chain;
  readonly url: string;
  /** Requests of JSON-RPC that came, in order. */
  readonly asked: string[];
}

async function serveOrigin(
  before: (text: string, response: ServerResponse) => boolean = () => false,
) {
  const chain = await openOrigin();
  const ledger = new Ledger({ chain, index: new MemoryTransactionIndex() });
  const node: Node = {
    ledger,
    machines: new CallMachines(),
    pool: new MemoryPool({ ledger }),
    limits: REQUEST_LIMITS,
    clientVersion: 'test',
  };
  const dispatcher = new Dispatcher(node, [basicMethods, ...ethMethods]);
  const caller = {
    signal: new AbortController().signal,
    notify: undefined,
    onClose: () => {},
    connection: {},
  };
  const asked: string[] = [];
  const url = await serve(async (text, response) => {
    if (before(text, response)) return;
    const requests = [JSON.parse(text)].flat() as { method: string; params: unknown[] }[];
    for (const { method, params } of requests) asked.push(`${method} ${JSON.stringify(params)}`);
    const answer = await dispatcher.answer(text, caller);
    response.end(String(answer));
  });
  return { chain, url, asked } satisfies Origin;
}

const slotOf = async (chain: Chain, slot: bigint, address = COUNTER) => {
  const view = await chain.openView(chain.head.hash);
  const value = await view.getStorage(address, slot);
  view.close();
  return value;
};

describe('a fork', () => {
  it('goes on from the remote’s state, and leaves the remote as it is', async () => {
    const { chain: origin, url } = await serveOrigin();
    const fork = await openFork({ url, hardfork: 'paris' });
    const chain = chainOf(fork);
    expect(fork.number).toBe(3n);
    expect(chain.head.hash).toBe(origin.head.hash);
    expect(await slotOf(chain, 0n)).toBe(44n);
    const { block, receipts } = await produce(chain, [sent(3n, COUNTER)]);
    const there = await produce(origin, [sent(3n, COUNTER)]);
    // All but the root of the state, which nobody knows.
    expect({ ...block.header, stateRoot: '' }).toEqual({ ...there.block.header, stateRoot: '' });
    expect(receipts.map(({ gasUsed, succeeded }) => [gasUsed, succeeded])).toEqual(
      there.receipts.map(({ gasUsed, succeeded }) => [gasUsed, succeeded]),
    );
    for (const slot of [0n, 1n, 2n]) {
      expect(await slotOf(chain, slot)).toBe(await slotOf(origin, slot));
    }
    expect(await slotOf(chain, 0n)).toBe(45n);
    await produce(chain, [sent(4n, COUNTER), sent(5n, COUNTER)]);
    expect(await slotOf(chain, 0n)).toBe(47n);
    expect(await slotOf(origin, 0n)).toBe(45n);
  });

  it('forks from an older block, and keeps branches apart', async () => {
    const { url } = await serveOrigin();
    const chain = chainOf(await openFork({ url, blockNumber: 1n, hardfork: 'paris' }));
    const first = chain.head.hash;
    expect(await slotOf(chain, 0n)).toBe(42n);
    const left = await produce(chain, [sent(1n, COUNTER)]);
    expect(await slotOf(chain, 0n)).toBe(43n);
    await chain.setHead(first);
    const right = await produce(chain, [sent(1n, MORTAL)]);
    expect(await slotOf(chain, 0n)).toBe(42n);
    expect(await slotOf(chain, 5n, MORTAL)).toBe(0n);
    await chain.setHead(left.block.hash);
    expect(await slotOf(chain, 5n, MORTAL)).toBe(6n);
    expect(await slotOf(chain, 0n)).toBe(43n);
    expect((await chain.blockAt(2n))?.hash).toBe(left.block.hash);
    await chain.setHead(right.block.hash);
    expect((await chain.blockAt(2n))?.hash).toBe(right.block.hash);
    await expect(chain.withTries(first, () => 0)).rejects.toThrow('no proofs');
  });

  it('asks for each thing once, at the block, and remembers on the disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ironfly-fork-'));
    closing.push(() => rm(folder, { recursive: true }));
    const { url, asked } = await serveOrigin();
    const options = { url, hardfork: 'paris', cacheFolder: folder } as const;
    const first = await openFork(options);
    const firstChain = chainOf(first);
    for (let nonce = 3n; nonce < 6n; nonce++) await produce(firstChain, [sent(nonce, COUNTER)]);
    await first.close();
    const state = asked.filter((each) => /Balance|Code|Storage|Count/.test(each));
    expect(new Set(state).size).toBe(state.length);
    expect(state.every((each) => each.endsWith('"0x3"]'))).toBe(true);
    asked.length = 0;
    const second = await openFork(options);
    const secondChain = chainOf(second);
    for (let nonce = 3n; nonce < 6n; nonce++) await produce(secondChain, [sent(nonce, COUNTER)]);
    expect(secondChain.head.hash).toBe(firstChain.head.hash);
    await second.close();
    expect(asked.filter((each) => /Balance|Code|Storage|Count/.test(each))).toEqual([]);
    // A line that a crash has cut is asked for again.
    const [name] = await readdir(folder);
    const file = join(folder, name as string);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, -10));
    asked.length = 0;
    const third = await openFork(options);
    const thirdChain = chainOf(third);
    for (let nonce = 3n; nonce < 6n; nonce++) await produce(thirdChain, [sent(nonce, COUNTER)]);
    await third.close();
    expect(asked.filter((each) => /Balance|Code|Storage|Count/.test(each)).length).toBe(1);
    expect((await readFile(file, 'utf8')).split('\n').length).toBe(text.split('\n').length);
  });

  it('says what it lacks, and where', async () => {
    const { url } = await serveOrigin((text, response) => {
      if (!text.includes('eth_getStorageAt')) return false;
      const error = { code: -32000, message: 'missing trie node' };
      const answers = [JSON.parse(text)].flat().map(({ id }) => ({ jsonrpc: '2.0', id, error }));
      response.end(JSON.stringify(answers.length === 1 ? answers[0] : answers));
      return true;
    });
    const chain = chainOf(await openFork({ url, hardfork: 'paris' }));
    const failing = produce(chain, [sent(3n, COUNTER)]);
    await expect(failing).rejects.toThrow(/missing trie node .*eth_getStorageAt.*at block 0x3/);
    await expect(failing).rejects.toThrow('fork from a younger block');
    // And goes on with what there is.
    await produce(chain, [sent(3n, COINBASE)]);
    await expect(openFork({ url, blockNumber: 99n })).rejects.toThrow('has no block 99');
  });
});

describe('a remote', () => {
  const answerTo = (text: string) =>
    JSON.stringify(
      Array.isArray(JSON.parse(text))
        ? (JSON.parse(text) as { id: number }[]).map(({ id }) => ({
            jsonrpc: '2.0',
            id,
            result: id,
          }))
        : { jsonrpc: '2.0', id: 0, result: 0 },
    );

  it('is asked together for what is asked at once, in batches of a size', async () => {
    const sizes: number[] = [];
    const url = await serve((text, response) => {
      sizes.push([JSON.parse(text)].flat().length);
      response.end(answerTo(text));
    });
    const remote = new Remote({ url, batchMax: 40 });
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) => remote.request('x', [i])),
    );
    expect(sizes.sort((a, b) => a - b)).toEqual([20, 40, 40]);
    expect(results.slice(0, 3)).toEqual([0, 1, 2]);
  });

  it('is tried again where it is busy or away, and given up at last', async () => {
    let tries = 0;
    const url = await serve((text, response) => {
      tries += 1;
      if (tries === 1) response.writeHead(429).end('slow down');
      else if (tries === 2) response.destroy();
      else if (tries === 3) {
        const error = { code: -32005, message: 'daily request count exceeded' };
        response.end(JSON.stringify({ jsonrpc: '2.0', id: 0, error }));
      } else response.end(answerTo(text));
    });
    const remote = new Remote({ url, retryMs: 1 });
    expect(await remote.request('x', [])).toBe(0);
    expect(tries).toBe(4);
    tries = -1_000;
    const away = new Remote({ url: url.replace(/:\d+/, ':9'), retries: 2, retryMs: 1 });
    const failing = away.request('eth_chainId', []);
    await expect(failing).rejects.toThrow('gave no answer to eth_chainId, tried 3 times');
    await expect(failing).rejects.toBeInstanceOf(RemoteError);
    // Keys stand in the path.
    await expect(failing).rejects.not.toThrow('secret-key');
  });

  it('takes requests one by one where it wants no batches', async () => {
    const url = await serve((text, response) => {
      const isBatch = text.startsWith('[');
      const error = { code: -32600, message: 'batches are off' };
      response.end(isBatch ? JSON.stringify({ jsonrpc: '2.0', id: null, error }) : answerTo(text));
    });
    const remote = new Remote({ url });
    expect(await Promise.all([remote.request('x', []), remote.request('y', [])])).toEqual([0, 0]);
  });

  it.each([
    ['no JSON', '<html>'],
    ['nothing', ''],
  ])('that answers with %s is said to be none', async (_, text) => {
    const url = await serve((_text, response) => {
      response.end(text);
    });
    const remote = new Remote({ url, retries: 0 });
    await expect(remote.request('x', [])).rejects.toThrow('answers as no node does');
  });

  it('is asked no faster than is allowed', async () => {
    const url = await serve((text, response) => {
      response.end(answerTo(text));
    });
    const remote = new Remote({ url, requestsPerSecond: 200, batchMax: 5 });
    const start = performance.now();
    await Promise.all(Array.from({ length: 40 }, () => remote.request('x', [])));
    expect(performance.now() - start).toBeGreaterThan(150);
  });

  it('is no address but of HTTP', () => {
    expect(() => new Remote({ url: 'file:///etc/passwd' })).toThrow('is not HTTP');
  });
});
