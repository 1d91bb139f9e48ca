/**
 * The same transactions on a chain of ours and on Anvil: contracts of `Traced.sol` that are
 * deployed and called, one block each but for the last, which holds several.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { encodeFunctionData, type Hex as ViemHex } from 'viem';
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { createChain, genesisOf } from '../../src/chain/open-chain.ts';
import { type Ask, launchAnvil } from '../../src/cli/bench/anvil.ts';
import type { Address, Hash } from '../../src/evm/types.ts';
import { CallMachines } from '../../src/node/execution/call-machines.ts';
import type { CallWorkers } from '../../src/node/execution/workers/call-workers.ts';
import { Ledger } from '../../src/node/ledger/ledger.ts';
import {
  MemoryTransactionIndex,
  transactionHash,
} from '../../src/node/ledger/transaction-index.ts';
import { traceMethods } from '../../src/node/methods/trace-tables.ts';
import { type Node, REQUEST_LIMITS } from '../../src/node/node.ts';
import type { TransactionPool } from '../../src/node/pool/pool.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import { RpcError } from '../../src/node/rpc/errors.ts';
import type { Caller } from '../../src/node/rpc/method.ts';
import { MemoryState } from '../../src/state/memory.ts';

const CHAIN_ID = 31_337;
/** The first of Anvil's accounts. */
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const BALANCE = 10_000n * 10n ** 18n;
const GAS_LIMIT = 30_000_000n;
const GWEI = 10n ** 9n;
const COINBASE: Address = `0x${'00'.repeat(20)}`;

export interface TracedTransaction {
  readonly name: string;
  readonly hash: Hash;
  /** Number of its block. */
  readonly block: number;
}

export interface TracedChain {
  /** Asks ours by JSON-RPC, as text. @throws what it answers as an error */
  readonly ours: Ask;
  /** The whole answer as text. */
  readonly answer: (method: string, params: readonly unknown[]) => Promise<string>;
  /** Undefined where npm has no Anvil for this platform. */
  readonly anvil: Ask | undefined;
  readonly node: Node;
  readonly dispatcher: Dispatcher<Node>;
  /** Data of a call of the outer contract. */
  readonly encode: (functionName: string, args?: readonly unknown[]) => ViemHex;
  readonly sender: Address;
  readonly outer: Address;
  readonly inner: Address;
  readonly transactions: readonly TracedTransaction[];
  close(): Promise<void>;
}

/** Whether the compiler is installed. */
export function hasCompiler(): boolean {
  try {
    createRequire(import.meta.url).resolve('solc');
    return true;
  } catch {
    return false;
  }
}

interface Compiled {
  readonly abi: readonly unknown[];
  readonly creation: ViemHex;
}

function compile(): Compiled {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };
  const content = readFileSync(new URL('Traced.sol', import.meta.url), 'utf8');
  const settings = {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'cancun',
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
  };
  const input = { language: 'Solidity', sources: { 'Traced.sol': { content } }, settings };
  const { contracts } = JSON.parse(solc.compile(JSON.stringify(input)));
  const { abi, evm } = contracts['Traced.sol'].Outer;
  return { abi, creation: `0x${evm.bytecode.object}` };
}

interface Sent {
  readonly name: string;
  readonly data: ViemHex;
  readonly to?: Address;
  readonly value?: bigint;
  readonly gas?: bigint;
}

const NO_POOL: TransactionPool = {
  add: () => Promise.reject(new RpcError('transaction rejected', 'this pool takes none')),
  get: () => undefined,
  ready: () => [],
  content: () => ({ pending: new Map(), queued: new Map() }),
  nextNonce: () => Promise.resolve(0n),
  onReady: () => () => {},
};

const SALT = `0x${'5a'.repeat(32)}`;
const NEW_ACCOUNT = `0x${'ee'.repeat(20)}`;

/** What is called, by name. */
function scenario(abi: readonly unknown[], outer: Address): readonly Sent[][] {
  const call = (
    name: string,
    args: readonly unknown[] = [],
    more: Partial<Omit<Sent, 'data'>> = {},
  ): Sent => ({
    name,
    to: outer,
    data: encodeFunctionData({ abi, functionName: name, args } as never),
    ...more,
    ...(more.name === undefined ? {} : { name: `${name}: ${more.name}` }),
  });
  const kinds = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];
  const together = [call('nested', [3n]), call('clears', [2n]), call('nested', [4n])];
  return [
    [call('nested', [9n], { value: 12n })],
    ...kinds.map((kind) => [call('catches', [kind], { name: `${kind}` })]),
    ...kinds.map((kind) => [call('fails', [kind], { name: `${kind}`, gas: 200_000n })]),
    [call('delegates')],
    [call('staticWrite')],
    [call('makes', [SALT])],
    [call('makesAndFails', [`0x${'5b'.repeat(32)}`])],
    [call('makesAndFails', [SALT], { name: 'collides', gas: 900_000n })],
    [call('makes', [`0x${'5c'.repeat(32)}`], { name: 'out of gas', gas: 420_000n })],
    [call('ends')],
    [call('precompiles')],
    [call('clears', [3n])],
    [call('pays', [NEW_ACCOUNT], { value: 77n })],
    [call('tooMuch', [NEW_ACCOUNT])],
    [{ name: 'transfer', to: NEW_ACCOUNT as Address, data: '0x', value: 5n, gas: 21_000n }],
    [{ name: 'transfer with data', to: NEW_ACCOUNT as Address, data: '0x12345678aa', value: 1n }],
    [{ name: 'creation that fails', data: '0x5f5ffd' }],
    [{ name: 'creation of nothing', data: '0x00' }],
    [{ name: 'creation that underflows', data: '0x01' }],
    [{ name: 'creation with a bad jump', data: '0x600556' }],
    [{ name: 'creation with an unknown opcode', data: '0x0c' }],
    [{ name: 'creation of code that begins with 0xef', data: '0x60ef5f5360015ff3' }],
    [{ name: 'creation of code too dear', data: '0x6160005ff3', gas: 60_000n }],
    [{ name: 'creation that overflows the stack', data: '0x5b5f5f56' }],
    [call('loops', [20n])],
    [call('endsOld')],
    together.map((each, index) => ({ ...each, name: `${each.name}: together ${index}` })),
  ];
}

export async function tracedChain({
  withAnvil = true,
  callWorkers,
}: {
  readonly withAnvil?: boolean;
  /** Ended with the chain. */
  readonly callWorkers?: CallWorkers | undefined;
} = {}): Promise<TracedChain> {
  const { abi, creation } = compile();
  const account = privateKeyToAccount(KEY);
  const sender = account.address.toLowerCase() as Address;
  const state = new MemoryState();
  state.setAccount(sender, { nonce: 0n, balance: BALANCE, code: new Uint8Array(), storage: [] });
  const spec = { chainId: BigInt(CHAIN_ID), forks: [{ fork: 'cancun' }] } as const;
  // As if half full, so that the first block has the same base fee.
  const header = { gasLimit: GAS_LIMIT, gasUsed: GAS_LIMIT / 2n, baseFeePerGas: GWEI };
  const chain = await createChain(genesisOf({ spec, state, header }), { workers: 1 });
  const ledger = new Ledger({ chain, index: new MemoryTransactionIndex() });
  const machines = new CallMachines();
  const limits = REQUEST_LIMITS;
  const clientVersion = 'ironfly/test';
  const node: Node = { ledger, machines, pool: NO_POOL, limits, clientVersion, callWorkers };
  const anvil = withAnvil
    ? await launchAnvil([
        ...['--hardfork', 'cancun', '--gas-limit', `${GAS_LIMIT}`, '--accounts', '1'],
        ...['--steps-tracing', '--base-fee', `${GWEI}`],
      ])
    : undefined;
  const transactions: TracedTransaction[] = [];
  let nonce = 0;
  let outer: Address | undefined;
  let timestamp = 10n;
  const mine = async (sent: readonly Sent[]): Promise<void> => {
    const signed = [];
    for (const each of sent) signed.push(await sign(account, each, nonce++));
    for (const raw of signed) await anvil?.ask('eth_sendRawTransaction', [raw]);
    await anvil?.ask('evm_mine', []);
    timestamp += 1n;
    const bytes = signed.map((raw) => Uint8Array.fromHex(raw.slice(2)));
    const built = await chain.produceBlock({ timestamp, coinbase: COINBASE, transactions: bytes });
    if (built.refused[0] !== undefined) throw built.refused[0].error;
    await ledger.setHead(built.block.hash);
    outer ??= built.receipts[0]?.contractAddress;
    for (const [index, each] of bytes.entries()) {
      const { name } = sent[index] as Sent;
      const block = Number(built.block.header.number);
      transactions.push({ name, hash: transactionHash(each), block });
    }
  };
  await mine([{ name: 'deployment', data: creation, value: 1_000n }]);
  if (outer === undefined) throw new Error('the contracts were not deployed');
  for (const sent of scenario(abi, outer)) await mine(sent);
  const view = await ledger.openView(ledger.head.hash);
  const inner: Address = `0x${(await view.getStorage(outer, 1n)).toString(16).padStart(40, '0')}`;
  view.close();
  const dispatcher = new Dispatcher(node, [...traceMethods]);
  const answer = async (method: string, params: readonly unknown[]): Promise<string> => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    return (await dispatcher.answer(text, CALLER)) ?? '';
  };
  return {
    ours: async (method, params) => {
      const { result, error } = JSON.parse(await answer(method, params));
      if (error !== undefined) throw new Error(`${method}: ${error.message}`);
      return result;
    },
    answer,
    anvil: anvil?.ask,
    node,
    dispatcher,
    encode: (functionName, args = []) => encodeFunctionData({ abi, functionName, args } as never),
    sender,
    outer,
    inner,
    transactions,
    close: async () => {
      anvil?.stop();
      await callWorkers?.close();
      await chain.close();
    },
  };
}

const CALLER: Caller = {
  signal: new AbortController().signal,
  notify: undefined,
  onClose: () => {},
  connection: {},
};

function sign(
  account: PrivateKeyAccount,
  { data, to, value = 0n, gas = 3_000_000n }: Sent,
  nonce: number,
): Promise<ViemHex> {
  return account.signTransaction({
    type: 'eip1559',
    chainId: CHAIN_ID,
    nonce,
    gas,
    maxFeePerGas: 10n * GWEI,
    maxPriorityFeePerGas: GWEI,
    ...(to === undefined ? {} : { to }),
    value,
    data,
  });
}
