/**
 * Transactions as `eth_getTransactionByHash` answers them. Those of a block are made once, for as
 * long as the block is at hand: whoever asks for one asks for its receipt next.
 */

import { Slices } from '../../base/turn.ts';
import type { ChainBlock } from '../../chain/block-tree.ts';
import { transactionJson } from '../../chain/json/transaction-json.ts';
import type { Address, Hash, Hex } from '../../evm/types.ts';
import { quantity } from '../rpc/values.ts';

/** What other answers take of it; the rest is the transaction's own, by its type. */
export interface TransactionAnswer {
  readonly hash: Hash;
  readonly from: Address;
  readonly to: Address | null;
  readonly type: Hex;
  readonly nonce: Hex;
  /** What was paid, once the transaction is in a block. */
  readonly gasPrice: Hex;
  readonly [field: string]: unknown;
}

const NO_PLACE = {
  blockHash: null,
  blockNumber: null,
  blockTimestamp: null,
  transactionIndex: null,
} as const;

const made = new WeakMap<ChainBlock, TransactionAnswer[]>();

/** Transaction `index` of the block; undefined where there is none. */
export function blockTransaction(block: ChainBlock, index: number): TransactionAnswer | undefined {
  let answers = made.get(block);
  if (answers === undefined) {
    answers = [];
    made.set(block, answers);
  }
  const known = answers[index];
  const bytes = block.transactions[index];
  if (known !== undefined || bytes === undefined) return known;
  const { header, hash } = block;
  const answer = {
    blockHash: hash,
    blockNumber: quantity(header.number),
    blockTimestamp: quantity(header.timestamp),
    ...answerOf(
      bytes,
      header.baseFeePerGas,
      block.impersonated?.get(index) ?? block.senders?.[index],
    ),
    transactionIndex: quantity(index),
  };
  answers[index] = answer;
  return answer;
}

/** All of a block. PERF: O(transactions) recoveries of senders, the first time. */
export function blockTransactions(block: ChainBlock): TransactionAnswer[] {
  return block.transactions.map((_, index) => blockTransaction(block, index) as TransactionAnswer);
}

/** Milliseconds for which the transactions of a large block hold up others at once. */
const SLICE_MS = 4;

/** The same for a block of whatever size: others are served meanwhile. */
export async function allTransactions(block: ChainBlock): Promise<TransactionAnswer[]> {
  const slices = new Slices(SLICE_MS);
  for (const index of block.transactions.keys()) {
    blockTransaction(block, index);
    if (slices.isOver()) await slices.next();
  }
  return blockTransactions(block);
}

/** One that waits for a block; its price is the most that it pays. */
export function pooledTransaction(bytes: Uint8Array, sender?: Address): TransactionAnswer {
  const answer = answerOf(bytes, undefined, sender);
  const { maxFeePerGas } = answer;
  return {
    ...NO_PLACE,
    ...answer,
    ...(maxFeePerGas === undefined ? {} : { gasPrice: maxFeePerGas as Hex }),
  };
}

function answerOf(
  bytes: Uint8Array,
  baseFee: bigint | undefined,
  sender: Address | undefined,
): TransactionAnswer {
  return transactionJson(bytes, baseFee, sender) as TransactionAnswer;
}
