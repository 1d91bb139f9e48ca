/** Puts the parts of a development chain together. */

import { oldBlock } from '../../chain/anvil-files/create.ts';
import type { BlockTree, ChainBlock } from '../../chain/block-tree.ts';
import { Chain } from '../../chain/chain.ts';
import type { ChainSpec } from '../../chain/chain-spec.ts';
import type { ChainDatabase } from '../../chain/database/chain-database.ts';
import { createInMemory } from '../../chain/database/folder.ts';
import type { GenesisFile } from '../../chain/genesis-files/genesis-file.ts';
import { Machines } from '../../chain/machines.ts';
import type { Address, Hash } from '../../evm/types.ts';
import { CallMachines } from '../execution/call-machines.ts';
import { callWorkersOf } from '../execution/workers/call-workers.ts';
import { Ledger } from '../ledger/ledger.ts';
import { logIndexOf } from '../ledger/log-index.ts';
import { MemoryTransactionIndex } from '../ledger/transaction-index.ts';
import { type Node, REQUEST_LIMITS } from '../node.ts';
import { MemoryPool, type PoolOrder } from '../pool/memory-pool.ts';
import type { DevAccount } from './accounts.ts';
import { DevClock } from './clock.ts';
import { DevChain } from './dev-chain.ts';
import { DevLog } from './dev-log.ts';
import { DevPool } from './dev-pool.ts';
import { StateEditor } from './edits.ts';
import { IntervalMining } from './mining.ts';
import { DevWallet } from './wallet.ts';

export interface DevNode extends Node {
  readonly pool: DevPool;
  readonly dev: DevParts;
}

/** What methods of a development chain use beside a node's parts. */
export interface DevParts {
  readonly chain: DevChain;
  readonly wallet: DevWallet;
  readonly pool: MemoryPool;
  readonly interval: IntervalMining;
  readonly log: DevLog;
  /** Where blocks and states are; of a fork it is in part elsewhere. */
  readonly database: ChainDatabase | undefined;
  readonly genesis: GenesisFile;
  /** Of this run of the node. */
  readonly instanceId: Hash;
  setChainId(chainId: bigint): void;
}

export interface DevNodeOptions {
  readonly genesis: GenesisFile;
  /** Blocks before it, the parent first, which BLOCKHASH asks for. */
  readonly ancestors?: readonly ChainBlock[];
  readonly accounts: readonly DevAccount[];
  readonly clientVersion: string;
  readonly order?: PoolOrder;
  readonly coinbase?: Address;
  /** Takes lines of the log; silent when left out. */
  readonly log?: (line: string) => void;
  /** Whether `console.log` of contracts is in it; true when left out. */
  readonly logsContracts?: boolean;
  /** What the chain stands upon instead of a database in memory: a fork's. */
  readonly tree?: BlockTree;
  /** Threads that execute a block; one when left out, which starts sooner. */
  readonly workers?: number;
  /** Threads for long calls and traces; none when left out. */
  readonly callWorkers?: number;
}

/** Senders whose accounts are their users' own: nobody empties them in between. */
const DEV_POOL_LIMITS = {
  perSenderMax: 65_536,
  delegatedMax: 65_536,
  refusesBelowBaseFee: true,
};
/** Anvil's: an epoch of 32 slots, and two. */
const DEPTHS = { safe: 32n, finalized: 64n };
const NOBODY: Address = `0x${'00'.repeat(20)}`;

export async function createDevNode(options: DevNodeOptions): Promise<DevNode> {
  const { genesis, accounts, clientVersion, order = 'fees', workers = 1 } = options;
  let { chainId } = genesis.spec;
  const spec: ChainSpec = {
    ...genesis.spec,
    // Users may set another.
    get chainId() {
      return chainId;
    },
  };
  // All states are kept: a snapshot is good for as long as the chain.
  const { ancestors: before = [] } = options;
  const ancestors = before.toReversed().map(oldBlock);
  const limits = { archive: true, spec: genesis.spec, ancestors };
  const database =
    options.tree === undefined
      ? await createInMemory(genesis.block, genesis.state, limits)
      : undefined;
  const tree = options.tree ?? (database as ChainDatabase);
  const machines = new Machines({ engine: 'auto', workers });
  const impersonated = new Map<Hash, ReadonlyMap<number, Address>>();
  const index = new MemoryTransactionIndex();
  for (const block of [...before, genesis.block]) index.add(block);
  const ledger = new Ledger({
    chain: new Chain({ spec, tree, machines }),
    index,
    depths: DEPTHS,
    impersonated: (block) => impersonated.get(block),
  });
  // From the first block on, so that no search for logs has to read blocks.
  logIndexOf(ledger);
  const log = new DevLog(options.log, options.logsContracts);
  const editor = new StateEditor(ledger);
  const clock = new DevClock();
  // Time goes on from where the chain begins.
  const { timestamp } = genesis.block.header;
  if (timestamp > clock.now) clock.set(timestamp);
  const settings = { coinbase: options.coinbase ?? NOBODY };
  const chain = new DevChain({ ledger, editor, clock, settings, watch: log }, impersonated);
  const pool = new MemoryPool({
    ledger,
    order,
    limits: DEV_POOL_LIMITS,
    prices: () => chain.prices,
  });
  chain.pool = pool;
  const interval = new IntervalMining(chain, (error) => log.say(`  No block: ${String(error)}`));
  return {
    ledger,
    machines: new CallMachines(),
    pool: new DevPool(pool, chain),
    limits: REQUEST_LIMITS,
    clientVersion,
    nextBlock: (parent) => chain.nextBlock(parent),
    coinbase: () => chain.settings.coinbase,
    contractLog: log.contractLog,
    callWorkers: callWorkersOf(options.callWorkers),
    dev: {
      chain,
      wallet: new DevWallet(accounts),
      pool,
      interval,
      log,
      database,
      genesis,
      instanceId: `0x${crypto.getRandomValues(new Uint8Array(32)).toHex()}`,
      setChainId: (id) => {
        chainId = id;
        editor.touch();
      },
    },
  };
}

/** Ends what would keep the process alive. */
export async function closeDevNode({ dev, ledger, callWorkers }: DevNode): Promise<void> {
  await callWorkers?.close();
  dev.interval.set(0);
  await dev.chain.undisturbed(async () => {});
  dev.pool.close();
  await ledger.chain.close();
}
