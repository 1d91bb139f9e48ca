/**
 * What a node says of its chain's forks and of itself: `eth_config` (EIP-7910), what it keeps, and
 * what is left of proof of work.
 */

import { crc32 } from 'node:zlib';
import { DEPOSIT_CONTRACT } from '../../../chain/blocks/requests.ts';
import { type BlockRules, type ChainSpec, ForkTimeline } from '../../../chain/chain-spec.ts';
import type { Address, Hash } from '../../../evm/types.ts';
import type { Node } from '../../node.ts';
import { RpcError } from '../../rpc/errors.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import { quantity, readAny } from '../../rpc/values.ts';

/** Precompiles by EIP-7910's names, and from which number of them on a fork has each. */
const PRECOMPILES: readonly (readonly [name: string, number: number])[] = [
  ['ECREC', 1],
  ['SHA256', 2],
  ['RIPEMD160', 3],
  ['ID', 4],
  ['MODEXP', 5],
  ['BN254_ADD', 6],
  ['BN254_MUL', 7],
  ['BN254_PAIRING', 8],
  ['BLAKE2F', 9],
  ['KZG_POINT_EVALUATION', 10],
  ['BLS12_G1ADD', 11],
  ['BLS12_G1MSM', 12],
  ['BLS12_G2ADD', 13],
  ['BLS12_G2MSM', 14],
  ['BLS12_PAIRING_CHECK', 15],
  ['BLS12_MAP_FP_TO_G1', 16],
  ['BLS12_MAP_FP2_TO_G2', 17],
];
const P256: readonly [string, number] = ['P256VERIFY', 0x100];

function addressOf(number: number): Address {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

/** A fork that begins at a time. */
interface TimedFork {
  readonly time: bigint;
  readonly rules: BlockRules;
}

/** The forks that begin at a time, the first block's included. */
function timedForks({ ledger }: Node, genesis: bigint): TimedFork[] {
  const { spec } = ledger.chain;
  const timeline = new ForkTimeline(spec);
  const times = spec.forks.flatMap(({ timestamp }) => timestamp ?? []);
  return [genesis, ...new Set(times.filter((time) => time > genesis))].map((time) => {
    const place = { number: 2n ** 64n - 1n, timestamp: time, parentTotalDifficulty: 2n ** 256n };
    return { time, rules: timeline.at(place) };
  });
}

/** EIP-2124: the first block's hash and all forks up to the time. */
export function forkId(spec: ChainSpec, genesis: Hash, genesisTime: bigint, time: bigint): string {
  const blocks = spec.forks.flatMap(({ block }) => block ?? []);
  const heights = [...blocks, ...(spec.daoFork === undefined ? [] : [spec.daoFork])];
  if (spec.netsplit !== undefined) heights.push(spec.netsplit);
  const times = spec.forks.flatMap(({ timestamp }) => timestamp ?? []);
  const points = [
    ...inOrder(heights.filter((block) => block > 0n)),
    ...inOrder(times.filter((each) => each > genesisTime && each <= time)),
  ];
  let sum = crc32(Uint8Array.fromHex(genesis.slice(2)));
  for (const point of points) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, point);
    sum = crc32(bytes, sum);
  }
  return `0x${sum.toString(16).padStart(8, '0')}`;
}

function inOrder(points: readonly bigint[]): bigint[] {
  return [...new Set(points)].sort((left, right) => (left < right ? -1 : 1));
}

async function config(node: Node): Promise<object> {
  const { ledger } = node;
  const genesis = await ledger.requireBlock({ tag: 'earliest' });
  const genesisTime = genesis.header.timestamp;
  const forks = timedForks(node, genesisTime);
  const { timestamp } = ledger.head.header;
  const show = ({ time, rules }: TimedFork) => ({
    activationTime: Number(time),
    blobSchedule: blobSchedule(rules),
    chainId: quantity(ledger.chainId),
    forkId: forkId(ledger.chain.spec, genesis.hash, genesisTime, time),
    precompiles: precompiles(rules),
    systemContracts: systemContracts(rules, ledger.chain.spec),
  });
  const current = forks.findLastIndex(({ time }) => time <= timestamp);
  const [now, next, last] = [forks[current], forks[current + 1], forks.at(-1)];
  if (now === undefined) throw new RpcError('server error', 'no fork holds at the head');
  const hasNext = next !== undefined && last !== undefined;
  return {
    current: show(now),
    next: hasNext ? show(next) : null,
    last: hasNext ? show(last) : null,
  };
}

function blobSchedule({ blobs }: BlockRules): object | null {
  if (blobs === undefined) return null;
  const { target, max, baseFeeUpdateFraction } = blobs;
  return { target, max, baseFeeUpdateFraction: Number(baseFeeUpdateFraction) };
}

function precompiles({ rules }: BlockRules): Record<string, Address> {
  const active = PRECOMPILES.filter(([, number]) => number <= rules.precompiles);
  const all = rules.precompileP256 ? [...active, P256] : active;
  const named = all.map(([name, number]) => [name, addressOf(number)] as const);
  return Object.fromEntries([...named].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** In the order of their names. */
function systemContracts({ is }: BlockRules, spec: ChainSpec): Record<string, Address> {
  return {
    ...(is('cancun')
      ? { BEACON_ROOTS_ADDRESS: '0x000f3df6d732807ef1319fb7b8bb8522d0beac02' as const }
      : {}),
    ...(is('prague')
      ? {
          CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS:
            '0x0000bbddc7ce488642fb579f8b00f3a590007251' as const,
          DEPOSIT_CONTRACT_ADDRESS: spec.depositContract ?? DEPOSIT_CONTRACT,
          HISTORY_STORAGE_ADDRESS: '0x0000f90827f1c53a10cb7a02335b175320002935' as const,
          WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS:
            '0x00000961ef480eb55e80d19ad83579a64c007002' as const,
        }
      : {}),
  };
}

/** What can be asked of the chain: all blocks are kept, and states as far as the head says. */
async function capabilities({ ledger }: Node): Promise<object> {
  const { hash, header } = ledger.head;
  const all = { disabled: false, oldestBlock: '0x0' };
  const oldest = await oldestState(ledger);
  const states = { disabled: false, oldestBlock: quantity(oldest) };
  return {
    head: { number: quantity(header.number), hash },
    state: states,
    tx: all,
    logs: all,
    receipts: all,
    blocks: all,
    stateproofs: states,
  };
}

/** Number of the oldest block whose state can be had, found by halving. */
async function oldestState(ledger: Node['ledger']): Promise<bigint> {
  const { chain } = ledger;
  let low = -1n;
  let high = ledger.head.header.number;
  while (low + 1n < high) {
    const middle = (low + high) / 2n;
    const block = await ledger.blockByNumber(middle);
    if (block !== undefined && chain.recent(block.hash) !== undefined) high = middle;
    else low = middle;
  }
  return high;
}

function noMining(what: string): RpcError {
  return new RpcError('method not supported', `${what}: there is no proof of work`);
}

export const nodeConfigMethods: MethodTable<Node> = {
  /** A node that holds no keys; a development chain has accounts of its own. */
  eth_accounts: method([], () => []),
  eth_config: method([], config),
  eth_capabilities: method([], capabilities),
  eth_protocolVersion: method([], () => '0x44'),
  eth_networkId: method([], ({ ledger }: Node) => `${ledger.chainId}`),
  eth_coinbase: method([], ({ coinbase }: Node) => {
    if (coinbase !== undefined) return coinbase();
    throw new RpcError('server error', 'etherbase must be explicitly specified');
  }),
  /** The runtime frees memory by itself. */
  debug_freeOSMemory: method([], () => null),
  debug_dbGet: method([readAny], () => {
    const message = 'debug_dbGet is not supported: keys and values of the database are its own';
    throw new RpcError('method not supported', message);
  }),
  eth_mining: method([], () => false),
  eth_hashrate: method([], () => '0x0'),
  eth_getWork: method([], () => {
    throw noMining('eth_getWork');
  }),
  eth_submitWork: method([], () => {
    throw noMining('eth_submitWork');
  }),
  eth_submitHashrate: method([], () => {
    throw noMining('eth_submitHashrate');
  }),
};
