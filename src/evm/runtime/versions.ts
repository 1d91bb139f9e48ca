// Layer 2: what the transactions of the block have written so far, one version of each entry. The
// slots of an account whose storage was wiped stay in the table under the old generation, where
// nobody finds them.
import {
  ACCOUNT_DIRTY, ACCOUNT_EXISTS, A_FLAGS, A_GENERATION, A_SALT, A_SLOT_COUNT, A_SLOT_GENERATION,
  C_ACCOUNTS, C_SLOTS, C_VERSIONS, LAYER_ACCOUNTS, LAYER_SLOTS, SLOT_DIRTY, S_ACCOUNT, S_FLAGS,
  S_GENERATION, S_VALUE,
} from "../layout";
import { hasFlag } from "./state";
import { copyWord, isZeroWord, tableAdd, tableFind, tableNext } from "./tables";

/** Writes what the transaction changed into the block's versions; false = host limit. */
export function commitTransaction(ctx: u32): bool {
  const layer = load<u32>(ctx + C_VERSIONS);
  const accounts = ctx + C_ACCOUNTS;
  for (let a = tableNext(accounts, 0); a != 0; a = tableNext(accounts, a)) {
    if (hasFlag(a, ACCOUNT_DIRTY) && versionOf(layer, a) == 0) return false;
  }
  const slots = ctx + C_SLOTS;
  for (let s = tableNext(slots, 0); s != 0; s = tableNext(slots, s)) {
    if ((load<u32>(s + S_FLAGS) & SLOT_DIRTY) == 0) continue;
    const a = load<u32>(s + S_ACCOUNT);
    // Written before the account's storage was wiped.
    if (load<u32>(s + S_GENERATION) != load<u32>(a + A_GENERATION)) continue;
    const version = versionOf(layer, a);
    if (version == 0 || !writeSlot(layer + LAYER_SLOTS, version, s)) return false;
  }
  return true;
}

/** The account's version, brought up to date; 0 = host limit. */
export function versionOf(layer: u32, a: u32): u32 {
  let version = tableFind(layer + LAYER_ACCOUNTS, a, 0, A_SALT);
  if (version == 0) version = tableAdd(layer + LAYER_ACCOUNTS, a, 0, A_SALT);
  if (version == 0) return 0;
  memory.copy(version + 32, a + 32, A_SALT - 32);
  store<u32>(version + A_FLAGS, load<u32>(a + A_FLAGS) & ACCOUNT_EXISTS);
  return version;
}

/** A slot of an overlay, as the version's. */
export function writeSlot(slots: u32, version: u32, s: u32): bool {
  const generation = load<u32>(s + S_GENERATION);
  let target = tableFind(slots, s, version, S_ACCOUNT);
  let wasSet = false;
  if (target == 0) {
    target = tableAdd(slots, s, version, S_ACCOUNT);
    if (target == 0) return false;
  } else wasSet = load<u32>(target + S_GENERATION) == generation && !isZeroWord(target + S_VALUE);
  copyWord(target + S_VALUE, s + S_VALUE);
  store<u32>(target + S_GENERATION, generation);
  countSlot(version, generation, u32(!isZeroWord(s + S_VALUE)) - u32(wasSet));
  return true;
}

/** Keeps the number of slots that are not zero, for whoever asks whether there is storage. */
function countSlot(version: u32, generation: u32, change: u32): void {
  const same = load<u32>(version + A_SLOT_GENERATION) == generation;
  const count: u32 = same ? load<u32>(version + A_SLOT_COUNT) : 0;
  store<u32>(version + A_SLOT_COUNT, count + change);
  store<u32>(version + A_SLOT_GENERATION, generation);
}

/** Walks the block's versions: accounts, then slots. 0 starts and ends. */
export function nextChangedAccount(ctx: u32, entry: u32): u32 {
  return tableNext(load<u32>(ctx + C_VERSIONS) + LAYER_ACCOUNTS, entry);
}

export function nextChangedSlot(ctx: u32, entry: u32): u32 {
  return tableNext(load<u32>(ctx + C_VERSIONS) + LAYER_SLOTS, entry);
}
