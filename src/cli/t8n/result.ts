/** A transition as geth's `evm t8n` writes it: the same names, forms and omissions. */

import { bigintToBytes, toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import { decodeRlp, encodeRlp } from '../../base/rlp.ts';
import { accessListHash, encodeAccessList } from '../../chain/blocks/access-list.ts';
import { bodyRoots } from '../../chain/blocks/block.ts';
import { GAS_PER_BLOB } from '../../chain/blocks/fees.ts';
import { outcomeFields } from '../../chain/blocks/outcome-fields.ts';
import type { Receipt } from '../../chain/blocks/receipt.ts';
import { blockEnvironment } from '../../chain/executor/sequential.ts';
import { quantity } from '../../chain/json/transaction-json.ts';
import { decodeTransaction } from '../../chain/transactions/decode.ts';
import type { Hash, Hex, Log } from '../../evm/types.ts';
import { logsHash } from '../../state/logs-hash.ts';
import type { MemoryState } from '../../state/memory.ts';
import type { Transition } from './transition.ts';

type Json = Record<string, unknown>;

/** No block has it yet: what geth gives there. */
const BLOCK_HASH: Hash = `0x1337${'00'.repeat(30)}`;
const NOBODY = `0x${'00'.repeat(20)}`;
/** First byte of a list's encoding. */
const LIST = 0xc0;

export function resultJson(transition: Transition): Json {
  const { block, outcome, rejected } = transition;
  const { withdrawals } = transition.environment;
  const { header, blockRules, hasBlobPrice } = block;
  const { is } = blockRules;
  const { accessList, requests, receipts } = outcome;
  const fields = outcomeFields(outcome, transition.stateRoot, blockRules);
  const { excessBlobGas } = header;
  // What was given is given back, before London too.
  const baseFee = header.baseFeePerGas ?? transition.environment.baseFee;
  const withdrawn = withdrawals && { transactions: [], uncles: [], withdrawals };
  return {
    stateRoot: transition.stateRoot,
    txRoot: transition.transactionsRoot,
    receiptsRoot: fields.receiptsRoot,
    logsHash: logsHash(receipts.flatMap(({ logs }) => logs)),
    logsBloom: fields.logsBloom,
    receipts: receiptsJson(transition),
    ...(rejected.length > 0 ? { rejected } : {}),
    currentDifficulty: is('paris') ? null : quantity(header.difficulty),
    gasUsed: quantity(fields.gasUsed),
    ...(baseFee === undefined ? {} : { currentBaseFee: quantity(baseFee) }),
    ...(withdrawn && { withdrawalsRoot: bodyRoots(withdrawn).withdrawalsRoot }),
    ...(hasBlobPrice
      ? {
          currentExcessBlobGas: quantity(excessBlobGas ?? 0n),
          blobGasUsed: quantity(outcome.blobGasUsed),
        }
      : {}),
    ...(is('prague') ? { requestsHash: fields.requestsHash } : {}),
    requests: is('prague') ? requests.map(toHex) : null,
    ...(accessList && {
      blockAccessList: toHex(encodeAccessList(accessList)),
      blockAccessListHash: accessListHash(accessList),
    }),
  };
}

/** The accounts of a state in the order of their addresses. */
export function allocJson(state: MemoryState): Json {
  return Object.fromEntries(
    [...state.addresses()].sort().map((at) => [at, accountJson(state, at)]),
  );
}

function accountJson(state: MemoryState, address: Hex): Json {
  const account = state.getAccount(address);
  const { nonce = 0n, balance = 0n } = account ?? {};
  const code = account && state.getCode(account.codeHash);
  const storage = [...state.storageOf(address)].map(([slot, value]): [string, string] => [
    word(slot),
    word(value),
  ]);
  return {
    ...(code !== undefined && code.length > 0 ? { code: toHex(code) } : {}),
    ...(storage.length > 0 ? { storage: Object.fromEntries(storage.sort()) } : {}),
    balance: quantity(balance),
    ...(nonce > 0n ? { nonce: quantity(nonce) } : {}),
  };
}

/** The transactions in the block as one RLP list. */
export function bodyJson({ included }: Transition): Hex {
  const items = included.map((bytes) => {
    const result = (bytes[0] ?? 0) < LIST ? undefined : decodeRlp(bytes);
    return result?.ok === true ? result.item : bytes;
  });
  return toHex(encodeRlp(items));
}

function receiptsJson({ block, outcome, included }: Transition): Json[] {
  const { header, blockRules } = block;
  const { blobBaseFee } = blockEnvironment(header, blockRules);
  let logIndex = 0;
  return outcome.receipts.map((receipt, index) => {
    const bytes = included[index] as Uint8Array;
    const place = {
      blockNumber: quantity(header.number),
      transactionHash: toHex(keccak256(bytes)),
      transactionIndex: quantity(BigInt(index)),
      blockHash: BLOCK_HASH,
    };
    const { type, succeeded, stateRoot, logs } = receipt;
    const logsJson = logs.map((log) => ({
      ...logFields(log),
      ...place,
      blockTimestamp: quantity(header.timestamp),
      logIndex: quantity(BigInt(logIndex++)),
      removed: false,
    }));
    return {
      ...(type === 0 ? {} : { type: quantity(BigInt(type)) }),
      root: stateRoot ?? '0x',
      status: quantity(stateRoot === undefined && succeeded ? 1n : 0n),
      cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
      logsBloom: toHex(receipt.bloom),
      logs: logsJson,
      transactionHash: place.transactionHash,
      contractAddress: receipt.contractAddress ?? NOBODY,
      gasUsed: quantity(receipt.gasUsed),
      effectiveGasPrice: null,
      ...blobFields(receipt, bytes, blobBaseFee),
      blockHash: BLOCK_HASH,
      blockNumber: place.blockNumber,
      transactionIndex: place.transactionIndex,
    };
  });
}

function logFields({ address, topics, data }: Log): Json {
  return { address, topics, data: toHex(data) };
}

function blobFields({ type }: Receipt, bytes: Uint8Array, price: bigint): Json {
  if (type !== 3) return {};
  const decoded = decodeTransaction(bytes);
  const blobs = decoded.ok ? decoded.transaction.blobVersionedHashes.length : 0;
  return {
    blobGasUsed: quantity(BigInt(blobs) * GAS_PER_BLOB),
    blobGasPrice: quantity(price),
  };
}

function word(value: bigint): Hex {
  return toHex(bigintToBytes(value, 32));
}
