// Entries out of what the host hands over: keys hashed, values encoded, all sorted.
//
// slot:     32 bytes of key | 32 bytes of value, zero deletes
// account:  20 bytes of address | u8 exists | 3 bytes | u64 nonce, little-endian
//           | 32 bytes of balance | 32 of storage root | 32 of code hash
// Words are big-endian.
import {
  ACCOUNT_BALANCE, ACCOUNT_CODE_HASH, ACCOUNT_EXISTS, ACCOUNT_INPUT_BYTES, ACCOUNT_NONCE,
  ACCOUNT_STORAGE_ROOT, ENTRY_BYTES, ENTRY_SIZE, ENTRY_VALUE, PACKED_ENTRY_BYTES, SLOT_INPUT_BYTES,
  SLOT_VALUE_BYTES, VALUE_BYTES_MAX,
} from "../trie-layout";
import { keccak256 } from "../../evm/runtime/hashes/keccak";
import { keccak256Pair } from "../../evm/runtime/hashes/keccak-pair";
import { copyKey } from "./nodes";

/** This instance's room for two keys, and what is put behind them to hash them. */
let keys: u32 = 0;
const KEY_ROOM: u32 = 176;

export function setKeys(at: u32): void {
  keys = at;
}

/** Makes entries of slots; `values` has room for 48 bytes each. */
export function slotEntries(input: u32, count: u32, entries: u32, values: u32): void {
  hashKeys(input, SLOT_INPUT_BYTES, 32, count, entries);
  for (let i: u32 = 0; i < count; i++) {
    const slot = input + i * SLOT_INPUT_BYTES;
    const entry = entries + i * ENTRY_BYTES;
    const value = values + i * SLOT_VALUE_BYTES;
    store<u32>(entry, value, ENTRY_VALUE);
    const zeros = leadingZeros(slot + 32, 32);
    store<u32>(entry, zeros == 32 ? 0 : putInteger(value, slot + 32 + zeros, 32 - zeros) - value, ENTRY_SIZE);
  }
  sort(entries, count);
}

/** Makes entries of accounts; `values` has room for VALUE_BYTES_MAX each. */
export function accountEntries(input: u32, count: u32, entries: u32, values: u32): void {
  hashKeys(input, ACCOUNT_INPUT_BYTES, 20, count, entries);
  for (let i: u32 = 0; i < count; i++) {
    const account = input + i * ACCOUNT_INPUT_BYTES;
    const entry = entries + i * ENTRY_BYTES;
    const value = values + i * VALUE_BYTES_MAX;
    store<u32>(entry, value, ENTRY_VALUE);
    store<u32>(entry, load<u8>(account, ACCOUNT_EXISTS) ? putAccount(value, account) : 0, ENTRY_SIZE);
  }
  sort(entries, count);
}

/** Packs entries for a file: 32 bytes of key | u8 size of the value | value; the end of them. */
export function packEntries(entries: u32, count: u32, to: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + i * ENTRY_BYTES;
    const size = load<u32>(entry, ENTRY_SIZE);
    copyKey(to, entry);
    store<u8>(to, <u8>size, 32);
    memory.copy(to + PACKED_ENTRY_BYTES, load<u32>(entry, ENTRY_VALUE), size);
    to += PACKED_ENTRY_BYTES + size;
  }
  return to;
}

/** Makes entries of packed ones, whose values stay where they are, and sorts them. */
export function unpackEntries(packed: u32, count: u32, entries: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + i * ENTRY_BYTES;
    const size = <u32>load<u8>(packed, 32);
    copyKey(entry, packed);
    store<u32>(entry, packed + PACKED_ENTRY_BYTES, ENTRY_VALUE);
    store<u32>(entry, size, ENTRY_SIZE);
    packed += PACKED_ENTRY_BYTES + size;
  }
  sort(entries, count);
}

/** Hashes keys of `size` bytes, `stride` bytes apart, into their entries. */
function hashKeys(input: u32, stride: u32, size: u32, count: u32, entries: u32): void {
  const second = keys + KEY_ROOM;
  const pairs = count & ~1;
  for (let i: u32 = 0; i < pairs; i += 2) {
    const at = input + i * stride;
    const entry = entries + i * ENTRY_BYTES;
    memory.copy(keys, at, size);
    memory.copy(second, at + stride, size);
    keccak256Pair(entry, keys, size, entry + ENTRY_BYTES, second, size);
  }
  if (pairs < count) keccak256(entries + pairs * ENTRY_BYTES, input + pairs * stride, size);
}

/** RLP of [nonce, balance, storage root, code hash]; its size. */
function putAccount(to: u32, account: u32): u32 {
  const payload = to + 2;
  const nonce = bswap<u64>(load<u64>(account, ACCOUNT_NONCE));
  // In the room behind the value: its bytes in their order.
  const scratch = to + VALUE_BYTES_MAX - 8;
  store<u64>(scratch, nonce);
  const nonceZeros = leadingZeros(scratch, 8);
  let at = putInteger(payload, scratch + nonceZeros, 8 - nonceZeros);
  const balance = account + ACCOUNT_BALANCE;
  const zeros = leadingZeros(balance, 32);
  at = putInteger(at, balance + zeros, 32 - zeros);
  store<u8>(at, 0xa0);
  copyKey(at + 1, account + ACCOUNT_STORAGE_ROOT);
  store<u8>(at, 0xa0, 33);
  copyKey(at + 34, account + ACCOUNT_CODE_HASH);
  at += 66;
  // At least 68 bytes and less than 256.
  store<u8>(to, 0xf8);
  store<u8>(to, <u8>(at - payload), 1);
  return at - to;
}

function leadingZeros(word: u32, size: u32): u32 {
  let zeros: u32 = 0;
  while (zeros < size && load<u8>(word + zeros) == 0) zeros++;
  return zeros;
}

/** RLP of the bytes of an integer without leading zeros; first byte past it. */
function putInteger(to: u32, bytes: u32, size: u32): u32 {
  if (size == 1 && load<u8>(bytes) < 0x80) {
    store<u8>(to, load<u8>(bytes));
    return to + 1;
  }
  store<u8>(to, <u8>(0x80 + size));
  memory.copy(to + 1, bytes, size);
  return to + 1 + size;
}

// ---------------------------------------------------------------- sorting

// @ts-ignore: decorator
@inline
function isBefore(a: u32, b: u32): bool {
  const x = bswap<u64>(load<u64>(a));
  const y = bswap<u64>(load<u64>(b));
  return x != y ? x < y : memory.compare(a, b, 32) < 0;
}

// @ts-ignore: decorator
@inline
function swap(a: u32, b: u32): void {
  for (let i: i32 = 0; i < ENTRY_BYTES; i += 8) {
    const kept = load<u64>(a + i);
    store<u64>(a + i, load<u64>(b + i));
    store<u64>(b + i, kept);
  }
}

/** Sorts entries by key, in place. Heap sort: no input makes it slow. */
export function sort(entries: u32, count: u32): void {
  for (let i = count >> 1; i > 0; i--) sink(entries, i - 1, count);
  for (let last = count; last > 1; last--) {
    swap(entries, entries + (last - 1) * ENTRY_BYTES);
    sink(entries, 0, last - 1);
  }
}

function sink(entries: u32, start: u32, count: u32): void {
  let parent = start;
  while (true) {
    let child = parent * 2 + 1;
    if (child >= count) return;
    let at = entries + child * ENTRY_BYTES;
    if (child + 1 < count && isBefore(at, at + ENTRY_BYTES)) {
      child += 1;
      at += ENTRY_BYTES;
    }
    const above = entries + parent * ENTRY_BYTES;
    if (!isBefore(above, at)) return;
    swap(above, at);
    parent = child;
  }
}
