/** A chain that begins at a block of a remote one. */

import type { BlockTree, ChainBlock } from '../../chain/block-tree.ts';
import { decodeBlock } from '../../chain/blocks/block.ts';
import { Chain } from '../../chain/chain.ts';
import type { ChainSpec } from '../../chain/chain-spec.ts';
import { readBlockJson } from '../../chain/json/block-json.ts';
import { Machines } from '../../chain/machines.ts';
import { MAINNET } from '../../chain/networks.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import type { Hash } from '../../evm/types.ts';
import { quantity, readU64 } from '../rpc/values.ts';
import { ForkTree } from './fork-tree.ts';
import { Remote, RemoteError, type RemoteOptions } from './remote.ts';
import { RemoteCache } from './remote-cache.ts';
import { RemoteState } from './remote-state.ts';

export interface ForkOptions extends RemoteOptions {
  /** The remote's latest when left out. */
  readonly blockNumber?: bigint;
  /** Where what was asked for is kept; in memory alone when left out. */
  readonly cacheFolder?: string;
  /** The remote's when left out. */
  readonly chainId?: bigint;
  /**
   * Whose rules hold upon the fork; when left out, the main network's own for its chain id, and
   * Osaka's for others: nothing is guessed of a chain that is not known.
   */
  readonly hardfork?: ForkName;
}

export interface OpenedFork {
  readonly spec: ChainSpec;
  /** What the chain stands upon: a `Chain` is made of it and `spec`. */
  readonly tree: BlockTree;
  /** The block that is forked from; its receipts are the remote's. */
  readonly first: ChainBlock;
  readonly remote: Remote;
  /** The block that is forked from. */
  readonly number: bigint;
  readonly hash: Hash;
  /** Writes down what was asked for; the chain is closed by itself. */
  close(): Promise<void>;
}

const DEFAULT_FORK: ForkName = 'osaka';

/** @throws RemoteError where the remote cannot be asked, or lacks the block */
export async function openFork(options: ForkOptions): Promise<OpenedFork> {
  const remote = new Remote(options);
  const { blockNumber, cacheFolder, hardfork } = options;
  const tag = blockNumber === undefined ? 'latest' : quantity(blockNumber);
  const [id, given] = await Promise.all([
    remote.request('eth_chainId', []),
    remote.request('eth_getBlockByNumber', [tag, true]),
  ]);
  const remoteId = readU64(id, 'the remote’s chain id');
  if (given === null || given === undefined) {
    const what = blockNumber === undefined ? 'no blocks' : `no block ${blockNumber}`;
    throw new RemoteError('remote/refused', `${remote.name} has ${what}`);
  }
  const block = blockOf(given);
  const { number } = block.header;
  const chainId = options.chainId ?? remoteId;
  const spec: ChainSpec =
    hardfork === undefined && remoteId === MAINNET.chainId
      ? { ...MAINNET, chainId }
      : { chainId, forks: [{ fork: hardfork ?? DEFAULT_FORK }] };
  const cache = await RemoteCache.open(cacheFolder, { chainId: remoteId, blockHash: block.hash });
  const state = new RemoteState(remote, cache, number);
  // Whatever it really is: all that is asked of it is whether the merge has come.
  const totalDifficulty = spec.forks.reduce(
    (sum, { totalDifficulty: most = 0n }) => (most > sum ? most : sum),
    0n,
  );
  const first = { ...block, totalDifficulty, receipts: [] };
  const tree = new ForkTree({ block: first, state });
  return { spec, tree, first, remote, number, hash: block.hash, close: () => cache.close() };
}

/** The chain by itself. One thread executes: what is missing is waited for. */
export function chainOf({ spec, tree }: OpenedFork): Chain {
  return new Chain({ spec, tree, machines: new Machines({ engine: 'auto', workers: 1 }) });
}

/** Of a block whose uncles or fields nobody can check the header and the transactions. */
function blockOf(given: unknown) {
  return decodeBlock(readBlockJson(JSON.stringify({ result: given })));
}
