/**
 * What calls and traces use of a node. They run in the node's thread or on a worker's
 * (`workers/`), by the same code: there the ledger is at the other end of a port, so that whatever
 * needs more than this is no matter for a worker.
 */

import type { BlockView, ChainBlock, KnownBlock } from '../../chain/block-tree.ts';
import type { BlockHeader } from '../../chain/blocks/header.ts';
import type { BlockRules, ChainSpec } from '../../chain/chain-spec.ts';
import type { Awaitable, BlockEnvironment, Hash, StateChanges } from '../../evm/types.ts';
import type { TransactionPlace } from '../ledger/transaction-index.ts';
import type { Node, RequestLimits } from '../node.ts';
import type { BlockId } from '../rpc/values.ts';
import { blockState } from './block-state.ts';
import type { CallMachines, Standing } from './call-machines.ts';

/** The part of `Ledger` that they read; of blocks, receipts and access lists may be left out. */
export interface CallLedger {
  readonly chainId: bigint;
  readonly spec: ChainSpec;
  block(id: BlockId): Promise<ChainBlock | undefined>;
  /** @throws RpcError */
  requireBlock(id: BlockId): Promise<ChainBlock>;
  blockByHash(hash: Hash): Promise<ChainBlock | undefined>;
  blockByNumber(number: bigint): Promise<ChainBlock | undefined>;
  transactionPlace(hash: Hash): Awaitable<TransactionPlace | undefined>;
  rulesOf(block: KnownBlock): BlockRules;
  rulesAfter(parent: KnownBlock, header: Pick<BlockHeader, 'number' | 'timestamp'>): BlockRules;
  /** Of a block of the tree, or of one before it. */
  parentBlock(hash: Hash): Promise<KnownBlock | undefined>;
  editsIn(block: Hash): Awaitable<StateChanges | undefined>;
  /** The state as the block left it. @throws RpcError where it is too old */
  openBlock(hash: Hash): Promise<BlockView>;
}

/** A block upon whose state something runs. */
export interface CallPlace {
  readonly block: ChainBlock;
  readonly rules: BlockRules;
  /** As the block's own transactions saw it. */
  readonly environment: BlockEnvironment;
  readonly standing: Standing;
}

export interface CallNode {
  readonly ledger: CallLedger;
  readonly machines: CallMachines;
  readonly limits: RequestLimits;
  /** Takes what contracts print in one call; undefined while nobody listens. */
  readonly contractLog?: (() => ((text: string) => void) | undefined) | undefined;
  /** The state after a block that is named, 'pending' included. @throws RpcError */
  blockState(id: BlockId): Promise<CallPlace>;
}

/** What is enough to execute a block once more. */
export type ReplayNode = Pick<CallNode, 'ledger' | 'machines'>;

export function callNode(node: Node): CallNode {
  const { ledger, machines, limits, contractLog } = node;
  return { ledger, machines, limits, contractLog, blockState: (id) => blockState(node, id) };
}
