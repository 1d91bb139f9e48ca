/** Blocks and headers as `eth_getBlockByNumber` and `eth_getHeaderByNumber` answer them. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import { encodeBlock } from '../../chain/blocks/block.ts';
import { type BlockHeader, headerHash } from '../../chain/blocks/header.ts';
import { headerJson, withdrawalJson } from '../../chain/json/block-json.ts';
import type { Hash } from '../../evm/types.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import { quantity } from '../rpc/values.ts';
import { blockTransactions } from './transaction-answer.ts';

/** @param full whether transactions are given whole, or by their hashes */
export function blockAnswer(block: ChainBlock, full: boolean): Record<string, unknown> {
  const { hash, header, uncles, transactions, withdrawals } = block;
  return {
    ...headerJson(header),
    hash,
    size: quantity(encodeBlock(block).length),
    uncles: uncles.map(headerHash),
    transactions: full ? blockTransactions(block) : transactions.map(transactionHash),
    ...(withdrawals === undefined ? {} : { withdrawals: withdrawals.map(withdrawalJson) }),
  };
}

/** A header, as news of heads have it, too. */
export function headerAnswer(header: BlockHeader, hash: Hash): Record<string, unknown> {
  return { ...headerJson(header), hash };
}

/** An uncle: a header as a block without a body. */
export function uncleAnswer(header: BlockHeader): Record<string, unknown> {
  return {
    ...headerAnswer(header, headerHash(header)),
    size: quantity(encodeBlock({ header, transactions: [], uncles: [] }).length),
    uncles: [],
  };
}
