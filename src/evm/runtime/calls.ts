// CALL, CALLCODE, DELEGATECALL, STATICCALL, CREATE, CREATE2 and SELFDESTRUCT. State that may be
// missing is asked for before anything is changed; gas is counted with the reserve, so that out
// of gas here is final.
import {
  ACCOUNT_CREATED, ACCOUNT_EXISTS, ACCOUNT_SELFDESTRUCTED, A_BALANCE, A_CODE_HASH, A_FLAGS,
  A_NONCE, A_READS, CALL_FAILURE_BALANCE, CALL_FAILURE_COLLISION, CALL_FAILURE_DEPTH,
  CALL_FAILURE_NONCE, C_HOOK, C_HOOK_FAILURE, C_HOOK_FRAME, F_SCRATCH_2, HOOK_FAILED, CODE_BYTES, CODE_SIZE, C_EMPTY_CODE, C_EMPTY_HASH, C_GAS_RESERVE, C_LIMIT_HIT,
  C_REFUND, C_RULES, C_SCRATCH, FRAME_FLAG_CREATE, FRAME_FLAG_DELEGATED, FRAME_FLAG_STATIC,
  FRAME_KIND_EVM, FRAME_KIND_PRECOMPILE, FRAME_STRIDE, F_ACCOUNT, F_ADDRESS, F_CALLER,
  F_CODE_ADDRESS, F_CTX, F_DEPTH, F_FLAGS, F_GAS, F_INPUT, F_INPUT_SIZE, F_IP, F_MEM, F_MEM_SIZE,
  F_OUTPUT_SIZE, F_RETURN_SIZE, F_SCRATCH_0, F_SCRATCH_1, F_SP, F_VALUE, F_WANTED, F_WANTED_SIZE,
  READ_BALANCE, READ_CODE, READ_EXISTENCE, READ_NONCE, R_ALL_BUT_ONE_64TH, R_CALL_NEW_ACCOUNT, R_CALL_STIPEND,
  R_CALL_VALUE, R_CLEAR_EMPTY, R_COLD_ACCOUNT_EXTRA, R_CREATE_CHECKS_STORAGE, R_DELEGATION,
  R_INIT_CODE_WORD, R_KECCAK_WORD, R_LIMIT_INIT_CODE, R_MAX_INIT_CODE_SIZE, R_SELFDESTRUCT_CHARGES,
  R_SELFDESTRUCT_NEW_ACCOUNT, R_STATE_BYTES_ACCOUNT, F_STATE_GAS, R_SELFDESTRUCT_ONLY_NEW, R_SELFDESTRUCT_REFUND, R_WARMTH,
  STATUS_HOST_LIMIT, STATUS_INIT_CODE_TOO_LARGE, STATUS_OUT_OF_GAS, STATUS_SELFDESTRUCT,
  STATUS_STATIC_VIOLATION, STATUS_SWITCH_FRAME,
} from "../layout";
import { initCodeCreate } from "./code";
import { enterFrame } from "./frames";
import { logBurn, logTransfer } from "./transfer-logs";
import { keccak256Watched, keccak256Word } from "./hashes/keccak";
import { exceeds32, priceOfRange, touchRange, touchRanges } from "./memory";
import {
  addBalance, codeOf, findAccount, hasFlag, hasStorage, isEmpty, lessWord, markRead,
  markSelfdestructed, observeAtLeast, resetForCreation, setBalance, setNonce, subBalance, touchAccount, warmAccount,
} from "./state";
import { afterStateGas, chargeStateGas, refundCreation, stateCostOf } from "./state-gas";
import { coldExtra, copyAddress, isCold, isPrecompile, missing, missingAccount } from "./stateops";
import { copyWord, isZeroWord, sameWord, zeroWord } from "./tables";

const CALL: u32 = 0xf1;
const CALLCODE: u32 = 0xf2;
const DELEGATECALL: u32 = 0xf4;
const CREATE2: u32 = 0xf5;
const STATICCALL: u32 = 0xfa;
export const DEPTH_MAX: u32 = 1024;
const WARM_ACCESS: i64 = 100;

/** Address that an EIP-7702 designator names, written to `to`; false when it is none. */
export function delegateOf(code: u32, to: u32): bool {
  if (load<u32>(code + CODE_SIZE) != 23) return false;
  const bytes = code + CODE_BYTES;
  if (load<u8>(bytes) != 0xef || load<u8>(bytes, 1) != 0x01 || load<u8>(bytes, 2) != 0) return false;
  addressFromBytes(to, bytes + 3);
  return true;
}

/** The word of 20 big-endian bytes. */
export function addressFromBytes(to: u32, bytes: u32): void {
  store<u64>(to, bswap<u64>(load<u64>(bytes, 12)));
  store<u64>(to, bswap<u64>(load<u64>(bytes, 4)), 8);
  store<u64>(to, <u64>bswap<u32>(load<u32>(bytes)), 16);
  store<u64>(to, 0, 24);
}

/** 20 big-endian bytes of an address word. */
export function addressToBytes(to: u32, word: u32): void {
  store<u32>(to, bswap<u32>(load<u32>(word, 16)));
  store<u64>(to, bswap<u64>(load<u64>(word, 8)), 4);
  store<u64>(to, bswap<u64>(load<u64>(word)), 12);
}

// @ts-ignore: decorator
@inline
function status32(result: i64): i32 {
  return -(<i32>result);
}

/** A word as gas, at most 2^63 - 1. */
function gasOf(word: u32): i64 {
  const high = load<u64>(word, 8) | load<u64>(word, 16) | load<u64>(word, 24);
  const low = load<u64>(word);
  return high != 0 || low > <u64>i64.MAX_VALUE ? i64.MAX_VALUE : <i64>low;
}

export function opCall(fp: u32, sp: u32, gas: i64, op: u32): i32 {
  const ctx = load<u32>(fp + F_CTX);
  const rules = load<u32>(ctx + C_RULES);
  const all = gas + load<i64>(ctx + C_GAS_RESERVE);
  const hasValue = op == CALL || op == CALLCODE;
  const ranges = hasValue ? sp + 96 : sp + 64;
  const transfers = hasValue && !isZeroWord(sp + 64);
  const isStatic = (load<u32>(fp + F_FLAGS) & FRAME_FLAG_STATIC) != 0;
  if (op == CALL && transfers && isStatic) return STATUS_STATIC_VIOLATION;
  // What is known without the state: nothing is read for who cannot pay for that.
  const forMemory = max<i64>(priceOfRange(fp, ranges, ranges + 32), priceOfRange(fp, ranges + 64, ranges + 96));
  if (all < forMemory) return STATUS_OUT_OF_GAS;
  const forValue: i64 = transfers ? <i64>load<u32>(rules + R_CALL_VALUE) : 0;
  const payable = all - forMemory - forValue;
  if (payable < 0) return STATUS_OUT_OF_GAS;
  // What must be present.
  const address = fp + F_SCRATCH_0;
  copyAddress(address, sp + 32);
  const target = findAccount(ctx, address);
  if (target == 0) return status32(missingAccount(ctx, payable));
  let cost = coldExtra(target, rules);
  if (payable < cost) return STATUS_OUT_OF_GAS;
  markRead(target, A_READS, READ_EXISTENCE);
  const precompile = isPrecompile(rules, address);
  let code = precompile ? load<u32>(ctx + C_EMPTY_CODE) : codeOf(ctx, target);
  if (code == 0) return status32(missing(ctx));
  let delegate: u32 = 0;
  if (!precompile && load<u32>(rules + R_DELEGATION) && delegateOf(code, fp + F_SCRATCH_1)) {
    delegate = findAccount(ctx, fp + F_SCRATCH_1);
    if (delegate == 0) {
      return status32(missingAccount(ctx, payable - cost - WARM_ACCESS));
    }
    const warmed = sameWord(delegate, address);
    cost += WARM_ACCESS + (warmed ? 0 : coldExtra(delegate, rules));
    if (payable < cost) return STATUS_OUT_OF_GAS;
    markRead(delegate, A_READS, READ_CODE);
    // A delegate that is a precompile is called as the empty code that it has.
    code = isPrecompile(rules, delegate) ? load<u32>(ctx + C_EMPTY_CODE) : codeOf(ctx, delegate);
    if (code == 0) return status32(missing(ctx));
  }
  // What it costs.
  cost += forValue;
  let stateCost: i64 = 0;
  if (op == CALL && makesAccount(ctx, rules, target, transfers)) {
    cost += <i64>load<u32>(rules + R_CALL_NEW_ACCOUNT);
    stateCost = stateCostOf(ctx, R_STATE_BYTES_ACCOUNT);
  }
  let left = afterStateGas(fp, all - forMemory - cost, stateCost);
  if (left < 0) return STATUS_OUT_OF_GAS;
  let given = gasOf(sp);
  if (load<u32>(rules + R_ALL_BUT_ONE_64TH)) given = min<i64>(given, left - left / 64);
  else if (given > left) return STATUS_OUT_OF_GAS;
  left -= given;
  // Memory grows last: what runs out of gas may be executed again, and must cost the same then.
  const touched = touchRanges(fp, all, ranges, ranges + 64);
  if (touched < 0) return status32(touched);
  if (transfers) given += <i64>load<u32>(rules + R_CALL_STIPEND);
  // From here on it happens.
  chargeStateGas(fp, stateCost);
  warmAccount(ctx, target);
  markRead(target, A_READS, READ_CODE);
  if (delegate != 0) warmAccount(ctx, delegate);
  const result = sp + (hasValue ? 192 : 160);
  leaveBehind(ctx, fp, result, left);
  const self = load<u32>(fp + F_ACCOUNT);
  // CALLCODE takes nothing from it, and asks all the same.
  if (PARALLEL && transfers) observeAtLeast(ctx, self, sp + 64);
  const poor = transfers && lessWord(self + A_BALANCE, sp + 64);
  if (poor || load<u32>(fp + F_DEPTH) >= DEPTH_MAX) {
    if (transfers) markRead(self, A_READS, READ_BALANCE);
    store<i64>(fp + F_GAS, left + given);
    const deep = load<u32>(fp + F_DEPTH) >= DEPTH_MAX;
    noteFailure(ctx, fp, sp, load<u32>(ranges + 32), given, deep ? CALL_FAILURE_DEPTH : CALL_FAILURE_BALANCE);
    zeroWord(result);
    return STATUS_SWITCH_FRAME;
  }
  const callee = fp + FRAME_STRIDE;
  const size = load<u32>(ranges + 32);
  const wantedSize = load<u32>(ranges + 96);
  const base = load<u32>(fp + F_MEM);
  store<u32>(callee + F_INPUT, size == 0 ? 0 : base + load<u32>(ranges));
  store<u32>(callee + F_INPUT_SIZE, size);
  store<u32>(callee + F_WANTED, wantedSize == 0 ? 0 : load<u32>(ranges + 64));
  store<u32>(callee + F_WANTED_SIZE, wantedSize);
  const inherits = op == CALLCODE || op == DELEGATECALL;
  store<u32>(callee + F_ACCOUNT, inherits ? self : target);
  copyWord(callee + F_ADDRESS, inherits ? fp + F_ADDRESS : address);
  copyWord(callee + F_CALLER, op == DELEGATECALL ? fp + F_CALLER : fp + F_ADDRESS);
  if (hasValue) copyWord(callee + F_VALUE, sp + 64);
  else if (op == DELEGATECALL) copyWord(callee + F_VALUE, fp + F_VALUE);
  else zeroWord(callee + F_VALUE);
  copyWord(callee + F_CODE_ADDRESS, address);
  store<u32>(callee + F_DEPTH, load<u32>(fp + F_DEPTH) + 1);
  store<u32>(callee + F_MEM, base + load<u32>(fp + F_MEM_SIZE));
  let flags: u32 = isStatic || op == STATICCALL ? FRAME_FLAG_STATIC : 0;
  if (delegate != 0) flags |= FRAME_FLAG_DELEGATED;
  const kind: u32 = precompile ? FRAME_KIND_PRECOMPILE : FRAME_KIND_EVM;
  enterFrame(ctx, callee, kind, flags, code, given, load<i64>(fp + F_STATE_GAS));
  if (op == CALL) {
    if (transfers) {
      subBalance(ctx, self, callee + F_VALUE);
      addBalance(ctx, target, callee + F_VALUE);
      logTransfer(ctx, self, target, callee + F_VALUE);
    } else touchAccount(ctx, target);
  } else if (op == STATICCALL) touchAccount(ctx, target);
  return STATUS_SWITCH_FRAME;
}

/** Whether a CALL pays for a new account: EIP-161 asks for value and an empty account. */
function makesAccount(ctx: u32, rules: u32, target: u32, transfers: bool): bool {
  if (load<u32>(rules + R_CLEAR_EMPTY)) {
    return transfers && (!hasFlag(target, ACCOUNT_EXISTS) || isEmpty(ctx, target));
  }
  return !hasFlag(target, ACCOUNT_EXISTS);
}

/** Leaves word of a call that fails before it begins, for a host that watches calls. */
function noteFailure(ctx: u32, fp: u32, sp: u32, size: u32, gas: i64, failure: u32): void {
  store<u32>(ctx + C_HOOK, HOOK_FAILED);
  store<u32>(ctx + C_HOOK_FRAME, fp);
  store<u32>(ctx + C_HOOK_FAILURE, failure);
  store<u32>(fp + F_SCRATCH_2, sp);
  store<u32>(fp + F_SCRATCH_2, size, 4);
  store<i64>(fp + F_SCRATCH_2, gas, 8);
}

/** Saves the caller as it goes on: after the opcode, with one result in place of the operands. */
function leaveBehind(ctx: u32, fp: u32, result: u32, left: i64): void {
  store<u32>(fp + F_IP, load<u32>(fp + F_IP) + 1);
  store<u32>(fp + F_SP, result);
  store<i64>(fp + F_GAS, left);
  store<u32>(fp + F_RETURN_SIZE, 0);
  store<i64>(ctx + C_GAS_RESERVE, 0);
}

export function opCreate(fp: u32, sp: u32, gas: i64, op: u32): i32 {
  const ctx = load<u32>(fp + F_CTX);
  const rules = load<u32>(ctx + C_RULES);
  if (load<u32>(fp + F_FLAGS) & FRAME_FLAG_STATIC) return STATUS_STATIC_VIOLATION;
  const all = gas + load<i64>(ctx + C_GAS_RESERVE);
  if (exceeds32(sp + 64)) return STATUS_OUT_OF_GAS;
  const size = load<u32>(sp + 64);
  let price: u32 = op == CREATE2 ? load<u32>(rules + R_KECCAK_WORD) : 0;
  if (load<u32>(rules + R_LIMIT_INIT_CODE)) {
    if (size > load<u32>(rules + R_MAX_INIT_CODE_SIZE)) return STATUS_INIT_CODE_TOO_LARGE;
    price += load<u32>(rules + R_INIT_CODE_WORD);
  }
  const memorySize = load<u32>(fp + F_MEM_SIZE);
  const forMemory = priceOfRange(fp, sp + 32, sp + 64);
  if (all < forMemory) return STATUS_OUT_OF_GAS;
  let left = all - forMemory - <i64>(((<u64>size + 31) >> 5) * price);
  if (left < 0) return STATUS_OUT_OF_GAS;
  const stateCost = stateCostOf(ctx, R_STATE_BYTES_ACCOUNT);
  left = afterStateGas(fp, left, stateCost);
  if (left < 0) return STATUS_OUT_OF_GAS;
  const touched = touchRange(fp, all, sp + 32, sp + 64);
  if (touched < 0) return status32(touched);
  const self = load<u32>(fp + F_ACCOUNT);
  const bytes = size == 0 ? load<u32>(fp + F_MEM) : load<u32>(fp + F_MEM) + load<u32>(sp + 32);
  const result = sp + (op == CREATE2 ? 96 : 64);
  const nonce = load<u64>(self + A_NONCE);
  markRead(self, A_READS, PARALLEL ? READ_NONCE : READ_BALANCE | READ_NONCE);
  if (PARALLEL) observeAtLeast(ctx, self, sp);
  const poor = lessWord(self + A_BALANCE, sp);
  if (poor || nonce == u64.MAX_VALUE || load<u32>(fp + F_DEPTH) >= DEPTH_MAX) {
    leaveBehind(ctx, fp, result, left);
    chargeStateGas(fp, stateCost);
    refundCreation(ctx, fp);
    const deep = load<u32>(fp + F_DEPTH) >= DEPTH_MAX;
    const failure = deep ? CALL_FAILURE_DEPTH : poor ? CALL_FAILURE_BALANCE : CALL_FAILURE_NONCE;
    noteFailure(ctx, fp, sp, size, left, failure);
    zeroWord(result);
    return STATUS_SWITCH_FRAME;
  }
  const address = fp + F_SCRATCH_0;
  if (op == CREATE2) create2Address(ctx, address, fp + F_ADDRESS, sp + 96, bytes, size);
  else createAddress(ctx, address, fp + F_ADDRESS, nonce);
  const account = findAccount(ctx, address);
  const collides = account == 0 ? -1 : isTaken(ctx, rules, account);
  if (collides < 0) {
    // Executed again once the host has answered: memory must cost the same.
    store<u32>(fp + F_MEM_SIZE, memorySize);
    return status32(missing(ctx));
  }
  chargeStateGas(fp, stateCost);
  const given = load<u32>(rules + R_ALL_BUT_ONE_64TH) ? left - left / 64 : left;
  left -= given;
  copyWord(fp + F_SCRATCH_1, sp);
  leaveBehind(ctx, fp, result, left);
  setNonce(ctx, self, nonce + 1);
  warmAccount(ctx, account);
  if (collides) {
    refundCreation(ctx, fp);
    noteFailure(ctx, fp, sp, size, given, CALL_FAILURE_COLLISION);
    zeroWord(result);
    return STATUS_SWITCH_FRAME;
  }
  const code = initCodeCreate(ctx, bytes, size);
  if (code == 0) {
    store<u32>(ctx + C_LIMIT_HIT, 1);
    return STATUS_HOST_LIMIT;
  }
  const depth = load<u32>(fp + F_DEPTH) + 1;
  const start = load<u32>(fp + F_MEM) + load<u32>(fp + F_MEM_SIZE);
  const value = fp + F_SCRATCH_1;
  enterCreation(
    ctx, fp + FRAME_STRIDE, address, account, fp + F_ADDRESS, value, code, given,
    load<i64>(fp + F_STATE_GAS), depth, start,
  );
  subBalance(ctx, self, fp + F_SCRATCH_1);
  addBalance(ctx, account, fp + F_SCRATCH_1);
  logTransfer(ctx, self, account, fp + F_SCRATCH_1);
  return STATUS_SWITCH_FRAME;
}

/** Enters the frame of an initialisation; the value is moved by the caller. */
export function enterCreation(
  ctx: u32, callee: u32, address: u32, account: u32, creator: u32, value: u32, code: u32,
  gas: i64, stateGas: i64, depth: u32, memoryStart: u32,
): void {
  store<u32>(callee + F_INPUT, 0);
  store<u32>(callee + F_INPUT_SIZE, 0);
  store<u32>(callee + F_WANTED_SIZE, 0);
  store<u32>(callee + F_ACCOUNT, account);
  copyWord(callee + F_ADDRESS, address);
  copyWord(callee + F_CALLER, creator);
  copyWord(callee + F_VALUE, value);
  copyWord(callee + F_CODE_ADDRESS, address);
  store<u32>(callee + F_DEPTH, depth);
  store<u32>(callee + F_MEM, memoryStart);
  enterFrame(ctx, callee, FRAME_KIND_EVM, FRAME_FLAG_CREATE, code, gas, stateGas);
  resetForCreation(ctx, account);
  if (load<u32>(load<u32>(ctx + C_RULES) + R_CLEAR_EMPTY)) setNonce(ctx, account, 1);
}

/** EIP-684 and EIP-7610: 1 when a contract may not be created there, -1 for a request. */
export function isTaken(ctx: u32, rules: u32, account: u32): i32 {
  markRead(account, A_READS, READ_EXISTENCE | READ_CODE | READ_NONCE);
  if (load<u64>(account + A_NONCE) != 0) return 1;
  if (!sameWord(account + A_CODE_HASH, ctx + C_EMPTY_HASH)) return 1;
  if (load<u32>(rules + R_CREATE_CHECKS_STORAGE) == 0) return 0;
  return hasFlag(account, ACCOUNT_EXISTS) ? hasStorage(ctx, account) : 0;
}

/** Low 20 bytes of keccak(rlp([creator, nonce])). */
export function createAddress(ctx: u32, to: u32, creator: u32, nonce: u64): void {
  const buffer = ctx + C_SCRATCH;
  store<u8>(buffer, 0x94, 1);
  addressToBytes(buffer + 2, creator);
  let size: u32 = 22;
  if (nonce == 0) store<u8>(buffer + size++, 0x80);
  else if (nonce < 0x80) store<u8>(buffer + size++, <u8>nonce);
  else {
    const bytes: u32 = 8 - <u32>(clz<u64>(nonce) >> 3);
    store<u8>(buffer + size++, <u8>(0x80 + bytes));
    for (let i: i32 = bytes - 1; i >= 0; i--) store<u8>(buffer + size++, <u8>(nonce >> (<u64>i << 3)));
  }
  store<u8>(buffer, <u8>(0xc0 + size - 1));
  keccak256Word(to, buffer, size);
  copyAddress(to, to);
}

/** Low 20 bytes of keccak(0xff, creator, salt, keccak(init code)) (EIP-1014). */
function create2Address(ctx: u32, to: u32, creator: u32, salt: u32, bytes: u32, size: u32): void {
  const buffer = ctx + C_SCRATCH;
  store<u8>(buffer, 0xff);
  addressToBytes(buffer + 1, creator);
  for (let i: u32 = 0; i < 32; i += 8) {
    store<u64>(buffer + 21 + i, bswap<u64>(load<u64>(salt + 24 - i)));
  }
  const word = buffer + 96;
  keccak256Watched(ctx, word, bytes, size);
  for (let i: u32 = 0; i < 32; i += 8) {
    store<u64>(buffer + 53 + i, bswap<u64>(load<u64>(word + 24 - i)));
  }
  keccak256Word(to, buffer, 85);
  copyAddress(to, to);
}

export function opSelfdestruct(fp: u32, sp: u32, gas: i64): i32 {
  const ctx = load<u32>(fp + F_CTX);
  const rules = load<u32>(ctx + C_RULES);
  if (load<u32>(fp + F_FLAGS) & FRAME_FLAG_STATIC) return STATUS_STATIC_VIOLATION;
  const all = gas + load<i64>(ctx + C_GAS_RESERVE);
  const address = fp + F_SCRATCH_0;
  copyAddress(address, sp);
  const heir = findAccount(ctx, address);
  if (heir == 0) return status32(missingAccount(ctx, all));
  const self = load<u32>(fp + F_ACCOUNT);
  let cost: i64 = 0;
  if (load<u32>(rules + R_WARMTH) && isCold(heir, rules)) {
    cost += WARM_ACCESS + <i64>load<u32>(rules + R_COLD_ACCOUNT_EXTRA);
  }
  const rich = !isZeroWord(self + A_BALANCE);
  // Also where there is no gas for what follows of it.
  if (PARALLEL) markRead(self, A_READS, READ_BALANCE);
  if (all < cost) return STATUS_OUT_OF_GAS;
  markRead(heir, A_READS, READ_EXISTENCE);
  let stateCost: i64 = 0;
  if (load<u32>(rules + R_SELFDESTRUCT_CHARGES) && makesAccount(ctx, rules, heir, rich)) {
    cost += <i64>load<u32>(rules + R_SELFDESTRUCT_NEW_ACCOUNT);
    stateCost = stateCostOf(ctx, R_STATE_BYTES_ACCOUNT);
  }
  const left = afterStateGas(fp, all - cost, stateCost);
  if (left < 0) return STATUS_OUT_OF_GAS;
  chargeStateGas(fp, stateCost);
  warmAccount(ctx, heir);
  markRead(self, A_READS, READ_BALANCE);
  markRead(heir, A_READS, READ_EXISTENCE | READ_BALANCE);
  const dies = load<u32>(rules + R_SELFDESTRUCT_ONLY_NEW) == 0 || hasFlag(self, ACCOUNT_CREATED);
  if (!hasFlag(self, ACCOUNT_SELFDESTRUCTED)) {
    store<i64>(ctx + C_REFUND, load<i64>(ctx + C_REFUND) + <i64>load<u32>(rules + R_SELFDESTRUCT_REFUND));
  }
  const amount = fp + F_SCRATCH_1;
  copyWord(amount, self + A_BALANCE);
  if (heir != self) {
    subBalance(ctx, self, amount);
    addBalance(ctx, heir, amount);
    logTransfer(ctx, self, heir, amount);
  } else if (dies) {
    logBurn(ctx, self, amount);
    zeroWord(amount);
    setBalance(ctx, self, amount);
  }
  if (dies) markSelfdestructed(ctx, self);
  store<i64>(fp + F_GAS, left);
  store<i64>(ctx + C_GAS_RESERVE, 0);
  store<u32>(fp + F_OUTPUT_SIZE, 0);
  return STATUS_SELFDESTRUCT;
}
