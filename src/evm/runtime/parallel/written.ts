// What the transactions of a job have written: for each account and slot the records of the
// transactions, the latest first. Nothing here takes a lock, and nothing that can be reached ever
// changes, but for the mark that a record was replaced: an entry or a record is written whole, then
// linked by one exchange; who loses it to another looks again.
import {
  A_BALANCE, A_CODE, A_CODE_HASH, A_FLAGS, A_GENERATION, A_NONCE, ACCOUNT_EXISTS,
} from "../../layout";
import {
  C_JOB, C_TASK_INDEX, J_BUCKETS, J_BUCKET_MASK, J_END, J_FREE, TASK_RECORDS, V_CODE, V_CODE_HASH,
  V_DEAD, V_EXISTS, V_FIELDS, V_GENERATION, V_INDEX, V_NEXT, V_NEXT_OWN, V_NONCE, V_VALUE,
  VERSION_ADDED, VERSION_BALANCE, VERSION_NONCE, VERSION_REST, W_BYTES, W_FOLDED, W_KEY, W_KIND, W_NEXT,
  W_OWNER, W_RECORDS, WRITTEN_ACCOUNT, WRITTEN_SLOT,
} from "../../parallel-layout";
import { addWord } from "../numbers";
import { copyWord, hashWord, sameWord, zeroWord } from "../tables";

/** So many bytes of the job's region, aligned to 64, not zeroed; 0 = it is full. */
export function takeBytes(job: u32, bytes: u32): u32 {
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
export function addWritten(job: u32, kind: u32, key: u32, owner: u32): u32 {
  const bucket = bucketOf(job, key, owner);
  let made: u32 = 0;
  while (true) {
    const first = atomic.load<u32>(bucket);
    const known = findFrom(first, kind, key, owner);
    if (known != 0) return known;
    if (made == 0) {
      made = takeBytes(job, W_BYTES);
      if (made == 0) return 0;
      store<u32>(made, 0, W_RECORDS);
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

/** The first record of a transaction before `index`, from `record` on, that was not replaced. */
export function recordBefore(record: u32, index: u32): u32 {
  for (let at = record; at != 0; at = atomic.load<u32>(at, V_NEXT)) {
    if (load<u32>(at, V_INDEX) < index && atomic.load<u32>(at, V_DEAD) == 0) return at;
  }
  return 0;
}

/**
 * Brings the entry of an account, as it was before the block, to what the transactions before
 * `index` have made of it.
 */
export function advanceAccount(job: u32, index: u32, a: u32, scratch: u32): void {
  const entry = findWritten(job, WRITTEN_ACCOUNT, a, 0);
  if (entry == 0) return;
  let open: u32 = VERSION_BALANCE | VERSION_NONCE | VERSION_REST;
  // What was added since the balance that counts.
  zeroWord(scratch);
  let record = recordBefore(atomic.load<u32>(entry, W_RECORDS), index);
  while (record != 0 && open != 0) {
    const fields = load<u32>(record, V_FIELDS);
    if (open & VERSION_BALANCE) {
      if (fields & VERSION_ADDED) addWord(scratch, scratch, record + V_VALUE);
      if (fields & VERSION_BALANCE) copyWord(a + A_BALANCE, record + V_VALUE);
    }
    if (open & fields & VERSION_NONCE) store<u64>(a, load<u64>(record, V_NONCE), A_NONCE);
    if (open & fields & VERSION_REST) {
      memory.copy(a + A_CODE_HASH, record + V_CODE_HASH, 32);
      store<u32>(a, load<u32>(record, V_CODE), A_CODE);
      store<u32>(a, load<u32>(record, V_GENERATION), A_GENERATION);
      const exists = load<u32>(record, V_EXISTS) ? ACCOUNT_EXISTS : 0;
      store<u32>(a, (load<u32>(a, A_FLAGS) & ~ACCOUNT_EXISTS) | exists, A_FLAGS);
    }
    open &= ~fields;
    record = recordBefore(atomic.load<u32>(record, V_NEXT), index);
  }
  addWord(a + A_BALANCE, a + A_BALANCE, scratch);
}

/** The record of a slot that holds for transaction `index`; 0 = none, as before the block. */
export function slotRecord(job: u32, index: u32, key: u32, owner: u32, generation: u32): u32 {
  const entry = findWritten(job, WRITTEN_SLOT, key, owner);
  if (entry == 0) return 0;
  const record = recordBefore(atomic.load<u32>(entry, W_RECORDS), index);
  // Written before the account's storage was wiped: nobody has written it since.
  return record == 0 || load<u32>(record, V_GENERATION) != generation ? 0 : record;
}

/** Of the context's transaction. */
// @ts-ignore: decorator
@inline
export function writtenSlot(ctx: u32, key: u32, owner: u32, generation: u32): u32 {
  return slotRecord(load<u32>(ctx, C_JOB), load<u32>(ctx, C_TASK_INDEX), key, owner, generation);
}
