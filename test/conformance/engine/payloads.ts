/**
 * A blockchain test played as a consensus client would: each block as a payload by the method of
 * its fork, each valid one made the head; and once more with the children before their parents.
 */

import type { Block } from '../../../src/chain/blocks/block.ts';
import { decodeBlock } from '../../../src/chain/blocks/block.ts';
import { InvalidBlock } from '../../../src/chain/blocks/fault.ts';
import { firstBlock } from '../../../src/chain/blocks/genesis.ts';
import { type Request, requestsHash } from '../../../src/chain/blocks/requests.ts';
import { Chain } from '../../../src/chain/chain.ts';
import { createInMemory } from '../../../src/chain/database/folder.ts';
import type { BlockTest, TestBlock } from '../../../src/cli/blocktest/fixture.ts';
import type { TestBed } from '../../../src/cli/blocktest/run.ts';
import type { Hash } from '../../../src/evm/types.ts';
import { versionedHashesOf } from '../../../src/node/engine/blobs.ts';
import type { PayloadStatus } from '../../../src/node/engine/consensus.ts';
import { type EngineNode, withEngine } from '../../../src/node/engine/engine.ts';
import { engineMethods } from '../../../src/node/engine/methods.ts';
import { payloadJson } from '../../../src/node/engine/payload.ts';
import { CallMachines } from '../../../src/node/execution/call-machines.ts';
import { Ledger } from '../../../src/node/ledger/ledger.ts';
import { MemoryTransactionIndex } from '../../../src/node/ledger/transaction-index.ts';
import { REQUEST_LIMITS } from '../../../src/node/node.ts';
import type { TransactionPool } from '../../../src/node/pool/pool.ts';
import { Dispatcher } from '../../../src/node/rpc/dispatch.ts';
import type { Caller } from '../../../src/node/rpc/method.ts';
import { MemoryState } from '../../../src/state/memory.ts';

/** A pool in which nothing waits. */
const EMPTY_POOL: TransactionPool = {
  add: () => Promise.reject(new Error('no transactions are taken')),
  get: () => undefined,
  ready: () => [],
  content: () => ({ pending: new Map(), queued: new Map() }),
  nextNonce: () => Promise.resolve(0n),
  onReady: () => () => {},
};

const CALLER: Caller = {
  signal: new AbortController().signal,
  notify: undefined,
  onClose: () => {},
  connection: {},
};

const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`;

/** Whether a test's blocks can be payloads: all of its forks are of the merge or later. */
export function isOfPayloads({ spec }: BlockTest): boolean {
  return spec.forks.every(({ fork, totalDifficulty }) => {
    return totalDifficulty === undefined && POST_MERGE.includes(fork);
  });
}

const POST_MERGE = ['paris', 'shanghai', 'cancun', 'prague', 'osaka'];

/** What is wrong, or nothing. */
export async function playPayloads(test: BlockTest, bed: TestBed): Promise<string | undefined> {
  const inOrder = await onNode(test, bed, async (node) => {
    for (const [index, block] of test.blocks.entries()) {
      const wrong = await node.play(block);
      if (wrong !== undefined) return `block ${index + 1}: ${wrong}`;
    }
    const { head } = node.chain;
    if (head.hash === test.lastBlockHash) return undefined;
    return `the head is ${head.hash}, expected ${test.lastBlockHash}`;
  });
  const isLine = test.blocks.length > 1 && test.blocks.every(({ exception }) => !exception);
  if (inOrder !== undefined || !isLine) return inOrder;
  const wrong = await onNode(test, bed, (node) => node.playBackwards(test.blocks));
  return wrong === undefined ? undefined : `backwards: ${wrong}`;
}

async function onNode<T>(
  test: BlockTest,
  { machines, trieMemory }: TestBed,
  work: (node: PlayedNode) => Promise<T>,
): Promise<T> {
  const state = new MemoryState();
  for (const [address, account] of test.pre) state.setAccount(address, account);
  const genesis = firstBlock(decodeBlock(test.genesis).header);
  const tree = await createInMemory(genesis, state.asChanges(), { trieMemory });
  const chain = new Chain({ spec: test.spec, tree, machines });
  try {
    return await work(new PlayedNode(chain));
  } finally {
    await chain.close();
  }
}

interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

class PlayedNode {
  readonly chain: Chain;
  readonly #node: EngineNode;
  readonly #dispatcher: Dispatcher<EngineNode>;

  constructor(chain: Chain) {
    this.chain = chain;
    const ledger = new Ledger({ chain, index: new MemoryTransactionIndex() });
    const machines = new CallMachines();
    const clientVersion = 'ironfly/test';
    const node = { ledger, machines, pool: EMPTY_POOL, limits: REQUEST_LIMITS, clientVersion };
    const version = { code: 'IF', name: 'Ironfly', version: 'test', commit: '0x00000000' } as const;
    this.#node = withEngine(node, { version });
    this.#dispatcher = new Dispatcher(this.#node, [engineMethods]);
  }

  async #call(method: string, params: readonly unknown[]): Promise<RpcAnswer> {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    return JSON.parse((await this.#dispatcher.answer(text, CALLER)) ?? '{}') as RpcAnswer;
  }

  async play({ rlp, exception }: TestBlock): Promise<string | undefined> {
    let block: Block;
    try {
      block = decodeBlock(rlp);
    } catch (error) {
      // What is no block is no payload.
      return exception === undefined ? `is none: ${(error as Error).message}` : undefined;
    }
    const requests = await this.#requestsOf(block);
    const answer = await this.#newPayload(block, requests);
    if (answer.error !== undefined) {
      const { code, message } = answer.error;
      const isFormat = exception !== undefined && (code === -32602 || code === -38005);
      return isFormat ? undefined : `error ${code}: ${message}`;
    }
    const status = answer.result as PayloadStatus;
    if (exception === undefined) return this.#expectValid(block, status);
    const wrong = expectInvalid(block, status, exception);
    if (wrong !== undefined || block.header.requestsHash === undefined) return wrong;
    if (requestsHash(requests) === block.header.requestsHash) return undefined;
    // Told of other requests than its header names: it is invalid with any.
    const direct = await this.#node.engine.consensus.newPayload(block);
    return expectInvalid(block, direct, exception);
  }

  async #expectValid(block: Block, status: PayloadStatus): Promise<string | undefined> {
    const { hash } = block;
    const isValid = status.status === 'VALID' && status.latestValidHash === hash;
    if (!isValid) return JSON.stringify(status);
    const again = await this.#newPayload(block, await this.#requestsOf(block));
    if ((again.result as PayloadStatus).status !== 'VALID') return `again: ${text(again)}`;
    const chosen = await this.#choose(hash);
    if (chosen !== 'VALID') return `forkchoice: ${chosen}`;
    const bodies = await this.#call('engine_getPayloadBodiesByHashV1', [[hash]]);
    const [body] = bodies.result as { readonly transactions: readonly unknown[] }[];
    const isWhole = body?.transactions.length === block.transactions.length;
    return isWhole ? undefined : 'its body is another';
  }

  async #choose(hash: Hash): Promise<string> {
    const state = {
      headBlockHash: hash,
      safeBlockHash: ZERO_HASH,
      finalizedBlockHash: ZERO_HASH,
    };
    const answer = await this.#call('engine_forkchoiceUpdatedV1', [state, null]);
    const result = answer.result as { readonly payloadStatus: PayloadStatus } | undefined;
    return result?.payloadStatus.status ?? text(answer);
  }

  /** Children first: they wait, and the first one's coming has all of them executed. */
  async playBackwards(blocks: readonly TestBlock[]): Promise<string | undefined> {
    const [first, ...rest] = blocks.map(({ rlp }) => decodeBlock(rlp));
    const last = rest.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const hasRequests = rest.some(({ header }) => header.requestsHash !== undefined);
    if (hasRequests) return this.#backwardsDirect(first, rest, last);
    for (const block of rest.toReversed()) {
      const answer = await this.#newPayload(block, []);
      const { status } = (answer.result ?? {}) as Partial<PayloadStatus>;
      if (status !== 'SYNCING') return `${text(answer)}, expected SYNCING`;
    }
    await this.#newPayload(first, []);
    const chosen = await this.#choose(last.hash);
    return chosen === 'VALID' ? undefined : `forkchoice: ${chosen}`;
  }

  /** Requests are known once the parent is: without them a payload's hash is another. */
  async #backwardsDirect(
    first: Block,
    rest: readonly Block[],
    last: Block,
  ): Promise<string | undefined> {
    const { consensus } = this.#node.engine;
    for (const block of rest.toReversed()) {
      const { status } = await consensus.newPayload(block);
      if (status !== 'SYNCING') return `${status}, expected SYNCING`;
    }
    await consensus.newPayload(first);
    const chosen = await this.#choose(last.hash);
    return chosen === 'VALID' ? undefined : `forkchoice: ${chosen}`;
  }

  #newPayload(block: Block, requests: readonly Request[]): Promise<RpcAnswer> {
    const { number, timestamp, parentBeaconBlockRoot = null } = block.header;
    const { is } = this.#node.engine.forks.rulesAt({ number, timestamp });
    const payload = payloadJson(block);
    if (!is('shanghai')) return this.#call('engine_newPayloadV1', [payload]);
    if (!is('cancun')) return this.#call('engine_newPayloadV2', [payload]);
    const hashes = block.transactions.flatMap(versionedHashesOf);
    const params = [payload, hashes, parentBeaconBlockRoot];
    if (!is('prague')) return this.#call('engine_newPayloadV3', params);
    return this.#call('engine_newPayloadV4', [
      ...params,
      requests.map((request) => `0x${request.toHex()}`),
    ]);
  }

  /** Blocks do not hold them: they are what comes of executing it upon its parent. */
  async #requestsOf({
    header,
    transactions,
    withdrawals = [],
  }: Block): Promise<readonly Request[]> {
    if (header.requestsHash === undefined || header.requestsHash === requestsHash([])) return [];
    if (this.chain.known(header.parentHash) === undefined) return [];
    const { timestamp, coinbase, gasLimit, mixHash, parentBeaconBlockRoot } = header;
    try {
      const { requests } = await this.chain.buildBlock(
        {
          timestamp,
          coinbase,
          gasLimit,
          transactions,
          withdrawals,
          prevRandao: mixHash,
          ...(parentBeaconBlockRoot && { parentBeaconBlockRoot }),
        },
        header.parentHash,
      );
      return requests;
    } catch (error) {
      if (error instanceof InvalidBlock) return [];
      throw error;
    }
  }
}

function expectInvalid(
  { header }: Block,
  status: PayloadStatus,
  exception: string,
): string | undefined {
  if (/unknown_?parent/i.test(exception) && status.status === 'SYNCING') return undefined;
  if (!status.status.startsWith('INVALID')) return `${text(status)}, expected ${exception}`;
  const { latestValidHash } = status;
  if (latestValidHash === null || latestValidHash === header.parentHash) return undefined;
  return `the latest valid hash is ${latestValidHash}`;
}

function text(value: unknown): string {
  return JSON.stringify(value).slice(0, 300);
}
