// Opcodes that read and write state. Each checks its gas, then that the state is present, then
// marks warmth, charges and acts: a negative answer means that nothing changed.
import {
  A_BALANCE, A_CODE_HASH, A_FLAGS, A_READS, ACCOUNT_EXISTS, BLOCK_HASH_BYTES, CODE_BYTES,
  CODE_SIZE, C_BLOCK_HASHES, C_BLOCK_HASH_READS, C_GAS_RESERVE, C_NUMBER, C_REFUND, C_REQUEST, C_REQUEST_ADDRESS, C_REQUEST_SLOT, C_RULES, C_SCRATCH,
  FRAME_FLAG_STATIC, F_ACCOUNT, F_CTX, F_FLAGS, F_MEM, READ_BALANCE, READ_CODE, READ_EXISTENCE,
  READ_SLOT, REQUEST_BLOCK_HASH, REQUEST_NONE, R_CLEAR_EMPTY, R_COLD_ACCOUNT_EXTRA,
  R_COLD_SLOAD_EXTRA, R_COLD_SSTORE, R_CUSTOM, R_CUSTOM_COLD, R_CUSTOM_COUNT, R_PRECOMPILES, R_PRECOMPILE_P256, R_SSTORE_CLEAR_REFUND, R_SSTORE_DIRTY, R_SSTORE_METERING,
  R_SSTORE_RESET, R_STATE_BYTES_SLOT, R_STATE_GAS, R_SSTORE_SENTRY, R_SSTORE_SET,
  R_WARM_P256, R_WARM_PRECOMPILES, S_FLAGS, S_ORIGINAL, S_READS, S_VALUE, SLOT_WARM,
  ACCOUNT_WARM, STATUS_HOST_LIMIT, STATUS_NEED_STATE, STATUS_OUT_OF_GAS, STATUS_STATIC_VIOLATION,
  STATUS_STOPPED,
} from "../layout";
import { copyPadded, payCopy, priceOfCopy } from "./copies";
import { exceeds32 } from "./memory";
import {
  codeOf, findAccount, findSlot, isEmpty, markRead, setSlot, transientLoad, transientStore,
  warmAccount, warmSlot,
} from "./state";
import { afterStateGas, chargeStateGas, refundStateGas, stateCostOf } from "./state-gas";
import { copyWord, isZeroWord, sameWord, zeroWord } from "./tables";

/** What a miss means: a request to the host, or that its memory is used up. */
export function missing(ctx: u32): i64 {
  return load<u32>(ctx + C_REQUEST) == REQUEST_NONE ? -STATUS_HOST_LIMIT : -STATUS_NEED_STATE;
}

/**
 * The same for the account that was just asked for. It is cold, unless a precompile stands there:
 * without the gas for it it is not read.
 */
export function missingAccount(ctx: u32, gas: i64): i64 {
  const rules = load<u32>(ctx + C_RULES);
  const warm = isWarmFromStart(rules, ctx + C_REQUEST_ADDRESS);
  const extra = warm ? 0 : <i64>load<u32>(rules + R_COLD_ACCOUNT_EXTRA);
  return gas < extra ? -STATUS_OUT_OF_GAS : missing(ctx);
}

/** Keeps the 20 bytes of an address of the word at `from`. */
export function copyAddress(to: u32, from: u32): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  store<u64>(to, <u64>load<u32>(from, 16), 16);
  store<u64>(to, 0, 24);
}

export function coldExtra(a: u32, rules: u32): i64 {
  return isCold(a, rules) ? <i64>load<u32>(rules + R_COLD_ACCOUNT_EXTRA) : 0;
}

export function isCold(a: u32, rules: u32): bool {
  return (load<u32>(a + A_FLAGS) & ACCOUNT_WARM) == 0 && !isWarmFromStart(rules, a);
}

/** The fork's precompiles (EIP-2929), also where a call has put something else, and a host's own. */
function isWarmFromStart(rules: u32, address: u32): bool {
  if ((load<u64>(address, 8) | load<u64>(address, 16)) == 0) {
    const low = load<u64>(address);
    if (low != 0 && low <= <u64>load<u32>(rules + R_WARM_PRECOMPILES)) return true;
    if (low == 0x100 && load<u32>(rules + R_WARM_P256) != 0) return true;
  }
  return isListed(rules, load<u32>(rules + R_CUSTOM_COLD), address);
}

/** Whether the word is the address of a precompile or of a host's own. */
export function isPrecompile(rules: u32, address: u32): bool {
  if ((load<u64>(address, 8) | load<u64>(address, 16)) == 0) {
    const low = load<u64>(address);
    if (low != 0 && low <= <u64>load<u32>(rules + R_PRECOMPILES)) return true;
    if (low == 0x100 && load<u32>(rules + R_PRECOMPILE_P256) != 0) return true;
  }
  return isListed(rules, 0, address);
}

/** Whether the list of further precompiles has the address at `first` or behind it. */
function isListed(rules: u32, first: u32, address: u32): bool {
  const custom = load<u32>(rules + R_CUSTOM);
  const count = load<u32>(rules + R_CUSTOM_COUNT);
  for (let i = first; i < count; i++) if (sameWord(custom + (i << 5), address)) return true;
  return false;
}

/** Account named by the word at `word`, found and paid for; the caller reads C_SCRATCH. */
function accountOperand(ctx: u32, word: u32): u32 {
  const address = ctx + C_SCRATCH;
  copyAddress(address, word);
  return findAccount(ctx, address);
}

export function opBalance(fp: u32, sp: u32, gas: i64): i64 {
  const ctx = load<u32>(fp + F_CTX);
  const a = accountOperand(ctx, sp);
  if (a == 0) return missingAccount(ctx, gas);
  const left = gas - coldExtra(a, load<u32>(ctx + C_RULES));
  if (left < 0) return -STATUS_OUT_OF_GAS;
  warmAccount(ctx, a);
  markRead(a, A_READS, READ_BALANCE);
  copyWord(sp, a + A_BALANCE);
  return left;
}

export function opSelfBalance(fp: u32, sp: u32, gas: i64): i64 {
  const a = load<u32>(fp + F_ACCOUNT);
  markRead(a, A_READS, READ_BALANCE);
  copyWord(sp - 32, a + A_BALANCE);
  return gas;
}

export function opExtCodeSize(fp: u32, sp: u32, gas: i64): i64 {
  const ctx = load<u32>(fp + F_CTX);
  const a = accountOperand(ctx, sp);
  if (a == 0) return missingAccount(ctx, gas);
  const left = gas - coldExtra(a, load<u32>(ctx + C_RULES));
  if (left < 0) return -STATUS_OUT_OF_GAS;
  const code = codeOf(ctx, a);
  if (code == 0) return missing(ctx);
  warmAccount(ctx, a);
  markRead(a, A_READS, READ_CODE);
  zeroWord(sp);
  store<u32>(sp, load<u32>(code + CODE_SIZE));
  return left;
}

/** Zero for an account that does not exist or, from EIP-158 on, is empty (EIP-1052). */
export function opExtCodeHash(fp: u32, sp: u32, gas: i64): i64 {
  const ctx = load<u32>(fp + F_CTX);
  const a = accountOperand(ctx, sp);
  if (a == 0) return missingAccount(ctx, gas);
  const left = gas - coldExtra(a, load<u32>(ctx + C_RULES));
  if (left < 0) return -STATUS_OUT_OF_GAS;
  warmAccount(ctx, a);
  markRead(a, A_READS, READ_CODE | READ_EXISTENCE);
  if ((load<u32>(a + A_FLAGS) & ACCOUNT_EXISTS) == 0 || isEmpty(ctx, a)) zeroWord(sp);
  else {
    for (let i: u32 = 0; i < 32; i += 8) {
      store<u64>(sp + 24 - i, bswap<u64>(load<u64>(a + A_CODE_HASH + i)));
    }
  }
  return left;
}

export function opExtCodeCopy(fp: u32, sp: u32, gas: i64): i64 {
  const ctx = load<u32>(fp + F_CTX);
  // Nothing is read for who cannot pay for memory and copy.
  const payable = gas - priceOfCopy(fp, sp + 32, sp + 96);
  if (payable < 0) return -STATUS_OUT_OF_GAS;
  const a = accountOperand(ctx, sp);
  if (a == 0) return missingAccount(ctx, payable);
  const extra = coldExtra(a, load<u32>(ctx + C_RULES));
  if (payable < extra) return -STATUS_OUT_OF_GAS;
  const code = codeOf(ctx, a);
  if (code == 0) return missing(ctx);
  const left = payCopy(fp, gas - extra, sp + 32, sp + 96);
  if (left < 0) return left;
  warmAccount(ctx, a);
  markRead(a, A_READS, READ_CODE);
  const size = load<u32>(sp + 96);
  if (size != 0) {
    const to = load<u32>(fp + F_MEM) + load<u32>(sp + 32);
    if (!copyPadded(ctx, to, code + CODE_BYTES, load<u32>(code + CODE_SIZE), sp + 64, size)) return -STATUS_STOPPED;
  }
  return left;
}

/** Hash of one of the 256 blocks before this one, else zero. */
export function opBlockHash(fp: u32, sp: u32, gas: i64): i64 {
  const ctx = load<u32>(fp + F_CTX);
  const number = load<u64>(sp);
  const current = load<u64>(ctx + C_NUMBER);
  const high = load<u64>(sp, 8) | load<u64>(sp, 16) | load<u64>(sp, 24);
  if (high != 0 || number >= current || current - number > 256) {
    zeroWord(sp);
    return gas;
  }
  const at = ctx + C_BLOCK_HASHES + <u32>(number & 255) * BLOCK_HASH_BYTES;
  if (load<u64>(at) != number + 1) {
    store<u32>(ctx + C_REQUEST, REQUEST_BLOCK_HASH);
    zeroWord(ctx + C_REQUEST_SLOT);
    store<u64>(ctx + C_REQUEST_SLOT, number);
    return -STATUS_NEED_STATE;
  }
  copyWord(sp, at + 32);
  const reads = ctx + C_BLOCK_HASH_READS + (<u32>(number & 255) >> 3);
  store<u8>(reads, load<u8>(reads) | (1 << <u8>(number & 7)));
  return gas;
}

export function opSload(fp: u32, sp: u32, gas: i64): i64 {
  const ctx = load<u32>(fp + F_CTX);
  const s = findSlot(ctx, load<u32>(fp + F_ACCOUNT), sp);
  if (s == 0) {
    // A slot that is not there is cold: without the gas for it it is not read.
    const extra = <i64>load<u32>(load<u32>(ctx + C_RULES) + R_COLD_SLOAD_EXTRA);
    return gas < extra ? -STATUS_OUT_OF_GAS : missing(ctx);
  }
  let left = gas;
  if ((load<u32>(s + S_FLAGS) & SLOT_WARM) == 0) {
    left -= <i64>load<u32>(load<u32>(ctx + C_RULES) + R_COLD_SLOAD_EXTRA);
    if (left < 0) return -STATUS_OUT_OF_GAS;
    warmSlot(ctx, s);
  }
  markRead(s, S_READS, READ_SLOT);
  copyWord(sp, s + S_VALUE);
  return left;
}

/** Gas and refund by EIP-2200, EIP-2929 and EIP-3529, or by what came before. */
export function opSstore(fp: u32, sp: u32, gas: i64): i64 {
  if (load<u32>(fp + F_FLAGS) & FRAME_FLAG_STATIC) return -STATUS_STATIC_VIOLATION;
  const ctx = load<u32>(fp + F_CTX);
  const rules = load<u32>(ctx + C_RULES);
  const sentry = <i64>load<u32>(rules + R_SSTORE_SENTRY);
  if (sentry != 0 && gas + load<i64>(ctx + C_GAS_RESERVE) <= sentry) return -STATUS_OUT_OF_GAS;
  const s = findSlot(ctx, load<u32>(fp + F_ACCOUNT), sp);
  if (s == 0) return missing(ctx);
  // It is read to find the price, even where the gas does not suffice for that.
  markRead(s, S_READS, READ_SLOT);
  const cold = (load<u32>(s + S_FLAGS) & SLOT_WARM) == 0;
  let cost: i64 = cold ? <i64>load<u32>(rules + R_COLD_SSTORE) : 0;
  const value = sp + 32;
  const metered = load<u32>(rules + R_SSTORE_METERING) != 0;
  cost += metered ? meteredCost(rules, s, value) : plainCost(rules, s, value);
  // EIP-8037, by the slot's value before the transaction: it grows from zero, and back.
  const current = s + S_VALUE;
  const grows = load<u32>(rules + R_STATE_GAS) != 0 && isZeroWord(s + S_ORIGINAL) && isZeroWord(current) != isZeroWord(value);
  const stateCost: i64 = grows ? stateCostOf(ctx, R_STATE_BYTES_SLOT) : 0;
  const sets = grows && isZeroWord(current);
  let left = gas - cost;
  if (sets) left = afterStateGas(fp, left, stateCost);
  if (left < 0) return -STATUS_OUT_OF_GAS;
  if (sets) chargeStateGas(fp, stateCost);
  else refundStateGas(fp, stateCost);
  const refund = metered ? meteredRefund(rules, s, value) : plainRefund(rules, s, value);
  store<i64>(ctx + C_REFUND, load<i64>(ctx + C_REFUND) + refund);
  if (cold) warmSlot(ctx, s);
  if (!sameWord(s + S_VALUE, value)) setSlot(ctx, s, value);
  return left;
}

function plainCost(rules: u32, s: u32, value: u32): i64 {
  const sets = isZeroWord(s + S_VALUE) && !isZeroWord(value);
  return <i64>load<u32>(rules + (sets ? R_SSTORE_SET : R_SSTORE_RESET));
}

function plainRefund(rules: u32, s: u32, value: u32): i64 {
  const clears = !isZeroWord(s + S_VALUE) && isZeroWord(value);
  return clears ? <i64>load<u32>(rules + R_SSTORE_CLEAR_REFUND) : 0;
}

function meteredCost(rules: u32, s: u32, value: u32): i64 {
  const dirty = !sameWord(s + S_ORIGINAL, s + S_VALUE);
  if (dirty || sameWord(s + S_VALUE, value)) return <i64>load<u32>(rules + R_SSTORE_DIRTY);
  return <i64>load<u32>(rules + (isZeroWord(s + S_ORIGINAL) ? R_SSTORE_SET : R_SSTORE_RESET));
}

function meteredRefund(rules: u32, s: u32, value: u32): i64 {
  if (sameWord(s + S_VALUE, value)) return 0;
  const clear = <i64>load<u32>(rules + R_SSTORE_CLEAR_REFUND);
  const original = s + S_ORIGINAL;
  const wasSet = !isZeroWord(original);
  if (sameWord(original, s + S_VALUE)) return wasSet && isZeroWord(value) ? clear : 0;
  let refund: i64 = 0;
  if (wasSet) {
    if (isZeroWord(s + S_VALUE)) refund -= clear;
    else if (isZeroWord(value)) refund += clear;
  }
  if (sameWord(original, value)) {
    const paid = load<u32>(rules + (wasSet ? R_SSTORE_RESET : R_SSTORE_SET));
    refund += <i64>paid - <i64>load<u32>(rules + R_SSTORE_DIRTY);
  }
  return refund;
}

export function opTload(fp: u32, sp: u32, gas: i64): i64 {
  transientLoad(load<u32>(fp + F_CTX), load<u32>(fp + F_ACCOUNT), sp, sp);
  return gas;
}

export function opTstore(fp: u32, sp: u32, gas: i64): i64 {
  if (load<u32>(fp + F_FLAGS) & FRAME_FLAG_STATIC) return -STATUS_STATIC_VIOLATION;
  const ctx = load<u32>(fp + F_CTX);
  if (!transientStore(ctx, load<u32>(fp + F_ACCOUNT), sp, sp + 32)) return -STATUS_HOST_LIMIT;
  return gas;
}
