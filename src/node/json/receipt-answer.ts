/** Receipts as `eth_getTransactionReceipt` answers them. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import { GAS_PER_BLOB } from '../../chain/blocks/fees.ts';
import type { Receipt } from '../../chain/blocks/receipt.ts';
import type { BlockRules } from '../../chain/chain-spec.ts';
import { blobBaseFee } from '../../evm/forks/blob.ts';
import { dataHex, quantity } from '../rpc/values.ts';
import { logAnswer } from './log-answer.ts';
import { blockTransaction, type TransactionAnswer } from './transaction-answer.ts';

/** Receipt `index` of a block; the rules are the block's. undefined: there is none. */
export function receiptAnswer(
  block: ChainBlock,
  index: number,
  rules: Pick<BlockRules, 'blobs'>,
): Record<string, unknown> | undefined {
  const receipt = block.receipts[index];
  const transaction = blockTransaction(block, index);
  if (receipt === undefined || transaction === undefined) return undefined;
  const before = block.receipts.slice(0, index);
  const logsBefore = before.reduce((sum, { logs }) => sum + logs.length, 0);
  return answerOf(block, receipt, { transaction, logsBefore, rules });
}

/** All receipts of a block. */
export function receiptAnswers(
  block: ChainBlock,
  rules: Pick<BlockRules, 'blobs'>,
): Record<string, unknown>[] {
  let logsBefore = 0;
  return block.receipts.map((receipt, index) => {
    const transaction = blockTransaction(block, index) as TransactionAnswer;
    const answer = answerOf(block, receipt, { transaction, logsBefore, rules });
    logsBefore += receipt.logs.length;
    return answer;
  });
}

interface Beside {
  readonly transaction: TransactionAnswer;
  /** Of the block's transactions before. */
  readonly logsBefore: number;
  readonly rules: Pick<BlockRules, 'blobs'>;
}

function answerOf(
  { hash: blockHash, header }: ChainBlock,
  receipt: Receipt,
  { transaction, logsBefore, rules }: Beside,
): Record<string, unknown> {
  const { hash: transactionHash, from, to, type, gasPrice } = transaction;
  const place = {
    blockHash,
    blockNumber: quantity(header.number),
    transactionHash,
    transactionIndex: transaction['transactionIndex'] as `0x${string}`,
  };
  const withTime = { ...place, blockTimestamp: quantity(header.timestamp) };
  const { stateRoot, succeeded, contractAddress } = receipt;
  return {
    ...place,
    from,
    to,
    type,
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    gasUsed: quantity(receipt.gasUsed),
    contractAddress: to === null ? (contractAddress ?? null) : null,
    effectiveGasPrice: gasPrice,
    ...blobFields(transaction, header.excessBlobGas, rules),
    logs: receipt.logs.map((log, index) => logAnswer(log, withTime, logsBefore + index)),
    logsBloom: dataHex(receipt.bloom),
    ...(stateRoot === undefined ? { status: succeeded ? '0x1' : '0x0' } : { root: stateRoot }),
  };
}

function blobFields(
  { blobVersionedHashes: hashes }: TransactionAnswer,
  excessBlobGas: bigint | undefined,
  { blobs }: Pick<BlockRules, 'blobs'>,
): Record<string, string> {
  if (!Array.isArray(hashes) || excessBlobGas === undefined || blobs === undefined) return {};
  return {
    blobGasUsed: quantity(BigInt(hashes.length) * GAS_PER_BLOB),
    blobGasPrice: quantity(blobBaseFee(excessBlobGas, blobs.baseFeeUpdateFraction)),
  };
}
