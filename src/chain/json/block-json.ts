/**
 * Blocks as JSON-RPC has them (`eth_getBlockByNumber` with full transactions), to RLP and back.
 *
 * What JSON-RPC leaves out is refused or added: uncles are given by their hashes alone, so that a
 * block with uncles is read only where their headers stand beside them, as `uncleHeaders`.
 */

import { JsonError } from '../../base/json.ts';
import { type JsonField, type JsonObject, readJson } from '../../base/json-field.ts';
import { BlockFileError } from '../block-files/fault.ts';
import type { ChainBlock } from '../block-tree.ts';
import { encodeBlock, type Withdrawal } from '../blocks/block.ts';
import {
  type BlockHeader,
  HEADER_FIELDS,
  type HeaderField,
  type HeaderFieldKind,
  headerHash,
} from '../blocks/header.ts';
import { quantity, readTransaction, transactionJson } from './transaction-json.ts';

const U64_MAX = 2n ** 64n - 1n;
const WORD_MAX = 2n ** 256n - 1n;

/** Where JSON-RPC has another name. */
const JSON_NAMES: Partial<Record<HeaderField, string>> = {
  unclesHash: 'sha3Uncles',
  coinbase: 'miner',
};

/**
 * RLP of a block: of an object by itself, or of an answer's `result`.
 * @throws JsonError naming the field; BlockFileError where the fields are not those of its hash
 */
export function readBlockJson(text: string): Uint8Array {
  const whole = readJson(text).object();
  const result = whole.get('result');
  const block = result.isAbsent ? whole : result.object();
  const header = readHeader(block);
  const hash = headerHash(header);
  const given = block.get('hash');
  if (!given.isAbsent && given.fixedBytes(32) !== hash) {
    const message = `block ${header.number} says that its hash is ${given.text()}, its fields have`;
    throw new BlockFileError('block file/hash differs', `${message} ${hash}`);
  }
  const withdrawals = block.get('withdrawals');
  return encodeBlock({
    header,
    transactions: block.get('transactions').list().map(readTransaction),
    uncles: readUncles(block),
    ...(withdrawals.isAbsent ? {} : { withdrawals: withdrawals.list().map(readWithdrawal) }),
  });
}

/** A block as JSON-RPC answers, with full transactions. */
export function blockJson(block: ChainBlock): Record<string, unknown> {
  const { hash, header, uncles, totalDifficulty, transactions, withdrawals } = block;
  const place = {
    blockHash: hash,
    blockNumber: quantity(header.number),
    blockTimestamp: quantity(header.timestamp),
  };
  return {
    ...headerJson(header),
    hash,
    size: quantity(BigInt(encodeBlock(block).length)),
    totalDifficulty: quantity(totalDifficulty),
    uncles: uncles.map(headerHash),
    ...(uncles.length === 0 ? {} : { uncleHeaders: uncles.map(headerJson) }),
    transactions: transactions.map((bytes, index) => ({
      ...place,
      ...transactionJson(bytes, header.baseFeePerGas),
      transactionIndex: quantity(BigInt(index)),
    })),
    ...(withdrawals === undefined ? {} : { withdrawals: withdrawals.map(withdrawalJson) }),
  };
}

/** A header as JSON-RPC answers, without its hash. */
export function headerJson(header: BlockHeader): Record<string, string> {
  return Object.fromEntries(
    HEADER_FIELDS.flatMap(([name]) => {
      const value = header[name];
      if (value === undefined) return [];
      const text = typeof value === 'bigint' ? quantity(value) : value;
      return [[JSON_NAMES[name] ?? name, text]];
    }),
  );
}

/** @throws JsonError naming the field */
export function readHeader(from: JsonObject): BlockHeader {
  const fields = HEADER_FIELDS.flatMap(([name, kind], index) => {
    const field = from.get(JSON_NAMES[name] ?? name);
    return field.isAbsent && index >= FIELDS_ALWAYS ? [] : [[name, readField(field, kind)]];
  });
  return Object.fromEntries(fields) as BlockHeader;
}

/** Fields that the headers of all forks have. */
const FIELDS_ALWAYS = HEADER_FIELDS.findIndex(([name]) => name === 'baseFeePerGas');

function readField(field: JsonField, kind: HeaderFieldKind): bigint | string {
  if (kind === 'u64') return field.integer(U64_MAX);
  if (kind === 'u256') return field.integer(WORD_MAX);
  if (kind === 'bytes') return `0x${field.bytes().toHex()}`;
  return field.fixedBytes(kind);
}

function readUncles(block: JsonObject): BlockHeader[] {
  const headers = block.get('uncleHeaders');
  if (!headers.isAbsent) return headers.list().map((header) => readHeader(header.object()));
  const uncles = block.get('uncles');
  if (uncles.isAbsent || uncles.list().length === 0) return [];
  const message = `${uncles.path} are given by their hashes alone: give the block as RLP`;
  throw new JsonError('json/value', message, { details: { path: uncles.path } });
}

/** @throws JsonError naming the field */
export function readWithdrawal(field: JsonField): Withdrawal {
  const from = field.object();
  return {
    index: from.get('index').integer(U64_MAX),
    validatorIndex: from.get('validatorIndex').integer(U64_MAX),
    address: from.get('address').fixedBytes(20),
    amount: from.get('amount').integer(U64_MAX),
  };
}

export function withdrawalJson({ index, validatorIndex, address, amount }: Withdrawal): object {
  return {
    index: quantity(index),
    validatorIndex: quantity(validatorIndex),
    address,
    amount: quantity(amount),
  };
}
