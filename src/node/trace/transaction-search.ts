/**
 * Transactions that have to do with an address, block after block, page by page; the newest first,
 * whatever the direction. There is no index of the whole chain: each block on the way is executed
 * once more, or was lately, so a search ends after so many blocks.
 */

import type { ChainBlock } from '../../chain/block-tree.ts';
import type { Address } from '../../evm/types.ts';
import { receiptAnswers } from '../json/receipt-answer.ts';
import { blockTransactions, type TransactionAnswer } from '../json/transaction-answer.ts';
import type { Node } from '../node.ts';
import { RpcError } from '../rpc/errors.ts';
import { quantity } from '../rpc/values.ts';
import { blockTouches } from './block-touches.ts';
import type { TraceBudget } from './target.ts';

export const SEARCHED_BLOCKS_MAX = 5_000;

export interface TransactionSearch {
  readonly address: Address;
  /** Neither direction holds this block itself; 0 is the head's end, or the chain's beginning. */
  readonly number: bigint;
  /** A page ends with the block in which it is full. */
  readonly pageSize: number;
  readonly direction: 'before' | 'after';
}

export interface TransactionPage {
  readonly txs: readonly TransactionAnswer[];
  readonly receipts: readonly object[];
  /** Whether nothing is newer. */
  readonly firstPage: boolean;
  /** Whether nothing is older. */
  readonly lastPage: boolean;
}

interface Found {
  readonly transaction: TransactionAnswer;
  readonly receipt: object;
}

/** @throws RpcError where the limit is reached before anything was found */
export async function searchTransactions(
  node: Node,
  { address, number, pageSize, direction }: TransactionSearch,
  budget: TraceBudget,
): Promise<TransactionPage> {
  const head = node.ledger.head.header.number;
  const isBefore = direction === 'before';
  const step = isBefore ? -1n : 1n;
  let at = isBefore && (number === 0n || number > head) ? head : number + step;
  if (!isBefore && number === 0n) at = 0n;
  const found: Found[] = [];
  let searched = 0;
  for (; at >= 0n && at <= head && found.length < pageSize; at += step) {
    if (searched === SEARCHED_BLOCKS_MAX || budget.isSpent) {
      if (found.length > 0) break;
      throw tooFar(address, at, isBefore);
    }
    searched += 1;
    const block = await node.ledger.blockByNumber(at);
    if (block === undefined) break;
    const here = await foundIn(node, block, { address, budget });
    if (isBefore) found.push(...here.reverse());
    else found.push(...here);
  }
  const isThrough = at < 0n || at > head;
  const isWhole = number === 0n;
  const sorted = isBefore ? found : found.reverse();
  return {
    txs: sorted.map(({ transaction }) => transaction),
    receipts: sorted.map(({ receipt }) => receipt),
    firstPage: isBefore ? isWhole || number > head : isThrough,
    lastPage: isBefore ? isThrough : isWhole,
  };
}

function tooFar(address: Address, at: bigint, isBefore: boolean): RpcError {
  const where = `no transaction of ${address} in ${SEARCHED_BLOCKS_MAX} blocks`;
  const next = isBefore ? at + 1n : at - 1n;
  return new RpcError('limit exceeded', `${where}: go on from block ${next}`);
}

/** In the order of the block. */
async function foundIn(
  node: Node,
  block: ChainBlock,
  { address, budget }: { readonly address: Address; readonly budget: TraceBudget },
): Promise<Found[]> {
  const indices = (await blockTouches(node, block, budget)).get(address) ?? [];
  if (indices.length === 0) return [];
  const transactions = blockTransactions(block);
  const receipts = receiptAnswers(block, node.ledger.rulesOf(block));
  const timestamp = quantity(block.header.timestamp);
  return indices.map((index) => ({
    transaction: transactions[index] as TransactionAnswer,
    receipt: { ...receipts[index], logs: null, logsBloom: null, timestamp },
  }));
}
