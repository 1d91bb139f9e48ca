// What a transaction has changed, as records for those behind it; and, once all count, as the
// block's versions.
import {
  ACCOUNT_BYTES, ACCOUNT_DIRTY, ACCOUNT_EXISTS, A_BALANCE, A_CODE, A_CODE_HASH, A_GENERATION,
  A_GENERATION_BEFORE, A_NONCE, C_ACCOUNTS, C_SLOTS, C_VERSIONS, LAYER_SLOTS, READ_SLOT, SLOT_DIRTY,
  S_ACCOUNT, S_FLAGS, S_GENERATION, S_KEY, S_ORIGINAL, S_VALUE,
} from "../../layout";
import {
  ACCOUNT_VERSION_BYTES, A_BALANCE_BEFORE, A_CODE_HASH_BEFORE, A_EXISTS_BEFORE, A_IN_RECORD,
  A_NONCE_BEFORE, CHANGED_BYTES, CHANGED_CODE, CHANGED_ENTRY, CHANGED_KIND, CHANGED_WIPED,
  C_AT_HEAD, C_JOB_SCRATCH, J_CHANGED, J_CHANGED_COUNT, J_COUNT, SLOT_VERSION_BYTES, S_IN_RECORD,
  TASK_RECORDS, V_CODE, V_CODE_HASH, V_DEAD, V_ENTRY, V_FIELDS, V_FLAGS, V_GENERATION, V_INDEX,
  V_NEXT_OWN, V_NONCE, V_READS, VS_OBSERVED, V_VALUE, VERSION_ADDED, VERSION_BALANCE,
  VERSION_NONCE, VERSION_REST, W_COUNTED, W_FOLDED, W_KEY, W_KIND, W_OWNER, WRITTEN_ACCOUNT,
  WRITTEN_SLOT,
} from "../../parallel-layout";
import { subWord } from "../numbers";
import { hasFlag } from "../state";
import { copyWord, sameWord, tableFind, tableNext } from "../tables";
import { versionOf, writeSlot } from "../versions";
import { isObserved, observeInRecord } from "./observed";
import { taskAt } from "./tasks";
import { addWritten, advanceAccount, copyBefore, publish, replaceRecords, takeBytes } from "./written";

/**
 * Replaces what the task's transaction had written by what it has now, with what it had observed
 * there, unless it is executed at the head. False: the region is full.
 */
export function publishWrites(ctx: u32, job: u32, task: u32, index: u32): bool {
  replaceRecords(task);
  const observes = load<u32>(ctx, C_AT_HEAD) == 0;
  const accounts = ctx + C_ACCOUNTS;
  for (let a = tableNext(accounts, 0); a != 0; a = tableNext(accounts, a)) {
    store<u32>(a, 0, A_IN_RECORD);
    if (hasFlag(a, ACCOUNT_DIRTY) && !publishAccount(ctx, job, task, index, a, observes)) return false;
  }
  const slots = ctx + C_SLOTS;
  for (let s = tableNext(slots, 0); s != 0; s = tableNext(slots, s)) {
    store<u32>(s, 0, S_IN_RECORD);
    // What was written before the account's storage was wiped: of an account that came and went, the
    // next one has the same generation.
    if (load<u32>(s, S_GENERATION) != load<u32>(load<u32>(s, S_ACCOUNT), A_GENERATION)) continue;
    if ((load<u32>(s, S_FLAGS) & SLOT_DIRTY) == 0 || sameWord(s + S_VALUE, s + S_ORIGINAL)) continue;
    if (!publishSlot(ctx, job, task, index, s, observes)) return false;
  }
  return true;
}

function publishAccount(ctx: u32, job: u32, task: u32, index: u32, a: u32, observes: bool): bool {
  const exists = hasFlag(a, ACCOUNT_EXISTS);
  const existed = load<u32>(a, A_EXISTS_BEFORE) != 0;
  // It came and went, and a storage that nobody had has another generation: nobody can tell.
  if (!exists && !existed) return true;
  let fields: u32 = 0;
  if (!sameWord(a + A_BALANCE, a + A_BALANCE_BEFORE)) fields |= exists ? VERSION_ADDED : VERSION_BALANCE;
  if (load<u64>(a, A_NONCE) != load<u64>(a, A_NONCE_BEFORE)) fields |= VERSION_NONCE;
  const same =
    exists == existed &&
    load<u32>(a, A_GENERATION) == load<u32>(a, A_GENERATION_BEFORE) &&
    sameWord(a + A_CODE_HASH, a + A_CODE_HASH_BEFORE);
  if (!same) fields |= VERSION_REST;
  if (fields == 0) return true;
  const entry = addWritten(ctx, job, WRITTEN_ACCOUNT, a, 0);
  const record = entry == 0 ? 0 : takeBytes(ctx, ACCOUNT_VERSION_BYTES);
  if (record == 0) return false;
  store<u32>(record, fields, V_FIELDS);
  store<u32>(record, load<u32>(a, A_GENERATION), V_GENERATION);
  // A difference also where the balance was observed: that it was this one has been looked at.
  if (!exists) copyWord(record + V_VALUE, a + A_BALANCE);
  else subWord(record + V_VALUE, a + A_BALANCE, a + A_BALANCE_BEFORE);
  copyWord(record + V_CODE_HASH, a + A_CODE_HASH);
  store<u64>(record, load<u64>(a, A_NONCE), V_NONCE);
  store<u32>(record, exists ? ACCOUNT_EXISTS : 0, V_FLAGS);
  store<u32>(record, load<u32>(a, A_CODE), V_CODE);
  store<u32>(record, 0, V_READS);
  // Of one that was made or destroyed there is too much to be said.
  if (observes && same) {
    store<u32>(a, 1, A_IN_RECORD);
    observeInRecord(ctx, record, a);
  }
  link(task, index, entry, record);
  // PERF: what was only added, to the coinbase by all, nobody needs before it counts.
  if (fields != VERSION_ADDED) publish(entry, record);
  return true;
}

function publishSlot(ctx: u32, job: u32, task: u32, index: u32, s: u32, observes: bool): bool {
  const a = load<u32>(s, S_ACCOUNT);
  const entry = addWritten(ctx, job, WRITTEN_SLOT, s + S_KEY, a);
  const record = entry == 0 ? 0 : takeBytes(ctx, SLOT_VERSION_BYTES);
  if (record == 0) return false;
  store<u32>(record, load<u32>(s, S_GENERATION), V_GENERATION);
  copyWord(record + V_VALUE, s + S_VALUE);
  store<u32>(record, 0, V_READS);
  if (observes && isObserved(s)) {
    store<u32>(s, 1, S_IN_RECORD);
    store<u32>(record, READ_SLOT, V_READS);
    copyWord(record + VS_OBSERVED, s + S_ORIGINAL);
  }
  link(task, index, entry, record);
  publish(entry, record);
  return true;
}

/** It is the task's before anybody can see it: who takes the task over finds it. */
function link(task: u32, index: u32, entry: u32, record: u32): void {
  store<u32>(record, index, V_INDEX);
  store<u32>(record, 0, V_DEAD);
  store<u32>(record, entry, V_ENTRY);
  store<u32>(record, load<u32>(task, TASK_RECORDS), V_NEXT_OWN);
  store<u32>(task, record, TASK_RECORDS);
}

/**
 * Writes what a job's transactions have made of the state into the block's versions, once all
 * count, and lists what has changed (J_CHANGED), in the order in which it was first written. False:
 * the region is full, or a limit of the host.
 */
export function foldJob(ctx: u32, job: u32): bool {
  const changed = takeBytes(ctx, (countWritten(job) + 1) * CHANGED_BYTES);
  if (changed == 0) return false;
  store<u32>(job, changed, J_CHANGED);
  store<u32>(job, 0, J_CHANGED_COUNT);
  // Accounts first: slots hang on them.
  return foldKind(ctx, job, WRITTEN_ACCOUNT) && foldKind(ctx, job, WRITTEN_SLOT);
}

function countWritten(job: u32): u32 {
  let count: u32 = 0;
  for (let index: u32 = 0; index < load<u32>(job, J_COUNT); index++) {
    let record = load<u32>(taskAt(job, index), TASK_RECORDS);
    for (; record != 0; record = load<u32>(record, V_NEXT_OWN)) count++;
  }
  return count;
}

function foldKind(ctx: u32, job: u32, kind: u32): bool {
  for (let index: u32 = 0; index < load<u32>(job, J_COUNT); index++) {
    let record = load<u32>(taskAt(job, index), TASK_RECORDS);
    for (; record != 0; record = load<u32>(record, V_NEXT_OWN)) {
      const entry = load<u32>(record, V_ENTRY);
      if (load<u32>(entry, W_KIND) != kind || load<u32>(entry, W_FOLDED) != 0) continue;
      store<u32>(entry, 1, W_FOLDED);
      if (!(kind == WRITTEN_ACCOUNT ? foldAccount(ctx, job, entry) : foldSlot(ctx, job, entry))) return false;
    }
  }
  return true;
}

function foldAccount(ctx: u32, job: u32, entry: u32): bool {
  const a = ctx + C_JOB_SCRATCH;
  if (!copyBefore(ctx, entry + W_KEY, a)) return false;
  const generation = load<u32>(a, A_GENERATION);
  const before = a + ACCOUNT_BYTES;
  advanceAccount(job, load<u32>(job, J_COUNT), a, true, before);
  const hadCode = copyBefore(ctx, entry + W_KEY, before) && sameWord(before + A_CODE_HASH, a + A_CODE_HASH);
  const version = versionOf(load<u32>(ctx + C_VERSIONS), a);
  if (version == 0) return false;
  const changed = addChanged(job, version, WRITTEN_ACCOUNT);
  store<u32>(changed, u32(load<u32>(a, A_GENERATION) != generation), CHANGED_WIPED);
  store<u32>(changed, u32(!hadCode), CHANGED_CODE);
  return true;
}

function foldSlot(ctx: u32, job: u32, entry: u32): bool {
  const record = load<u32>(entry, W_COUNTED);
  const a = ctx + C_JOB_SCRATCH;
  // As it is by now: what was written of it has been folded.
  if (!copyBefore(ctx, entry + W_OWNER, a)) return false;
  const generation = load<u32>(record, V_GENERATION);
  if (generation != load<u32>(a, A_GENERATION)) return true;
  const layer = load<u32>(ctx + C_VERSIONS);
  const version = versionOf(layer, a);
  const s = a + ACCOUNT_BYTES;
  copyWord(s + S_KEY, entry + W_KEY);
  copyWord(s + S_VALUE, record + V_VALUE);
  store<u32>(s, generation, S_GENERATION);
  if (version == 0 || !writeSlot(layer + LAYER_SLOTS, version, s)) return false;
  addChanged(job, tableFind(layer + LAYER_SLOTS, s + S_KEY, version, S_ACCOUNT), WRITTEN_SLOT);
  return true;
}

function addChanged(job: u32, entry: u32, kind: u32): u32 {
  const count = load<u32>(job, J_CHANGED_COUNT);
  const changed = load<u32>(job, J_CHANGED) + count * CHANGED_BYTES;
  store<u32>(changed, entry, CHANGED_ENTRY);
  store<u32>(changed, kind, CHANGED_KIND);
  store<u32>(job, count + 1, J_CHANGED_COUNT);
  return changed;
}
