/** Receipts: what a transaction's execution left behind, as the block's receipts root holds it. */

import { concatBytes, putHex, toHex } from '../../base/bytes.ts';
import {
  decodeRlp,
  encodeRlp,
  putRlpHeader,
  putRlpInteger,
  type RlpInput,
  type RlpItem,
  rlpHeaderSize,
  rlpIntegerSize,
} from '../../base/rlp.ts';
import type { ReceiptLogs } from '../../evm/machine/receipt-logs.ts';
import type { Address, Hash, Log } from '../../evm/types.ts';
import type { TransactionType } from '../transactions/types.ts';
import { BLOOM_BYTES } from './bloom.ts';
import { decodeInteger, malformed } from './header.ts';

/** First byte of a string's encoding, and of a list's. */
const STRING = 0x80;
const LIST = 0xc0;
const HASH_BYTES = 32;
/** Of the bloom's encoding. */
const BLOOM_HEADER_BYTES = 3;

export interface Receipt {
  readonly type: TransactionType;
  /** From Byzantium on (EIP-658). */
  readonly succeeded: boolean;
  /** State root after the transaction, before Byzantium. */
  readonly stateRoot: Hash | undefined;
  /** Gas of the block up to this transaction. */
  readonly cumulativeGasUsed: bigint;
  readonly gasUsed: bigint;
  /** 256 bytes. */
  readonly bloom: Uint8Array;
  readonly logs: readonly Log[];
  /** Its bytes (`encodeReceipt`), where they were made already: they count for the rest. */
  readonly encoding?: Uint8Array;
  readonly contractAddress: Address | undefined;
}

/** A receipt whose logs the machine has encoded: they are decoded when somebody looks. */
export function receiptOf(
  fields: Omit<Receipt, 'bloom' | 'logs' | 'encoding'>,
  receiptLogs: ReceiptLogs,
): Receipt {
  const { type, succeeded, stateRoot, cumulativeGasUsed, gasUsed, contractAddress } = fields;
  let decoded: readonly Log[] | undefined;
  return {
    type,
    succeeded,
    stateRoot,
    cumulativeGasUsed,
    gasUsed,
    contractAddress,
    encoding: encodeLogged(fields, receiptLogs),
    // PERF: most blocks are imported without anybody looking.
    get bloom() {
      return receiptLogs.bloom;
    },
    get logs() {
      decoded ??= decodeLogs(receiptLogs.encoded);
      return decoded;
    },
  };
}

/** The bytes that are hashed: RLP for type 0, else type and RLP. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  if (receipt.encoding !== undefined) return receipt.encoding;
  const { type, succeeded, stateRoot, cumulativeGasUsed, bloom } = receipt;
  const outcome = stateRoot ?? (succeeded ? 1n : 0n);
  const list = encodeRlp([outcome, cumulativeGasUsed, bloom, receipt.logs.map(logItems)]);
  return type === 0 ? list : concatBytes(Uint8Array.of(type), list);
}

/** The same of what the machine has encoded. PERF: one buffer, and no object else. */
function encodeLogged(
  { type, succeeded, stateRoot, cumulativeGasUsed }: Omit<Receipt, 'bloom' | 'logs' | 'encoding'>,
  { bytes: logs }: ReceiptLogs,
): Uint8Array {
  const gas = Number(cumulativeGasUsed);
  const logBytes = logs.length - BLOOM_BYTES;
  const outcomeSize = stateRoot === undefined ? 1 : 1 + HASH_BYTES;
  const before = outcomeSize + rlpIntegerSize(gas) + BLOOM_HEADER_BYTES;
  const size = before + BLOOM_BYTES + rlpHeaderSize(logBytes) + logBytes;
  const typeBytes = type === 0 ? 0 : 1;
  const bytes = new Uint8Array(typeBytes + rlpHeaderSize(size) + size);
  if (type !== 0) bytes[0] = type;
  let at = putRlpHeader(bytes, typeBytes, LIST, size);
  if (stateRoot === undefined) at = putRlpInteger(bytes, at, succeeded ? 1 : 0);
  else {
    at = putRlpHeader(bytes, at, STRING, HASH_BYTES);
    putHex(bytes, at, stateRoot);
    at += HASH_BYTES;
  }
  at = putRlpInteger(bytes, at, gas);
  at = putRlpHeader(bytes, at, STRING, BLOOM_BYTES);
  // The header of the logs goes between the bloom and them.
  bytes.set(logs, at + rlpHeaderSize(logBytes));
  bytes.copyWithin(at, at + rlpHeaderSize(logBytes), at + rlpHeaderSize(logBytes) + BLOOM_BYTES);
  putRlpHeader(bytes, at + BLOOM_BYTES, LIST, logBytes);
  return bytes;
}

/** What a receipt's bytes say; the rest is known to who executed. */
export type DecodedReceipt = Omit<Receipt, 'gasUsed' | 'contractAddress'>;

/** @throws InvalidBlock `block/malformed` for what `encodeReceipt` does not make */
export function decodeReceipt(bytes: Uint8Array): DecodedReceipt {
  const type = (bytes[0] ?? 0) >= LIST ? 0 : (bytes[0] ?? 0);
  const result = decodeRlp(type === 0 ? bytes : bytes.subarray(1));
  if (!result.ok) throw malformed(`receipt: ${result.reason} at byte ${result.offset}`);
  const [outcome, gas, bloom, logs] = listOf('a receipt', result.item, 4) as Items4;
  const status = bytesOf('the outcome', outcome);
  const hasRoot = status.length === HASH_BYTES;
  return {
    type: type as TransactionType,
    succeeded: hasRoot || status.length > 0,
    stateRoot: hasRoot ? toHex(status) : undefined,
    cumulativeGasUsed: decodeInteger('the gas', gas, 8),
    bloom: bytesOf('the bloom', bloom),
    logs: listOf('the logs', logs).map(logOf),
  };
}

/** @throws InvalidBlock `block/malformed` for what is not the RLP of logs */
function decodeLogs(encoded: Uint8Array): Log[] {
  const result = decodeRlp(encodeRlp({ encodedItems: encoded }));
  if (!result.ok) throw malformed(`logs: ${result.reason} at byte ${result.offset}`);
  return listOf('the logs', result.item).map(logOf);
}

type Items4 = readonly [RlpItem, RlpItem, RlpItem, RlpItem];

function logOf(item: RlpItem): Log {
  const [address, topics, data] = listOf('a log', item, 3) as readonly [RlpItem, RlpItem, RlpItem];
  return {
    address: toHex(bytesOf('an address', address)),
    topics: listOf('the topics', topics).map((topic) => toHex(bytesOf('a topic', topic))),
    data: bytesOf('the data', data),
  };
}

function listOf(what: string, item: RlpItem, length?: number): readonly RlpItem[] {
  if (item instanceof Uint8Array) throw malformed(`${what} is no list`);
  if (length === undefined || item.length === length) return item;
  throw malformed(`${what} has ${item.length} parts, not ${length}`);
}

function bytesOf(what: string, item: RlpItem): Uint8Array {
  if (item instanceof Uint8Array) return item;
  throw malformed(`${what} is a list`);
}

function logItems({ address, topics, data }: Log): RlpInput {
  return [address, topics, data];
}
