// Transactions as blocks hold them, written into their tasks without a look by the host: legacy
// ones, and types 1 and 2 that list no accesses. All that chain/transactions/check.ts asks of them and
// the machine does not (canonical RLP, ranges, chain, signature in range) is asked here; whatever
// is not as it should be is left to the host, which says what is wrong with it.
import {
  C_CHAIN_ID, C_RULES, C_VERSIONS, C_VIEW, R_TX_TYPES, TX_ACCESS_LIST_COUNT, TX_AUTHORIZATION_COUNT,
  TX_BLOCK_GAS_LEFT, TX_BLOCK_STATE_GAS_LEFT, TX_DATA, TX_DATA_SIZE, TX_FLAGS, TX_FLAG_CREATE, TX_GAS,
  TX_MAX_BLOB_FEE, TX_MAX_FEE, TX_MAX_PRIORITY_FEE, TX_NONCE, TX_SCRATCH, TX_SENDER, TX_TO, TX_TYPE,
  TX_VALUE,
} from "../../layout";
import {
  C_JOB, RAW_LEFT, RAW_LACKS_RECIPIENT, RAW_LACKS_SENDER, RAW_SENDER_BYTES, RAW_WRITTEN, TASK_TX,
} from "../../parallel-layout";
import { lessWord } from "../state";
import { copyWord, sameWord, zeroWord } from "../tables";
import { layerFindAccount } from "../view";
import { taskAt } from "./tasks";

/** First byte of a list's encoding, of a long string's, of a string's. */
const LIST: u32 = 0xc0;
const STRING: u32 = 0x80;
const SHORT_MAX: u32 = 55;
/** Bytes of a length that is looked at: four gigabytes. */
const LENGTH_MAX: u32 = 4;
/** No place of a string: its size stands above, its address below. */
const BAD: u64 = u64.MAX_VALUE;

/**
 * At `raw` the sender, then the transaction, `size` bytes of it: its task, and RAW_*. Of a task
 * that is left nothing is to be read.
 */
export function writeRaw(ctx: u32, index: u32, raw: u32, size: u32): u32 {
  const task = taskAt(load<u32>(ctx, C_JOB), index);
  const tx = task + TASK_TX;
  memory.fill(task, 0, TASK_TX);
  if (size == 0) return RAW_LEFT;
  const start = raw + RAW_SENDER_BYTES;
  const first: u32 = load<u8>(start);
  const type: u32 = first >= LIST ? 0 : first;
  if (type > 2) return RAW_LEFT;
  if (((load<u32>(load<u32>(ctx + C_RULES) + R_TX_TYPES) >> type) & 1) == 0) return RAW_LEFT;
  if (!decode(ctx, tx, type, start + u32(type != 0), start + size)) return RAW_LEFT;
  store<u32>(tx, type, TX_TYPE);
  store<u64>(tx, u64.MAX_VALUE, TX_BLOCK_GAS_LEFT);
  store<u64>(tx, u64.MAX_VALUE, TX_BLOCK_STATE_GAS_LEFT);
  zeroWord(tx + TX_MAX_BLOB_FEE);
  store<u32>(tx, 0, TX_ACCESS_LIST_COUNT);
  store<u32>(tx, 0, TX_AUTHORIZATION_COUNT);
  putInteger(tx + TX_SENDER, raw, 20);
  let answer: u32 = RAW_WRITTEN;
  if (!isKnown(ctx, tx + TX_SENDER)) answer |= RAW_LACKS_SENDER;
  if (load<u32>(tx, TX_FLAGS) == 0 && !isKnown(ctx, tx + TX_TO)) answer |= RAW_LACKS_RECIPIENT;
  return answer;
}

/** Whether the host was asked for an account already. */
function isKnown(ctx: u32, address: u32): bool {
  if (layerFindAccount(load<u32>(ctx + C_VIEW), address) != 0) return true;
  return layerFindAccount(load<u32>(ctx + C_VERSIONS), address) != 0;
}

/** The fields of the list at `at`; false for what is to be left. */
function decode(ctx: u32, tx: u32, type: u32, at: u32, end: u32): bool {
  let next = enterList(at, end);
  if (next == 0) return false;
  if (type != 0) {
    next = integer(next, end, tx + TX_SCRATCH, 32);
    if (next == 0 || !sameWord(tx + TX_SCRATCH, ctx + C_CHAIN_ID)) return false;
  }
  next = integer(next, end, tx + TX_SCRATCH, 8);
  if (next == 0) return false;
  const nonce = load<u64>(tx, TX_SCRATCH);
  // No other can follow it.
  if (nonce == u64.MAX_VALUE) return false;
  store<u64>(tx, nonce, TX_NONCE);
  next = integer(next, end, tx + TX_MAX_PRIORITY_FEE, 32);
  if (next == 0) return false;
  if (type == 2) {
    next = integer(next, end, tx + TX_MAX_FEE, 32);
    if (next == 0 || lessWord(tx + TX_MAX_FEE, tx + TX_MAX_PRIORITY_FEE)) return false;
  } else copyWord(tx + TX_MAX_FEE, tx + TX_MAX_PRIORITY_FEE);
  next = integer(next, end, tx + TX_SCRATCH, 8);
  if (next == 0) return false;
  store<u64>(tx, load<u64>(tx, TX_SCRATCH), TX_GAS);
  const to = stringAt(next, end);
  if (to == BAD) return false;
  const toSize = sizeOf(to);
  if (toSize != 0 && toSize != 20) return false;
  putInteger(tx + TX_TO, startOf(to), toSize);
  store<u32>(tx, toSize == 0 ? TX_FLAG_CREATE : 0, TX_FLAGS);
  next = integer(startOf(to) + toSize, end, tx + TX_VALUE, 32);
  if (next == 0) return false;
  const data = stringAt(next, end);
  if (data == BAD) return false;
  store<u32>(tx, startOf(data), TX_DATA);
  store<u32>(tx, sizeOf(data), TX_DATA_SIZE);
  next = startOf(data) + sizeOf(data);
  if (type != 0) {
    if (next == end || load<u8>(next) != LIST) return false;
    next += 1;
  }
  return isSigned(ctx, tx, type, next, end);
}

/** Whether what is left is v, r and s, in their ranges and for this chain. */
function isSigned(ctx: u32, tx: u32, type: u32, at: u32, end: u32): bool {
  const scratch = tx + TX_SCRATCH;
  let next = integer(at, end, scratch, 8);
  if (next == 0) return false;
  const v = load<u64>(scratch);
  if (type == 0 ? !isLegacyV(ctx, v) : v > 1) return false;
  next = integer(next, end, scratch, 32);
  // Below the order of secp256k1; s in its lower half (EIP-2).
  if (next == 0 || !isWithin(scratch, 0xffffffffffffffff, 0xfffffffffffffffe, 0xbaaedce6af48a03b, 0xbfd25e8cd0364140)) return false;
  next = integer(next, end, scratch, 32);
  if (next != end) return false;
  return isWithin(scratch, 0x7fffffffffffffff, 0xffffffffffffffff, 0x5d576e7357a4501d, 0xdfe92f46681b20a0);
}

/** v of a legacy transaction of any chain, or of this one (EIP-155). */
function isLegacyV(ctx: u32, v: u64): bool {
  if (v == 27 || v == 28) return true;
  const id = ctx + C_CHAIN_ID;
  if (v < 35 || load<u64>(id, 8) != 0 || load<u64>(id, 16) != 0 || load<u64>(id, 24) != 0) return false;
  return (v - 35) >> 1 == load<u64>(id);
}

/** Whether a word is above zero and at most the one of these digits, the highest first. */
function isWithin(word: u32, most3: u64, most2: u64, most1: u64, most0: u64): bool {
  const w0 = load<u64>(word);
  const w1 = load<u64>(word, 8);
  const w2 = load<u64>(word, 16);
  const w3 = load<u64>(word, 24);
  if ((w0 | w1 | w2 | w3) == 0) return false;
  if (w3 != most3) return w3 < most3;
  if (w2 != most2) return w2 < most2;
  if (w1 != most1) return w1 < most1;
  return w0 <= most0;
}

/** Where the first item is of a list that takes up all from `at` to `end`; 0 = there is none. */
function enterList(at: u32, end: u32): u32 {
  if (at >= end) return 0;
  const first: u32 = load<u8>(at);
  if (first < LIST) return 0;
  const start = afterHeader(at + 1, end, first - LIST);
  return start != BAD && startOf(start) + sizeOf(start) == end ? startOf(start) : 0;
}

/** An integer of at most so many bytes, as a word; where what follows begins, 0 = it is none. */
function integer(at: u32, end: u32, word: u32, most: u32): u32 {
  const found = stringAt(at, end);
  if (found == BAD) return 0;
  const start = startOf(found);
  const size = sizeOf(found);
  if (size > most || (size != 0 && load<u8>(start) == 0)) return 0;
  putInteger(word, start, size);
  return start + size;
}

/** Big-endian bytes as a word. */
function putInteger(word: u32, from: u32, size: u32): void {
  zeroWord(word);
  for (let i: u32 = 0; i < size; i++) store<u8>(word + i, load<u8>(from + size - 1 - i));
}

/** The string whose encoding begins at `at`, and ends by `end`; BAD for what is none. */
function stringAt(at: u32, end: u32): u64 {
  if (at >= end) return BAD;
  const first: u32 = load<u8>(at);
  if (first < STRING) return placed(at, 1);
  if (first >= LIST) return BAD;
  const found = afterHeader(at + 1, end, first - STRING);
  if (found == BAD) return BAD;
  const isItself = sizeOf(found) == 1 && load<u8>(startOf(found)) < STRING;
  return isItself ? BAD : found;
}

/** What follows a header, of which `at` is the second byte and `short` the first without its kind. */
function afterHeader(at: u32, end: u32, short: u32): u64 {
  if (short <= SHORT_MAX) return short > end - at ? BAD : placed(at, short);
  const count = short - SHORT_MAX;
  if (count > LENGTH_MAX || count > end - at || load<u8>(at) == 0) return BAD;
  let size: u32 = 0;
  for (let i: u32 = 0; i < count; i++) size = (size << 8) | load<u8>(at + i);
  if (size <= SHORT_MAX || size > end - at - count) return BAD;
  return placed(at + count, size);
}

// @ts-ignore: decorator
@inline
function placed(start: u32, size: u32): u64 {
  return ((<u64>size) << 32) | start;
}

// @ts-ignore: decorator
@inline
function startOf(place: u64): u32 {
  return <u32>place;
}

// @ts-ignore: decorator
@inline
function sizeOf(place: u64): u32 {
  return <u32>(place >> 32);
}
