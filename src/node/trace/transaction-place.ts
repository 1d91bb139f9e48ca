/** Where a transaction that is to be traced stands. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import type { Hash } from '../../evm/types.ts';
import type { ReplayNode } from '../execution/call-node.ts';
import { RpcError } from '../rpc/errors.ts';

export interface FoundTransaction {
  readonly block: ChainBlock;
  readonly index: number;
}

/** Undefined where the chain has no such transaction. */
export async function findPlace(
  { ledger }: ReplayNode,
  hash: Hash,
): Promise<FoundTransaction | undefined> {
  const place = await ledger.transactionPlace(hash);
  const block = place && (await ledger.blockByHash(place.blockHash));
  return place && block && { block, index: place.index };
}

/** @throws RpcError in geth's words */
export async function requirePlace(node: ReplayNode, hash: Hash): Promise<FoundTransaction> {
  const found = await findPlace(node, hash);
  if (found !== undefined) return found;
  throw new RpcError('server error', 'transaction not found');
}
