/** Logs as JSON-RPC answers them. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import type { Address, Hash, Hex, Log } from '../../evm/types.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import { dataHex, quantity } from '../rpc/values.ts';

export interface LogAnswer {
  readonly address: Address;
  readonly topics: readonly Hash[];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly transactionHash: Hash;
  readonly transactionIndex: Hex;
  readonly blockHash: Hash;
  readonly blockTimestamp: Hex;
  readonly logIndex: Hex;
  readonly removed: boolean;
}

/** Where a log stands. */
export interface LogPlace {
  readonly blockHash: Hash;
  readonly blockNumber: Hex;
  readonly blockTimestamp: Hex;
  readonly transactionHash: Hash;
  readonly transactionIndex: Hex;
}

export function logAnswer(log: Log, place: LogPlace, logIndex: number): LogAnswer {
  const { address, topics, data } = log;
  return {
    address,
    topics,
    data: dataHex(data),
    ...place,
    logIndex: quantity(logIndex),
    removed: false,
  };
}

const made = new WeakMap<ChainBlock, readonly LogAnswer[]>();

/** All logs of a block, in their order; made once, for as long as the block is at hand. */
export function blockLogs(block: ChainBlock): readonly LogAnswer[] {
  let answers = made.get(block);
  if (answers === undefined) {
    answers = logsOf(block);
    made.set(block, answers);
  }
  return answers;
}

function logsOf({ hash, header, transactions, receipts }: ChainBlock): LogAnswer[] {
  const answers: LogAnswer[] = [];
  const block = {
    blockHash: hash,
    blockNumber: quantity(header.number),
    blockTimestamp: quantity(header.timestamp),
  };
  for (const [index, { logs }] of receipts.entries()) {
    if (logs.length === 0) continue;
    const place = {
      ...block,
      transactionHash: transactionHash(transactions[index] as Uint8Array),
      transactionIndex: quantity(index),
    };
    for (const log of logs) answers.push(logAnswer(log, place, answers.length));
  }
  return answers;
}

/** Characters of the log as text, about. */
export function logSize({ data, topics }: LogAnswer): number {
  return BARE_LOG_SIZE + data.length + TOPIC_SIZE * topics.length;
}

const BARE_LOG_SIZE = 420;
const TOPIC_SIZE = 69;
