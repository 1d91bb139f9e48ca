/**
 * Keys of the state in its store (docs/design/state.md): one byte of kind, then what it is of.
 *
 *   00 ‖ 'chain'             what chain it is of (chain/database/kept-spec.ts)
 *   00 ‖ 'retention'         which states are kept (chain/database/kept-retention.ts)
 *   00 ‖ 'checkpoint'        which block the store is at (00 alone: the store's mark)
 *   01 ‖ address             account
 *   02 ‖ address ‖ slot      value of a slot, big-endian without leading zeros
 *   03 ‖ code hash           code
 *   04 ‖ place               record of the account trie (a place: trie-runtime/records.ts)
 *   05 ‖ address ‖ place     record of a storage trie
 */

import { concatBytes, putHex, toHex } from '../../base/bytes.ts';
import type { Address, Hash } from '../../evm/types.ts';

const ACCOUNT = 1;
const SLOT = 2;
const CODE = 3;
const ACCOUNT_TRIE = 4;
const STORAGE_TRIE = 5;

const LIMB_MAX = 2n ** 64n - 1n;
const HALF_MAX = 2n ** 128n - 1n;

const ADDRESS_END = 21;
const SLOT_END = 53;

export const CHECKPOINT_KEY: Uint8Array = concatBytes(
  Uint8Array.of(0),
  new TextEncoder().encode('checkpoint'),
);

/** What all marks, accounts, codes, and records of tries begin with. */
export const marksPrefix: Uint8Array = Uint8Array.of(0);
export const accountsPrefix: Uint8Array = Uint8Array.of(ACCOUNT);
export const codesPrefix: Uint8Array = Uint8Array.of(CODE);
export const accountTriePrefix: Uint8Array = Uint8Array.of(ACCOUNT_TRIE);
export const storageTriesPrefix: Uint8Array = Uint8Array.of(STORAGE_TRIE);

const lookup = new Uint8Array(SLOT_END);
const lookupAccount = lookup.subarray(0, ADDRESS_END);
const lookupView = new DataView(lookup.buffer);

/** Key of an account: good until the next one is asked for. */
export function accountLookupKey(address: Address): Uint8Array {
  lookup[0] = ACCOUNT;
  putHex(lookup, 1, address);
  return lookupAccount;
}

/** Key of a slot: good until the next one is asked for. 0.1 µs, where a new one takes 0.8. */
export function slotLookupKey(address: Address, slot: bigint): Uint8Array {
  lookup[0] = SLOT;
  putHex(lookup, 1, address);
  putWord(lookupView, ADDRESS_END, slot);
  return lookup;
}

/** What all slots of an account begin with; without one, all slots. */
export function slotsPrefix(address?: Address): Uint8Array {
  if (address === undefined) return Uint8Array.of(SLOT);
  return addressed(SLOT, address, ADDRESS_END);
}

export function slotOf(key: Uint8Array): bigint {
  return BigInt(`0x${slotWordOf(key).toHex()}`);
}

/** The slot as 32 bytes, a view of the key. */
export function slotWordOf(key: Uint8Array): Uint8Array {
  return key.subarray(ADDRESS_END);
}

/** Whose a key is: of an account, a slot or a storage trie's record. */
export function addressOf(key: Uint8Array): Address {
  return toHex(key.subarray(1, ADDRESS_END));
}

export function codeHashOf(key: Uint8Array): Hash {
  return toHex(key.subarray(1));
}

export function codeKey(codeHash: Hash): Uint8Array {
  return concatBytes(Uint8Array.of(CODE), Uint8Array.fromHex(codeHash.slice(2)));
}

/** Key of a trie's record; without an owner, of the account trie's. */
export function recordKey(owner: Address | undefined, place: Uint8Array): Uint8Array {
  return concatBytes(recordsPrefix(owner), place);
}

/** What all records of a trie begin with. */
export function recordsPrefix(owner: Address | undefined): Uint8Array {
  if (owner === undefined) return Uint8Array.of(ACCOUNT_TRIE);
  return addressed(STORAGE_TRIE, owner, ADDRESS_END);
}

/** The place of a storage trie's record. */
export function placeOf(key: Uint8Array): Uint8Array {
  return key.subarray(ADDRESS_END);
}

/** Writes 32 bytes, big-endian. */
export function putWord(view: DataView, at: number, word: bigint): void {
  // PERF: each shift makes a number, and most balances are below 2^128.
  if (word <= HALF_MAX) {
    view.setBigUint64(at, 0n);
    view.setBigUint64(at + 8, 0n);
    view.setBigUint64(at + 16, word <= LIMB_MAX ? 0n : word >> 64n);
    view.setBigUint64(at + 24, word);
    return;
  }
  view.setBigUint64(at, word >> 192n);
  view.setBigUint64(at + 8, word >> 128n);
  view.setBigUint64(at + 16, word >> 64n);
  view.setBigUint64(at + 24, word);
}

function addressed(kind: number, address: Address, size: number): Uint8Array {
  const key = new Uint8Array(size);
  key[0] = kind;
  putHex(key, 1, address);
  return key;
}
