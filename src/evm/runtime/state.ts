// Accounts, slots and transient values of a context: the overlay over the block's versions over
// the cache of a view. Every write leaves an undo record first; reads leave marks that no revert
// clears. A function that can miss returns 0 and has filled the request, with nothing changed.
//
// Reads are marked here, where a value is looked at, so that no opcode can forget one. What only
// the caller knows (a slot's value, EXTCODEHASH's existence) it marks itself.
import {
  ACCOUNT_ABSENT, ACCOUNT_BYTES, ACCOUNT_CODE_CHANGED, ACCOUNT_CREATED, ACCOUNT_DIRTY, ACCOUNT_EXISTS,
  ACCOUNT_SELFDESTRUCTED, ACCOUNT_TOUCHED, ACCOUNT_WARM, A_BALANCE, A_CODE, A_CODE_HASH, A_FLAGS,
  A_GENERATION, A_GENERATION_BEFORE, A_HAS_STORAGE, A_NONCE, A_READS, A_SALT, A_SLOT_COUNT,
  A_SAVED, A_SLOT_GENERATION, C_ACCOUNTS, C_BLOCK_HASH_READS, C_EMPTY_CODE, C_EMPTY_HASH, C_CHECKPOINT, C_JOURNAL_BASE,
  C_JOURNAL_END, C_JOURNAL_TOP, C_LIMIT_HIT, C_OVERRIDES, C_REFUND, C_STATE_GAS_GRANTED, C_REQUEST, C_REQUEST_ADDRESS,
  C_RECENT_SLOTS, C_REQUEST_SLOT, C_RULES, C_SLOTS, C_TRANSIENT, C_VERSIONS, C_VIEW, LAYER_ACCOUNTS, LAYER_SLOTS,
  READ_BALANCE, READ_CODE, READ_EXISTENCE, READ_HAS_STORAGE, READ_NONCE, RECENT_SLOTS, REQUEST_ACCOUNT,
  REQUEST_CODE, REQUEST_HAS_STORAGE, REQUEST_NONE, REQUEST_SLOT, R_CLEAR_EMPTY, SLOT_BYTES,
  CODE_KNOWN, SLOT_DIRTY, SLOT_WARM, S_ACCOUNT, S_FLAGS, S_GENERATION, S_ORIGINAL, S_SAVED, S_VALUE,
} from "../layout";
import { C_JOB, READ_ADDED } from "../parallel-layout";
import { codeByHash, initCodesRelease } from "./code";
import { pairHashesInit } from "./hashes/pairs";
import { findAsWritten, isLarge, noteAtLeast } from "./parallel/observed";
import { writtenSlot } from "./parallel/written";
import {
  copyWord, isZeroWord, sameWord, tableAdd, tableClear, tableFind, tableInit, tableNext, T_EPOCH, zeroWord,
} from "./tables";

const RECORD_ACCOUNT: u32 = 1;
const RECORD_SLOT: u32 = 2;
const RECORD_TRANSIENT: u32 = 3;
/** Mutable bytes of an entry that a record holds: from offset 32. */
const ACCOUNT_SAVED: u32 = 96;
const SLOT_SAVED: u32 = 80;
const RECORD_TAIL: u32 = 16;
/** Balance, code hash, nonce, flags, generation and code: what an overlay takes from below. */
const ACCOUNT_COPIED: u32 = 96;

// ---------------------------------------------------------------- set-up

export function overlayInit(ctx: u32): bool {
  return (
    pairHashesInit(ctx) &&
    tableInit(ctx + C_ACCOUNTS, ACCOUNT_BYTES) &&
    tableInit(ctx + C_SLOTS, SLOT_BYTES) &&
    tableInit(ctx + C_TRANSIENT, 128)
  );
}

/** Empties the overlay for the next transaction. */
export function beginTransaction(ctx: u32): void {
  tableClear(ctx + C_ACCOUNTS);
  tableClear(ctx + C_SLOTS);
  // The epoch starts anew after 2^32 transactions.
  if (load<u32>(ctx + C_SLOTS, T_EPOCH) == 1) memory.fill(ctx + C_RECENT_SLOTS, 0, RECENT_SLOTS << 3);
  tableClear(ctx + C_TRANSIENT);
  store<u32>(ctx + C_JOURNAL_TOP, load<u32>(ctx + C_JOURNAL_BASE));
  checkpoint(ctx);
  store<i64>(ctx + C_REFUND, 0);
  store<i64>(ctx + C_STATE_GAS_GRANTED, 0);
  store<u32>(ctx + C_LIMIT_HIT, 0);
  zeroWord(ctx + C_BLOCK_HASH_READS);
  initCodesRelease(ctx);
}

// ---------------------------------------------------------------- journal

/** Room for a record of so many bytes; 0 sets the limit flag. */
function record(ctx: u32, entry: u32, kind: u32, bytes: u32): u32 {
  const top = load<u32>(ctx + C_JOURNAL_TOP);
  const next = top + bytes + RECORD_TAIL;
  if (next > load<u32>(ctx + C_JOURNAL_END)) {
    store<u32>(ctx + C_LIMIT_HIT, 1);
    return 0;
  }
  store<u32>(top + bytes, entry);
  store<u32>(top + bytes, kind, 4);
  store<u32>(ctx + C_JOURNAL_TOP, next);
  return top;
}

/**
 * Whether the entry's last record is undone with the frame that runs: then it says what the entry
 * was when that frame began (or earlier in it), and the frame needs no other. So the journal grows
 * by what a frame changes, not by how often.
 */
// @ts-ignore: decorator
@inline
function isSaved(ctx: u32, saved: u32): bool {
  return saved >= load<u32>(ctx + C_CHECKPOINT);
}

function saveAccount(ctx: u32, a: u32): void {
  if (isSaved(ctx, load<u32>(a + A_SAVED))) return;
  const at = record(ctx, a, RECORD_ACCOUNT, ACCOUNT_SAVED);
  if (at == 0) return;
  copySaved(at, a + 32, ACCOUNT_SAVED);
  store<u32>(a + A_SAVED, at);
}

function saveSlot(ctx: u32, s: u32): void {
  if (isSaved(ctx, load<u32>(s + S_SAVED))) return;
  const at = record(ctx, s, RECORD_SLOT, SLOT_SAVED);
  if (at == 0) return;
  copySaved(at, s + 32, SLOT_SAVED);
  store<u32>(s + S_SAVED, at);
}

/** Copies a number of bytes that is a multiple of 16 and known while compiling. */
// @ts-ignore: decorator
@inline
function copySaved(to: u32, from: u32, size: u32): void {
  for (let i: u32 = 0; i < size; i += 16) v128.store(to + i, v128.load(from + i));
}

// @ts-ignore: decorator
@inline
function isRipemd(a: u32): bool {
  return load<u64>(a) == 3 && (load<u64>(a, 8) | load<u64>(a, 16)) == 0;
}

/** Where a frame that begins would be undone to. */
export function checkpoint(ctx: u32): u32 {
  const mark = load<u32>(ctx + C_JOURNAL_TOP);
  store<u32>(ctx + C_CHECKPOINT, mark);
  return mark;
}

/** The frame that began at `mark` runs again. */
export function resumeCheckpoint(ctx: u32, mark: u32): void {
  store<u32>(ctx + C_CHECKPOINT, mark);
}

export function revertTo(ctx: u32, mark: u32): void {
  let top = load<u32>(ctx + C_JOURNAL_TOP);
  while (top > mark) {
    const entry = load<u32>(top - RECORD_TAIL);
    const kind = load<u32>(top - RECORD_TAIL, 4);
    top -= RECORD_TAIL;
    if (kind == RECORD_ACCOUNT) {
      top -= ACCOUNT_SAVED;
      const flags = load<u32>(entry + A_FLAGS);
      // The touch of the RIPEMD precompile outlives a revert: block 2,675,119 of mainnet.
      const kept: u32 = isRipemd(entry) ? ACCOUNT_DIRTY | ACCOUNT_TOUCHED : ACCOUNT_DIRTY;
      const dirty = flags & kept;
      const code = load<u32>(entry + A_CODE);
      copySaved(entry + 32, top, ACCOUNT_SAVED);
      const before = load<u32>(entry + A_FLAGS);
      store<u32>(entry + A_FLAGS, before | dirty);
      if (flags & ~before & ACCOUNT_CODE_CHANGED) countKnown(ctx, code, -1);
    } else if (kind == RECORD_SLOT) {
      top -= SLOT_SAVED;
      const dirty = load<u32>(entry + S_FLAGS) & SLOT_DIRTY;
      copySaved(entry + 32, top, SLOT_SAVED);
      store<u32>(entry + S_FLAGS, load<u32>(entry + S_FLAGS) | dirty);
    } else {
      top -= 32;
      copyWord(entry + S_VALUE, top);
    }
  }
  store<u32>(ctx + C_JOURNAL_TOP, mark);
}

// ---------------------------------------------------------------- accounts

/** Entry of the account in the overlay; 0 = request, or limit when C_REQUEST is none. */
export function findAccount(ctx: u32, address: u32): u32 {
  const known = tableFind(ctx + C_ACCOUNTS, address, 0, A_SALT);
  if (known != 0) return known;
  let source = overrideOf(ctx, address);
  if (source == 0) source = tableFind(load<u32>(ctx + C_VERSIONS) + LAYER_ACCOUNTS, address, 0, A_SALT);
  if (source == 0 || load<u32>(source + A_FLAGS) & ACCOUNT_ABSENT) {
    source = tableFind(load<u32>(ctx + C_VIEW) + LAYER_ACCOUNTS, address, 0, A_SALT);
    if (source == 0) return missAccount(ctx, address);
  }
  const a = tableAdd(ctx + C_ACCOUNTS, address, 0, A_SALT, ctx);
  if (a == 0) {
    store<u32>(ctx + C_REQUEST, REQUEST_NONE);
    store<u32>(ctx + C_LIMIT_HIT, 1);
    return 0;
  }
  copySaved(a + 32, source + 32, ACCOUNT_COPIED);
  store<u32>(a + A_FLAGS, load<u32>(source + A_FLAGS) & ACCOUNT_EXISTS);
  store<u32>(a + A_SAVED, 0);
  store<u32>(a + A_GENERATION_BEFORE, load<u32>(source + A_GENERATION));
  if (PARALLEL && load<u32>(ctx + C_JOB) != 0) findAsWritten(ctx, a);
  return a;
}

/** What the call pretends of an account, 0 = nothing. */
function overrideOf(ctx: u32, address: u32): u32 {
  const overrides = load<u32>(ctx + C_OVERRIDES);
  return overrides == 0 ? 0 : tableFind(overrides + LAYER_ACCOUNTS, address, 0, A_SALT);
}

function missAccount(ctx: u32, address: u32): u32 {
  store<u32>(ctx + C_REQUEST, REQUEST_ACCOUNT);
  copyWord(ctx + C_REQUEST_ADDRESS, address);
  return 0;
}

// @ts-ignore: decorator
@inline
export function hasFlag(a: u32, flag: u32): bool {
  return (load<u32>(a + A_FLAGS) & flag) != 0;
}

/** Marks the account as accessed; true when it was cold. */
export function warmAccount(ctx: u32, a: u32): bool {
  const flags = load<u32>(a + A_FLAGS);
  if (flags & ACCOUNT_WARM) return false;
  saveAccount(ctx, a);
  store<u32>(a + A_FLAGS, flags | ACCOUNT_WARM);
  return true;
}

/** Undo record, dirty mark, touch. */
function change(ctx: u32, a: u32): void {
  saveAccount(ctx, a);
  const flags = load<u32>(a + A_FLAGS);
  store<u32>(a + A_FLAGS, flags | ACCOUNT_DIRTY | ACCOUNT_TOUCHED | ACCOUNT_EXISTS);
}

export function setBalance(ctx: u32, a: u32, value: u32): void {
  change(ctx, a);
  copyWord(a + A_BALANCE, value);
}

/** True on overflow of 2^256 (and nothing changed). */
export function addBalance(ctx: u32, a: u32, value: u32): bool {
  const at = a + A_BALANCE;
  markRead(a, A_READS, PARALLEL ? READ_ADDED : READ_BALANCE);
  let carry: u64 = 0;
  for (let pass: u32 = 0; pass < 2; pass++) {
    carry = 0;
    if (pass == 1) change(ctx, a);
    for (let i: u32 = 0; i < 32; i += 8) {
      const x = load<u64>(at + i);
      const y = load<u64>(value + i);
      const sum = x + y;
      const total = sum + carry;
      carry = u64(sum < x) | u64(total < sum);
      if (pass == 1) store<u64>(at + i, total);
    }
    if (PARALLEL && (carry != 0 || isLarge(at))) markRead(a, A_READS, READ_BALANCE);
    if (carry) return true;
  }
  return false;
}

/** False when the balance is less than the value (and nothing changed). */
export function subBalance(ctx: u32, a: u32, value: u32): bool {
  observeAtLeast(ctx, a, value);
  if (lessWord(a + A_BALANCE, value)) return false;
  change(ctx, a);
  const at = a + A_BALANCE;
  let borrow: u64 = 0;
  for (let i: u32 = 0; i < 32; i += 8) {
    const x = load<u64>(at + i);
    const y = load<u64>(value + i);
    const difference = x - y;
    const total = difference - borrow;
    borrow = u64(x < y) | u64(difference < borrow);
    store<u64>(at + i, total);
  }
  return true;
}

/** Marks that somebody asks whether the balance is at least so much. */
// @ts-ignore: decorator
@inline
export function observeAtLeast(ctx: u32, a: u32, value: u32): void {
  if (PARALLEL) noteAtLeast(ctx, a, value);
  else markRead(a, A_READS, READ_BALANCE);
}

export function lessWord(a: u32, b: u32): bool {
  for (let i: i32 = 24; i >= 0; i -= 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x != y) return x < y;
  }
  return false;
}

export function setNonce(ctx: u32, a: u32, nonce: u64): void {
  markRead(a, A_READS, READ_NONCE);
  change(ctx, a);
  store<u64>(a + A_NONCE, nonce);
}

export function setCode(ctx: u32, a: u32, code: u32, hash: u32): void {
  change(ctx, a);
  store<u32>(a + A_FLAGS, load<u32>(a + A_FLAGS) | ACCOUNT_CODE_CHANGED);
  store<u32>(a + A_CODE, code);
  memory.copy(a + A_CODE_HASH, hash, 32);
  countKnown(ctx, code, 1);
}

// @ts-ignore: decorator
@inline
function countKnown(ctx: u32, code: u32, change: u32): void {
  // What is executed in advance may count for nothing: then the state is asked for it.
  if (PARALLEL && load<u32>(ctx + C_JOB) != 0) return;
  store<u32>(code + CODE_KNOWN, load<u32>(code + CODE_KNOWN) + change);
}

/** Marks a touch (EIP-158); before that fork touching creates an empty account. */
export function touchAccount(ctx: u32, a: u32): void {
  const flags = load<u32>(a + A_FLAGS);
  const wanted: u32 = ACCOUNT_TOUCHED | ACCOUNT_EXISTS | ACCOUNT_DIRTY;
  if ((flags & wanted) == wanted) return;
  change(ctx, a);
}

/** No nonce, no balance, no code (EIP-161). */
export function isEmpty(ctx: u32, a: u32): bool {
  markRead(a, A_READS, READ_EXISTENCE);
  return (
    load<u64>(a + A_NONCE) == 0 &&
    isZeroWord(a + A_BALANCE) &&
    sameWord(a + A_CODE_HASH, ctx + C_EMPTY_HASH)
  );
}

/** The account as a creation finds it: no storage, no code, marked as created. */
export function resetForCreation(ctx: u32, a: u32): void {
  change(ctx, a);
  store<u32>(a + A_GENERATION, load<u32>(a + A_GENERATION) + 1);
  store<u32>(a + A_FLAGS, load<u32>(a + A_FLAGS) | ACCOUNT_CREATED);
  store<u64>(a + A_NONCE, 0);
}

export function markSelfdestructed(ctx: u32, a: u32): void {
  change(ctx, a);
  store<u32>(a + A_FLAGS, load<u32>(a + A_FLAGS) | ACCOUNT_SELFDESTRUCTED);
}

/** Whether the account has storage: 1, 0, or -1 for a request. */
export function hasStorage(ctx: u32, a: u32): i32 {
  markRead(a, A_READS, READ_HAS_STORAGE);
  const generation = load<u32>(a + A_GENERATION);
  const pretended = overrideOf(ctx, a);
  if (pretended != 0 && load<u32>(pretended + A_GENERATION) == generation) {
    if (load<u32>(pretended + A_SLOT_COUNT) != 0) return 1;
  }
  const version = tableFind(load<u32>(ctx + C_VERSIONS) + LAYER_ACCOUNTS, a, 0, A_SALT);
  if (version != 0 && load<u32>(version + A_SLOT_GENERATION) == generation) {
    if (load<u32>(version + A_SLOT_COUNT) != 0) return 1;
  }
  if (generation != 0) return 0;
  const view = tableFind(load<u32>(ctx + C_VIEW) + LAYER_ACCOUNTS, a, 0, A_SALT);
  if (view == 0) {
    missAccount(ctx, a);
    return -1;
  }
  const known = load<u32>(view + A_HAS_STORAGE);
  if (known != 0) return known - 1;
  store<u32>(ctx + C_REQUEST, REQUEST_HAS_STORAGE);
  copyWord(ctx + C_REQUEST_ADDRESS, a);
  return -1;
}

/** Code object of the account; 0 = request. */
export function codeOf(ctx: u32, a: u32): u32 {
  markRead(a, A_READS, READ_CODE);
  const known = load<u32>(a + A_CODE);
  if (known != 0) return known;
  if (sameWord(a + A_CODE_HASH, ctx + C_EMPTY_HASH)) return load<u32>(ctx + C_EMPTY_CODE);
  const code = codeByHash(ctx, a + A_CODE_HASH);
  if (code != 0 && load<u32>(code + CODE_KNOWN) != 0) {
    store<u32>(a + A_CODE, code);
    return code;
  }
  store<u32>(ctx + C_REQUEST, REQUEST_CODE);
  copyWord(ctx + C_REQUEST_ADDRESS, a);
  memory.copy(ctx + C_REQUEST_SLOT, a + A_CODE_HASH, 32);
  return 0;
}

// ---------------------------------------------------------------- slots

/** Entry of the slot in the overlay; 0 = request or limit. */
export function findSlot(ctx: u32, a: u32, key: u32): u32 {
  const generation = load<u32>(a + A_GENERATION);
  let s = recentSlot(ctx, a, key);
  if (s != 0) {
    const known = load<u32>(s + S_GENERATION);
    if (known == generation) return s;
    if (known < generation) {
      renewSlot(ctx, s, generation);
      return s;
    }
    // Found first in a generation that was reverted: what lies below counts again.
  }
  let source: u32 = 0;
  const pretended = overrideOf(ctx, a);
  if (pretended != 0 && load<u32>(pretended + A_GENERATION) == generation) {
    source = tableFind(load<u32>(ctx + C_OVERRIDES) + LAYER_SLOTS, key, pretended, S_ACCOUNT);
  }
  if (PARALLEL && source == 0 && load<u32>(ctx + C_JOB) != 0) {
    source = writtenSlot(ctx, key, a, generation);
  }
  const version = tableFind(load<u32>(ctx + C_VERSIONS) + LAYER_ACCOUNTS, a, 0, A_SALT);
  if (source == 0 && version != 0) {
    source = tableFind(load<u32>(ctx + C_VERSIONS) + LAYER_SLOTS, key, version, S_ACCOUNT);
    if (source != 0 && load<u32>(source + S_GENERATION) != generation) source = 0;
  }
  if (source == 0 && generation == 0) {
    const view = tableFind(load<u32>(ctx + C_VIEW) + LAYER_ACCOUNTS, a, 0, A_SALT);
    // The cache of the view started anew since the account was read: its slots hang on it.
    if (view == 0) return missAccount(ctx, a);
    source = tableFind(load<u32>(ctx + C_VIEW) + LAYER_SLOTS, key, view, S_ACCOUNT);
    const none = !hasFlag(view, ACCOUNT_EXISTS) || load<u32>(view + A_HAS_STORAGE) == 1;
    if (source == 0 && !none) return missSlot(ctx, a, key);
  }
  if (s == 0) s = tableAdd(ctx + C_SLOTS, key, a, S_ACCOUNT, ctx);
  if (s == 0) {
    store<u32>(ctx + C_REQUEST, REQUEST_NONE);
    store<u32>(ctx + C_LIMIT_HIT, 1);
    return 0;
  }
  noteSlot(ctx, recentPlace(ctx, key), s);
  store<u32>(s + S_GENERATION, generation);
  if (source != 0) {
    copyWord(s + S_VALUE, source + S_VALUE);
    copyWord(s + S_ORIGINAL, source + S_VALUE);
  } else {
    zeroWord(s + S_VALUE);
    zeroWord(s + S_ORIGINAL);
  }
  return s;
}

/**
 * Entry of the slot in the overlay, 0 = none, by a direct-mapped cache of those that were looked for
 * last: contracts come back to few slots, whose keys need no hash here. An entry stays where it is
 * until the table is cleared, which raises the epoch.
 */
// @ts-ignore: decorator
@inline
function recentSlot(ctx: u32, a: u32, key: u32): u32 {
  const at = recentPlace(ctx, key);
  if (load<u32>(at, 4) == load<u32>(ctx + C_SLOTS, T_EPOCH)) {
    const recent = load<u32>(at);
    if (sameWord(recent, key) && load<u32>(recent + S_ACCOUNT) == a) return recent;
  }
  const s = tableFind(ctx + C_SLOTS, key, a, S_ACCOUNT);
  if (s != 0) noteSlot(ctx, at, s);
  return s;
}

/** Neighbours, and what a hash places, lie apart; who makes keys meet only loses time. */
// @ts-ignore: decorator
@inline
function recentPlace(ctx: u32, key: u32): u32 {
  const low = load<u32>(key);
  return ctx + C_RECENT_SLOTS + (((low ^ (low >> 6)) & (RECENT_SLOTS - 1)) << 3);
}

// @ts-ignore: decorator
@inline
function noteSlot(ctx: u32, at: u32, s: u32): void {
  store<u32>(at, s);
  store<u32>(at, load<u32>(ctx + C_SLOTS, T_EPOCH), 4);
}

function missSlot(ctx: u32, a: u32, key: u32): u32 {
  store<u32>(ctx + C_REQUEST, REQUEST_SLOT);
  copyWord(ctx + C_REQUEST_ADDRESS, a);
  copyWord(ctx + C_REQUEST_SLOT, key);
  return 0;
}

/** The account was created anew since the slot was read: it is zero now. */
function renewSlot(ctx: u32, s: u32, generation: u32): void {
  saveSlot(ctx, s);
  zeroWord(s + S_VALUE);
  zeroWord(s + S_ORIGINAL);
  store<u32>(s + S_GENERATION, generation);
}

export function warmSlot(ctx: u32, s: u32): bool {
  const flags = load<u32>(s + S_FLAGS);
  if (flags & SLOT_WARM) return false;
  saveSlot(ctx, s);
  store<u32>(s + S_FLAGS, flags | SLOT_WARM);
  return true;
}

export function setSlot(ctx: u32, s: u32, value: u32): void {
  saveSlot(ctx, s);
  copyWord(s + S_VALUE, value);
  store<u32>(s + S_FLAGS, load<u32>(s + S_FLAGS) | SLOT_DIRTY);
}

// @ts-ignore: decorator
@inline
export function markRead(entry: u32, at: u32, field: u32): void {
  store<u32>(entry + at, load<u32>(entry + at) | field);
}

// ---------------------------------------------------------------- transient values

/** Writes the value at (account, key) to dst. */
export function transientLoad(ctx: u32, a: u32, key: u32, dst: u32): void {
  const entry = tableFind(ctx + C_TRANSIENT, key, a, S_ACCOUNT);
  if (entry == 0) zeroWord(dst);
  else copyWord(dst, entry + S_VALUE);
}

export function transientStore(ctx: u32, a: u32, key: u32, value: u32): bool {
  let entry = tableFind(ctx + C_TRANSIENT, key, a, S_ACCOUNT);
  if (entry == 0) {
    entry = tableAdd(ctx + C_TRANSIENT, key, a, S_ACCOUNT, ctx);
    if (entry == 0) return false;
  }
  const at = record(ctx, entry, RECORD_TRANSIENT, 32);
  if (at == 0) return false;
  copyWord(at, entry + S_VALUE);
  copyWord(entry + S_VALUE, value);
  return true;
}

// ---------------------------------------------------------------- a transaction's end

/** Deletes what was self-destructed, and what is empty and was touched. */
export function finishTransaction(ctx: u32): void {
  const rules = load<u32>(ctx + C_RULES);
  const clearing = load<u32>(rules + R_CLEAR_EMPTY) != 0;
  const accounts = ctx + C_ACCOUNTS;
  for (let a = tableNext(accounts, 0); a != 0; a = tableNext(accounts, a)) {
    const flags = load<u32>(a + A_FLAGS);
    if (flags & ACCOUNT_SELFDESTRUCTED) deleteAccount(ctx, a, true);
    else if (clearing && flags & ACCOUNT_TOUCHED && flags & ACCOUNT_EXISTS && isEmpty(ctx, a)) {
      deleteAccount(ctx, a, true);
    }
  }
}

function deleteAccount(ctx: u32, a: u32, wipe: bool): void {
  zeroWord(a + A_BALANCE);
  store<u64>(a + A_NONCE, 0);
  memory.copy(a + A_CODE_HASH, ctx + C_EMPTY_HASH, 32);
  store<u32>(a + A_CODE, 0);
  if (wipe) store<u32>(a + A_GENERATION, load<u32>(a + A_GENERATION) + 1);
  store<u32>(a + A_FLAGS, (load<u32>(a + A_FLAGS) & ~ACCOUNT_EXISTS) | ACCOUNT_DIRTY);
}

/** Walks the overlay as the transaction left it: accounts, then slots. 0 starts and ends. */
export function nextAccount(ctx: u32, entry: u32): u32 {
  return tableNext(ctx + C_ACCOUNTS, entry);
}

export function nextSlot(ctx: u32, entry: u32): u32 {
  return tableNext(ctx + C_SLOTS, entry);
}
