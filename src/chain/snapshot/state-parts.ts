/**
 * A whole state in parts, in the order of its store: codes, then accounts with their slots. A part
 * says by what it ends where the next begins, so that whoever has a part can go on from it.
 */

import { concatBytes } from '../../base/bytes.ts';
import { WordMap } from '../../base/word-map.ts';
import type { AccountChange, Address, Hash, StateChanges } from '../../evm/types.ts';
import {
  accountLookupKey,
  accountsPrefix,
  addressOf,
  codeHashOf,
  codeKey,
  codesPrefix,
  slotLookupKey,
  slotOf,
  slotsPrefix,
} from '../../state/flat/keys.ts';
import { decodeAccount, decodeSlot } from '../../state/flat/values.ts';
import { type OrderedStore, prefixEnd } from '../../state/store/ordered-store.ts';
import { EMPTY_ROOT } from '../../state/trie.ts';

/** What was given last. */
export type Place =
  | { readonly code: Hash | undefined }
  | { readonly address: Address; readonly slot: bigint | undefined };

export const FIRST_PLACE: Place = { code: undefined };

/** Bytes of a part, about: what is compressed at once, and lost by an interruption. */
export const PART_BYTES = 1_048_576;
const ACCOUNT_BYTES = 100;
const SLOT_BYTES = 65;
const WORD_MAX = 2n ** 256n - 1n;

export interface StateCounts {
  readonly accounts: bigint;
  readonly slots: bigint;
  readonly codes: bigint;
}

/** PERF: O(state), without decoding it. */
export function countState(store: OrderedStore): StateCounts {
  const count = (prefix: Uint8Array) => {
    let sum = 0;
    for (const _ of store.range(prefix, prefixEnd(prefix))) sum += 1;
    return BigInt(sum);
  };
  const [accounts, slots, codes] = [accountsPrefix, slotsPrefix(), codesPrefix].map(count);
  return { accounts, slots, codes } as StateCounts;
}

/** The part behind a place; undefined behind the last. @throws StateError for a damaged store */
export function partAfter(
  store: OrderedStore,
  place: Place,
  partBytes: number,
): StateChanges | undefined {
  if ('code' in place) {
    const codes = codesAfter(store, place.code, partBytes);
    if (codes.size > 0) return { accounts: new Map(), codes };
  }
  const accounts = accountsAfter(store, 'code' in place ? undefined : place, partBytes);
  return accounts.size === 0 ? undefined : { accounts, codes: new Map() };
}

/** Where a part ends. */
export function placeAfter({ accounts, codes }: StateChanges): Place {
  const account = [...accounts].at(-1);
  if (account === undefined) return { code: [...codes.keys()].at(-1) };
  const [address, change] = account;
  return { address, slot: [...(change?.storage.keys() ?? [])].at(-1) };
}

function codesAfter(
  store: OrderedStore,
  after: Hash | undefined,
  partBytes: number,
): Map<Hash, Uint8Array> {
  const codes = new Map<Hash, Uint8Array>();
  const from = after === undefined ? codesPrefix : behind(codeKey(after));
  let size = 0;
  for (const { key, value } of store.range(from, prefixEnd(codesPrefix))) {
    codes.set(codeHashOf(key), Uint8Array.from(value));
    size += value.length;
    if (size >= partBytes) break;
  }
  return codes;
}

function accountsAfter(
  store: OrderedStore,
  after: Exclude<Place, { code: unknown }> | undefined,
  partBytes: number,
): Map<Address, AccountChange> {
  const accounts = new Map<Address, AccountChange>();
  let size = 0;
  // The last account may have more slots.
  const from = after === undefined ? accountsPrefix : accountLookupKey(after.address).slice();
  for (const { key, value } of store.range(from, prefixEnd(accountsPrefix))) {
    const address = addressOf(key);
    const isGivenBefore = address === after?.address;
    const { storageRoot, ...account } = decodeAccount(value, `account ${address}`);
    const slotsFrom = isGivenBefore ? after?.slot : undefined;
    const hasSlots = storageRoot !== EMPTY_ROOT && !(isGivenBefore && slotsFrom === undefined);
    const limit = (partBytes - size) / SLOT_BYTES;
    const storage = hasSlots ? slotsAfter(store, address, slotsFrom, limit) : NO_SLOTS;
    if (isGivenBefore && storage.size === 0) continue;
    accounts.set(address, { ...account, storageWiped: false, storage });
    size += ACCOUNT_BYTES + storage.size * SLOT_BYTES;
    if (size >= partBytes) break;
  }
  return accounts;
}

const NO_SLOTS: ReadonlyMap<bigint, bigint> = new Map();

/** At least one, where there is one. */
function slotsAfter(
  store: OrderedStore,
  address: Address,
  after: bigint | undefined,
  limit: number,
): WordMap<bigint> {
  const slots = new WordMap<bigint>();
  if (after === WORD_MAX) return slots;
  const from = slotLookupKey(address, after === undefined ? 0n : after + 1n).slice();
  for (const { key, value } of store.range(from, prefixEnd(slotsPrefix(address)))) {
    const slot = slotOf(key);
    slots.set(slot, decodeSlot(value, `slot ${slot} of ${address}`));
    if (slots.size >= limit) break;
  }
  return slots;
}

/** The first key behind one. */
function behind(key: Uint8Array): Uint8Array {
  return concatBytes(key, Uint8Array.of(0));
}
