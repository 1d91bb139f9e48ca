// Hashes of one or two words, remembered within one transaction.
//
// Solidity finds the slot of a mapping's entry by hashing key and position, and that of an array's
// items by hashing its position, again at each access. A permutation costs 280 ns, finding the
// hash again 10. Nothing outlives its transaction, and an entry is used only when all its bytes
// are the same, so a result can not depend on it. Direct-mapped, keyed by the process' secret.
//
// entry: 64 bytes of input | word hash | u32 epoch of the transaction | u32 bytes of input
import { C_ACCOUNTS, C_PAIR_HASHES } from "../../layout";
import { allocate } from "../allocator";
import { copyWord, hashWord, sameWord, T_EPOCH } from "../tables";
import { keccak256Word } from "./keccak";

const ENTRIES: u32 = 1024;
/** The index is a hash's highest bits. */
const INDEX_SHIFT: u32 = 22;
const ENTRY_BYTES: u32 = 128;
const HASH: u32 = 64;
const EPOCH: u32 = 96;
const SIZE: u32 = 100;

/** Makes a context's cache; false without memory. */
export function pairHashesInit(ctx: u32): bool {
  const cache = allocate(ENTRIES * ENTRY_BYTES);
  if (cache == 0) return false;
  memory.fill(cache, 0, ENTRIES * ENTRY_BYTES);
  store<u32>(ctx + C_PAIR_HASHES, cache);
  return true;
}

/** The hash of the 32 or 64 bytes at `input` as a word. */
export function hashWords(ctx: u32, dst: u32, input: u32, size: u32): void {
  const entry = load<u32>(ctx + C_PAIR_HASHES) + indexOf(input, size) * ENTRY_BYTES;
  const epoch = load<u32>(ctx + C_ACCOUNTS, T_EPOCH);
  const known = load<u32>(entry + EPOCH) == epoch && load<u32>(entry + SIZE) == size;
  if (!known || !sameBytes(entry, input, size)) {
    copyWord(entry, input);
    if (size == 64) copyWord(entry + 32, input + 32);
    keccak256Word(entry + HASH, input, size);
    store<u32>(entry + EPOCH, epoch);
    store<u32>(entry + SIZE, size);
  }
  copyWord(dst, entry + HASH);
}

/** From the keyed hashes of the words. */
// @ts-ignore: decorator
@inline
function indexOf(input: u32, size: u32): u32 {
  let h = hashWord(input, size);
  if (size == 64) h += 3 * hashWord(input + 32, size);
  return h >> INDEX_SHIFT;
}

// @ts-ignore: decorator
@inline
function sameBytes(a: u32, b: u32, size: u32): bool {
  return sameWord(a, b) && (size == 32 || sameWord(a + 32, b + 32));
}
