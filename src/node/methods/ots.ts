/**
 * ots_*: what the block explorer Otterscan asks a node, level 8 of its API
 * (https://docs.otterscan.io/api-docs/ots-api).
 */

import type { ChainBlock } from '../../chain/block-tree.ts';
import { blockRewards } from '../../chain/blocks/rewards.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { withState } from '../execution/block-state.ts';
import { blockAnswer } from '../json/block-answer.ts';
import { receiptAnswers } from '../json/receipt-answer.ts';
import { blockTransactions } from '../json/transaction-answer.ts';
import type { Node } from '../node.ts';
import { RpcError } from '../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../rpc/method.ts';
import {
  type BlockId,
  LATEST,
  quantity,
  readAddress,
  readBlockId,
  readBlockNumber,
  readHash,
  readU64,
  withDefault,
} from '../rpc/values.ts';
import { contractCreator } from '../trace/contract-creator.ts';
import { totalFees } from '../trace/paid-fees.ts';
import { TraceBudget } from '../trace/target.ts';
import { searchTransactions } from '../trace/transaction-search.ts';
import { transactionOf } from './eth/sender-nonce.ts';

const API_LEVEL = 8;
/** Transactions of a page. */
const PAGE_MAX = 1_000n;

const budgetOf = ({ limits }: Node, { signal }: Caller): TraceBudget =>
  new TraceBudget({ limitMs: limits.callMsMax, signal });

function pageSizeOf(size: bigint): number {
  if (size > 0n && size <= PAGE_MAX) return Number(size);
  throw new RpcError('invalid params', `a page of ${size} transactions: from 1 to ${PAGE_MAX}`);
}

export const otterscanMethods: MethodTable<Node> = {
  ots_getApiLevel: method([], () => API_LEVEL),
  ots_hasCode: method(
    [readAddress, withDefault(readBlockId, LATEST)],
    (node: Node, [address, at]) =>
      withState(node, at, async (state) => {
        const account = await state.getAccount(address);
        return account !== undefined && account.codeHash !== EMPTY_CODE_HASH;
      }),
  ),
  ots_getBlockDetails: method([readBlockNumber], (node: Node, [id]) => blockDetails(node, id)),
  ots_getBlockDetailsByHash: method([readHash], (node: Node, [hash]) =>
    blockDetails(node, { hash, requireCanonical: false }),
  ),
  ots_getBlockTransactions: method(
    [readBlockNumber, readU64, readU64],
    async (node: Node, [id, page, size]) => {
      const block = await node.ledger.block(id);
      return block === undefined ? null : blockPage(node, block, Number(page), pageSizeOf(size));
    },
  ),
  ots_getTransactionBySenderAndNonce: method(
    [readAddress, readU64],
    async (node: Node, [sender, nonce]) => (await transactionOf(node, sender, nonce)) ?? null,
  ),
  ots_getContractCreator: method([readAddress], async (node: Node, [address], caller) =>
    contractCreator(node, address, budgetOf(node, caller)),
  ),
  ots_searchTransactionsBefore: method(
    [readAddress, readU64, readU64],
    (node: Node, [address, number, size], caller) =>
      searchTransactions(
        node,
        { address, number, pageSize: pageSizeOf(size), direction: 'before' },
        budgetOf(node, caller),
      ),
  ),
  ots_searchTransactionsAfter: method(
    [readAddress, readU64, readU64],
    (node: Node, [address, number, size], caller) =>
      searchTransactions(
        node,
        { address, number, pageSize: pageSizeOf(size), direction: 'after' },
        budgetOf(node, caller),
      ),
  ),
};

/** A block without its transactions, as Otterscan lists it. */
function listedBlock(block: ChainBlock): Record<string, unknown> {
  const { transactions: _, ...answer } = blockAnswer(block, false);
  return { ...answer, transactionCount: block.transactions.length };
}

async function blockDetails(node: Node, id: BlockId): Promise<Record<string, unknown> | null> {
  const block = await node.ledger.block(id);
  if (block === undefined) return null;
  const rules = node.ledger.rulesOf(block);
  const rewards = block.header.number === 0n ? [] : blockRewards(block.header, block.uncles, rules);
  const sum = (amounts: readonly { readonly amount: bigint }[]): bigint =>
    amounts.reduce((total, { amount }) => total + amount, 0n);
  const [blockReward, uncleReward] = [sum(rewards.slice(-1)), sum(rewards.slice(0, -1))];
  return {
    block: listedBlock(block),
    issuance: {
      blockReward: quantity(blockReward),
      uncleReward: quantity(uncleReward),
      issuance: quantity(blockReward + uncleReward),
    },
    totalFees: quantity(totalFees(block)),
  };
}

/** Pages are counted from the block's end. */
function blockPage(node: Node, block: ChainBlock, page: number, size: number): object {
  const end = Math.max(0, block.transactions.length - page * size);
  const start = Math.max(0, end - size);
  const transactions = blockTransactions(block)
    .slice(start, end)
    .map((transaction) => ({
      ...transaction,
      // Four bytes are what the list shows.
      input: String(transaction['input']).slice(0, SELECTOR_DIGITS),
    }));
  const receipts = receiptAnswers(block, node.ledger.rulesOf(block))
    .slice(start, end)
    .map((receipt) => ({ ...receipt, logs: null, logsBloom: null }));
  return { fullblock: { ...listedBlock(block), transactions }, receipts };
}

const SELECTOR_DIGITS = 10;
