/** What is asked of a node, each with what it must answer. */

import type { CompiledContracts } from '../../src/cli/bench/workloads/compile.ts';
import type { Client } from './client.ts';

export interface Sizes {
  readonly deploys: number;
  readonly sends: number;
  readonly calls: number;
  readonly blocks: number;
  readonly snapshots: number;
  /** Rounds of the contract whose steps are traced. */
  readonly rounds: number;
}

export const FULL: Sizes = {
  deploys: 300,
  sends: 2_000,
  calls: 3_000,
  blocks: 10_000,
  snapshots: 10_000,
  rounds: 20_000,
};
export const TINY: Sizes = {
  deploys: 3,
  sends: 10,
  calls: 20,
  blocks: 20,
  snapshots: 20,
  rounds: 100,
};

export interface NodeFigures {
  readonly 'deploys a second': number;
  readonly 'sends a second': number;
  readonly 'eth_call p50, ms': number;
  readonly 'eth_call p99, ms': number;
  readonly 'eth_getLogs, all, ms': number;
  readonly 'eth_getLogs, one account’s, ms': number;
  readonly 'trace, ms': number;
  readonly 'trace, MB': number;
  readonly 'snapshots, ms': number;
  readonly 'revert to the first, ms': number;
}

const word = (value: bigint | number): string => value.toString(16).padStart(64, '0');
const quantity = (value: number): string => `0x${value.toString(16)}`;
const GAS = '0x989680';
const RECEIPT_TRIES = 10_000;
/**
 * Counts down from the number that it is given; the first 12 bytes leave the rest as code:
 * PUSH0 CALLDATALOAD JUMPDEST PUSH1 1 SWAP1 SUB DUP1 PUSH1 2 JUMPI STOP.
 */
const LOOP = '0x600d600c600039600d6000f3' + '5f355b60019003806002' + '570000';

interface Deployed {
  readonly client: Client;
  readonly from: string;
  readonly other: string;
  readonly token: string;
  readonly loop: string;
  /** Selectors of the token. */
  readonly selectors: Readonly<Record<string, string>>;
  readonly sizes: Sizes;
}

export async function measureNode(
  client: Client,
  compiled: CompiledContracts,
  sizes: Sizes,
): Promise<NodeFigures> {
  const coin = compiled['Coin'];
  if (coin === undefined) throw new Error('there is no contract Coin');
  const [from = '', other = ''] = (await client.request('eth_accounts', [])) as string[];
  const create = async (data: string) => {
    const receipt = await sendAndWait(client, { from, data, gas: GAS });
    return String(receipt['contractAddress']);
  };
  let token = '';
  const start = performance.now();
  for (let i = 0; i < sizes.deploys; i++) token = await create(`0x${coin.creation}`);
  const deploys = perSecond(sizes.deploys, start);
  const loop = await create(LOOP);
  const { selectors } = coin;
  const deployed = { client, from, other, token, loop, selectors, sizes };
  return {
    'deploys a second': deploys,
    ...(await measureSends(deployed)),
    ...(await measureCalls(deployed)),
    ...(await measureTrace(deployed)),
    ...(await measureSnapshots(deployed)),
    ...(await measureLogs(deployed)),
  };
}

function call(selectors: Deployed['selectors'], signature: string, ...words: string[]): string {
  const selector = selectors[signature];
  if (selector === undefined) throw new Error(`the token has no ${signature}`);
  return `0x${selector}${words.join('')}`;
}

const owner = (address: string): string => address.slice(2).padStart(64, '0');

async function measureSends({ client, from, other, token, selectors, sizes }: Deployed) {
  const mint = call(selectors, 'mint(address,uint256)', owner(from), word(10n ** 24n));
  await sendAndWait(client, { from, to: token, data: mint, gas: GAS });
  const data = call(selectors, 'transfer(address,uint256)', owner(other), word(1));
  const start = performance.now();
  for (let i = 0; i < sizes.sends; i++) {
    await sendAndWait(client, { from, to: token, data, gas: '0x186a0' });
  }
  return { 'sends a second': perSecond(sizes.sends, start) };
}

async function measureCalls({ client, other, token, selectors, sizes }: Deployed) {
  const data = call(selectors, 'balanceOf(address)', owner(other));
  const times: number[] = [];
  for (let i = 0; i < sizes.calls; i++) {
    const start = performance.now();
    const output = await client.request('eth_call', [{ to: token, data }, 'latest']);
    times.push(performance.now() - start);
    if (output !== `0x${word(sizes.sends)}`) throw new Error(`a balance is ${String(output)}`);
  }
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return { 'eth_call p50, ms': at(0.5) as number, 'eth_call p99, ms': at(0.99) as number };
}

async function measureTrace({ client, from, loop, sizes }: Deployed) {
  const data = `0x${word(sizes.rounds)}`;
  const receipt = await sendAndWait(client, { from, to: loop, data, gas: GAS });
  if (receipt['status'] !== '0x1') throw new Error('the loop ended otherwise than by STOP');
  const { bytes, ms } = await client.drain('debug_traceTransaction', [receipt['transactionHash']]);
  // Seven instructions a round, at least sixty bytes each.
  if (bytes < sizes.rounds * 400) throw new Error(`a trace of ${bytes} bytes`);
  return { 'trace, ms': ms, 'trace, MB': bytes / 1e6 };
}

async function measureSnapshots({ client, from, other, sizes }: Deployed) {
  const before = await client.request('eth_getBalance', [other, 'latest']);
  const start = performance.now();
  let first: unknown;
  for (let i = 0; i < sizes.snapshots; i++) {
    const id = await client.request('evm_snapshot', []);
    first ??= id;
    if (i % 100 === 0) await sendAndWait(client, { from, to: other, value: '0x1', gas: '0x5208' });
  }
  const taken = performance.now() - start;
  const reverting = performance.now();
  if ((await client.request('evm_revert', [first])) !== true) throw new Error('no revert');
  const reverted = performance.now() - reverting;
  if ((await client.request('eth_getBalance', [other, 'latest'])) !== before) {
    throw new Error('the snapshot was another state');
  }
  return { 'snapshots, ms': taken, 'revert to the first, ms': reverted };
}

/** A transfer of the token in each block; all of them, and those of one recipient in ten. */
async function measureLogs({ client, from, token, selectors, sizes }: Deployed) {
  const first = Number(await client.request('eth_blockNumber', [])) + 1;
  for (let i = 0; i < sizes.blocks; i++) {
    const to = owner(`0x${(0x1000 + (i % 10)).toString(16).padStart(40, '0')}`);
    const data = call(selectors, 'transfer(address,uint256)', to, word(1));
    const sent = { from, to: token, data, gas: '0x186a0' };
    await sendAndWait(client, sent);
  }
  const range = { fromBlock: quantity(first), toBlock: 'latest', address: token };
  const ask = async (filter: object, count: number) => {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      const logs = (await client.request('eth_getLogs', [filter])) as unknown[];
      times.push(performance.now() - start);
      if (logs.length !== count) throw new Error(`${logs.length} logs, not ${count}`);
    }
    return times.sort((a, b) => a - b)[2] as number;
  };
  const one = `0x${owner(`0x${(0x1003).toString(16).padStart(40, '0')}`)}`;
  return {
    'eth_getLogs, all, ms': await ask(range, sizes.blocks),
    'eth_getLogs, one account’s, ms': await ask(
      { ...range, topics: [null, null, one] },
      sizes.blocks / 10,
    ),
  };
}

async function sendAndWait(
  client: Client,
  transaction: object,
): Promise<Readonly<Record<string, unknown>>> {
  const hash = await client.request('eth_sendTransaction', [transaction]);
  // Anvil answers before it has made the block.
  for (let tries = 0; tries < RECEIPT_TRIES; tries++) {
    const receipt = await client.request('eth_getTransactionReceipt', [hash]);
    if (receipt !== null) return receipt as Readonly<Record<string, unknown>>;
  }
  throw new Error(`${String(hash)} is in no block`);
}

function perSecond(count: number, start: number): number {
  return (count * 1_000) / (performance.now() - start);
}
