/** Blocks, headers, receipts and uncles by number, hash and tag. */

import type { ChainBlock } from '../../../chain/block-tree.ts';
import { pendingBlock } from '../../execution/pending-block.ts';
import { blockAnswer, headerAnswer, uncleAnswer } from '../../json/block-answer.ts';
import { receiptAnswers } from '../../json/receipt-answer.ts';
import { allTransactions } from '../../json/transaction-answer.ts';
import type { Node } from '../../node.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import {
  type BlockId,
  quantity,
  type Read,
  readBlockId,
  readBlockNumber,
  readBoolean,
  readHash,
  readU64,
  withDefault,
} from '../../rpc/values.ts';

/** The block that is named, the pending one included; undefined: there is none. */
export async function namedBlock(node: Node, id: BlockId): Promise<ChainBlock | undefined> {
  if ('tag' in id && id.tag === 'pending') return (await pendingBlock(node)).block;
  return node.ledger.block(id);
}

/** A hash as the name of a block. */
export const readBlockHash: Read<BlockId> = (value, path) => ({
  hash: readHash(value, path),
  requireCanonical: false,
});

/** Of a block that nobody has made these are not known. */
const UNKNOWN_OF_PENDING = { hash: null, nonce: null, miner: null };

function wholeAnswer(block: ChainBlock, full: boolean, id: BlockId): object {
  const answer = blockAnswer(block, full);
  const isPending = 'tag' in id && id.tag === 'pending';
  return isPending ? { ...answer, ...UNKNOWN_OF_PENDING } : answer;
}

/** A method that answers something of a block, or null where there is no such block. */
function ofBlock(readId: Read<BlockId>, answer: (node: Node, block: ChainBlock) => unknown) {
  return method([readId], async (node: Node, [id]) => {
    const block = await namedBlock(node, id);
    return block === undefined ? null : answer(node, block);
  });
}

function wholeBlock(readId: Read<BlockId>) {
  return method([readId, withDefault(readBoolean, false)], async (node: Node, [id, full]) => {
    const block = await namedBlock(node, id);
    if (block === undefined) return null;
    if (full) await allTransactions(block);
    return wholeAnswer(block, full, id);
  });
}

function uncle(readId: Read<BlockId>) {
  return method([readId, readU64], async (node: Node, [id, index]) => {
    const block = await namedBlock(node, id);
    const header = block?.uncles[Number(index)];
    return header === undefined ? null : uncleAnswer(header);
  });
}

const header = (_: Node, { header, hash }: ChainBlock) => headerAnswer(header, hash);
const transactionCount = (_: Node, { transactions }: ChainBlock) => quantity(transactions.length);
const uncleCount = (_: Node, { uncles }: ChainBlock) => quantity(uncles.length);

export const blockMethods: MethodTable<Node> = {
  eth_getBlockByNumber: wholeBlock(readBlockNumber),
  eth_getBlockByHash: wholeBlock(readBlockHash),
  eth_getHeaderByNumber: ofBlock(readBlockNumber, header),
  erigon_getHeaderByNumber: ofBlock(readBlockNumber, header),
  eth_getHeaderByHash: ofBlock(readBlockHash, header),
  eth_getBlockReceipts: ofBlock(readBlockId, async ({ ledger }, block) => {
    await allTransactions(block);
    return receiptAnswers(block, ledger.rulesOf(block));
  }),
  eth_getBlockTransactionCountByNumber: ofBlock(readBlockNumber, transactionCount),
  eth_getBlockTransactionCountByHash: ofBlock(readBlockHash, transactionCount),
  eth_getUncleCountByBlockNumber: ofBlock(readBlockNumber, uncleCount),
  eth_getUncleCountByBlockHash: ofBlock(readBlockHash, uncleCount),
  eth_getUncleByBlockNumberAndIndex: uncle(readBlockNumber),
  eth_getUncleByBlockHashAndIndex: uncle(readBlockHash),
};
