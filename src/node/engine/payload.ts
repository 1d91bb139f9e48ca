/**
 * Execution payloads: blocks as consensus clients send and take them.
 *
 * A payload is a block whose header lacks what is constant since the merge or follows from the
 * rest: roots of the body, and what comes beside it (the parent's beacon root, the requests).
 *
 * Specification: execution-apis, `src/engine` (ExecutionPayloadV1 to V3).
 */

import { type Block, bodyRoots, type Withdrawal } from '../../chain/blocks/block.ts';
import { type BlockHeader, headerHash } from '../../chain/blocks/header.ts';
import { NO_NONCE } from '../../chain/blocks/header-rules.ts';
import { type Request, requestsHash } from '../../chain/blocks/requests.ts';
import type { Address, Hash, Hex } from '../../evm/types.ts';
import { invalidParams } from '../rpc/errors.ts';
import {
  dataHex,
  listOf,
  objectOf,
  optional,
  quantity,
  type Read,
  readAddress,
  readData,
  readHash,
  readU64,
  readWord,
} from '../rpc/values.ts';

const BLOOM_BYTES = 256;

/** Of any version: fields that one lacks are undefined. */
export interface ExecutionPayload {
  readonly parentHash: Hash;
  readonly feeRecipient: Address;
  readonly stateRoot: Hash;
  readonly receiptsRoot: Hash;
  readonly logsBloom: Hex;
  readonly prevRandao: Hash;
  readonly blockNumber: bigint;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  readonly timestamp: bigint;
  readonly extraData: Hex;
  readonly baseFeePerGas: bigint;
  readonly blockHash: Hash;
  readonly transactions: readonly Uint8Array[];
  /** Shanghai. */
  readonly withdrawals: readonly Withdrawal[] | undefined;
  /** Cancun. */
  readonly blobGasUsed: bigint | undefined;
  readonly excessBlobGas: bigint | undefined;
}

/** What comes beside a payload. */
export interface PayloadSides {
  /** Cancun. */
  readonly parentBeaconBlockRoot?: Hash;
  /** Prague. */
  readonly requests?: readonly Request[];
}

const readBloom: Read<Hex> = (value, path) => {
  const bytes = readData(value, path);
  if (bytes.length === BLOOM_BYTES) return dataHex(bytes);
  throw invalidParams(`invalid argument ${path}: a bloom has 256 bytes, not ${bytes.length}`);
};

export const readWithdrawals: Read<readonly Withdrawal[]> = listOf(
  objectOf({
    index: readU64,
    validatorIndex: readU64,
    address: readAddress,
    amount: readU64,
  }),
);

export const readPayload: Read<ExecutionPayload> = objectOf({
  parentHash: readHash,
  feeRecipient: readAddress,
  stateRoot: readHash,
  receiptsRoot: readHash,
  logsBloom: readBloom,
  prevRandao: readHash,
  blockNumber: readU64,
  gasLimit: readU64,
  gasUsed: readU64,
  timestamp: readU64,
  extraData: (value: unknown, path: string): Hex => dataHex(readData(value, path)),
  baseFeePerGas: readWord,
  blockHash: readHash,
  transactions: listOf(readData),
  withdrawals: optional(readWithdrawals),
  blobGasUsed: optional(readU64),
  excessBlobGas: optional(readU64),
});

/** The block that a payload is; its hash is what its fields have, whatever the payload says. */
export function blockOfPayload(
  payload: ExecutionPayload,
  { parentBeaconBlockRoot, requests }: PayloadSides,
): Block {
  const { transactions, withdrawals, blobGasUsed, excessBlobGas } = payload;
  const body = { transactions, uncles: [], ...(withdrawals && { withdrawals }) };
  const header: BlockHeader = {
    parentHash: payload.parentHash,
    coinbase: payload.feeRecipient,
    stateRoot: payload.stateRoot,
    receiptsRoot: payload.receiptsRoot,
    logsBloom: payload.logsBloom,
    difficulty: 0n,
    number: payload.blockNumber,
    gasLimit: payload.gasLimit,
    gasUsed: payload.gasUsed,
    timestamp: payload.timestamp,
    extraData: payload.extraData,
    mixHash: payload.prevRandao,
    nonce: NO_NONCE,
    baseFeePerGas: payload.baseFeePerGas,
    ...bodyRoots(body),
    ...(blobGasUsed === undefined ? {} : { blobGasUsed }),
    ...(excessBlobGas === undefined ? {} : { excessBlobGas }),
    ...(parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot }),
    ...(requests === undefined ? {} : { requestsHash: requestsHash(requests) }),
  };
  return { hash: headerHash(header), header, ...body };
}

/** A block as a payload: of V1, V2 or V3 by what its header has. */
export function payloadJson({ hash, header, transactions, withdrawals }: Block): object {
  const { blobGasUsed, excessBlobGas } = header;
  return {
    parentHash: header.parentHash,
    feeRecipient: header.coinbase,
    stateRoot: header.stateRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: header.logsBloom,
    prevRandao: header.mixHash,
    blockNumber: quantity(header.number),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: header.extraData,
    baseFeePerGas: quantity(header.baseFeePerGas ?? 0n),
    blockHash: hash,
    transactions: transactions.map(dataHex),
    ...(withdrawals && { withdrawals: withdrawals.map(withdrawalJson) }),
    ...(blobGasUsed === undefined ? {} : { blobGasUsed: quantity(blobGasUsed) }),
    ...(excessBlobGas === undefined ? {} : { excessBlobGas: quantity(excessBlobGas) }),
  };
}

/** ExecutionPayloadBodyV1. */
export function bodyJson({ transactions, withdrawals }: Block): object {
  return {
    transactions: transactions.map(dataHex),
    withdrawals: withdrawals?.map(withdrawalJson) ?? null,
  };
}

function withdrawalJson({ index, validatorIndex, address, amount }: Withdrawal): object {
  return {
    index: quantity(index),
    validatorIndex: quantity(validatorIndex),
    address,
    amount: quantity(amount),
  };
}
