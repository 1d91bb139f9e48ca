// The loop that runs frames: EVM frames through the function table, precompiles here or by the
// host. See docs/design/machine.md, "An opcode's function" and "Gas slices".
import {
  CONTEXT_FLAG_HOOKS, CONTEXT_FLAG_STEP, CONTEXT_FLAG_STEP_FIRST, CONTEXT_FLAG_TIERS, C_FLAGS, C_FRAME, C_GAS_RESERVE,
  C_GAS_SLICE, C_HOOK, C_HOOK_FRAME, C_HOT_CODE, C_LIMIT_HIT, C_STATUS, FRAME_HOOK_ENTERED,
  FRAME_HOOK_LEFT, FRAME_HOOK_NONE, FRAME_KIND_EVM, F_GAS, F_HOOK, F_IP, F_KIND, F_MEM,
  F_RESUME, F_SP, HOOK_ENTER, HOOK_EXIT, HOOK_FAILED, STATUS_HOOK, STATUS_HOST_LIMIT, STATUS_HOT, STATUS_LAST_HALT, STATUS_OUT_OF_GAS,
  STATUS_RETURN, STATUS_REVERT, STATUS_SELFDESTRUCT, STATUS_STEP, STATUS_STOP,
  STATUS_SWITCH_FRAME,
} from "../layout";
import { C_JOB } from "../parallel-layout";
import { leaveFrame } from "./frames";
import { noteHot } from "./parallel/asks";
import { runPrecompile } from "./precompiles";
import { lookUp } from "./watch";

const STEPPING_SLOT: u32 = 256;

/** Runs until the outermost frame ends (its status) or the host is needed. */
export function runFrames(ctx: u32): i32 {
  while (true) {
    if (load<u32>(ctx + C_LIMIT_HIT)) return STATUS_HOST_LIMIT;
    const notice = noticeOf(ctx);
    if (notice != 0) return notice;
    const seen = lookUp(ctx);
    if (seen != 0) return seen;
    const flags = load<u32>(ctx + C_FLAGS);
    if (flags & CONTEXT_FLAG_HOOKS) {
      const hook = reportEntry(ctx);
      if (hook != 0) return hook;
    }
    if (flags & CONTEXT_FLAG_STEP_FIRST) {
      store<u32>(ctx + C_FLAGS, flags & ~CONTEXT_FLAG_STEP_FIRST);
      return STATUS_STEP;
    }
    const fp = load<u32>(ctx + C_FRAME);
    const status = load<u32>(fp + F_KIND) == FRAME_KIND_EVM ? runSlice(ctx, fp) : runPrecompile(ctx, fp);
    if (status > STATUS_LAST_HALT && status != STATUS_SWITCH_FRAME) return status;
    if (status <= STATUS_LAST_HALT) {
      const left = leaveFrame(ctx, status);
      if (flags & CONTEXT_FLAG_HOOKS && left != STATUS_HOST_LIMIT) return reportExit(ctx, fp, flags);
      if (left != STATUS_SWITCH_FRAME) return left;
    }
    if (flags & CONTEXT_FLAG_HOOKS && load<u32>(ctx + C_HOOK) == HOOK_FAILED) {
      return tellFirst(ctx, flags);
    }
    if (flags & CONTEXT_FLAG_STEP) return STATUS_STEP;
  }
}

/** Tells the host of a frame that begins; or how the outermost ended, once its end was told. */
function reportEntry(ctx: u32): i32 {
  const fp = load<u32>(ctx + C_FRAME);
  const reported = load<u32>(fp + F_HOOK);
  if (reported == FRAME_HOOK_LEFT) return load<i32>(ctx + C_STATUS);
  if (reported != FRAME_HOOK_NONE) return 0;
  store<u32>(fp + F_HOOK, FRAME_HOOK_ENTERED);
  store<u32>(ctx + C_HOOK, HOOK_ENTER);
  store<u32>(ctx + C_HOOK_FRAME, fp);
  return STATUS_HOOK;
}

/** Tells the host of a frame that was left: what it returned can be read until the next call. */
function reportExit(ctx: u32, fp: u32, flags: u32): i32 {
  store<u32>(fp + F_HOOK, FRAME_HOOK_LEFT);
  store<u32>(ctx + C_HOOK, HOOK_EXIT);
  store<u32>(ctx + C_HOOK_FRAME, fp);
  return tellFirst(ctx, flags);
}

/** STATUS_HOOK; a stepping host sees the caller's next instruction all the same. */
function tellFirst(ctx: u32, flags: u32): i32 {
  if (flags & CONTEXT_FLAG_STEP) store<u32>(ctx + C_FLAGS, flags | CONTEXT_FLAG_STEP_FIRST);
  return STATUS_HOOK;
}

/** Code that became hot, where the host asked to be told; 0 for nothing. */
function noticeOf(ctx: u32): i32 {
  if (load<u32>(ctx + C_HOT_CODE) != 0) {
    if (PARALLEL && load<u32>(ctx + C_JOB) != 0) noteHot(load<u32>(ctx + C_JOB), load<u32>(ctx + C_HOT_CODE));
    else if (load<u32>(ctx + C_FLAGS) & CONTEXT_FLAG_TIERS) return STATUS_HOT;
    store<u32>(ctx + C_HOT_CODE, 0);
  }
  return 0;
}

/** Runs an EVM frame until it ends, switches, or needs the host. */
function runSlice(ctx: u32, fp: u32): i32 {
  let grant = load<i64>(ctx + C_GAS_SLICE);
  while (true) {
    const all = load<i64>(fp + F_GAS);
    const given = min<i64>(all, grant);
    store<i64>(ctx + C_GAS_RESERVE, all - given);
    const ip = load<u32>(fp + F_IP);
    const status = enterCode(ctx, fp, given, ip);
    if (status == STATUS_SWITCH_FRAME) return status;
    const reserve = load<i64>(ctx + C_GAS_RESERVE);
    store<i64>(ctx + C_GAS_RESERVE, 0);
    if (status > STATUS_LAST_HALT || keepsGas(status)) {
      store<i64>(fp + F_GAS, load<i64>(fp + F_GAS) + reserve);
      return status;
    }
    if (status != STATUS_OUT_OF_GAS || reserve == 0) return status;
    // The slice is used up: more, and a little more each time that not one instruction was executed,
    // so that a dear one leaves no long run behind it in which nobody looks up.
    const progressed = load<i64>(fp + F_GAS) != given || load<u32>(fp + F_IP) != ip;
    store<i64>(fp + F_GAS, load<i64>(fp + F_GAS) + reserve);
    const slice = load<i64>(ctx + C_GAS_SLICE);
    grant = progressed ? slice : grant + max<i64>(slice, grant >> 10);
    if (grant <= 0) grant = i64.MAX_VALUE;
    const notice = noticeOf(ctx);
    if (notice != 0) return notice;
    if (progressed) {
      const seen = lookUp(ctx);
      if (seen != 0) return seen;
    }
  }
}

// @ts-ignore: decorator
@inline
function keepsGas(status: i32): bool {
  return (
    status == STATUS_STOP ||
    status == STATUS_RETURN ||
    status == STATUS_REVERT ||
    status == STATUS_SELFDESTRUCT
  );
}

/** Enters a frame's code where it stands. */
function enterCode(ctx: u32, fp: u32, gas: i64, ip: u32): i32 {
  const sp = load<u32>(fp + F_SP);
  const mem = load<u32>(fp + F_MEM);
  let index = load<u32>(fp + F_RESUME);
  store<u32>(fp + F_RESUME, 0);
  const stepping = (load<u32>(ctx + C_FLAGS) & CONTEXT_FLAG_STEP) != 0;
  if (stepping) index = STEPPING_SLOT + load<u8>(ip);
  else if (index == 0) index = load<u8>(ip);
  return call_indirect<i32>(index, fp, sp, gas, ip, mem);
}
