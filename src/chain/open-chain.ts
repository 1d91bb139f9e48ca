/**
 * Chains as a library: `createChain` begins one from its first block, in memory or in a folder,
 * `openChain` opens the one that a folder holds. What can be done with it is said in `Chain`.
 *
 * @example
 * const chain = await createChain(genesisOf({ spec, state }), { folder: 'my-chain' });
 * const { bytes } = await chain.buildBlock({ timestamp, coinbase, transactions });
 * const { hash } = await chain.importBlock(bytes);
 * await chain.setHead(hash);
 * const view = await chain.openView(hash);
 * await view.getStorage(contract, 0n);
 * view.close();
 * await chain.close();
 */

import type { Engine } from '../evm/types.ts';
import type { MemoryState } from '../state/memory.ts';
import { firstBlock, genesisHeader } from './blocks/genesis.ts';
import type { BlockHeader } from './blocks/header.ts';
import { Chain } from './chain.ts';
import type { ChainSpec } from './chain-spec.ts';
import {
  createInFolder,
  createInMemory,
  type DatabaseLimits,
  openFolder,
} from './database/folder.ts';
import { requireSpec } from './database/kept-spec.ts';
import type { GenesisFile } from './genesis-files/genesis-file.ts';
import { Machines } from './machines.ts';

export type { BlockRequest, BuiltBlock, RefusedTransaction } from './block-builder.ts';
export type { BlockTries, BlockView, ChainBlock, KnownBlock } from './block-tree.ts';
export type { Block, Withdrawal } from './blocks/block.ts';
export type { InvalidBlock } from './blocks/fault.ts';
export type { BlockHeader } from './blocks/header.ts';
export type { Receipt } from './blocks/receipt.ts';
export type { Chain } from './chain.ts';
export type { ChainSpec, ForkPoint } from './chain-spec.ts';
export type { DatabaseFault } from './database/fault.ts';
export type { GenesisFile } from './genesis-files/genesis-file.ts';

export interface GenesisFields {
  readonly spec: ChainSpec;
  readonly state: MemoryState;
  /** What the first block's header has beside what its fork makes of an empty one. */
  readonly header?: Partial<Omit<BlockHeader, 'stateRoot'>>;
}

export interface ChainSetting {
  /** `auto` when left out. */
  readonly engine?: Engine;
  /** Threads that execute a block; as many as there are cores when left out. */
  readonly workers?: number;
  /**
   * Blocks before the head whose states are kept. The folder keeps the choice: when left out it is
   * as it was, 256 at first.
   */
  readonly window?: number;
  /** Keeps the states of all blocks, whatever the window; the folder keeps this choice, too. */
  readonly archive?: boolean;
}

const GAS_LIMIT = 30_000_000n;

/** A first block with a state; `parseGenesis` of `ironfly/chain/genesis` reads one from a file. */
export function genesisOf({ spec, state, header = {} }: GenesisFields): GenesisFile {
  const coinbase = `0x${'00'.repeat(20)}` as const;
  const given = { coinbase, gasLimit: GAS_LIMIT, ...header, stateRoot: state.root() };
  return { spec, block: firstBlock(genesisHeader(spec, given)), state: state.asChanges() };
}

/**
 * Begins a chain: in a folder, which is made where there is none, or, without one, in memory.
 * @throws DatabaseError `database/exists` where the folder holds a chain, `database/in use` where
 *   another process has it; StoreError, LogError for a folder of something else
 */
export async function createChain(
  { spec, block, state }: GenesisFile,
  { folder, ...setting }: ChainSetting & { readonly folder?: string } = {},
): Promise<Chain> {
  const limits = { ...limitsOf(setting), spec };
  const tree = await (folder === undefined
    ? createInMemory(block, state, limits)
    : createInFolder(folder, block, state, limits));
  return new Chain({ spec, tree, machines: machinesOf(setting) });
}

/**
 * Opens the chain that a folder holds: the blocks whose import was answered, and the head. The
 * folder knows its chain; a `spec` that is given must be that one.
 * @throws DatabaseError `database/incomplete`, `database/damaged`, `database/in use`, and for
 *   another chain than `spec`; StoreError, LogError for a folder of something else
 */
export async function openChain(
  folder: string,
  { spec: expected, ...setting }: ChainSetting & { readonly spec?: ChainSpec } = {},
): Promise<Chain> {
  const limits = limitsOf(setting);
  const tree = await openFolder(folder, {
    ...limits,
    ...(expected === undefined ? {} : { spec: expected }),
  });
  try {
    const spec = requireSpec(tree.spec, folder);
    return new Chain({ spec, tree, machines: machinesOf(setting) });
  } catch (error) {
    await tree.close();
    throw error;
  }
}

function machinesOf({ engine = 'auto', workers }: ChainSetting): Machines {
  return new Machines({ engine, workers });
}

function limitsOf({ window, archive }: ChainSetting): DatabaseLimits {
  return {
    ...(window === undefined ? {} : { window }),
    ...(archive === undefined ? {} : { archive }),
  };
}
