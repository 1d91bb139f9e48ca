/**
 * Every method of a development chain and of a node with arguments that are not what it wants: each
 * odd value in each place, the other places filled with what the method takes there. Whatever
 * comes, the answer is a result or a refusal that names what is wrong, never a bug (-32603), and
 * comes soon; the node serves as before.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { devAccounts } from '../../src/node/dev/accounts.ts';
import { closeDevNode, createDevNode } from '../../src/node/dev/dev-node.ts';
import { devGenesis } from '../../src/node/dev/genesis.ts';
import { devMethods } from '../../src/node/dev/methods/tables.ts';
import { fullMethods } from '../../src/node/full/full-methods.ts';
import { FullNode } from '../../src/node/full/full-node.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import type { Caller, MethodTable } from '../../src/node/rpc/method.ts';
import { Streamed } from '../../src/node/rpc/streamed.ts';
import type { Answered } from './rpc-client.ts';

const ANSWER_MS_MAX = 10_000;

const ADDRESS = `0x${'ab'.repeat(20)}`;
const WORD = `0x${'ff'.repeat(32)}`;

const ODD: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 1.5, 1e308, 2 ** 53],
  ...['', ' ', '0', '0x', '0x0', '0x1', '0x00', '0x01', '0xg', '0X1', '-0x1', '1e3', '0x123'],
  ...['latest', 'pending', 'earliest', 'finalized', 'LATEST', 'newHeads', 'logs', '\0', '\ud800'],
  ...[ADDRESS, WORD, `${WORD}0`, `0x${'f'.repeat(16)}`, `0x${'f'.repeat(17)}`, 'x'.repeat(100_000)],
  ...[[], [[]], [null], [WORD], [ADDRESS, ADDRESS], Array(1_000).fill('0x1')],
  ...[{}, { '': 1 }, { blockHash: WORD, blockNumber: '0x1' }, { blockNumber: [] }],
  ...[{ from: 7 }, { to: {}, data: [] }, { to: ADDRESS, data: '0x', value: '0xzz' }],
  ...[{ fromBlock: 'latest', toBlock: '0x0' }, { address: {}, topics: [[[]]] }, { topics: 'x' }],
  ...[{ fromBlock: '0x0', toBlock: '0xffffffffffffffff' }, { tracer: 7 }, { tracer: 'no such' }],
  ...[{ tracer: 'callTracer', tracerConfig: [] }, { [ADDRESS]: { code: 7 } }, { __proto: 1 }],
  ...[{ blockStateCalls: [{ calls: {} }] }, { blockStateCalls: [[]] }],
  JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`),
  JSON.parse('{"__proto__":{"from":"0x1"},"constructor":{},"toString":7}'),
];

/** What some method takes in some place. */
const PLAUSIBLE: readonly unknown[] = [
  { from: ADDRESS, to: ADDRESS, value: '0x1', data: '0x', fromBlock: '0x0', toBlock: 'latest' },
  ...[ADDRESS, '0x1', 'latest', true, {}, [], [ADDRESS], ['0x1'], WORD, 'newHeads', 'text', 1],
  ...[[{ to: ADDRESS }], [[{ to: ADDRESS }, ['trace']]], ['trace'], { [ADDRESS]: ['0x1'] }],
  ...[{ blockStateCalls: [{ calls: [{ to: ADDRESS }] }] }, { forking: {} }],
  { headBlockHash: WORD, safeBlockHash: WORD, finalizedBlockHash: WORD },
  {
    ...{ parentHash: WORD, feeRecipient: ADDRESS, stateRoot: WORD, receiptsRoot: WORD },
    ...{
      logsBloom: `0x${'00'.repeat(256)}`,
      prevRandao: WORD,
      blockNumber: '0x1',
      gasLimit: '0x1',
    },
    ...{ gasUsed: '0x0', timestamp: '0x1', extraData: '0x', baseFeePerGas: '0x1', blockHash: WORD },
    ...{ transactions: [], withdrawals: [], blobGasUsed: '0x0', excessBlobGas: '0x0' },
  },
];

function callerUntil(signal: AbortSignal): Caller {
  return { signal, notify: () => {}, onClose: () => {}, connection: {} };
}

/** Answers a request, as what it is as JSON. */
type Ask = (method: string, params: readonly unknown[]) => Promise<Answered>;

function askOf<Node>(dispatcher: Dispatcher<Node>): Ask {
  return (method, params) => answerTo(dispatcher, method, params);
}

async function answerTo<Node>(
  dispatcher: Dispatcher<Node>,
  method: string,
  params: readonly unknown[],
): Promise<Answered> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX / 2);
  const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const answer = await dispatcher.answerInPieces(request, callerUntil(signal));
  if (!(answer instanceof Streamed)) return JSON.parse(answer ?? 'null');
  let text = '';
  for await (const piece of answer.pieces) text += piece;
  return JSON.parse(text);
}

/** One for each place, of which the method says nothing; what stands first where it takes none. */
async function plausibleFor(ask: Ask, method: string, count: number): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (let place = 0; place < count; place++) {
    let taken = PLAUSIBLE[0];
    for (const value of PLAUSIBLE) {
      const { error } = await ask(method, [...found, value]);
      if (new RegExp(`argument ${place}\\b`).test(error?.message ?? '')) continue;
      taken = value;
      break;
    }
    found.push(taken);
  }
  return found;
}

function* argumentLists(plausible: readonly unknown[]): Generator<readonly unknown[]> {
  yield [];
  yield plausible;
  yield [...plausible, '0x1'];
  for (const place of plausible.keys()) {
    for (const odd of ODD) {
      yield plausible.with(place, odd);
      yield plausible.slice(0, place + 1).with(place, odd);
    }
  }
}

/** What each method does not bear, one line a method. */
async function faultsOf<Node>(node: Node, tables: readonly MethodTable<Node>[]): Promise<string[]> {
  const ask = askOf(new Dispatcher(node, tables));
  const methods: MethodTable<Node> = Object.assign({}, ...tables);
  const faults: string[] = [];
  for (const [method, { params: wanted }] of Object.entries(methods)) {
    const plausible = await plausibleFor(ask, method, wanted.length);
    for (const params of argumentLists(plausible)) {
      const startMs = performance.now();
      const { result, error } = await ask(method, params);
      const ms = performance.now() - startMs;
      const isAnswered = result !== undefined || (error !== undefined && error.code !== BUG);
      if (isAnswered && ms < ANSWER_MS_MAX) continue;
      const given = JSON.stringify(params).slice(0, 200);
      faults.push(`${method}${given}: ${error?.message} after ${Math.round(ms)} ms`);
      break;
    }
  }
  const { result } = await ask('eth_blockNumber', []);
  expect(result).toMatch(/^0x/);
  return faults;
}

const BUG = -32603;

describe('every method takes odd arguments, or says what is wrong with them', () => {
  const accounts = devAccounts(2);
  const genesis = devGenesis({
    ...{ chainId: 31_337n, fork: 'osaka', gasLimit: 30_000_000n, baseFee: 10n ** 9n },
    ...{ timestamp: 1_800_000_000n, number: 0n, hasCreate2Deployer: true },
    accounts: accounts.map(({ address }) => address),
    balance: 10n ** 22n,
  });

  it('of a development chain', async () => {
    const node = await createDevNode({ genesis, accounts, clientVersion: 'ironfly/test' });
    try {
      expect(await faultsOf(node, devMethods)).toEqual([]);
    } finally {
      await closeDevNode(node);
    }
  });

  it('of a node with a consensus client', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ironfly-odd-'));
    const full = await FullNode.open({
      folder,
      genesis,
      clientVersion: 'ironfly/test',
      consensusClient: {
        version: { code: 'IF', name: 'Ironfly', version: 'v0', commit: '0x00000000' },
      },
    });
    try {
      expect(await faultsOf(full.node, fullMethods)).toEqual([]);
    } finally {
      await full.close();
      await rm(folder, { recursive: true });
    }
  });
});
