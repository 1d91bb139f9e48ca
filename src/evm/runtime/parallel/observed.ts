// What a transaction observed of the state, kept when it was executed in advance and held against
// what counts when the head has come to it: by value, and where a value was only compared, by what
// was asked of it.
import {
  ACCOUNT_BYTES, ACCOUNT_EXISTS, A_BALANCE, A_CODE_HASH, A_FLAGS, A_GENERATION, A_GENERATION_BEFORE,
  A_NONCE, A_READS, A_SALT, C_ACCOUNTS, C_EMPTY_HASH, C_SLOTS, C_VERSIONS, C_VIEW, LAYER_ACCOUNTS,
  LAYER_SLOTS, READ_BALANCE, READ_CODE, READ_EXISTENCE, READ_NONCE, S_ACCOUNT, S_GENERATION, S_KEY, S_ORIGINAL, S_READS, S_VALUE,
} from "../../layout";
import {
  A_BALANCE_BEFORE, A_CODE_HASH_BEFORE, A_EXISTS_BEFORE, A_NEEDED, A_NONCE_BEFORE, C_AT_HEAD, C_JOB,
  C_JOB_SCRATCH, C_TASK_INDEX,
  OBSERVED_ACCOUNT_BYTES, OBSERVED_SLOT_BYTES, O_ADDRESS, O_BALANCE, O_CODE_HASH, O_GENERATION,
  O_NEEDED, O_NONCE, O_READS, O_SLOT, O_SLOT_GENERATION, O_SLOT_OWNER, O_SLOT_VALUE,
  READ_ADDED, READ_TAKEN, TASK_READ_ACCOUNTS, TASK_READ_SLOTS, TASK_READS, V_VALUE, WRITTEN_ACCOUNT,
  WRITTEN_SLOT,
} from "../../parallel-layout";
import { subWord } from "../numbers";
import { lessWord, markRead } from "../state";
import { copyWord, isZeroWord, sameWord, tableCount, tableFind, tableNext } from "../tables";
import { noteStale } from "./events";
import { advanceAccount, copyBefore, slotRecord, takeBytes } from "./written";

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

/** Keeps what the context's transaction observed; false = the region is full. */
export function keepObserved(ctx: u32, job: u32, task: u32): bool {
  const accounts = ctx + C_ACCOUNTS;
  const slots = ctx + C_SLOTS;
  const bytes = tableCount(accounts) * OBSERVED_ACCOUNT_BYTES + tableCount(slots) * OBSERVED_SLOT_BYTES;
  let at = takeBytes(job, bytes);
  if (at == 0) return false;
  store<u32>(task, at, TASK_READS);
  let count: u32 = 0;
  for (let a = tableNext(accounts, 0); a != 0; a = tableNext(accounts, a)) {
    copyWord(at + O_ADDRESS, a);
    copyWord(at + O_BALANCE, a + A_BALANCE_BEFORE);
    copyWord(at + O_NEEDED, a + A_NEEDED);
    copyWord(at + O_CODE_HASH, a + A_CODE_HASH_BEFORE);
    store<u64>(at, load<u64>(a, A_NONCE_BEFORE), O_NONCE);
    store<u32>(at, load<u32>(a, A_GENERATION_BEFORE), O_GENERATION);
    store<u32>(at, load<u32>(a, A_READS), O_READS);
    at += OBSERVED_ACCOUNT_BYTES;
    count += 1;
  }
  store<u32>(task, count, TASK_READ_ACCOUNTS);
  count = 0;
  for (let s = tableNext(slots, 0); s != 0; s = tableNext(slots, s)) {
    const a = load<u32>(s, S_ACCOUNT);
    // What was found in a generation that the transaction itself began comes from nobody else; and
    // nobody has read a slot of an account that is created after, which has no code.
    if (load<u32>(s, S_READS) == 0 || load<u32>(s, S_GENERATION) != load<u32>(a, A_GENERATION_BEFORE)) continue;
    copyWord(at + O_SLOT, s + S_KEY);
    copyWord(at + O_SLOT_OWNER, a);
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

function accountHolds(ctx: u32, job: u32, index: u32, at: u32, atHead: bool): bool {
  const reads = load<u32>(at, O_READS);
  const a = ctx + C_JOB_SCRATCH;
  if (!copyBefore(ctx, at + O_ADDRESS, a)) return false;
  advanceAccount(job, index, a, atHead, a + ACCOUNT_BYTES);
  // Of every account that has slots in the transaction, and of few others.
  if (load<u32>(a, A_GENERATION) != load<u32>(at, O_GENERATION)) return false;
  if (reads & READ_BALANCE && !sameWord(a + A_BALANCE, at + O_BALANCE)) return false;
  if (reads & READ_TAKEN && lessWord(a + A_BALANCE, at + O_NEEDED)) return false;
  if (reads & READ_ADDED && isLarge(a + A_BALANCE)) return false;
  if (reads & READ_NONCE && load<u64>(a, A_NONCE) != load<u64>(at, O_NONCE)) return false;
  if (reads & READ_CODE && !sameWord(a + A_CODE_HASH, at + O_CODE_HASH)) return false;
  // From EIP-158 on an account that is empty and one that is not there are the same.
  return (reads & READ_EXISTENCE) == 0 || isEmptyNow(ctx, a) == wasEmpty(ctx, at);
}

/** A balance to which nothing may be added unseen: the sum might pass 2^256. */
export function isLarge(balance: u32): bool {
  return load<i64>(balance, 24) < 0;
}

function isEmptyNow(ctx: u32, a: u32): bool {
  return load<u64>(a, A_NONCE) == 0 && isZeroWord(a + A_BALANCE) && sameWord(a + A_CODE_HASH, ctx + C_EMPTY_HASH);
}

function wasEmpty(ctx: u32, at: u32): bool {
  return load<u64>(at, O_NONCE) == 0 && isZeroWord(at + O_BALANCE) && sameWord(at + O_CODE_HASH, ctx + C_EMPTY_HASH);
}

function slotHolds(ctx: u32, job: u32, index: u32, at: u32, atHead: bool): bool {
  const owner = at + O_SLOT_OWNER;
  const generation = load<u32>(at, O_SLOT_GENERATION);
  const record = slotRecord(job, index, at + O_SLOT, owner, generation, atHead);
  if (record != 0) return sameWord(record + V_VALUE, at + O_SLOT_VALUE);
  const source = slotBefore(ctx, at + O_SLOT, owner, generation);
  return source == 0 ? isZeroWord(at + O_SLOT_VALUE) : sameWord(source + S_VALUE, at + O_SLOT_VALUE);
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
