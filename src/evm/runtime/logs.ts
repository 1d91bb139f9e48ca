// Logs of a transaction, one after the other; a revert cuts them at a position.
//
//   u32 record bytes | u32 topics | u32 data bytes | u32 0 | word address | topics | data, padded
import {
  C_LIMIT_HIT, C_LOG_COUNT, C_LOG_END, C_LOG_TOP, C_RULES, FRAME_FLAG_STATIC, F_ADDRESS, F_CTX,
  F_FLAGS, F_MEM, R_LOG_DATA_BYTE, R_LOG_TOPIC, STATUS_HOST_LIMIT, STATUS_OUT_OF_GAS,
  STATUS_STATIC_VIOLATION,
} from "../layout";
import { exceeds32, touchRange } from "./memory";
import { copyWatched } from "./portions";
import { copyWord } from "./tables";

const HEAD: u32 = 16;

export function opLog(fp: u32, sp: u32, gas: i64, topics: u32): i64 {
  if (load<u32>(fp + F_FLAGS) & FRAME_FLAG_STATIC) return -STATUS_STATIC_VIOLATION;
  if (exceeds32(sp + 32)) return -STATUS_OUT_OF_GAS;
  const ctx = load<u32>(fp + F_CTX);
  const rules = load<u32>(ctx + C_RULES);
  const size = load<u32>(sp + 32);
  const left =
    gas -
    <i64>topics * <i64>load<u32>(rules + R_LOG_TOPIC) -
    <i64>size * <i64>load<u32>(rules + R_LOG_DATA_BYTE);
  if (left < 0) return -STATUS_OUT_OF_GAS;
  const paid = touchRange(fp, left, sp, sp + 32);
  if (paid < 0) return paid;
  const log = appendLog(ctx, topics, size);
  if (log == 0) return -STATUS_HOST_LIMIT;
  copyWord(log, fp + F_ADDRESS);
  let at = log + 32;
  for (let i: u32 = 0; i < topics; i++) {
    copyWord(at, sp + 64 + (i << 5));
    at += 32;
  }
  if (size != 0) copyWatched(ctx, at, load<u32>(fp + F_MEM) + load<u32>(sp), size);
  return paid;
}

/** Place of a new log's address, topics and data, to be filled; 0 where there is no room. */
export function appendLog(ctx: u32, topics: u32, size: u32): u32 {
  const top = load<u32>(ctx + C_LOG_TOP);
  const bytes = <u64>HEAD + 32 + (topics << 5) + ((<u64>size + 31) & ~31);
  if (<u64>top + bytes > <u64>load<u32>(ctx + C_LOG_END)) {
    store<u32>(ctx + C_LIMIT_HIT, 1);
    return 0;
  }
  store<u32>(top, <u32>bytes);
  store<u32>(top, topics, 4);
  store<u32>(top, size, 8);
  store<u32>(top, 0, 12);
  store<u32>(ctx + C_LOG_TOP, top + <u32>bytes);
  store<u32>(ctx + C_LOG_COUNT, load<u32>(ctx + C_LOG_COUNT) + 1);
  return top + HEAD;
}
