// One transaction from TX_* to its result: refusals, fees, authorisations, frames, refunds.
//
// State may be missing at any time before the frames run: then everything is begun again when the
// host has answered, since nothing outside the overlay has changed.
import {
  ACCOUNT_EXISTS, A_CODE_HASH, A_NONCE, A_BALANCE, A_READS, READ_BALANCE, READ_EXISTENCE, READ_NONCE, CODE_SIZE, C_BASE_FEE, C_BLOB_BASE_FEE,
  C_BLOB_HASHES, C_BLOB_HASH_COUNT, C_CHAIN_ID, C_COINBASE, C_EMPTY_CODE, C_EMPTY_HASH, C_FRAME,
  C_FRAMES, C_GAS_PRICE, C_GAS_RESERVE, C_HOT_CODE, C_LIMIT_HIT, C_LOG_BASE, C_LOG_COUNT,
  C_LOG_TOP, C_MEM_BASE, C_MEM_END, C_ORIGIN, C_OUTPUT_SIZE, C_PRECOMPILE, C_REFUND, C_RETURN_DATA, C_RULES,
  C_SCRATCH, C_STATUS, C_STOP, C_TX, FRAME_FLAG_DELEGATED, FRAME_FLAG_STATIC, FRAME_KIND_EVM,
  FRAME_KIND_PRECOMPILE, F_ACCOUNT, F_ADDRESS, F_CALLER, F_CODE_ADDRESS, F_CTX, F_DEPTH, F_GAS,
  F_INPUT, F_INPUT_SIZE, F_MEM, F_VALUE, F_WANTED_SIZE, REFUSED_BASE_FEE, REFUSED_BLOBS,
  REFUSED_BLOB_CREATE, REFUSED_BLOB_FEE, REFUSED_BLOB_VERSION, REFUSED_BLOCK_GAS, REFUSED_FLOOR,
  REFUSED_FUNDS, REFUSED_GAS_LIMIT, REFUSED_INIT_CODE, REFUSED_INTRINSIC, REFUSED_NONCE_HIGH,
  REFUSED_NONCE_LOW, REFUSED_NONCE_OVERFLOW, REFUSED_NO_AUTHORIZATIONS, REFUSED_NO_BLOBS,
  REFUSED_PRIORITY, REFUSED_SENDER_CODE, REFUSED_SET_CODE_CREATE, REFUSED_TYPE, R_BASE_FEE,
  R_BLOB_GAS, R_CLEAR_EMPTY, R_DELEGATION, R_INIT_CODE_WORD, R_LIMIT_INIT_CODE, R_MAX_BLOBS_BLOCK,
  R_MAX_BLOBS_TX, R_MAX_INIT_CODE_SIZE, R_MAX_NONCE, R_REFUND_QUOTIENT, R_REFUSE_SENDER_CODE,
  R_TX_ACCESS_ADDRESS, R_TX_ACCESS_SLOT, R_TX_AUTHORIZATION, R_TX_AUTHORIZATION_REFUND, R_TX_BASE,
  R_TX_CREATE, R_TX_DATA_NONZERO, R_TX_DATA_ZERO, R_TX_FLOOR_TOKEN, R_TX_GAS_LIMIT, R_STATE_GAS,
  R_STATE_BYTES_ACCOUNT, R_STATE_BYTES_AUTHORIZATION, R_TX_ACCESS_BYTE, R_TX_FLOOR_ZERO_TOKENS, R_BLOCK_GAS_BEFORE_REFUNDS,
  C_STATE_GAS_GRANTED, F_STATE_GAS, F_STATE_GAS_USED, TX_BLOCK_STATE_GAS_LEFT, TX_BLOCK_GAS_USED,
  TX_INTRINSIC_STATE_GAS, R_STATE_GAS_AFTER_AUTHORIZATIONS, R_TX_TYPES,
  R_WARMTH, R_WARM_COINBASE, STATUS_CREATE_COLLISION, STATUS_HOST_LIMIT, STATUS_LAST_HALT,
  STATUS_NEED_STATE, STATUS_STOP, STATUS_STOPPED, STATUS_SWITCH_FRAME, TX_ACCESS_LIST, TX_ACCESS_LIST_COUNT,
  TX_AUTHORIZATIONS, TX_AUTHORIZATION_COUNT, TX_BLOCK_GAS_LEFT, TX_CREATED, TX_DATA, TX_DATA_SIZE,
  TX_EFFECTIVE_PRICE, TX_FLAGS, TX_FLAG_CALL_ONLY, TX_FLAG_CREATE, TX_FLAG_CREDIT, TX_FLAG_SKIP_BALANCE,
  TX_FLAG_SKIP_BASE_FEE, TX_FLAG_SKIP_NONCE, TX_FLAG_SKIP_SENDER_CODE, TX_FLAG_SYSTEM, TX_FLOOR_GAS, TX_STATE_GAS_USED,
  TX_GAS, TX_GAS_REFUNDED, TX_GAS_USED, TX_INTRINSIC_GAS, TX_MAX_BLOB_FEE, TX_MAX_FEE,
  TX_MAX_PRIORITY_FEE, TX_NONCE, TX_PHASE, TX_REFUSED, TX_SCRATCH, TX_SENDER, TX_STATUS,
  TX_STATUS_DONE, TX_STATUS_PENDING, TX_STATUS_REFUSED, TX_TO, TX_TYPE, TX_VALUE,
} from "../layout";
import {
  addressToBytes, createAddress, delegateOf, enterCreation, isTaken,
} from "./calls";
import { codeCreate, initCodeCreate } from "./code";
import { runFrames } from "./driver";
import { enterFrame, succeeded } from "./frames";
import { keccak256 } from "./hashes/keccak";
import { assumeNonce } from "./parallel/observed";
import { enterStateGas, grantStateGas, refundDeletedState, stateCostOf } from "./state-gas";
import { logDeleted, logTransfer } from "./transfer-logs";
import { addWord, mulWord, subWord } from "./numbers";
import {
  addBalance, beginTransaction, codeOf, findAccount, findSlot,
  finishTransaction, hasFlag, lessWord, markRead, observeAtLeast, setCode, setNonce, subBalance, touchAccount, warmAccount,
  warmSlot,
} from "./state";
import { isPrecompile, missing } from "./stateops";
import { copyWord, isZeroWord, sameWord, zeroWord } from "./tables";

const AUTHORIZATION_BYTES: u32 = 128;
const NOT_BEGUN: u32 = 0;
const RUNNING: u32 = 1;
const DONE: u32 = 2;
const FAILED_AT_ONCE: u32 = 3;

// @ts-ignore: decorator
@inline
function price(ctx: u32, rule: u32): u64 {
  return <u64>load<u32>(load<u32>(ctx + C_RULES) + rule);
}

// @ts-ignore: decorator
@inline
function has(ctx: u32, flag: u32): bool {
  return (load<u32>(ctx + C_TX + TX_FLAGS) & flag) != 0;
}

/** Executes TX_*; a final status, or one that asks the host, after which `resume` goes on. */
export function transact(ctx: u32): i32 {
  store<u32>(ctx + C_TX + TX_PHASE, NOT_BEGUN);
  store<u32>(ctx + C_TX + TX_STATUS, TX_STATUS_PENDING);
  store<u32>(ctx + C_TX + TX_REFUSED, 0);
  store<u32>(ctx + C_HOT_CODE, 0);
  store<u32>(ctx + C_PRECOMPILE, 0);
  return resume(ctx);
}

export function resume(ctx: u32): i32 {
  const tx = ctx + C_TX;
  if (load<u32>(tx + TX_PHASE) == NOT_BEGUN) {
    const begun = begin(ctx);
    if (begun < 0) return atomic.load<u32>(ctx + C_STOP) ? STATUS_STOPPED : <i32>-begun;
    if (load<u32>(tx + TX_REFUSED) != 0) {
      store<u32>(tx + TX_STATUS, TX_STATUS_REFUSED);
      store<u32>(tx + TX_PHASE, DONE);
      return STATUS_STOP;
    }
  }
  if (load<u32>(tx + TX_PHASE) == RUNNING) {
    const status = runFrames(ctx);
    // Long work that was given up looks done: the stop counts.
    if (atomic.load<u32>(ctx + C_STOP)) return STATUS_STOPPED;
    if (status > STATUS_LAST_HALT) return status;
  }
  if (load<u32>(tx + TX_PHASE) != DONE) {
    settle(ctx);
    store<u32>(tx + TX_PHASE, DONE);
    store<u32>(tx + TX_STATUS, TX_STATUS_DONE);
    if (load<u32>(ctx + C_LIMIT_HIT)) return STATUS_HOST_LIMIT;
  }
  return load<i32>(ctx + C_STATUS);
}

/** Everything before the first instruction; 0, or a negative status to be begun again. */
function begin(ctx: u32): i64 {
  const tx = ctx + C_TX;
  beginTransaction(ctx);
  store<u32>(ctx + C_LOG_TOP, load<u32>(ctx + C_LOG_BASE));
  store<u32>(ctx + C_LOG_COUNT, 0);
  store<u32>(ctx + C_RETURN_DATA, load<u32>(ctx + C_MEM_END));
  store<u32>(ctx + C_OUTPUT_SIZE, 0);
  store<i64>(ctx + C_GAS_RESERVE, 0);
  if (has(ctx, TX_FLAG_CREDIT)) return credit(ctx);
  copyWord(ctx + C_ORIGIN, tx + TX_SENDER);
  const refused = has(ctx, TX_FLAG_CALL_ONLY) ? 0 : refuse(ctx);
  if (refused != 0) {
    store<u32>(tx + TX_REFUSED, refused);
    return 0;
  }
  const system = has(ctx, TX_FLAG_SYSTEM);
  const sender = system ? 0 : findAccount(ctx, tx + TX_SENDER);
  if (!system && (sender == 0 || findAccount(ctx, ctx + C_COINBASE) == 0)) return missing(ctx);
  if (!has(ctx, TX_FLAG_CALL_ONLY)) {
    const code = codeOf(ctx, sender);
    if (code == 0) return missing(ctx);
    const unfit = refuseSender(ctx, sender, code);
    if (unfit != 0) {
      store<u32>(tx + TX_REFUSED, unfit);
      return 0;
    }
    buyGas(ctx, sender);
  } else setPrice(ctx);
  const nonce = system ? 0 : load<u64>(sender + A_NONCE);
  if (!has(ctx, TX_FLAG_CREATE) && !has(ctx, TX_FLAG_CALL_ONLY)) setNonce(ctx, sender, nonce + 1);
  const authorized = authorize(ctx);
  if (authorized < 0) return authorized;
  const warmed = warmUp(ctx, sender);
  if (warmed < 0) return warmed;
  const intrinsic = has(ctx, TX_FLAG_CALL_ONLY) ? 0 : load<u64>(tx + TX_INTRINSIC_GAS);
  const all = <i64>(load<u64>(tx + TX_GAS) - intrinsic);
  const above = gasAboveLimit(ctx, all);
  const stateGas = above + load<i64>(ctx + C_STATE_GAS_GRANTED);
  enterStateGas(load<u32>(ctx + C_FRAMES), stateGas);
  return has(ctx, TX_FLAG_CREATE)
    ? startCreation(ctx, sender, nonce, all - above, stateGas)
    : startCall(ctx, sender, all - above, stateGas);
}

/**
 * Withdrawals and rewards: a balance grows and nobody pays. An account that is empty after it is
 * cleared as one that a transaction touched; a credit of nothing brings none into being.
 */
function credit(ctx: u32): i64 {
  const tx = ctx + C_TX;
  const account = findAccount(ctx, tx + TX_TO);
  if (account == 0) return missing(ctx);
  const amount = tx + TX_VALUE;
  if (!isZeroWord(amount) || hasFlag(account, ACCOUNT_EXISTS)) addBalance(ctx, account, amount);
  finishTransaction(ctx);
  store<i32>(ctx + C_STATUS, STATUS_STOP);
  store<u64>(tx + TX_GAS_USED, 0);
  store<u64>(tx + TX_GAS_REFUNDED, 0);
  store<u64>(tx + TX_STATE_GAS_USED, 0);
  store<u64>(tx + TX_BLOCK_GAS_USED, 0);
  store<u32>(tx + TX_STATUS, TX_STATUS_DONE);
  store<u32>(tx + TX_PHASE, DONE);
  return 0;
}

/**
 * EIP-8037: gas above what a transaction may use for execution is state gas. A bare call is bound
 * by no such limit.
 */
function gasAboveLimit(ctx: u32, gas: i64): i64 {
  const tx = ctx + C_TX;
  const rules = load<u32>(ctx + C_RULES);
  const limit = <i64>load<u64>(rules + R_TX_GAS_LIMIT);
  if (load<u32>(rules + R_STATE_GAS) == 0 || limit == 0 || has(ctx, TX_FLAG_CALL_ONLY)) return 0;
  const execution = <i64>(load<u64>(tx + TX_INTRINSIC_GAS) - load<u64>(tx + TX_INTRINSIC_STATE_GAS));
  return max<i64>(gas - (limit - execution), 0);
}

// ---------------------------------------------------------------- refusals

/** Refusals that need no state; 0 = none. Also works out intrinsic gas and the price. */
function refuse(ctx: u32): u32 {
  const tx = ctx + C_TX;
  const rules = load<u32>(ctx + C_RULES);
  const type = load<u32>(tx + TX_TYPE);
  const creates = has(ctx, TX_FLAG_CREATE);
  if (type > 31 || ((load<u32>(rules + R_TX_TYPES) >> type) & 1) == 0) return REFUSED_TYPE;
  const gas = load<u64>(tx + TX_GAS);
  if (gas > <u64>i64.MAX_VALUE) return REFUSED_BLOCK_GAS;
  const cap = load<u64>(rules + R_TX_GAS_LIMIT);
  const metersState = load<u32>(rules + R_STATE_GAS) != 0;
  if (cap != 0 && !metersState && gas > cap) return REFUSED_GAS_LIMIT;
  if (!metersState && gas > load<u64>(tx + TX_BLOCK_GAS_LEFT)) return REFUSED_BLOCK_GAS;
  const size = load<u32>(tx + TX_DATA_SIZE);
  if (creates && load<u32>(rules + R_LIMIT_INIT_CODE) && size > load<u32>(rules + R_MAX_INIT_CODE_SIZE)) {
    return REFUSED_INIT_CODE;
  }
  if (type == 4) {
    if (creates) return REFUSED_SET_CODE_CREATE;
    if (load<u32>(tx + TX_AUTHORIZATION_COUNT) == 0) return REFUSED_NO_AUTHORIZATIONS;
  }
  measureIntrinsic(ctx);
  if (gas < load<u64>(tx + TX_INTRINSIC_GAS)) return REFUSED_INTRINSIC;
  if (gas < load<u64>(tx + TX_FLOOR_GAS)) return REFUSED_FLOOR;
  if (metersState) {
    const state = load<u64>(tx + TX_INTRINSIC_STATE_GAS);
    const execution = load<u64>(tx + TX_INTRINSIC_GAS) - state;
    if (cap != 0 && max<u64>(execution, load<u64>(tx + TX_FLOOR_GAS)) > cap) return REFUSED_GAS_LIMIT;
    // The most that it may use of each kind.
    const most = cap == 0 ? gas - state : min<u64>(cap, gas - state);
    if (most > load<u64>(tx + TX_BLOCK_GAS_LEFT)) return REFUSED_BLOCK_GAS;
    if (gas - execution > load<u64>(tx + TX_BLOCK_STATE_GAS_LEFT)) return REFUSED_BLOCK_GAS;
  }
  if (lessWord(tx + TX_MAX_FEE, tx + TX_MAX_PRIORITY_FEE)) return REFUSED_PRIORITY;
  const checksFee = !has(ctx, TX_FLAG_SKIP_BASE_FEE);
  if (checksFee && load<u32>(rules + R_BASE_FEE) && lessWord(tx + TX_MAX_FEE, ctx + C_BASE_FEE)) {
    return REFUSED_BASE_FEE;
  }
  if (type == 3) return refuseBlobs(ctx, rules, creates);
  return 0;
}

function refuseBlobs(ctx: u32, rules: u32, creates: bool): u32 {
  if (creates) return REFUSED_BLOB_CREATE;
  const count = load<u32>(ctx + C_BLOB_HASH_COUNT);
  if (count == 0) return REFUSED_NO_BLOBS;
  const limit = load<u32>(rules + R_MAX_BLOBS_TX);
  if (count > load<u32>(rules + R_MAX_BLOBS_BLOCK) || (limit != 0 && count > limit)) return REFUSED_BLOBS;
  const hashes = load<u32>(ctx + C_BLOB_HASHES);
  for (let i: u32 = 0; i < count; i++) {
    if (load<u8>(hashes + (i << 5), 31) != 1) return REFUSED_BLOB_VERSION;
  }
  const checksFee = !has(ctx, TX_FLAG_SKIP_BASE_FEE);
  if (checksFee && lessWord(ctx + C_TX + TX_MAX_BLOB_FEE, ctx + C_BLOB_BASE_FEE)) return REFUSED_BLOB_FEE;
  return 0;
}

/** TX_INTRINSIC_GAS, the part of it that is state gas, and TX_FLOOR_GAS. */
function measureIntrinsic(ctx: u32): void {
  const tx = ctx + C_TX;
  const data = load<u32>(tx + TX_DATA);
  const size = load<u32>(tx + TX_DATA_SIZE);
  let zeros: u64 = 0;
  for (let i: u32 = 0; i < size; i++) zeros += u64(load<u8>(data + i) == 0);
  const others = <u64>size - zeros;
  let gas = price(ctx, R_TX_BASE) + zeros * price(ctx, R_TX_DATA_ZERO) + others * price(ctx, R_TX_DATA_NONZERO);
  const authorizations = <u64>load<u32>(tx + TX_AUTHORIZATION_COUNT);
  let stateGas: u64 = 0;
  if (has(ctx, TX_FLAG_CREATE)) {
    stateGas += <u64>stateCostOf(ctx, R_STATE_BYTES_ACCOUNT);
    gas += price(ctx, R_TX_CREATE);
    if (price(ctx, R_LIMIT_INIT_CODE)) gas += ((<u64>size + 31) >> 5) * price(ctx, R_INIT_CODE_WORD);
  }
  let listed: u64 = 0;
  let entry = load<u32>(tx + TX_ACCESS_LIST);
  for (let i = load<u32>(tx + TX_ACCESS_LIST_COUNT); i > 0; i--) {
    const slots = load<u32>(entry, 32);
    gas += price(ctx, R_TX_ACCESS_ADDRESS) + <u64>slots * price(ctx, R_TX_ACCESS_SLOT);
    listed += 20 + (<u64>slots << 5);
    entry += 64 + (slots << 5);
  }
  gas += authorizations * price(ctx, R_TX_AUTHORIZATION);
  const perAuthorization = stateCostOf(ctx, R_STATE_BYTES_ACCOUNT) + stateCostOf(ctx, R_STATE_BYTES_AUTHORIZATION);
  stateGas += authorizations * <u64>perAuthorization;
  const forList = listed * price(ctx, R_TX_ACCESS_BYTE);
  store<u64>(tx + TX_INTRINSIC_GAS, gas + forList + stateGas);
  store<u64>(tx + TX_INTRINSIC_STATE_GAS, stateGas);
  const token = price(ctx, R_TX_FLOOR_TOKEN);
  const tokens = zeros * price(ctx, R_TX_FLOOR_ZERO_TOKENS) + 4 * others;
  store<u64>(tx + TX_FLOOR_GAS, token == 0 ? 0 : price(ctx, R_TX_BASE) + token * tokens + forList);
}

/** Refusals by the sender's account. */
function refuseSender(ctx: u32, sender: u32, code: u32): u32 {
  const tx = ctx + C_TX;
  const rules = load<u32>(ctx + C_RULES);
  if (PARALLEL) assumeNonce(ctx, sender, load<u64>(tx + TX_NONCE));
  const nonce = load<u64>(sender + A_NONCE);
  markRead(sender, A_READS, PARALLEL ? READ_NONCE : READ_NONCE | READ_BALANCE);
  if (!has(ctx, TX_FLAG_SKIP_NONCE)) {
    if (load<u64>(tx + TX_NONCE) < nonce) return REFUSED_NONCE_LOW;
    if (load<u64>(tx + TX_NONCE) > nonce) return REFUSED_NONCE_HIGH;
  }
  if (load<u32>(rules + R_MAX_NONCE) && nonce == u64.MAX_VALUE) return REFUSED_NONCE_OVERFLOW;
  if (load<u32>(rules + R_REFUSE_SENDER_CODE) && !has(ctx, TX_FLAG_SKIP_SENDER_CODE)) {
    const delegated = load<u32>(rules + R_DELEGATION) && delegateOf(code, ctx + C_SCRATCH);
    if (load<u32>(code + CODE_SIZE) != 0 && !delegated) return REFUSED_SENDER_CODE;
  }
  if (has(ctx, TX_FLAG_SKIP_BALANCE)) return 0;
  const cost = ctx + C_SCRATCH;
  let overflow = mulWord(cost, tx + TX_MAX_FEE, load<u64>(tx + TX_GAS));
  overflow |= addWord(cost, cost, tx + TX_VALUE);
  if (load<u32>(tx + TX_TYPE) == 3) {
    overflow |= mulWord(cost + 32, tx + TX_MAX_BLOB_FEE, blobGas(ctx));
    overflow |= addWord(cost, cost, cost + 32);
  }
  if (PARALLEL) observeAtLeast(ctx, sender, cost);
  return overflow != 0 || lessWord(sender + A_BALANCE, cost) ? REFUSED_FUNDS : 0;
}

function blobGas(ctx: u32): u64 {
  return <u64>load<u32>(ctx + C_BLOB_HASH_COUNT) * price(ctx, R_BLOB_GAS);
}

// ---------------------------------------------------------------- fees

/** GASPRICE: the fee, bounded by base fee and tip (EIP-1559). */
function setPrice(ctx: u32): void {
  const tx = ctx + C_TX;
  const effective = tx + TX_EFFECTIVE_PRICE;
  copyWord(effective, tx + TX_MAX_FEE);
  if (load<u32>(load<u32>(ctx + C_RULES) + R_BASE_FEE)) {
    const overflow = addWord(effective, ctx + C_BASE_FEE, tx + TX_MAX_PRIORITY_FEE);
    if (overflow || lessWord(tx + TX_MAX_FEE, effective)) copyWord(effective, tx + TX_MAX_FEE);
  }
  copyWord(ctx + C_GAS_PRICE, effective);
}

function buyGas(ctx: u32, sender: u32): void {
  const tx = ctx + C_TX;
  setPrice(ctx);
  const cost = ctx + C_SCRATCH;
  mulWord(cost, tx + TX_EFFECTIVE_PRICE, load<u64>(tx + TX_GAS));
  if (load<u32>(tx + TX_TYPE) == 3) {
    mulWord(cost + 32, ctx + C_BLOB_BASE_FEE, blobGas(ctx));
    addWord(cost, cost, cost + 32);
  }
  if (subBalance(ctx, sender, cost)) return;
  // Only where the check of the balance is switched off: it pays what it has.
  copyWord(cost, sender + A_BALANCE);
  subBalance(ctx, sender, cost);
}

/** Refund, floor, and who gets the fees. */
function settle(ctx: u32): void {
  const tx = ctx + C_TX;
  const limit = load<u64>(tx + TX_GAS);
  const good = succeeded(load<i32>(ctx + C_STATUS));
  const failed = load<u32>(tx + TX_PHASE) == FAILED_AT_ONCE;
  const outermost = load<u32>(ctx + C_FRAMES);
  refundDeletedState(ctx, outermost);
  const left = <u64>load<i64>(outermost + F_STATE_GAS) + (failed ? 0 : <u64>load<i64>(outermost + F_GAS));
  const intrinsicState = has(ctx, TX_FLAG_CALL_ONLY) ? 0 : load<u64>(tx + TX_INTRINSIC_STATE_GAS);
  const stateGas = intrinsicState + <u64>load<i64>(outermost + F_STATE_GAS_USED);
  store<u64>(tx + TX_STATE_GAS_USED, stateGas);
  if (has(ctx, TX_FLAG_CALL_ONLY)) {
    store<u64>(tx + TX_GAS_USED, limit - left);
    store<u64>(tx + TX_BLOCK_GAS_USED, limit - left - stateGas);
    store<u64>(tx + TX_GAS_REFUNDED, <u64>max<i64>(load<i64>(ctx + C_REFUND), 0));
    return;
  }
  let used = limit - left;
  const refund = min<u64>(<u64>max<i64>(load<i64>(ctx + C_REFUND), 0), used / price(ctx, R_REFUND_QUOTIENT));
  const granted = <u64>load<i64>(ctx + C_STATE_GAS_GRANTED);
  const execution = used - stateGas + granted;
  if (price(ctx, R_STATE_GAS_AFTER_AUTHORIZATIONS)) {
    store<u64>(tx + TX_STATE_GAS_USED, stateGas - granted);
  }
  used = max<u64>(used - refund, load<u64>(tx + TX_FLOOR_GAS));
  const beforeRefunds = price(ctx, R_BLOCK_GAS_BEFORE_REFUNDS) != 0;
  store<u64>(tx + TX_BLOCK_GAS_USED, beforeRefunds ? max<u64>(execution, load<u64>(tx + TX_FLOOR_GAS)) : used);
  store<u64>(tx + TX_GAS_USED, used);
  store<u64>(tx + TX_GAS_REFUNDED, refund);
  const amount = ctx + C_SCRATCH;
  const sender = findAccount(ctx, tx + TX_SENDER);
  mulWord(amount, tx + TX_EFFECTIVE_PRICE, limit - used);
  addBalance(ctx, sender, amount);
  copyWord(amount + 32, tx + TX_EFFECTIVE_PRICE);
  if (load<u32>(load<u32>(ctx + C_RULES) + R_BASE_FEE)) {
    // Only where the check of the base fee is switched off: then there is no tip.
    if (lessWord(amount + 32, ctx + C_BASE_FEE)) zeroWord(amount + 32);
    else subWord(amount + 32, amount + 32, ctx + C_BASE_FEE);
  }
  mulWord(amount, amount + 32, used);
  addBalance(ctx, findAccount(ctx, ctx + C_COINBASE), amount);
  logDeleted(ctx);
  finishTransaction(ctx);
}

// ---------------------------------------------------------------- authorisations and warmth

/** EIP-7702: sets the delegations that are valid; 0 or a negative status. */
function authorize(ctx: u32): i64 {
  const tx = ctx + C_TX;
  let at = load<u32>(tx + TX_AUTHORIZATIONS);
  for (let i = load<u32>(tx + TX_AUTHORIZATION_COUNT); i > 0; i--) {
    const done = authorizeOne(ctx, at);
    if (done < 0) return done;
    at += AUTHORIZATION_BYTES;
  }
  return 0;
}

function authorizeOne(ctx: u32, at: u32): i64 {
  if (!isZeroWord(at + 64) && !sameWord(at + 64, ctx + C_CHAIN_ID)) return 0;
  const nonce = load<u64>(at, 96);
  if (nonce == u64.MAX_VALUE || load<u32>(at, 104) == 0) return 0;
  const authority = findAccount(ctx, at);
  if (authority == 0) return missing(ctx);
  const code = codeOf(ctx, authority);
  if (code == 0) return missing(ctx);
  warmAccount(ctx, authority);
  markRead(authority, A_READS, READ_NONCE | READ_EXISTENCE);
  if (load<u32>(code + CODE_SIZE) != 0 && !delegateOf(code, ctx + C_SCRATCH)) return 0;
  if (load<u64>(authority + A_NONCE) != nonce) return 0;
  if (hasFlag(authority, ACCOUNT_EXISTS)) {
    store<i64>(ctx + C_REFUND, load<i64>(ctx + C_REFUND) + <i64>price(ctx, R_TX_AUTHORIZATION_REFUND));
    grantStateGas(ctx, stateCostOf(ctx, R_STATE_BYTES_ACCOUNT));
  }
  if (isZeroWord(at + 32)) setCode(ctx, authority, load<u32>(ctx + C_EMPTY_CODE), ctx + C_EMPTY_HASH);
  else {
    const bytes = ctx + C_SCRATCH;
    store<u32>(bytes, 0x0001ef);
    addressToBytes(bytes + 3, at + 32);
    keccak256(bytes + 32, bytes, 23);
    const designator = codeCreate(ctx, bytes, 23, bytes + 32);
    if (designator == 0) {
      store<u32>(ctx + C_LIMIT_HIT, 1);
      return -STATUS_HOST_LIMIT;
    }
    setCode(ctx, authority, designator, bytes + 32);
  }
  setNonce(ctx, authority, nonce + 1);
  return 0;
}

/** Marks what a transaction has accessed before it begins (EIP-2929, 2930, 3651); no sender: a system call. */
function warmUp(ctx: u32, sender: u32): i64 {
  const tx = ctx + C_TX;
  if (price(ctx, R_WARMTH) == 0) return 0;
  if (sender != 0) warmAccount(ctx, sender);
  if (sender != 0 && price(ctx, R_WARM_COINBASE)) warmAccount(ctx, findAccount(ctx, ctx + C_COINBASE));
  let entry = load<u32>(tx + TX_ACCESS_LIST);
  for (let i = load<u32>(tx + TX_ACCESS_LIST_COUNT); i > 0; i--) {
    const account = findAccount(ctx, entry);
    if (account == 0) return missing(ctx);
    warmAccount(ctx, account);
    const slots = load<u32>(entry, 32);
    for (let k: u32 = 0; k < slots; k++) {
      const slot = findSlot(ctx, account, entry + 64 + (k << 5));
      if (slot == 0) return missing(ctx);
      warmSlot(ctx, slot);
    }
    entry += 64 + (slots << 5);
  }
  return 0;
}

// ---------------------------------------------------------------- the outermost frame

function startCall(ctx: u32, sender: u32, gas: i64, stateGas: i64): i64 {
  const tx = ctx + C_TX;
  const rules = load<u32>(ctx + C_RULES);
  const target = findAccount(ctx, tx + TX_TO);
  if (target == 0) return missing(ctx);
  if (price(ctx, R_WARMTH)) warmAccount(ctx, target);
  const precompile = isPrecompile(rules, tx + TX_TO);
  let code = precompile ? load<u32>(ctx + C_EMPTY_CODE) : codeOf(ctx, target);
  if (code == 0) return missing(ctx);
  let flags: u32 = 0;
  const delegateAddress = ctx + C_SCRATCH + 64;
  if (!precompile && load<u32>(rules + R_DELEGATION) && delegateOf(code, delegateAddress)) {
    const delegate = findAccount(ctx, delegateAddress);
    if (delegate == 0) return missing(ctx);
    markRead(delegate, A_READS, READ_EXISTENCE);
    code = isPrecompile(rules, delegate) ? load<u32>(ctx + C_EMPTY_CODE) : codeOf(ctx, delegate);
    if (code == 0) return missing(ctx);
    warmAccount(ctx, delegate);
    flags = FRAME_FLAG_DELEGATED;
  }
  const fp = load<u32>(ctx + C_FRAMES);
  store<u32>(fp + F_INPUT, load<u32>(tx + TX_DATA));
  store<u32>(fp + F_INPUT_SIZE, load<u32>(tx + TX_DATA_SIZE));
  store<u32>(fp + F_WANTED_SIZE, 0);
  store<u32>(fp + F_ACCOUNT, target);
  copyWord(fp + F_ADDRESS, tx + TX_TO);
  copyWord(fp + F_CALLER, tx + TX_SENDER);
  copyWord(fp + F_VALUE, tx + TX_VALUE);
  copyWord(fp + F_CODE_ADDRESS, tx + TX_TO);
  store<u32>(fp + F_DEPTH, 0);
  store<u32>(fp + F_MEM, load<u32>(ctx + C_MEM_BASE));
  const kind: u32 = precompile ? FRAME_KIND_PRECOMPILE : FRAME_KIND_EVM;
  enterFrame(ctx, fp, kind, flags, code, gas, stateGas);
  if (!moveValue(ctx, sender, target)) return 0;
  store<u32>(tx + TX_PHASE, RUNNING);
  return 0;
}

/** Moves the transaction's value; false when it was more than the sender has. */
function moveValue(ctx: u32, sender: u32, target: u32): bool {
  const value = ctx + C_TX + TX_VALUE;
  if (isZeroWord(value)) {
    touchAccount(ctx, target);
    return true;
  }
  if (!subBalance(ctx, sender, value)) {
    if (!has(ctx, TX_FLAG_SKIP_BALANCE)) {
      store<u32>(ctx + C_TX + TX_REFUSED, REFUSED_FUNDS);
      return false;
    }
  }
  addBalance(ctx, target, value);
  logTransfer(ctx, sender, target, value);
  return true;
}

function startCreation(ctx: u32, sender: u32, nonce: u64, gas: i64, stateGas: i64): i64 {
  const tx = ctx + C_TX;
  const address = tx + TX_CREATED;
  createAddress(ctx, address, tx + TX_SENDER, nonce);
  const account = findAccount(ctx, address);
  if (account == 0) return missing(ctx);
  const taken = isTaken(ctx, load<u32>(ctx + C_RULES), account);
  if (taken < 0) return missing(ctx);
  setNonce(ctx, sender, nonce + 1);
  if (price(ctx, R_WARMTH)) warmAccount(ctx, account);
  if (taken) {
    store<u32>(ctx + C_STATUS, STATUS_CREATE_COLLISION);
    store<u32>(tx + TX_PHASE, FAILED_AT_ONCE);
    return 0;
  }
  const code = initCodeCreate(ctx, load<u32>(tx + TX_DATA), load<u32>(tx + TX_DATA_SIZE));
  if (code == 0) {
    store<u32>(ctx + C_LIMIT_HIT, 1);
    return -STATUS_HOST_LIMIT;
  }
  const fp = load<u32>(ctx + C_FRAMES);
  enterCreation(ctx, fp, address, account, tx + TX_SENDER, tx + TX_VALUE, code, gas, stateGas, 0, load<u32>(ctx + C_MEM_BASE));
  if (!moveValue(ctx, sender, account)) return 0;
  store<u32>(tx + TX_PHASE, RUNNING);
  return 0;
}
