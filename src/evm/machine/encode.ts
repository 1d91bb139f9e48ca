/** Writes a block's environment and a transaction into a context (layout.ts, C_* and TX_*). */
import { EVMError } from '../errors.ts';
import { stateBytePrice } from '../forks/state-price.ts';
import * as layout from '../layout.ts';
import type { BlockEnvironment, Transaction } from '../types.ts';
import type { Arena } from './arena.ts';
import type { MachineMemory } from './memory.ts';
import { writeAddress, writeWord } from './words.ts';

/** PREVRANDAO is the difficulty before Paris. */
export function encodeBlock(
  memory: MachineMemory,
  { ctx }: Arena,
  block: BlockEnvironment,
  settings: {
    readonly chainId: bigint;
    readonly merged: boolean;
    readonly metersStateGas: boolean;
  },
): void {
  const view = memory.view();
  writeAddress(view, ctx + layout.C_COINBASE, block.coinbase);
  writeWord(view, ctx + layout.C_TIMESTAMP, block.timestamp);
  writeWord(view, ctx + layout.C_NUMBER, block.number);
  const random = settings.merged ? block.prevRandao : block.difficulty;
  writeWord(view, ctx + layout.C_PREVRANDAO, random);
  writeWord(view, ctx + layout.C_GAS_LIMIT, block.gasLimit);
  writeWord(view, ctx + layout.C_CHAIN_ID, settings.chainId);
  writeWord(view, ctx + layout.C_BASE_FEE, block.baseFee);
  writeWord(view, ctx + layout.C_BLOB_BASE_FEE, block.blobBaseFee);
  writeWord(view, ctx + layout.C_SLOT_NUMBER, block.slotNumber ?? 0n);
  const price = settings.metersStateGas ? stateBytePrice(block.gasLimit) : 0n;
  view.setBigInt64(ctx + layout.C_STATE_BYTE_PRICE, price, true);
  const hashes = ctx + layout.C_BLOCK_HASHES;
  memory.bytes().fill(0, hashes, hashes + 256 * layout.BLOCK_HASH_BYTES);
}

export interface TransactionSettings {
  /** TX_FLAG_*. */
  readonly flags: number;
  readonly blockGasLeft: bigint;
  readonly blockStateGasLeft: bigint;
}

/** Writes the transaction; its lists and data go to the arena's region of inputs. */
export function encodeTransaction(
  memory: MachineMemory,
  { ctx, inputs, inputsEnd }: Arena,
  transaction: Transaction,
  settings: TransactionSettings,
): void {
  const places = { tx: ctx + layout.C_TX, inputs, inputsEnd };
  const blobHashes = encodeTransactionAt(memory, places, transaction, settings);
  const view = memory.view();
  view.setUint32(ctx + layout.C_BLOB_HASHES, blobHashes, true);
  const count = transaction.blobVersionedHashes.length;
  view.setUint32(ctx + layout.C_BLOB_HASH_COUNT, count, true);
}

/** Where a transaction is written: its fields TX_*, and the room for its lists and data. */
export interface TransactionPlaces {
  readonly tx: number;
  readonly inputs: number;
  readonly inputsEnd: number;
}

/** Bytes that a transaction's lists and data take. */
export function inputBytes(transaction: Transaction): number {
  const { data, accessList, authorizationList, blobVersionedHashes } = transaction;
  return (
    aligned(data.length) +
    aligned(listBytes(accessList)) +
    authorizationList.length * 128 +
    aligned(blobVersionedHashes.length * 32)
  );
}

const aligned = (size: number): number => Math.ceil(size / 64) * 64;

function listBytes(accessList: Transaction['accessList']): number {
  return accessList.reduce((sum, { storageKeys }) => sum + 64 + storageKeys.length * 32, 0);
}

/** The same anywhere; the address of its blob hashes. */
export function encodeTransactionAt(
  memory: MachineMemory,
  { tx, inputs, inputsEnd }: TransactionPlaces,
  transaction: Transaction,
  settings: TransactionSettings,
): number {
  const view = memory.view();
  const put = (offset: number, value: number) => view.setUint32(tx + offset, value, true);
  const { to } = transaction;
  put(layout.TX_TYPE, transaction.type);
  put(layout.TX_FLAGS, settings.flags | (to === undefined ? layout.TX_FLAG_CREATE : 0));
  view.setBigUint64(tx + layout.TX_NONCE, transaction.nonce, true);
  view.setBigUint64(tx + layout.TX_GAS, transaction.gasLimit, true);
  view.setBigUint64(tx + layout.TX_BLOCK_GAS_LEFT, settings.blockGasLeft, true);
  view.setBigUint64(tx + layout.TX_BLOCK_STATE_GAS_LEFT, settings.blockStateGasLeft, true);
  writeAddress(view, tx + layout.TX_SENDER, transaction.sender);
  writeWord(view, tx + layout.TX_TO, to === undefined ? 0n : BigInt(to));
  writeWord(view, tx + layout.TX_VALUE, transaction.value);
  writeWord(view, tx + layout.TX_MAX_FEE, transaction.maxFeePerGas);
  writeWord(view, tx + layout.TX_MAX_PRIORITY_FEE, transaction.maxPriorityFeePerGas);
  writeWord(view, tx + layout.TX_MAX_BLOB_FEE, transaction.maxFeePerBlobGas);
  let at = inputs;
  const take = (size: number): number => {
    const start = at;
    at += aligned(size);
    if (at > inputsEnd) {
      const limit = inputsEnd - inputs;
      throw new EVMError(
        'evm/host limit',
        `the transaction's data and lists exceed ${limit} bytes`,
        { limit },
      );
    }
    return start;
  };
  const { data, accessList, authorizationList, blobVersionedHashes } = transaction;
  const dataAt = take(data.length);
  memory.bytes().set(data, dataAt);
  put(layout.TX_DATA, dataAt);
  put(layout.TX_DATA_SIZE, data.length);
  const listAt = take(listBytes(accessList));
  put(layout.TX_ACCESS_LIST, listAt);
  put(layout.TX_ACCESS_LIST_COUNT, accessList.length);
  encodeAccessList(view, listAt, accessList);
  const authorizationsAt = take(authorizationList.length * 128);
  put(layout.TX_AUTHORIZATIONS, authorizationsAt);
  put(layout.TX_AUTHORIZATION_COUNT, authorizationList.length);
  encodeAuthorizations(view, authorizationsAt, authorizationList);
  const blobsAt = take(blobVersionedHashes.length * 32);
  blobVersionedHashes.forEach((hash, i) => writeWord(view, blobsAt + 32 * i, BigInt(hash)));
  return blobsAt;
}

function encodeAccessList(
  view: DataView,
  start: number,
  accessList: Transaction['accessList'],
): void {
  let at = start;
  for (const { address, storageKeys } of accessList) {
    writeAddress(view, at, address);
    writeWord(view, at + 32, BigInt(storageKeys.length));
    at += 64;
    for (const key of storageKeys) {
      writeWord(view, at, BigInt(key));
      at += 32;
    }
  }
}

function encodeAuthorizations(
  view: DataView,
  start: number,
  authorizations: Transaction['authorizationList'],
): void {
  authorizations.forEach(({ authority, address, chainId, nonce }, i) => {
    const at = start + 128 * i;
    writeWord(view, at, authority === undefined ? 0n : BigInt(authority));
    writeAddress(view, at + 32, address);
    writeWord(view, at + 64, chainId);
    view.setBigUint64(at + 96, nonce, true);
    view.setUint32(at + 104, authority === undefined ? 0 : 1, true);
  });
}
