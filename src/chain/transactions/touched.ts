/**
 * What transactions will touch, as far as it is said before anything is executed: recipients and
 * access lists (EIP-2930), or what the block's access list names (EIP-7928). Bytes that are no
 * transaction say nothing.
 */

import { toHex } from '../../base/bytes.ts';
import { rlpItemOffsets } from '../../base/rlp.ts';
import type { Address } from '../../evm/types.ts';
import type { Touched } from '../../state/flat/flat-state.ts';
import type { BlockAccessList } from '../blocks/access-list.ts';
import { decodeTransaction } from './decode.ts';
import { FIELDS_MAX, UNSIGNED_FIELDS } from './fields.ts';
import type { TransactionType } from './types.ts';

/** First byte of a legacy transaction's RLP list; below lie the types of EIP-2718. */
const LIST = 0xc0;
const EMPTY_LIST = 0xc0;
/** Header and bytes of an address. */
const ADDRESS_ITEM_BYTES = 21;
/** What hostile bytes may name at most; the rest is read when it is asked for. */
const SLOTS_MAX = 20_000;

export function touchedBy(transactions: readonly Uint8Array[]): Touched {
  const accounts = new Set<Address>();
  const slots: [Address, bigint][] = [];
  for (const bytes of transactions) {
    const found = findFields(bytes);
    if (found === undefined) continue;
    const { fields, list, offsets } = found;
    const to = recipient(found);
    if (to !== undefined) accounts.add(to);
    const accessList = fields.indexOf('accessList');
    const hasList = accessList >= 0 && list[offsets[accessList] as number] !== EMPTY_LIST;
    if (hasList && slots.length < SLOTS_MAX) addAccessList(bytes, accounts, slots);
  }
  return { accounts, slots };
}

/** Whom a transaction is sent to; undefined for nobody, and of bytes that are none. */
export function recipientOf(bytes: Uint8Array): Address | undefined {
  const found = findFields(bytes);
  return found && recipient(found);
}

/** Whom transactions are sent to, each once. */
export function recipientsOf(transactions: readonly Uint8Array[]): Set<Address> {
  const recipients = new Set<Address>();
  for (const bytes of transactions) {
    const to = recipientOf(bytes);
    if (to !== undefined) recipients.add(to);
  }
  return recipients;
}

/** What a block's own list names. */
export function touchedByBlock(list: BlockAccessList): Touched {
  const slots: [Address, bigint][] = [];
  for (const { address, storageChanges, storageReads } of list) {
    const left = SLOTS_MAX - slots.length;
    const named = [...storageChanges.map(([slot]) => slot), ...storageReads].slice(0, left);
    for (const slot of named) slots.push([address, slot]);
  }
  return { accounts: list.map(({ address }) => address), slots };
}

/** Where the fields of a transaction lie. */
interface FoundFields {
  readonly fields: readonly string[];
  readonly list: Uint8Array;
  readonly offsets: readonly number[];
}

function findFields(bytes: Uint8Array): FoundFields | undefined {
  const type = ((bytes[0] ?? 0) >= LIST ? 0 : bytes[0]) as TransactionType;
  const fields = UNSIGNED_FIELDS[type];
  const list = type === 0 ? bytes : bytes.subarray(1);
  const offsets = fields && rlpItemOffsets(list, FIELDS_MAX);
  if (offsets === undefined || offsets.length <= fields.length) return undefined;
  return { fields, list, offsets };
}

function recipient({ fields, list, offsets }: FoundFields): Address | undefined {
  const to = fields.indexOf('to');
  const [start, end] = [offsets[to] as number, offsets[to + 1] as number];
  return end - start === ADDRESS_ITEM_BYTES ? toHex(list.slice(start + 1, end)) : undefined;
}

function addAccessList(
  bytes: Uint8Array,
  accounts: Set<Address>,
  slots: [Address, bigint][],
): void {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) return;
  for (const { address, storageKeys } of decoded.transaction.accessList) {
    accounts.add(address);
    for (const key of storageKeys.slice(0, SLOTS_MAX - slots.length)) {
      slots.push([address, BigInt(key)]);
    }
  }
}
