/** Receipts: what a transaction's execution left behind, as the block's receipts root holds it. */

import { concatBytes, toHex } from '../../base/bytes.ts';
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem } from '../../base/rlp.ts';
import type { ReceiptLogs } from '../../evm/machine/receipt-logs.ts';
import type { Address, Hash, Log } from '../../evm/types.ts';
import type { TransactionType } from '../transactions/types.ts';
import { decodeInteger, malformed } from './header.ts';

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
  /** The RLP of each log, one after the other, where it was made already: it counts for `logs`. */
  readonly encodedLogs?: Uint8Array;
  readonly contractAddress: Address | undefined;
}

/** A receipt whose logs the machine has encoded: they are decoded when somebody looks. */
export function receiptOf(
  fields: Omit<Receipt, 'bloom' | 'logs' | 'encodedLogs'>,
  { bloom, encoded }: ReceiptLogs,
): Receipt {
  let decoded: readonly Log[] | undefined;
  return {
    ...fields,
    bloom,
    encodedLogs: encoded,
    // PERF: most blocks are imported without anybody looking.
    get logs() {
      decoded ??= decodeLogs(encoded);
      return decoded;
    },
  };
}

const encodings = new WeakMap<Receipt, Uint8Array>();

/**
 * The bytes that are hashed: RLP for type 0, else type and RLP. Remembered, since the root of a
 * block's receipts and its record both take them.
 */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const known = encodings.get(receipt);
  if (known !== undefined) return known;
  const { type, succeeded, stateRoot, cumulativeGasUsed, bloom, encodedLogs } = receipt;
  const outcome = stateRoot ?? (succeeded ? 1n : 0n);
  const logs = encodedLogs ? { encodedItems: encodedLogs } : receipt.logs.map(logItems);
  const list = encodeRlp([outcome, cumulativeGasUsed, bloom, logs]);
  const encoding = type === 0 ? list : concatBytes(Uint8Array.of(type), list);
  encodings.set(receipt, encoding);
  return encoding;
}

/** What a receipt's bytes say; the rest is known to who executed. */
export type DecodedReceipt = Omit<Receipt, 'gasUsed' | 'contractAddress'>;

/** First byte of a list's encoding. */
const LIST = 0xc0;
const HASH_BYTES = 32;

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
