/**
 * Records of the block log, and of blocks that have left it, in RLP.
 *
 *   block:  [1, block, changes, reverse]   changes as change-codec.ts has them
 *   head:   [2, hash]
 *   block:  [RLP of the block, total difficulty, [receipt...], access list or nothing]
 *   receipt:  [as its block's root holds it, 1 for success, created contract or nothing]
 */

import { toHex } from '../../base/bytes.ts';
import { decodeRlp, encodeRlp, firstRlpItem, type RlpInput, type RlpItem } from '../../base/rlp.ts';
import type { Address, Hash } from '../../evm/types.ts';
import type { ChainBlock } from '../block-tree.ts';
import { decodeAccessList, encodeAccessList } from '../blocks/access-list.ts';
import { decodeBlock } from '../blocks/block.ts';
import { type BlockHeader, decodeHeader, decodeInteger } from '../blocks/header.ts';
import { decodeReceipt, encodeReceipt, type Receipt } from '../blocks/receipt.ts';
import { DatabaseError } from './fault.ts';

const BLOCK = 1;
const HEAD = 2;

export type LogRecord = BlockRecord | { readonly kind: 'head'; readonly hash: Hash };

export interface BlockRecord {
  readonly kind: 'block';
  readonly stored: StoredBlock;
  readonly moves: EncodedMoves;
}

/** What leads from the state of a block's parent to the block's, and back; nothing of the base. */
export interface EncodedMoves {
  readonly forward: Uint8Array;
  readonly reverse: Uint8Array;
}

/** A block as it is stored: RLP, to be decoded when it is asked for. */
export type StoredBlock = readonly RlpItem[];

export function encodeBlockRecord(
  block: ChainBlock,
  bytes: Uint8Array,
  moves: EncodedMoves,
): Uint8Array {
  return encodeRlp([BigInt(BLOCK), storedItems(block, bytes), moves.forward, moves.reverse]);
}

export function encodeHead(hash: Hash): Uint8Array {
  return encodeRlp([BigInt(HEAD), hash]);
}

/** @throws DatabaseError `database/damaged` for what none of the encoders makes */
export function decodeRecord(bytes: Uint8Array): LogRecord {
  const items = itemsOf(bytes);
  const [kindItem, first, second, third] = items;
  const kind = kindItem instanceof Uint8Array ? kindItem[0] : undefined;
  if (kind === HEAD && first instanceof Uint8Array && first.length === 32) {
    return { kind: 'head', hash: toHex(first) };
  }
  const isBlock = kind === BLOCK && first !== undefined && !(first instanceof Uint8Array);
  if (!isBlock || !(second instanceof Uint8Array) || !(third instanceof Uint8Array)) {
    throw damaged();
  }
  return { kind: 'block', stored: first, moves: { forward: second, reverse: third } };
}

/** A block of the store, where it lies when it has left the log. */
export function encodeStored(block: StoredBlock): Uint8Array {
  return encodeRlp(block);
}

export function decodeStored(bytes: Uint8Array): StoredBlock {
  return itemsOf(bytes);
}

/** @throws DatabaseError, InvalidBlock for damaged bytes */
export function readStored(stored: StoredBlock): ChainBlock {
  const [block, difficulty, receipts, list] = stored;
  if (!(block instanceof Uint8Array) || difficulty === undefined) throw damaged();
  if (receipts === undefined || receipts instanceof Uint8Array) throw damaged();
  if (!(list instanceof Uint8Array)) throw damaged();
  let before = 0n;
  return {
    ...decodeBlock(block),
    totalDifficulty: decodeInteger('the total difficulty', difficulty, 32),
    receipts: receipts.map((item) => {
      const receipt = receiptOf(item, before);
      before = receipt.cumulativeGasUsed;
      return receipt;
    }),
    ...(list.length === 0 ? {} : { accessList: decodeAccessList(list) }),
  };
}

/** The header of a block of the store. @throws DatabaseError, InvalidBlock for damaged bytes */
export function headerOf(stored: Uint8Array): BlockHeader {
  const block = firstRlpItem(stored);
  const header = block instanceof Uint8Array ? firstRlpItem(block) : undefined;
  if (header === undefined) throw damaged();
  return decodeHeader(header);
}

/** A block, and its encoding, as it is stored in a list with others. */
export function storedItems(block: ChainBlock, bytes: Uint8Array): RlpInput[] {
  const { totalDifficulty, receipts, accessList } = block;
  return [
    bytes,
    totalDifficulty,
    receipts.map(receiptItems),
    accessList === undefined ? new Uint8Array(0) : encodeAccessList(accessList),
  ];
}

function receiptItems(receipt: Receipt): RlpInput {
  const { succeeded, contractAddress } = receipt;
  return [encodeReceipt(receipt), succeeded ? 1n : 0n, contractAddress ?? '0x'];
}

function receiptOf(item: RlpItem, gasBefore: bigint): Receipt {
  if (item instanceof Uint8Array) throw damaged();
  const [bytes, succeeded, created] = item;
  const isWhole = bytes instanceof Uint8Array && created instanceof Uint8Array;
  if (!isWhole || !(succeeded instanceof Uint8Array)) throw damaged();
  const receipt = decodeReceipt(bytes);
  return {
    ...receipt,
    succeeded: succeeded.length > 0,
    gasUsed: receipt.cumulativeGasUsed - gasBefore,
    contractAddress: created.length === 0 ? undefined : (toHex(created) as Address),
  };
}

function itemsOf(bytes: Uint8Array): readonly RlpItem[] {
  const result = decodeRlp(bytes);
  if (!result.ok || result.item instanceof Uint8Array) throw damaged();
  return result.item;
}

function damaged(): DatabaseError {
  const message = 'a record does not have the form of one: restore the database from a copy';
  return new DatabaseError('database/damaged', message);
}
