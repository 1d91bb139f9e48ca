/** The state after a block that a request names, for reads and for calls; 'pending' included. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import type { BlockRules } from '../../chain/chain-spec.ts';
import { blockEnvironment } from '../../chain/executor/sequential.ts';
import type { BlockEnvironment } from '../../evm/types.ts';
import type { Node } from '../node.ts';
import type { BlockId } from '../rpc/values.ts';
import type { ClosableState, Standing } from './call-machines.ts';
import type { CallPlace } from './call-node.ts';
import { OverlayState } from './overlay-state.ts';
import { type PendingBlock, pendingBlock } from './pending-block.ts';

export interface BlockState extends CallPlace {
  /** Of what is in no chain: upon which block it is, and what it changes. */
  readonly pending: PendingBlock | undefined;
}

/** @throws RpcError for a block that is not there */
export async function blockState(node: Node, id: BlockId): Promise<BlockState> {
  const { ledger } = node;
  if ('tag' in id && id.tag === 'pending') {
    const pending = await pendingBlock(node);
    const { parent, block, changes } = pending;
    return stateOf(node, block, pending, async () => {
      const overlay = new OverlayState(await ledger.openView(parent.hash));
      overlay.apply(changes);
      overlay.setBlockHash(block.header.number, block.hash);
      return overlay;
    });
  }
  const block = await ledger.requireBlock(id);
  return stateOf(node, block, undefined, () => ledger.openView(block.hash));
}

/** Reads of one block's state, which is closed when the work ends. @throws RpcError */
export async function withState<T>(
  node: Node,
  id: BlockId,
  work: (state: ClosableState, block: ChainBlock) => T | Promise<T>,
): Promise<T> {
  const { block, standing } = await blockState(node, id);
  const state = await standing.open();
  try {
    return await work(state, block);
  } finally {
    state.close();
  }
}

function stateOf(
  { ledger }: Node,
  block: ChainBlock,
  pending: PendingBlock | undefined,
  open: Standing['open'],
): BlockState {
  const rules = ledger.rulesOf(block);
  const environment = environmentOf(block, rules);
  const standing: Standing = {
    key: pending === undefined ? ledger.stateKey(block.hash) : block.hash,
    rules: rules.rules,
    chainId: ledger.chainId,
    open,
  };
  return { block, pending, rules, environment, standing };
}

const environments = new WeakMap<ChainBlock, BlockEnvironment>();

/** PERF: one a block, frozen, so that machines see by itself that it is the same. */
function environmentOf(block: ChainBlock, rules: BlockRules): BlockEnvironment {
  let environment = environments.get(block);
  if (environment === undefined) {
    environment = Object.freeze(blockEnvironment(block.header, rules));
    environments.set(block, environment);
  }
  return environment;
}
