/** Which version of each method takes which fork's payloads, and what the others say. */
import { afterAll, describe, expect, test } from 'vitest';
import type { Chain } from '../../src/chain/chain.ts';
import { parseGenesis } from '../../src/chain/genesis-files/genesis-file.ts';
import { createChain } from '../../src/chain/open-chain.ts';
import type { Hash } from '../../src/evm/types.ts';
import { type EngineNode, withEngine } from '../../src/node/engine/engine.ts';
import { engineMethods } from '../../src/node/engine/methods.ts';
import type { BuiltPayload } from '../../src/node/engine/payload-build.ts';
import { CallMachines } from '../../src/node/execution/call-machines.ts';
import { Ledger } from '../../src/node/ledger/ledger.ts';
import { MemoryTransactionIndex } from '../../src/node/ledger/transaction-index.ts';
import { REQUEST_LIMITS } from '../../src/node/node.ts';
import { MemoryPool } from '../../src/node/pool/memory-pool.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import { DEVNET_FORKS, type DevnetFork, devnetGenesis, forkTime } from './devnet-genesis.ts';

const TIMES = { genesis: 1_000, slotSeconds: 10, forkSlots: 5 };
const GENESIS = parseGenesis(devnetGenesis(TIMES));
const ROOT = `0x${'05'.repeat(32)}` as const;
const ADDRESS = `0x${'06'.repeat(20)}` as const;

const chains: Chain[] = [];
afterAll(async () => {
  for (const chain of chains) await chain.close();
});

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number };
}

const openNode = async () => (await openEngine()).ask;

async function openEngine() {
  const chain = await createChain(GENESIS, { workers: 1 });
  chains.push(chain);
  const ledger = new Ledger({ chain, index: new MemoryTransactionIndex() });
  const pool = new MemoryPool({ ledger });
  const machines = new CallMachines();
  const node = { ledger, machines, pool, limits: REQUEST_LIMITS, clientVersion: 'test' };
  const version = { code: 'IF', name: 'Ironfly', version: 'test', commit: '0x00000000' } as const;
  const engineNode = withEngine(node, { version });
  const dispatcher = new Dispatcher<EngineNode>(engineNode, [engineMethods]);
  const caller = {
    signal: new AbortController().signal,
    notify: undefined,
    onClose: () => {},
    connection: {},
  };
  const ask = async (method: string, ...params: readonly unknown[]): Promise<Answer> => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: `engine_${method}`, params });
    return JSON.parse((await dispatcher.answer(text, caller)) ?? '{}') as Answer;
  };
  return { ask, node: engineNode };
}

const isFrom = (fork: DevnetFork, since: DevnetFork) =>
  DEVNET_FORKS.indexOf(fork) >= DEVNET_FORKS.indexOf(since);

function stateAt(hash: Hash) {
  return { headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: hash };
}

function attributesOf(fork: DevnetFork) {
  return {
    timestamp: `0x${(forkTime(fork, TIMES) + 10).toString(16)}`,
    prevRandao: ROOT,
    suggestedFeeRecipient: ADDRESS,
    ...(isFrom(fork, 'shanghai') ? { withdrawals: [] } : {}),
    ...(isFrom(fork, 'cancun') ? { parentBeaconBlockRoot: ROOT } : {}),
  };
}

/** The version of each method that each fork is for, and the codes of all versions. */
const FORKS = [
  { fork: 'paris', choose: [0, 0, -38003], get: [0, 0, -38005, -38005, -38005] },
  { fork: 'shanghai', choose: [-38003, 0, -38003], get: [-38005, 0, -38005, -38005, -38005] },
  { fork: 'cancun', choose: [-38003, -38003, 0], get: [-38005, -38005, 0, -38005, -38005] },
  { fork: 'prague', choose: [-38003, -38003, 0], get: [-38005, -38005, -38005, 0, -38005] },
  { fork: 'osaka', choose: [-38003, -38003, 0], get: [-38005, -38005, -38005, -38005, 0] },
] as const;

const SENDING = {
  paris: [0, 0, -32602, -32602],
  shanghai: [-32602, 0, -32602, -32602],
  cancun: [-32602, -38005, 0, -38005],
  prague: [-32602, -38005, -38005, 0],
  osaka: [-32602, -38005, -38005, 0],
} as const;

test.each(FORKS)('$fork', async ({ fork, choose, get }) => {
  const ask = await openNode();
  const { hash } = GENESIS.block;
  const attributes = attributesOf(fork);
  const codes: number[] = [];
  let id: unknown;
  for (const version of [1, 2, 3]) {
    const answer = await ask(`forkchoiceUpdatedV${version}`, stateAt(hash), attributes);
    codes.push(answer.error?.code ?? 0);
    const { payloadId } = (answer.result ?? {}) as { readonly payloadId?: unknown };
    id = payloadId ?? id;
  }
  expect(codes).toEqual(choose);
  const fetched: number[] = [];
  let payload: unknown;
  for (const version of [1, 2, 3, 4, 5]) {
    const { error, result } = await ask(`getPayloadV${version}`, id);
    fetched.push(error?.code ?? 0);
    const built = result as { readonly executionPayload?: unknown } | undefined;
    payload = built?.executionPayload ?? built ?? payload;
  }
  expect(fetched).toEqual(get);
  const sent: number[] = [];
  for (const [version, more] of [[], [], [[], ROOT], [[], ROOT, []]].entries()) {
    const { error, result } = await ask(`newPayloadV${version + 1}`, payload, ...more);
    sent.push(error?.code ?? 0);
    if (error === undefined) expect(result).toMatchObject({ status: 'VALID' });
  }
  expect(sent).toEqual(SENDING[fork]);
});

test('attributes of a later version, and of a time that another version has', async () => {
  const ask = await openNode();
  const state = stateAt(GENESIS.block.hash);
  const { withdrawals: _, ...plain } = attributesOf('shanghai') as Record<string, unknown>;
  const code = async (version: number, attributes: unknown) =>
    (await ask(`forkchoiceUpdatedV${version}`, state, attributes)).error?.code;
  expect(await code(1, plain)).toBe(-38005);
  expect(await code(2, plain)).toBe(-38003);
  expect(await code(3, { ...attributesOf('cancun'), timestamp: '0x3ea' })).toBe(-38005);
  const { parentBeaconBlockRoot: __, ...late } = attributesOf('cancun') as Record<string, unknown>;
  expect(await code(2, late)).toBe(-38005);
  expect(await code(2, { ...attributesOf('paris'), timestamp: '0x3e8' })).toBe(-38003);
});

test('requests out of order, empty, or twice of a type are no requests', async () => {
  const ask = await openNode();
  const state = stateAt(GENESIS.block.hash);
  const begun = await ask('forkchoiceUpdatedV3', state, attributesOf('prague'));
  const { payloadId } = begun.result as { readonly payloadId: unknown };
  const { result } = await ask('getPayloadV4', payloadId);
  const { executionPayload } = result as { readonly executionPayload: unknown };
  const send = (requests: unknown) => ask('newPayloadV4', executionPayload, [], ROOT, requests);
  for (const requests of [['0x0102', '0x0002'], ['0x01'], ['0x'], ['0x0102', '0x0103'], null]) {
    expect((await send(requests)).error?.code).toBe(-32602);
  }
  expect((await send(['0x0102'])).result).toMatchObject({
    status: 'INVALID',
    latestValidHash: null,
  });
  expect((await send([])).result).toMatchObject({ status: 'VALID' });
});

test('what can be said of a payload without its parent is said', async () => {
  const ask = await openNode();
  const state = stateAt(GENESIS.block.hash);
  const begun = await ask('forkchoiceUpdatedV1', state, attributesOf('paris'));
  const { payloadId } = begun.result as { readonly payloadId: unknown };
  const { result: payload } = await ask('getPayloadV1', payloadId);
  const unknown = { ...(payload as object), parentHash: ROOT };
  const wrong = await ask('newPayloadV1', unknown);
  expect(wrong.result).toMatchObject({ status: 'INVALID_BLOCK_HASH', latestValidHash: null });
  const extended = { ...(payload as object), transactions: ['0x'] };
  const empty = await ask('newPayloadV1', extended);
  expect(empty.result).toMatchObject({ status: 'INVALID', latestValidHash: null });
});

describe('a payload that was fetched and comes back', () => {
  const withdrawals = [{ index: '0x0', validatorIndex: '0x0', address: ADDRESS, amount: '0x5' }];

  async function fetchPayload({ ask }: Pick<Awaited<ReturnType<typeof openEngine>>, 'ask'>) {
    const state = stateAt(GENESIS.block.hash);
    const attributes = { ...attributesOf('prague'), withdrawals };
    const begun = await ask('forkchoiceUpdatedV3', state, attributes);
    const { payloadId } = begun.result as { readonly payloadId: unknown };
    const { result } = await ask('getPayloadV4', payloadId);
    const { executionPayload } = result as { readonly executionPayload: { blockHash: Hash } };
    return executionPayload;
  }

  test('is kept as it was built, and stood upon', async () => {
    const { ask, node } = await openEngine();
    const payload = await fetchPayload({ ask });
    expect((await ask('newPayloadV4', payload, [], ROOT, [])).result).toMatchObject({
      status: 'VALID',
      latestValidHash: payload.blockHash,
    });
    await ask('forkchoiceUpdatedV3', stateAt(payload.blockHash));
    const view = await node.ledger.openView(payload.blockHash);
    expect((await view.getAccount(ADDRESS))?.balance).toBe(5_000_000_000n);
    view.close();
    expect((await node.ledger.requireBlock({ tag: 'latest' })).hash).toBe(payload.blockHash);
  });

  test('is not executed again: what was built is what counts', async () => {
    const { ask, node } = await openEngine();
    const payload = await fetchPayload({ ask });
    const built = node.engine.builds.fetched(payload.blockHash) as BuiltPayload;
    (built.changes.accounts as Map<string, unknown>).delete(ADDRESS);
    expect((await ask('newPayloadV4', payload, [], ROOT, [])).result).toMatchObject({
      status: 'INVALID',
      validationError: expect.stringContaining('the state root'),
    });
    expect(node.engine.builds.fetched(ROOT)).toBeUndefined();
  });

  test('is executed where another node built it', async () => {
    const payload = await fetchPayload(await openEngine());
    const { ask } = await openEngine();
    expect((await ask('newPayloadV4', payload, [], ROOT, [])).result).toMatchObject({
      status: 'VALID',
    });
  });
});
