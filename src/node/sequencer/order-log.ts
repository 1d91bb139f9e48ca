/**
 * The log of the order: what a sequencer has put into the block that it makes, and at which
 * position, synced before anybody is told. After a crash the block is made again of it, the same
 * to the last byte, so that whoever was told `executed` finds the transaction where it was said to
 * be.
 *
 *   begin          ["b", parent hash, number, timestamp, extra data, coinbase, prevRandao,
 *                  gas limit]
 *   transactions   ["t", position of the first, [transaction...]]
 *
 * Once the block is in the chain its records are of no use; whole segments of such go.
 */

import { bigintFromBytes, toHex } from '../../base/bytes.ts';
import { IronflyError } from '../../base/errors.ts';
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem } from '../../base/rlp.ts';
import type { Address, Hash, Hex } from '../../evm/types.ts';
import type { LogFiles } from '../../state/log/files.ts';
import { RecordLog } from '../../state/log/record-log.ts';

export class OrderLogError extends IronflyError<'order log/damaged'> {}

/** What is fixed of a block when it begins. */
export interface BlockPlan {
  readonly parentHash: Hash;
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly extraData: Hex;
  readonly coinbase: Address;
  readonly prevRandao: Hash;
  readonly gasLimit: bigint;
}

/** A block that was begun; whether it came to its end, the chain knows. */
export interface BegunBlock {
  readonly plan: BlockPlan;
  readonly transactions: readonly Uint8Array[];
}

const BEGIN = 'b'.charCodeAt(0);
const TRANSACTIONS = 't'.charCodeAt(0);
/** Some seconds of transactions: what is old goes soon. */
const SEGMENT_BYTES = 4_194_304;

export class OrderLog {
  readonly #log: RecordLog;
  /** The last block that was begun before the log was opened. */
  readonly begun: BegunBlock | undefined;
  #position = 0;

  /** @throws LogError, OrderLogError for what is no such log */
  static async open(files: LogFiles): Promise<OrderLog> {
    const log = await RecordLog.open(files, { segmentBytes: SEGMENT_BYTES });
    try {
      return new OrderLog(log, await readLast(log));
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  private constructor(log: RecordLog, begun: BegunBlock | undefined) {
    this.#log = log;
    this.begun = begun;
  }

  /** A block begins; those before it are in the chain. Resolves when it is on the disk. */
  async begin(plan: BlockPlan): Promise<void> {
    this.#position = 0;
    const { parentHash, number, timestamp, extraData, coinbase, prevRandao, gasLimit } = plan;
    const head = [parentHash, number, timestamp, extraData, coinbase, prevRandao, gasLimit];
    const record = await this.#log.append([encodeRlp([Uint8Array.of(BEGIN), ...head])]);
    await this.#log.prune(record);
  }

  /** The next transactions of the block. Resolves when they are on the disk, with those before. */
  async append(transactions: readonly Uint8Array[]): Promise<void> {
    const first = this.#position;
    this.#position += transactions.length;
    const list: RlpInput = transactions;
    await this.#log.append([encodeRlp([Uint8Array.of(TRANSACTIONS), BigInt(first), list])]);
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

/** From the end back to where the last block begins. */
async function readLast(log: RecordLog): Promise<BegunBlock | undefined> {
  const behind: Uint8Array[][] = [];
  for (let number = log.last; number >= log.first; number--) {
    const items = itemsOf(await log.read(number));
    const [kind] = bytesOf(items[0]);
    if (kind === BEGIN) return { plan: planOf(items), transactions: behind.reverse().flat() };
    if (kind !== TRANSACTIONS) throw damaged(number);
    const list = items[2];
    if (!Array.isArray(list)) throw damaged(number);
    behind.push(list.map((each: RlpItem) => bytesOf(each).slice()));
  }
  return undefined;
}

function planOf(items: readonly RlpItem[]): BlockPlan {
  const hex = (index: number): Hex => toHex(bytesOf(items[index]));
  const integer = (index: number): bigint => bigintFromBytes(bytesOf(items[index]));
  return {
    parentHash: hex(1),
    number: integer(2),
    timestamp: integer(3),
    extraData: hex(4),
    coinbase: hex(5),
    prevRandao: hex(6),
    gasLimit: integer(7),
  };
}

function itemsOf(payload: Uint8Array): readonly RlpItem[] {
  const result = decodeRlp(payload);
  if (!result.ok || result.item instanceof Uint8Array) throw damaged(0n);
  return result.item;
}

function bytesOf(item: RlpItem | undefined): Uint8Array {
  if (item instanceof Uint8Array) return item;
  throw damaged(0n);
}

function damaged(record: bigint): OrderLogError {
  const message = `record ${record} of the log of the order is none: restore it from a copy`;
  return new OrderLogError('order log/damaged', message);
}
