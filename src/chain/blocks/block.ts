/**
 * Blocks as they are sent and stored: a header and a body.
 *
 *   [header, [transaction...], [uncle...], [withdrawal...]]
 *
 * A transaction of type 0 is a list among the items, any other a byte string.
 */

import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem, rlpInteger } from '../../base/rlp.ts';
import type { Address, Hash } from '../../evm/types.ts';
import { listRoot } from '../../state/list-root.ts';
import {
  type BlockHeader,
  decodeHeader,
  decodeInteger,
  headerHash,
  headerItems,
  malformed,
} from './header.ts';

/** EIP-4895. */
export interface Withdrawal {
  readonly index: bigint;
  readonly validatorIndex: bigint;
  readonly address: Address;
  /** In 10^9 wei. */
  readonly amount: bigint;
}

export interface Block extends BlockBody {
  readonly hash: Hash;
  readonly header: BlockHeader;
}

export interface BlockBody {
  /** Each as a block holds it: RLP for type 0, else type and RLP. */
  readonly transactions: readonly Uint8Array[];
  readonly uncles: readonly BlockHeader[];
  /** From Shanghai on. */
  readonly withdrawals?: readonly Withdrawal[];
}

export type BodyRoots = Pick<BlockHeader, 'transactionsRoot' | 'unclesHash' | 'withdrawalsRoot'>;

/** First byte of a list's encoding. */
const LIST = 0xc0;

export function encodeBlock(block: Omit<Block, 'hash'>): Uint8Array {
  const items: RlpInput[] = [
    headerItems(block.header),
    block.transactions.map(transactionItem),
    block.uncles.map(headerItems),
  ];
  if (block.withdrawals !== undefined) items.push(block.withdrawals.map(withdrawalItems));
  return encodeRlp(items);
}

/** @throws InvalidBlock `block/malformed` for what is no block of any fork */
export function decodeBlock(bytes: Uint8Array): Block {
  const result = decodeRlp(bytes);
  if (!result.ok) throw malformed(`RLP: ${result.reason} at byte ${result.offset}`);
  const items = listOf('the block', result.item);
  if (items.length < 3 || items.length > 4) {
    throw malformed(`a block has 3 or 4 parts, not ${items.length}`);
  }
  const header = decodeHeader(items[0] as RlpItem);
  const transactions = listOf('transactions', items[1] as RlpItem).map(transactionBytes);
  const uncles = listOf('uncles', items[2] as RlpItem).map(decodeHeader);
  const block = { hash: headerHash(header), header, transactions, uncles };
  if (items[3] === undefined) return block;
  return { ...block, withdrawals: listOf('withdrawals', items[3]).map(decodeWithdrawal) };
}

/** Root of a trie of items under their indices: of transactions, receipts, withdrawals. */
export function indexedRoot(items: readonly Uint8Array[]): Hash {
  return toHex(listRoot(items));
}

/** Parts of a header that follow from the body. */
export function bodyRoots({ transactions, uncles, withdrawals }: BlockBody): BodyRoots {
  return {
    transactionsRoot: indexedRoot(transactions),
    unclesHash: toHex(keccak256(encodeRlp(uncles.map(headerItems)))),
    ...(withdrawals === undefined ? {} : { withdrawalsRoot: withdrawalsRoot(withdrawals) }),
  };
}

function withdrawalsRoot(withdrawals: readonly Withdrawal[]): Hash {
  return indexedRoot(withdrawals.map((withdrawal) => encodeRlp(withdrawalItems(withdrawal))));
}

function listOf(what: string, item: RlpItem): readonly RlpItem[] {
  if (item instanceof Uint8Array) throw malformed(`${what} is no list`);
  return item;
}

// PERF: a transaction of type 0 is encoded anew.
function transactionBytes(item: RlpItem): Uint8Array {
  if (!(item instanceof Uint8Array)) return encodeRlp(item);
  const first = item[0];
  if (first !== undefined && first < LIST) return item;
  throw malformed(first === undefined ? 'a transaction is empty' : 'a list is given as a string');
}

function transactionItem(bytes: Uint8Array): RlpInput {
  if ((bytes[0] ?? 0) < LIST) return bytes;
  const result = decodeRlp(bytes);
  return result.ok ? result.item : bytes;
}

function withdrawalItems({ index, validatorIndex, address, amount }: Withdrawal): Uint8Array[] {
  const account = Uint8Array.fromHex(address.slice(2));
  return [rlpInteger(index), rlpInteger(validatorIndex), account, rlpInteger(amount)];
}

function decodeWithdrawal(item: RlpItem): Withdrawal {
  const items = listOf('a withdrawal', item);
  if (items.length !== 4) throw malformed(`a withdrawal has 4 fields, not ${items.length}`);
  const [index, validatorIndex, address, amount] = items as [RlpItem, RlpItem, RlpItem, RlpItem];
  if (!(address instanceof Uint8Array) || address.length !== 20) {
    throw malformed('a withdrawal’s address is not of 20 bytes');
  }
  return {
    index: decodeInteger('a withdrawal’s index', index, 8),
    validatorIndex: decodeInteger('a withdrawal’s validator', validatorIndex, 8),
    address: toHex(address),
    amount: decodeInteger('a withdrawal’s amount', amount, 8),
  };
}
