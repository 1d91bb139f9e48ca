// Frames: entering, and leaving with what the caller gets to see.
import {
  A_CODE_HASH, CODE_BYTES, CODE_CALLS, CODE_ENTRY, CODE_HASH, CODE_SIZE, CODE_TIER,
  CODE_TIER_INTERPRETED, CONTEXT_FLAG_COMPILE_FIRST, C_FLAGS, C_FRAME, C_HOT_CODE, C_HOT_THRESHOLD, C_GAS_RESERVE,
  C_LIMIT_HIT, C_LOG_COUNT, C_LOG_TOP, C_MEM_END, C_OUTPUT, C_OUTPUT_SIZE, C_REFUND,
  C_RETURN_DATA, C_RULES, C_SCRATCH, C_STATUS, FRAME_FLAG_CREATE, F_ACCOUNT, F_ADDRESS,
  F_CHECKPOINT, F_CODE, F_HOOK, FRAME_HOOK_NONE, C_HOOK_STATUS, F_CTX, F_DEPTH, F_FLAGS, F_GAS, F_IP, F_KIND, F_LOG_CHECKPOINT, F_MEM,
  F_MEM_SIZE, F_OUTPUT, F_OUTPUT_SIZE, F_REFUND, F_RESUME, F_RETURN, F_RETURN_SIZE, F_RUNTIME,
  F_SP, F_WANTED, F_WANTED_SIZE, R_CREATE_DATA_BYTE, R_CREATE_MUST_PAY, R_MAX_CODE_SIZE,
  R_REJECT_EF, R_CREATE_DATA_WORD, FRAME_STRIDE, STATUS_CODE_TOO_LARGE, STATUS_HOST_LIMIT, STATUS_INVALID_CODE_PREFIX,
  STATUS_OUT_OF_GAS, STATUS_RETURN, STATUS_REVERT, STATUS_SELFDESTRUCT, STATUS_STOP,
  STATUS_SWITCH_FRAME,
} from "../layout";
import { codeCreateWatched, codeRelease } from "./code";
import { keccak256BytesWatched } from "./hashes/keccak";
import { copyWatched } from "./portions";
import { checkpoint, resumeCheckpoint, revertTo, setCode } from "./state";
import {
  afterStateGas, chargeStateGas, enterStateGas, priceOfState, refundCreation, returnStateGas,
  undoStateGas,
} from "./state-gas";
import { copyWord, zeroWord } from "./tables";

/** u32 in a frame: number of logs at entry. */
const F_LOG_COUNT: u32 = F_RUNTIME;

/** Fills what every frame has and makes it the current one. */
export function enterFrame(
  ctx: u32, fp: u32, kind: u32, flags: u32, code: u32, gas: i64, stateGas: i64,
): void {
  store<u32>(fp + F_CTX, ctx);
  store<u32>(fp + F_CODE, code);
  store<u32>(fp + F_KIND, kind);
  store<u32>(fp + F_FLAGS, flags);
  store<u32>(fp + F_MEM_SIZE, 0);
  store<u32>(fp + F_IP, code + CODE_BYTES);
  store<u32>(fp + F_SP, fp);
  store<i64>(fp + F_GAS, gas);
  enterStateGas(fp, stateGas);
  store<u32>(fp + F_RESUME, load<u32>(code + CODE_ENTRY));
  store<u32>(fp + F_OUTPUT_SIZE, 0);
  // No precompile has begun in this frame (precompiles.ts).
  store<u32>(fp + F_RUNTIME, 0, 20);
  store<u32>(fp + F_HOOK, FRAME_HOOK_NONE);
  store<u32>(fp + F_RETURN_SIZE, 0);
  store<u32>(fp + F_CHECKPOINT, checkpoint(ctx));
  store<u32>(fp + F_LOG_CHECKPOINT, load<u32>(ctx + C_LOG_TOP));
  store<u32>(fp + F_LOG_COUNT, load<u32>(ctx + C_LOG_COUNT));
  store<i64>(fp + F_REFUND, load<i64>(ctx + C_REFUND));
  store<u32>(ctx + C_FRAME, fp);
  countCall(ctx, code);
}

/** Reports code that is called often, or for the first time where that is asked for. */
function countCall(ctx: u32, code: u32): void {
  const calls = load<u32>(code + CODE_CALLS) + 1;
  store<u32>(code + CODE_CALLS, calls);
  if (load<u32>(code + CODE_TIER) != CODE_TIER_INTERPRETED) return;
  const first = (load<u32>(ctx + C_FLAGS) & CONTEXT_FLAG_COMPILE_FIRST) != 0;
  if (first || calls == load<u32>(ctx + C_HOT_THRESHOLD)) store<u32>(ctx + C_HOT_CODE, code);
}

// @ts-ignore: decorator
@inline
export function succeeded(status: i32): bool {
  return status == STATUS_STOP || status == STATUS_RETURN || status == STATUS_SELFDESTRUCT;
}

/**
 * Leaves the current frame, which ended with `status`; F_GAS holds all its gas. Returns
 * STATUS_SWITCH_FRAME, or the final status when the outermost frame ended.
 */
export function leaveFrame(ctx: u32, ended: i32): i32 {
  const fp = load<u32>(ctx + C_FRAME);
  const creates = (load<u32>(fp + F_FLAGS) & FRAME_FLAG_CREATE) != 0;
  let status = ended;
  if (creates && succeeded(status)) status = depositCode(ctx, fp, status);
  if (load<u32>(ctx + C_LIMIT_HIT)) return STATUS_HOST_LIMIT;
  store<u32>(ctx + C_HOOK_STATUS, status);
  if (!succeeded(status)) {
    revertTo(ctx, load<u32>(fp + F_CHECKPOINT));
    store<u32>(ctx + C_LOG_TOP, load<u32>(fp + F_LOG_CHECKPOINT));
    store<u32>(ctx + C_LOG_COUNT, load<u32>(fp + F_LOG_COUNT));
    store<i64>(ctx + C_REFUND, load<i64>(fp + F_REFUND));
    undoStateGas(ctx, fp);
    if (status != STATUS_REVERT) {
      store<i64>(fp + F_GAS, 0);
      store<u32>(fp + F_OUTPUT_SIZE, 0);
    }
  }
  if (creates) codeRelease(ctx, load<u32>(fp + F_CODE));
  if (load<u32>(fp + F_DEPTH) == 0) {
    store<u32>(ctx + C_STATUS, status);
    store<u32>(ctx + C_OUTPUT, load<u32>(fp + F_OUTPUT));
    store<u32>(ctx + C_OUTPUT_SIZE, load<u32>(fp + F_OUTPUT_SIZE));
    return status;
  }
  returnToCaller(ctx, fp, fp - FRAME_STRIDE, status, creates);
  return STATUS_SWITCH_FRAME;
}

function returnToCaller(ctx: u32, fp: u32, caller: u32, status: i32, creates: bool): void {
  const good = succeeded(status);
  // A creation returns data only when it reverted.
  const size: u32 = creates && good ? 0 : load<u32>(fp + F_OUTPUT_SIZE);
  const output = load<u32>(fp + F_OUTPUT);
  const place = (load<u32>(ctx + C_MEM_END) - size) & ~31;
  // What a precompile gives may be larger than what memory is left above its caller's.
  if (place < load<u32>(caller + F_MEM) + load<u32>(caller + F_MEM_SIZE)) {
    store<u32>(ctx + C_LIMIT_HIT, 1);
    return;
  }
  if (size != 0) copyWatched(ctx, place, output, size);
  store<u32>(ctx + C_RETURN_DATA, place);
  store<u32>(caller + F_RETURN, place);
  store<u32>(caller + F_RETURN_SIZE, size);
  const result = load<u32>(caller + F_SP);
  zeroWord(result);
  if (creates) {
    if (good) copyWord(result, fp + F_ADDRESS);
  } else {
    if (good) store<u32>(result, 1);
    const wanted = min<u32>(size, load<u32>(fp + F_WANTED_SIZE));
    if (wanted != 0) copyWatched(ctx, load<u32>(caller + F_MEM) + load<u32>(fp + F_WANTED), place, wanted);
  }
  store<i64>(caller + F_GAS, load<i64>(caller + F_GAS) + load<i64>(fp + F_GAS));
  returnStateGas(fp, caller);
  if (creates && !good) refundCreation(ctx, caller);
  resumeCheckpoint(ctx, load<u32>(caller + F_CHECKPOINT));
  store<i64>(ctx + C_GAS_RESERVE, 0);
  store<u32>(ctx + C_FRAME, caller);
}

/** Pays for and stores the code that an initialisation returned; the status it ends with. */
function depositCode(ctx: u32, fp: u32, status: i32): i32 {
  const rules = load<u32>(ctx + C_RULES);
  const size = load<u32>(fp + F_OUTPUT_SIZE);
  const bytes = load<u32>(fp + F_OUTPUT);
  if (size > 0 && load<u32>(rules + R_REJECT_EF) && load<u8>(bytes) == 0xef) {
    return STATUS_INVALID_CODE_PREFIX;
  }
  const limit = load<u32>(rules + R_MAX_CODE_SIZE);
  if (limit != 0 && size > limit) return STATUS_CODE_TOO_LARGE;
  const words = <i64>((<u64>size + 31) >> 5);
  const cost =
    <i64>size * <i64>load<u32>(rules + R_CREATE_DATA_BYTE) +
    words * <i64>load<u32>(rules + R_CREATE_DATA_WORD);
  const gas = load<i64>(fp + F_GAS);
  if (gas < cost) {
    if (load<u32>(rules + R_CREATE_MUST_PAY)) return STATUS_OUT_OF_GAS;
    // Frontier kept the account, without code and without output (EIP-2 ended that).
    store<u32>(fp + F_OUTPUT_SIZE, 0);
    return status;
  }
  const stateCost = priceOfState(ctx, size);
  const left = afterStateGas(fp, gas - cost, stateCost);
  if (left < 0) return STATUS_OUT_OF_GAS;
  chargeStateGas(fp, stateCost);
  store<i64>(fp + F_GAS, left);
  if (size == 0) return status;
  const hash = ctx + C_SCRATCH;
  const hashed = keccak256BytesWatched(ctx, hash, bytes, size);
  const code = hashed ? codeCreateWatched(ctx, bytes, size, hash) : 0;
  if (code == 0) {
    store<u32>(ctx + C_LIMIT_HIT, 1);
    return STATUS_HOST_LIMIT;
  }
  setCode(ctx, load<u32>(fp + F_ACCOUNT), code, hash);
  return status;
}
