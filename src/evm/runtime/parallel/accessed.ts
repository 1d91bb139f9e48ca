// What a transaction looked at and wrote, if only for a while, listed where the host asked for it: a
// block access list names all of it (EIP-7928). The same as machine/accesses.ts reads from an overlay.
import {
  ACCOUNT_DIRTY, A_FLAGS, A_READS, C_ACCOUNTS, C_SLOTS, SLOT_DIRTY, S_ACCOUNT, S_FLAGS, S_KEY, S_READS,
} from "../../layout";
import {
  ACCESSED_ACCOUNTS, ACCESSED_ACCOUNT_BYTES, ACCESSED_LIST, ACCESSED_OWNER, ACCESSED_SLOTS, ACCESSED_SLOT_BYTES,
  J_LISTS_ACCESSES, TASK_ACCESSES,
} from "../../parallel-layout";
import { copyWord, tableNext } from "../tables";
import { takeBytes } from "./written";

/** False: the region is full. */
export function listAccesses(ctx: u32, job: u32, task: u32): bool {
  if (load<u32>(job, J_LISTS_ACCESSES) == 0) return true;
  const accounts = ctx + C_ACCOUNTS;
  const slots = ctx + C_SLOTS;
  let accountCount: u32 = 0;
  let slotCount: u32 = 0;
  for (let a = tableNext(accounts, 0); a != 0; a = tableNext(accounts, a)) accountCount += u32(isAccessed(a));
  for (let s = tableNext(slots, 0); s != 0; s = tableNext(slots, s)) slotCount += u32(isSlotAccessed(s));
  const bytes = ACCESSED_LIST + accountCount * ACCESSED_ACCOUNT_BYTES + slotCount * ACCESSED_SLOT_BYTES;
  const list = takeBytes(ctx, bytes);
  if (list == 0) return false;
  store<u32>(task, list, TASK_ACCESSES);
  store<u32>(list, accountCount, ACCESSED_ACCOUNTS);
  store<u32>(list, slotCount, ACCESSED_SLOTS);
  let at = list + ACCESSED_LIST;
  for (let a = tableNext(accounts, 0); a != 0; a = tableNext(accounts, a)) {
    if (!isAccessed(a)) continue;
    copyWord(at, a);
    at += ACCESSED_ACCOUNT_BYTES;
  }
  for (let s = tableNext(slots, 0); s != 0; s = tableNext(slots, s)) {
    if (!isSlotAccessed(s)) continue;
    copyWord(at, s + S_KEY);
    copyWord(at + ACCESSED_OWNER, load<u32>(s, S_ACCOUNT));
    at += ACCESSED_SLOT_BYTES;
  }
  return true;
}

function isAccessed(a: u32): bool {
  return load<u32>(a, A_READS) != 0 || (load<u32>(a, A_FLAGS) & ACCOUNT_DIRTY) != 0;
}

function isSlotAccessed(s: u32): bool {
  return load<u32>(s, S_READS) != 0 || (load<u32>(s, S_FLAGS) & SLOT_DIRTY) != 0;
}
