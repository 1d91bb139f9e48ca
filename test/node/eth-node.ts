/**
 * A node for tests of the eth_ methods: a chain in memory with an account that has ether, some
 * small contracts, a pool, and blocks that are made when a test says so.
 */
import { createChain, genesisOf } from '../../src/chain/open-chain.ts';
import { BLANK_TRANSACTION } from '../../src/chain/transactions/blank.ts';
import { encodeTransaction } from '../../src/chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../src/chain/transactions/signature.ts';
import type { SignedTransaction } from '../../src/chain/transactions/types.ts';
import type { ForkName } from '../../src/evm/forks/names.ts';
import type { Address, Hash } from '../../src/evm/types.ts';
import { SYSTEM_CONTRACTS } from '../../src/node/dev/system-contracts.ts';
import { CallMachines } from '../../src/node/execution/call-machines.ts';
import type { CallWorkers } from '../../src/node/execution/workers/call-workers.ts';
import { Ledger } from '../../src/node/ledger/ledger.ts';
import { MemoryTransactionIndex } from '../../src/node/ledger/transaction-index.ts';
import { basicMethods } from '../../src/node/methods/basic.ts';
import { ethMethods } from '../../src/node/methods/eth/tables.ts';
import { type Node, REQUEST_LIMITS, type RequestLimits } from '../../src/node/node.ts';
import { MemoryPool } from '../../src/node/pool/memory-pool.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import { JsonText } from '../../src/node/rpc/json-text.ts';
import type { Caller } from '../../src/node/rpc/method.ts';
import { MemoryState } from '../../src/state/memory.ts';

const KEY = new Uint8Array(32).fill(7);
export const RICH: Address = addressOfKey(KEY);
const CHAIN_ID = 1337n;
const GWEI = 1_000_000_000n;

export type ContractName =
  | 'logs'
  | 'reverts'
  | 'hungry'
  | 'reads'
  | 'number'
  | 'endless'
  | 'counts'
  | 'grows';

/** By what they do: address and code. */
const CONTRACTS: Readonly<Record<ContractName, readonly [Address, string]>> = {
  /** LOG1 with the first word of the call data as its topic. */
  logs: ['0x1000000000000000000000000000000000000001', '5f355f5fa100'],
  /** Reverts with the call data. */
  reverts: ['0x1000000000000000000000000000000000000002', '365f5f37365ffd'],
  /** Fails unless more than 0xffff gas are left. */
  hungry: ['0x1000000000000000000000000000000000000003', '6200ffff5a11600a57fe5b00'],
  /** Returns slot 0. */
  reads: ['0x1000000000000000000000000000000000000004', '5f545f5260205ff3'],
  /** Returns the number of the block. */
  number: ['0x1000000000000000000000000000000000000005', '435f5260205ff3'],
  /** Never ends by itself. */
  endless: ['0x1000000000000000000000000000000000000006', '5b5f56'],
  /** Adds one to slot 0. */
  counts: ['0x1000000000000000000000000000000000000007', '5f546001015f5500'],
  /** Sets the slot that has the block's number. */
  grows: ['0x1000000000000000000000000000000000000008', '6001435500'],
};

export function contract(name: ContractName): Address {
  return CONTRACTS[name][0];
}

export interface Mining {
  /** After the block before. */
  readonly seconds?: bigint;
  /** Whether it takes what waits in the pool. */
  readonly pooled?: boolean;
}

export interface Notification {
  readonly method: string;
  readonly params: { readonly subscription: string; readonly result: unknown };
}

export class EthNode {
  readonly node: Node;
  readonly dispatcher: Dispatcher<Node>;
  /** What a connection was sent. */
  readonly notifications: Notification[] = [];
  readonly #caller: Caller;
  readonly #closers: (() => void)[] = [];
  #nonce = 0n;

  constructor(node: Node) {
    this.node = node;
    this.dispatcher = new Dispatcher(node, [basicMethods, ...ethMethods]);
    this.#caller = {
      signal: new AbortController().signal,
      notify: (method, params) =>
        this.notifications.push({ method, params: params as Notification['params'] }),
      onClose: (work) => this.#closers.push(work),
      connection: {},
    };
  }

  /** @throws RpcError */
  async ask(method: string, ...params: readonly unknown[]): Promise<unknown> {
    const answer = await this.dispatcher.call(method, params, this.#caller);
    return answer instanceof JsonText ? JSON.parse(answer.text) : answer;
  }

  /** A whole request, as text. */
  answer(text: string): Promise<string | undefined> {
    return this.dispatcher.answer(text, { ...this.#caller, notify: undefined });
  }

  /** Signs a transaction of the account that has ether. */
  sign(fields: Partial<SignedTransaction> = {}): Uint8Array {
    const nonce = this.#nonce;
    this.#nonce += 1n;
    return encodeTransaction(
      signTransaction(
        {
          ...BLANK_TRANSACTION,
          type: 2,
          chainId: CHAIN_ID,
          nonce,
          gasLimit: 100_000n,
          maxFeePerGas: 10n * GWEI,
          maxPriorityFeePerGas: GWEI,
          to: RICH,
          ...fields,
        },
        KEY,
      ),
    );
  }

  /** Signs and sends. */
  send(fields: Partial<SignedTransaction> = {}): Promise<Hash> {
    return this.node.pool.add(this.sign(fields));
  }

  /** The next block, of all that is ready; upon another block where that is given. */
  async mine(upon?: Hash, { seconds = 1n, pooled = true }: Mining = {}): Promise<Hash> {
    const { ledger, pool } = this.node;
    const { chain } = ledger;
    const parent = upon === undefined ? ledger.head : chain.known(upon);
    if (parent === undefined) throw new Error(`no block ${upon}`);
    const transactions = pooled ? pool.ready().map(({ bytes }) => bytes) : [];
    const timestamp = parent.header.timestamp + seconds;
    const coinbase = `0x${'cc'.repeat(20)}` as const;
    const request = { timestamp, coinbase, transactions };
    const { block } = await chain.produceBlock(request, parent.hash);
    await ledger.setHead(block.hash);
    return block.hash;
  }

  /** As if the connection had ended. */
  disconnect(): void {
    for (const close of this.#closers) close();
  }

  async close(): Promise<void> {
    await this.node.callWorkers?.close();
    await this.node.ledger.chain.close();
  }
}

/** @param callWorkers ended with the node */
export async function ethNode(
  limits: Partial<RequestLimits> = {},
  callWorkers?: CallWorkers,
  fork: ForkName = 'cancun',
): Promise<EthNode> {
  const spec = { chainId: CHAIN_ID, forks: [{ fork }] };
  const state = new MemoryState();
  const empty = { nonce: 0n, balance: 0n, code: new Uint8Array(0), storage: [] };
  state.setAccount(RICH, { ...empty, balance: 10n ** 24n });
  for (const [address, code] of Object.values(CONTRACTS)) {
    const storage = [[0n, 42n]] as const;
    state.setAccount(address, { ...empty, nonce: 1n, code: Uint8Array.fromHex(code), storage });
  }
  for (const { address, code } of fork === 'cancun' ? [] : SYSTEM_CONTRACTS) {
    state.setAccount(address, { ...empty, nonce: 1n, code: Uint8Array.fromHex(code) });
  }
  const chain = await createChain(genesisOf({ spec, state }), { workers: 1, archive: true });
  const ledger = new Ledger({ chain, index: new MemoryTransactionIndex() });
  return new EthNode({
    ledger,
    machines: new CallMachines(),
    pool: new MemoryPool({ ledger }),
    limits: { ...REQUEST_LIMITS, ...limits },
    clientVersion: 'ironfly/test',
    callWorkers,
  });
}
