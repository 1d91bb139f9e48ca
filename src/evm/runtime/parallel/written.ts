// What the transactions of a job have written: for each account and slot the records of the
// transactions, the latest first. Nothing here takes a lock, and nothing that can be reached ever
// changes, but for the mark that a record was replaced, and for what it says once it counts: an entry
// or a record is written whole, then linked by one exchange; who loses it to another looks again.
import {
  ACCOUNT_ABSENT, ACCOUNT_EXISTS, A_BALANCE, A_CODE, A_CODE_HASH, A_FLAGS, A_GENERATION, A_NONCE,
  A_SALT, C_VERSIONS, C_VIEW, LAYER_ACCOUNTS,
} from "../../layout";
import {
  C_AT_HEAD, C_CHUNK, C_CHUNK_END, C_JOB, C_TASK_INDEX, J_BUCKETS, J_BUCKET_MASK, J_END, J_FREE,
  TASK_RECORDS, V_CODE, V_CODE_HASH, V_DEAD, V_ENTRY, V_FIELDS, V_FLAGS, V_GENERATION, V_INDEX,
  V_NEXT, V_NEXT_OWN, V_NONCE, V_VALUE, VERSION_ADDED, VERSION_BALANCE, VERSION_NONCE,
  VERSION_REST, W_BEFORE, W_BYTES, W_COUNTED, W_FOLDED, W_KEY, W_KIND, W_NEXT, W_OWNER, W_RECORDS,
  WRITTEN_ACCOUNT, WRITTEN_SLOT,
} from "../../parallel-layout";
import { addWord } from "../numbers";
import { copyWord, hashWord, sameWord, tableFind, zeroWord } from "../tables";

/** Records of an account or a slot that one in advance looks through for what is under way. */
const UNDER_WAY_MAX: u32 = 8;
const CHUNK_BYTES: u32 = 16_384;
const ALL_FIELDS: u32 = VERSION_BALANCE | VERSION_NONCE | VERSION_REST;

/**
 * So many bytes of the job's region, aligned to 64, not zeroed; 0 = it is full. Few of them out of a
 * part that the worker has for itself.
 */
export function takeBytes(ctx: u32, bytes: u32): u32 {
  const size = (bytes + 63) & ~63;
  const at = load<u32>(ctx, C_CHUNK);
  if (at + size <= load<u32>(ctx, C_CHUNK_END)) {
    store<u32>(ctx, at + size, C_CHUNK);
    return at;
  }
  const job = load<u32>(ctx, C_JOB);
  if (size > CHUNK_BYTES >> 2) return takeShared(job, size);
  const chunk = takeShared(job, CHUNK_BYTES);
  if (chunk == 0) return 0;
  store<u32>(ctx, chunk + size, C_CHUNK);
  store<u32>(ctx, chunk + CHUNK_BYTES, C_CHUNK_END);
  return chunk;
}

/** The same, whoever takes it. */
export function takeShared(job: u32, bytes: u32): u32 {
  const size = (bytes + 63) & ~63;
  const at = atomic.add<u32>(job + J_FREE, size);
  if (<u64>at + size <= <u64>load<u32>(job + J_END)) return at;
  // It stays full: the next ones must not find room behind this one's.
  atomic.store<u32>(job + J_FREE, load<u32>(job + J_END));
  return 0;
}

/** The entry of an account (`owner` 0) or of a slot; 0 = no transaction has written it. */
export function findWritten(job: u32, kind: u32, key: u32, owner: u32): u32 {
  return findFrom(atomic.load<u32>(bucketOf(job, key, owner)), kind, key, owner);
}

function findFrom(first: u32, kind: u32, key: u32, owner: u32): u32 {
  for (let entry = first; entry != 0; entry = load<u32>(entry, W_NEXT)) {
    if (load<u32>(entry, W_KIND) != kind || !sameWord(entry + W_KEY, key)) continue;
    if (owner == 0 || sameWord(entry + W_OWNER, owner)) return entry;
  }
  return 0;
}

/** The same, made where there is none; 0 = the region is full. */
export function addWritten(ctx: u32, job: u32, kind: u32, key: u32, owner: u32): u32 {
  const bucket = bucketOf(job, key, owner);
  let made: u32 = 0;
  while (true) {
    const first = atomic.load<u32>(bucket);
    const known = findFrom(first, kind, key, owner);
    if (known != 0) return known;
    if (made == 0) {
      made = takeBytes(ctx, W_BYTES);
      if (made == 0) return 0;
      store<u32>(made, 0, W_RECORDS);
      store<u32>(made, 0, W_COUNTED);
      store<u32>(made, 0, W_BEFORE);
      store<u32>(made, kind, W_KIND);
      store<u32>(made, 0, W_FOLDED);
      copyWord(made + W_KEY, key);
      if (owner == 0) zeroWord(made + W_OWNER);
      else copyWord(made + W_OWNER, owner);
    }
    store<u32>(made, first, W_NEXT);
    if (atomic.cmpxchg<u32>(bucket, first, made) == first) return made;
  }
}

// @ts-ignore: decorator
@inline
function bucketOf(job: u32, key: u32, owner: u32): u32 {
  const salt: u32 = owner == 0 ? 0 : hashWord(owner, 0);
  return load<u32>(job, J_BUCKETS) + ((hashWord(key, salt) >> clz<u32>(load<u32>(job, J_BUCKET_MASK))) << 2);
}

/** Links a record that is whole: behind those of later transactions, before those of earlier ones. */
export function publish(entry: u32, record: u32): void {
  const index = load<u32>(record, V_INDEX);
  while (true) {
    let link = entry + W_RECORDS;
    let next = atomic.load<u32>(link);
    while (next != 0 && load<u32>(next, V_INDEX) > index) {
      link = next + V_NEXT;
      next = atomic.load<u32>(link);
    }
    store<u32>(record, next, V_NEXT);
    if (atomic.cmpxchg<u32>(link, next, record) == next) return;
  }
}

/** What the task's transaction has written counts no more. */
export function replaceRecords(task: u32): void {
  let record = load<u32>(task, TASK_RECORDS);
  for (; record != 0; record = load<u32>(record, V_NEXT_OWN)) atomic.store<u32>(record, 1, V_DEAD);
  store<u32>(task, 0, TASK_RECORDS);
}

/**
 * Brings the entry of an account, as it was before the block, to what the transactions before
 * `index` have made of it: for the head's, those that count; for one in advance, also those that
 * are under way, as far as they are soon found.
 */
export function advanceAccount(job: u32, index: u32, a: u32, atHead: bool, scratch: u32): void {
  const entry = findWritten(job, WRITTEN_ACCOUNT, a, 0);
  if (entry == 0) return;
  const counted = atomic.load<u32>(entry + W_COUNTED);
  let open = ALL_FIELDS;
  // What was added since the balance that is known.
  zeroWord(scratch);
  if (!atHead) {
    let record = atomic.load<u32>(entry + W_RECORDS);
    for (let i: u32 = 0; record != 0 && record != counted && i < UNDER_WAY_MAX; i++) {
      if (load<u32>(record, V_INDEX) < index && atomic.load<u32>(record, V_DEAD) == 0) {
        open = applyRecord(a, record, open, scratch);
        if (open == 0) break;
      }
      record = atomic.load<u32>(record, V_NEXT);
    }
  }
  if (counted != 0 && open != 0) applyRecord(a, counted, open, scratch);
  addWord(a + A_BALANCE, a + A_BALANCE, scratch);
}

/** Takes over the fields that are open still; those that are open then. */
function applyRecord(a: u32, record: u32, open: u32, added: u32): u32 {
  const fields = atomic.load<u32>(record, V_FIELDS);
  if (open & VERSION_BALANCE) {
    if (fields & VERSION_ADDED) addWord(added, added, record + V_VALUE);
    if (fields & VERSION_BALANCE) copyWord(a + A_BALANCE, record + V_VALUE);
  }
  if (open & fields & VERSION_NONCE) store<u64>(a, load<u64>(record, V_NONCE), A_NONCE);
  if (open & fields & VERSION_REST) {
    copyWord(a + A_CODE_HASH, record + V_CODE_HASH);
    store<u32>(a, load<u32>(record, V_CODE), A_CODE);
    store<u32>(a, load<u32>(record, V_GENERATION), A_GENERATION);
    store<u32>(a, (load<u32>(a, A_FLAGS) & ~ACCOUNT_EXISTS) | load<u32>(record, V_FLAGS), A_FLAGS);
  }
  return open & ~fields;
}

/**
 * The transaction of the task counts: its records are what the head goes by from now on. So each is
 * made to say all of an account, of which it said what had changed: whoever looks needs no other.
 * False: an account is not known any more.
 */
export function countRecords(ctx: u32, task: u32): bool {
  for (let record = load<u32>(task, TASK_RECORDS); record != 0; record = load<u32>(record, V_NEXT_OWN)) {
    const entry = load<u32>(record, V_ENTRY);
    if (load<u32>(entry, W_KIND) == WRITTEN_ACCOUNT && !completeRecord(ctx, entry, record)) return false;
    atomic.store<u32>(entry + W_COUNTED, record);
  }
  return true;
}

/** Those who read it meanwhile, in advance, may see half of it: they go by its fields. */
function completeRecord(ctx: u32, entry: u32, record: u32): bool {
  const fields = load<u32>(record, V_FIELDS);
  const a = accountAtHead(ctx, entry);
  if (a == 0) return false;
  if (fields & VERSION_ADDED) addWord(record + V_VALUE, record + V_VALUE, a + A_BALANCE);
  else if ((fields & VERSION_BALANCE) == 0) copyWord(record + V_VALUE, a + A_BALANCE);
  if ((fields & VERSION_NONCE) == 0) store<u64>(record, load<u64>(a, A_NONCE), V_NONCE);
  // That it is there is so in any case: it has a nonce, or something was added.
  if ((fields & VERSION_REST) == 0) {
    copyWord(record + V_CODE_HASH, a + A_CODE_HASH);
    store<u32>(record, load<u32>(a, A_CODE), V_CODE);
    store<u32>(record, load<u32>(a, A_GENERATION), V_GENERATION);
  }
  atomic.store<u32>(record + V_FIELDS, ALL_FIELDS);
  return true;
}

/**
 * An account as all that counts has left it, with the fields A_BALANCE to A_CODE: the record of
 * who wrote it last, or its entry before the block; 0 = it is not known any more.
 */
export function accountAtHead(ctx: u32, entry: u32): u32 {
  const counted = load<u32>(entry, W_COUNTED);
  if (counted != 0) return counted;
  let before = load<u32>(entry, W_BEFORE);
  if (before == 0) {
    before = entryBefore(ctx, entry + W_KEY);
    store<u32>(entry, before, W_BEFORE);
  }
  return before;
}

/** The record of a slot that holds for transaction `index`; 0 = none, as before the block. */
export function slotRecord(job: u32, index: u32, key: u32, owner: u32, generation: u32, atHead: bool): u32 {
  const entry = findWritten(job, WRITTEN_SLOT, key, owner);
  return entry == 0 ? 0 : recordOf(entry, index, generation, atHead);
}

/** The same, of an entry. */
export function recordOf(entry: u32, index: u32, generation: u32, atHead: bool): u32 {
  const counted = atomic.load<u32>(entry + W_COUNTED);
  const record = atHead ? counted : underWay(entry, index, counted);
  // Written before the account's storage was wiped: nobody has written it since.
  return record == 0 || load<u32>(record, V_GENERATION) != generation ? 0 : record;
}

/** The first record of a transaction before `index` that was not replaced, or what counts. */
function underWay(entry: u32, index: u32, counted: u32): u32 {
  let record = atomic.load<u32>(entry + W_RECORDS);
  for (let i: u32 = 0; record != 0 && record != counted && i < UNDER_WAY_MAX; i++) {
    if (load<u32>(record, V_INDEX) < index && atomic.load<u32>(record, V_DEAD) == 0) return record;
    record = atomic.load<u32>(record, V_NEXT);
  }
  return counted;
}

/** Of the context's transaction. */
// @ts-ignore: decorator
@inline
export function writtenSlot(ctx: u32, key: u32, owner: u32, generation: u32): u32 {
  const atHead = load<u32>(ctx, C_AT_HEAD) != 0;
  return slotRecord(load<u32>(ctx, C_JOB), load<u32>(ctx, C_TASK_INDEX), key, owner, generation, atHead);
}

/** The entry of an account as it was before the block; 0 = it is no longer known. */
export function entryBefore(ctx: u32, address: u32): u32 {
  const version = tableFind(load<u32>(ctx + C_VERSIONS) + LAYER_ACCOUNTS, address, 0, A_SALT);
  if (version != 0 && (load<u32>(version, A_FLAGS) & ACCOUNT_ABSENT) == 0) return version;
  return tableFind(load<u32>(ctx + C_VIEW) + LAYER_ACCOUNTS, address, 0, A_SALT);
}

/** A copy of it; false where it is no longer known. */
export function copyBefore(ctx: u32, address: u32, to: u32): bool {
  const source = entryBefore(ctx, address);
  if (source == 0) return false;
  memory.copy(to, source, A_SALT);
  copyWord(to, address);
  return true;
}
