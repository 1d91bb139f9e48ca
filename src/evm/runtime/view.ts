// Layer 1: a cache of one view of the state, filled by the host when something is missing. It is
// bounded and never full: past its limits it starts anew, and what is needed is asked for again. A
// running transaction has copied what it uses, so it does not notice.
import {
  ACCOUNT_BYTES, ACCOUNT_EXISTS, A_BALANCE, A_CODE, A_CODE_HASH, A_FLAGS, A_HAS_STORAGE, A_NONCE,
  A_SALT, C_VIEW, LAYER_ACCOUNTS, LAYER_SLOTS, SLOT_BYTES, S_ACCOUNT, S_VALUE,
} from "../layout";
import {
  copyWord, tableAdd, tableClear, tableCount, tableFind, tableInit, tablePublish, tableReserve, tableTake,
} from "./tables";

/** 128 MiB of accounts and 256 MiB of slots: a quarter of the heap. */
const ACCOUNTS_MAX: u32 = 1 << 19;
const SLOTS_MAX: u32 = 1 << 21;

/** Makes the tables of a layer (a view's cache, or a block's versions); false without memory. */
export function layerInit(layer: u32): bool {
  const accounts = tableInit(layer + LAYER_ACCOUNTS, ACCOUNT_BYTES);
  return accounts && tableInit(layer + LAYER_SLOTS, SLOT_BYTES);
}

/** Forgets all that a layer holds. */
export function layerClear(layer: u32): void {
  tableClear(layer + LAYER_ACCOUNTS);
  tableClear(layer + LAYER_SLOTS);
}

/** Accounts and slots that a layer holds. */
export function layerEntries(layer: u32): u32 {
  return tableCount(layer + LAYER_ACCOUNTS) + tableCount(layer + LAYER_SLOTS);
}

// @ts-ignore: decorator
@inline
function accountAt(view: u32, address: u32): u32 {
  return tableFind(view + LAYER_ACCOUNTS, address, 0, A_SALT);
}

/** An account of the view. `exists` 0 puts an absent one. False without memory. */
export function viewPutAccount(ctx: u32, address: u32, exists: u32, nonce: u64, balance: u32, hash: u32): bool {
  const view = load<u32>(ctx + C_VIEW);
  const accounts = view + LAYER_ACCOUNTS;
  let entry = accountAt(view, address);
  if (PARALLEL) return entry != 0 || publishAccount(accounts, address, exists, nonce, balance, hash);
  if (entry == 0 && tableCount(accounts) < ACCOUNTS_MAX) {
    entry = tableAdd(accounts, address, 0, A_SALT, ctx);
  }
  if (entry == 0) {
    layerClear(view);
    entry = tableAdd(accounts, address, 0, A_SALT);
    if (entry == 0) return false;
  }
  fillAccount(entry, exists, nonce, balance, hash);
  return true;
}

// @ts-ignore: decorator
@inline
function fillAccount(entry: u32, exists: u32, nonce: u64, balance: u32, hash: u32): void {
  store<u32>(entry + A_FLAGS, exists ? ACCOUNT_EXISTS : 0);
  store<u64>(entry + A_NONCE, nonce);
  copyWord(entry + A_BALANCE, balance);
  memory.copy(entry + A_CODE_HASH, hash, 32);
  store<u32>(entry + A_CODE, 0);
}

/** Within a job, where others read the table. */
function publishAccount(accounts: u32, address: u32, exists: u32, nonce: u64, balance: u32, hash: u32): bool {
  const entry = tableTake(accounts, address, 0, A_SALT);
  if (entry == 0) return false;
  fillAccount(entry, exists, nonce, balance, hash);
  tablePublish(accounts, entry, A_SALT);
  return true;
}

function publishSlot(slots: u32, account: u32, key: u32, value: u32): bool {
  const entry = tableTake(slots, key, account, S_ACCOUNT);
  if (entry == 0) return false;
  copyWord(entry + S_VALUE, value);
  tablePublish(slots, entry, S_ACCOUNT);
  return true;
}

/** Room in the view for what a job may read: where it has little, it starts anew. */
export function viewReserve(view: u32, accounts: u32, slots: u32): bool {
  const isFull =
    tableCount(view + LAYER_ACCOUNTS) + accounts > ACCOUNTS_MAX || tableCount(view + LAYER_SLOTS) + slots > SLOTS_MAX;
  if (isFull) layerClear(view);
  return tableReserve(view + LAYER_ACCOUNTS, accounts, A_SALT) && tableReserve(view + LAYER_SLOTS, slots, S_ACCOUNT);
}

/**
 * A slot of an account of the view. Where the cache has forgotten the account, or forgets it to
 * make room, the slot is dropped: the machine asks for both again. False without memory.
 */
export function viewPutSlot(ctx: u32, address: u32, key: u32, value: u32): bool {
  const view = load<u32>(ctx + C_VIEW);
  const account = accountAt(view, address);
  if (account == 0) return true;
  const slots = view + LAYER_SLOTS;
  let slot = tableFind(slots, key, account, S_ACCOUNT);
  if (PARALLEL) return slot != 0 || publishSlot(slots, account, key, value);
  if (slot == 0 && tableCount(slots) < SLOTS_MAX) slot = tableAdd(slots, key, account, S_ACCOUNT, ctx);
  if (slot == 0) {
    layerClear(view);
    return true;
  }
  copyWord(slot + S_VALUE, value);
  return true;
}

/** The layer's entry of an account, made where there is none; 0 without memory. */
export function layerPutAccount(layer: u32, address: u32): u32 {
  const known = accountAt(layer, address);
  return known != 0 ? known : tableAdd(layer + LAYER_ACCOUNTS, address, 0, A_SALT);
}

/** The layer's entry of a slot of one of its accounts, made where there is none. */
export function layerPutSlot(layer: u32, account: u32, key: u32): u32 {
  const known = tableFind(layer + LAYER_SLOTS, key, account, S_ACCOUNT);
  return known != 0 ? known : tableAdd(layer + LAYER_SLOTS, key, account, S_ACCOUNT);
}

/** The layer's entry of an account or a slot, 0 = none. */
export function layerFindAccount(layer: u32, address: u32): u32 {
  return accountAt(layer, address);
}

export function layerFindSlot(layer: u32, account: u32, key: u32): u32 {
  return tableFind(layer + LAYER_SLOTS, key, account, S_ACCOUNT);
}

/** Whether the view's account has storage: 0 or 1. Dropped when the account was forgotten. */
export function viewPutHasStorage(ctx: u32, address: u32, has: u32): bool {
  const account = accountAt(load<u32>(ctx + C_VIEW), address);
  if (account != 0) store<u32>(account + A_HAS_STORAGE, has + 1);
  return true;
}
