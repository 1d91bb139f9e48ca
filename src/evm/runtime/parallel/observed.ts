// What a transaction observed of the state, kept when it was executed in advance and held against
// what counts when the head has come to it: by value, and where a value was only compared, by what
// was asked of it.
import {
  ACCOUNT_BYTES, ACCOUNT_EXISTS, A_BALANCE, A_CODE_HASH, A_FLAGS, A_GENERATION, A_GENERATION_BEFORE,
  A_NONCE, A_READS, A_SALT, C_ACCOUNTS, C_EMPTY_HASH, C_SLOTS, C_VERSIONS, C_VIEW, LAYER_ACCOUNTS,
  LAYER_SLOTS, READ_BALANCE, READ_CODE, READ_EXISTENCE, READ_NONCE, S_ACCOUNT, S_GENERATION, S_KEY,
  S_ORIGINAL, S_READS, S_VALUE,
} from "../../layout";
import {
  A_BALANCE_BEFORE, A_CODE_HASH_BEFORE, A_EXISTS_BEFORE, A_IN_RECORD, A_NEEDED, A_NONCE_BEFORE,
  C_AT_HEAD, C_JOB, C_JOB_SCRATCH, C_TASK_INDEX, OBSERVED_ACCOUNT_BYTES, OBSERVED_SLOT_BYTES,
  O_ADDRESS, O_BALANCE, O_CODE_HASH, O_EMPTY, O_GENERATION, O_NEEDED, O_NONCE, O_READS, O_SLOT,
  O_SLOT_GENERATION, O_SLOT_OWNER, O_SLOT_VALUE, READ_ADDED, READ_SOMETHING, READ_TAKEN,
  S_IN_RECORD, TASK_READ_ACCOUNTS, TASK_READ_SLOTS, TASK_READS, TASK_RECORDS, V_CODE_HASH,
  V_EMPTY_BEFORE, V_ENTRY, V_GENERATION, V_NEXT_OWN, V_NONCE_BEFORE, V_OBSERVED, V_READS,
  VS_OBSERVED, V_VALUE, W_KEY, W_KIND, W_OWNER, WRITTEN_ACCOUNT, WRITTEN_SLOT,
} from "../../parallel-layout";
import { subWord } from "../numbers";
import { lessWord, markRead } from "../state";
import { copyWord, isZeroWord, sameWord, tableFind, tableNext } from "../tables";
import { noteStale } from "./events";
import {
  accountAtHead, advanceAccount, copyBefore, entryBefore, findWritten, recordOf, slotRecord, takeBytes,
} from "./written";

/** Brings an account that the transaction has found to what those before it have made of it. */
export function findAsWritten(ctx: u32, a: u32): void {
  const atHead = load<u32>(ctx, C_AT_HEAD) != 0;
  advanceAccount(load<u32>(ctx, C_JOB), load<u32>(ctx, C_TASK_INDEX), a, atHead, ctx + C_JOB_SCRATCH);
  store<u64>(a, load<u64>(a, A_NONCE), A_NONCE_BEFORE);
  store<u32>(a, u32((load<u32>(a, A_FLAGS) & ACCOUNT_EXISTS) != 0), A_EXISTS_BEFORE);
  store<u32>(a, load<u32>(a, A_GENERATION), A_GENERATION_BEFORE);
  copyWord(a + A_BALANCE_BEFORE, a + A_BALANCE);
  copyWord(a + A_CODE_HASH_BEFORE, a + A_CODE_HASH);
}

/**
 * Asked whether the balance is at least so much: what it had to be before the transaction, or that
 * it was observed, where it is not.
 */
export function noteAtLeast(ctx: u32, a: u32, value: u32): void {
  if (lessWord(a + A_BALANCE, value)) {
    markRead(a, A_READS, READ_BALANCE);
    return;
  }
  markRead(a, A_READS, READ_TAKEN);
  // before - (now - value), where that is not below zero.
  const needed = ctx + C_JOB_SCRATCH;
  subWord(needed, a + A_BALANCE, value);
  if (lessWord(a + A_BALANCE_BEFORE, needed)) return;
  subWord(needed, a + A_BALANCE_BEFORE, needed);
  if (lessWord(a + A_NEEDED, needed)) copyWord(a + A_NEEDED, needed);
}

/** In advance, the sender's transactions before this one are taken for executed. */
export function assumeNonce(ctx: u32, sender: u32, nonce: u64): void {
  if (load<u32>(ctx, C_JOB) == 0 || load<u32>(ctx, C_AT_HEAD) != 0) return;
  if (nonce <= load<u64>(sender, A_NONCE)) return;
  store<u64>(sender, nonce, A_NONCE);
  store<u64>(sender, nonce, A_NONCE_BEFORE);
}

/** In the record of an account that was neither made nor destroyed: what was observed of it. */
export function observeInRecord(ctx: u32, record: u32, a: u32): void {
  const reads = load<u32>(a, A_READS);
  store<u32>(record, reads | READ_SOMETHING, V_READS);
  store<u64>(record, load<u64>(a, A_NONCE_BEFORE), V_NONCE_BEFORE);
  store<u32>(record, u32(wasEmpty(ctx, a)), V_EMPTY_BEFORE);
  copyWord(record + V_OBSERVED, a + (reads & READ_BALANCE ? A_BALANCE_BEFORE : A_NEEDED));
}

function wasEmpty(ctx: u32, a: u32): bool {
  if (load<u64>(a, A_NONCE_BEFORE) != 0 || !isZeroWord(a + A_BALANCE_BEFORE)) return false;
  return sameWord(a + A_CODE_HASH_BEFORE, ctx + C_EMPTY_HASH);
}

/**
 * Whether somebody else may change what the transaction found in the slot: what was found in a
 * generation that it began itself comes from nobody else; and nobody has read a slot of an account
 * that is created after, which has no code.
 */
export function isObserved(s: u32): bool {
  return load<u32>(s, S_READS) != 0 && load<u32>(s, S_GENERATION) == load<u32>(load<u32>(s, S_ACCOUNT), A_GENERATION_BEFORE);
}

/** Keeps what the transaction observed where it wrote nothing; false = the region is full. */
export function keepObserved(ctx: u32, task: u32): bool {
  const accounts = ctx + C_ACCOUNTS;
  const slots = ctx + C_SLOTS;
  let bytes: u32 = 0;
  for (let a = tableNext(accounts, 0); a != 0; a = tableNext(accounts, a)) {
    if (load<u32>(a, A_IN_RECORD) == 0) bytes += OBSERVED_ACCOUNT_BYTES;
  }
  for (let s = tableNext(slots, 0); s != 0; s = tableNext(slots, s)) {
    if (load<u32>(s, S_IN_RECORD) == 0 && isObserved(s)) bytes += OBSERVED_SLOT_BYTES;
  }
  store<u32>(task, 0, TASK_READ_ACCOUNTS);
  store<u32>(task, 0, TASK_READ_SLOTS);
  if (bytes == 0) return true;
  let at = takeBytes(ctx, bytes);
  if (at == 0) return false;
  store<u32>(task, at, TASK_READS);
  let count: u32 = 0;
  for (let a = tableNext(accounts, 0); a != 0; a = tableNext(accounts, a)) {
    if (load<u32>(a, A_IN_RECORD) != 0) continue;
    copyWord(at + O_ADDRESS, a);
    copyWord(at + O_BALANCE, a + A_BALANCE_BEFORE);
    copyWord(at + O_NEEDED, a + A_NEEDED);
    copyWord(at + O_CODE_HASH, a + A_CODE_HASH_BEFORE);
    store<u64>(at, load<u64>(a, A_NONCE_BEFORE), O_NONCE);
    store<u32>(at, load<u32>(a, A_GENERATION_BEFORE), O_GENERATION);
    store<u32>(at, load<u32>(a, A_READS), O_READS);
    store<u32>(at, u32(wasEmpty(ctx, a)), O_EMPTY);
    at += OBSERVED_ACCOUNT_BYTES;
    count += 1;
  }
  store<u32>(task, count, TASK_READ_ACCOUNTS);
  count = 0;
  for (let s = tableNext(slots, 0); s != 0; s = tableNext(slots, s)) {
    if (load<u32>(s, S_IN_RECORD) != 0 || !isObserved(s)) continue;
    copyWord(at + O_SLOT, s + S_KEY);
    copyWord(at + O_SLOT_OWNER, load<u32>(s, S_ACCOUNT));
    copyWord(at + O_SLOT_VALUE, s + S_ORIGINAL);
    store<u32>(at, load<u32>(s, S_GENERATION), O_SLOT_GENERATION);
    at += OBSERVED_SLOT_BYTES;
    count += 1;
  }
  store<u32>(task, count, TASK_READ_SLOTS);
  return true;
}

/** Whether all that transaction `index` observed is so upon what those before it have written. */
export function holds(ctx: u32, job: u32, task: u32, index: u32, atHead: bool): bool {
  let record = load<u32>(task, TASK_RECORDS);
  for (; record != 0; record = load<u32>(record, V_NEXT_OWN)) {
    if (load<u32>(record, V_READS) == 0) continue;
    const entry = load<u32>(record, V_ENTRY);
    const kind = load<u32>(entry, W_KIND);
    const isSo = kind == WRITTEN_ACCOUNT
      ? recordedAccountHolds(ctx, job, index, record, entry, atHead)
      : recordedSlotHolds(ctx, index, record, entry, atHead);
    if (isSo) continue;
    if (kind == WRITTEN_ACCOUNT) noteStale(ctx, index, kind, entry + W_KEY, 0);
    else noteStale(ctx, index, kind, entry + W_OWNER, entry + W_KEY);
    return false;
  }
  let at = load<u32>(task, TASK_READS);
  for (let i = load<u32>(task, TASK_READ_ACCOUNTS); i > 0; i--) {
    if (!accountHolds(ctx, job, index, at, atHead)) {
      noteStale(ctx, index, WRITTEN_ACCOUNT, at + O_ADDRESS, 0);
      return false;
    }
    at += OBSERVED_ACCOUNT_BYTES;
  }
  for (let i = load<u32>(task, TASK_READ_SLOTS); i > 0; i--) {
    if (!slotHolds(ctx, job, index, at, atHead)) {
      noteStale(ctx, index, WRITTEN_SLOT, at + O_SLOT_OWNER, at + O_SLOT);
      return false;
    }
    at += OBSERVED_SLOT_BYTES;
  }
  return true;
}

function recordedAccountHolds(ctx: u32, job: u32, index: u32, record: u32, entry: u32, atHead: bool): bool {
  const a = accountBefore(ctx, job, index, entry + W_KEY, entry, atHead);
  if (a == 0 || load<u32>(a, A_GENERATION) != load<u32>(record, V_GENERATION)) return false;
  const reads = load<u32>(record, V_READS);
  if (!balanceHolds(a, reads, record + V_OBSERVED, record + V_OBSERVED)) return false;
  if (reads & READ_NONCE && load<u64>(a, A_NONCE) != load<u64>(record, V_NONCE_BEFORE)) return false;
  if (reads & READ_CODE && !sameWord(a + A_CODE_HASH, record + V_CODE_HASH)) return false;
  return existenceHolds(ctx, a, reads, load<u32>(record, V_EMPTY_BEFORE));
}

function accountHolds(ctx: u32, job: u32, index: u32, at: u32, atHead: bool): bool {
  const entry = findWritten(job, WRITTEN_ACCOUNT, at + O_ADDRESS, 0);
  const a = accountBefore(ctx, job, index, at + O_ADDRESS, entry, atHead);
  // Of every account that has slots in the transaction, and of few others.
  if (a == 0 || load<u32>(a, A_GENERATION) != load<u32>(at, O_GENERATION)) return false;
  const reads = load<u32>(at, O_READS);
  if (!balanceHolds(a, reads, at + O_BALANCE, at + O_NEEDED)) return false;
  if (reads & READ_NONCE && load<u64>(a, A_NONCE) != load<u64>(at, O_NONCE)) return false;
  if (reads & READ_CODE && !sameWord(a + A_CODE_HASH, at + O_CODE_HASH)) return false;
  return existenceHolds(ctx, a, reads, load<u32>(at, O_EMPTY));
}

/** An account before the transaction, with the fields A_BALANCE to A_CODE; 0 = no longer known. */
function accountBefore(ctx: u32, job: u32, index: u32, address: u32, entry: u32, atHead: bool): u32 {
  if (atHead) return entry == 0 ? entryBefore(ctx, address) : accountAtHead(ctx, entry);
  const a = ctx + C_JOB_SCRATCH;
  if (!copyBefore(ctx, address, a)) return 0;
  advanceAccount(job, index, a, false, a + ACCOUNT_BYTES);
  return a;
}

function balanceHolds(a: u32, reads: u32, balance: u32, needed: u32): bool {
  if (reads & READ_BALANCE) return sameWord(a + A_BALANCE, balance);
  if (reads & READ_TAKEN && lessWord(a + A_BALANCE, needed)) return false;
  return (reads & READ_ADDED) == 0 || !isLarge(a + A_BALANCE);
}

/** From EIP-158 on an account that is empty and one that is not there are the same. */
function existenceHolds(ctx: u32, a: u32, reads: u32, wasEmpty: u32): bool {
  return (reads & READ_EXISTENCE) == 0 || u32(isEmptyNow(ctx, a)) == wasEmpty;
}

/** A balance to which nothing may be added unseen: the sum might pass 2^256. */
export function isLarge(balance: u32): bool {
  return load<i64>(balance, 24) < 0;
}

function isEmptyNow(ctx: u32, a: u32): bool {
  return load<u64>(a, A_NONCE) == 0 && isZeroWord(a + A_BALANCE) && sameWord(a + A_CODE_HASH, ctx + C_EMPTY_HASH);
}

function recordedSlotHolds(ctx: u32, index: u32, record: u32, entry: u32, atHead: bool): bool {
  const generation = load<u32>(record, V_GENERATION);
  const written = recordOf(entry, index, generation, atHead);
  return isValue(ctx, written, entry + W_KEY, entry + W_OWNER, generation, record + VS_OBSERVED);
}

function slotHolds(ctx: u32, job: u32, index: u32, at: u32, atHead: bool): bool {
  const owner = at + O_SLOT_OWNER;
  const generation = load<u32>(at, O_SLOT_GENERATION);
  const written = slotRecord(job, index, at + O_SLOT, owner, generation, atHead);
  return isValue(ctx, written, at + O_SLOT, owner, generation, at + O_SLOT_VALUE);
}

/** Whether a slot has this value, by its record, or where there is none (0) as before the block. */
function isValue(ctx: u32, written: u32, key: u32, owner: u32, generation: u32, value: u32): bool {
  if (written != 0) return sameWord(written + V_VALUE, value);
  const source = slotBefore(ctx, key, owner, generation);
  return source == 0 ? isZeroWord(value) : sameWord(source + S_VALUE, value);
}

/** The entry of a slot as it was before the block; 0 = zero. */
function slotBefore(ctx: u32, key: u32, owner: u32, generation: u32): u32 {
  const versions = load<u32>(ctx + C_VERSIONS);
  const version = tableFind(versions + LAYER_ACCOUNTS, owner, 0, A_SALT);
  if (version != 0) {
    const source = tableFind(versions + LAYER_SLOTS, key, version, S_ACCOUNT);
    if (source != 0 && load<u32>(source, S_GENERATION) == generation) return source;
  }
  if (generation != 0) return 0;
  const view = load<u32>(ctx + C_VIEW);
  const account = tableFind(view + LAYER_ACCOUNTS, owner, 0, A_SALT);
  return account == 0 ? 0 : tableFind(view + LAYER_SLOTS, key, account, S_ACCOUNT);
}
