// What a worker does when, noted where the host asked for it: `ironfly explain-block` shows it.
import {
  C_EVENTS, C_EVENTS_END, EVENT_ADDRESS, EVENT_BYTES, EVENT_INDEX, EVENT_KEY_KIND, EVENT_KIND,
  EVENT_SLOT, EVENT_STALE, EVENT_TIME,
} from "../../parallel-layout";
import { copyWord, zeroWord } from "../tables";

/** Milliseconds of a clock that all workers share. */
// @ts-ignore: decorator
@external("env", "clock")
declare function clock(): f64;

// @ts-ignore: decorator
@inline
export function note(ctx: u32, kind: u32, index: u32): void {
  if (load<u32>(ctx, C_EVENTS) != 0) noteNow(ctx, kind, index);
}

/** The event's place; 0 = there is no room for more. */
function noteNow(ctx: u32, kind: u32, index: u32): u32 {
  const at = load<u32>(ctx, C_EVENTS);
  if (at + EVENT_BYTES > load<u32>(ctx, C_EVENTS_END)) return 0;
  store<f64>(at, clock(), EVENT_TIME);
  store<u32>(at, kind, EVENT_KIND);
  store<u32>(at, index, EVENT_INDEX);
  store<u32>(ctx, at + EVENT_BYTES, C_EVENTS);
  return at;
}

/** The transaction has observed something that is not so: an account (`slot` 0), or a slot. */
export function noteStale(ctx: u32, index: u32, kind: u32, address: u32, slot: u32): void {
  if (load<u32>(ctx, C_EVENTS) == 0) return;
  const at = noteNow(ctx, EVENT_STALE, index);
  if (at == 0) return;
  store<u32>(at, kind, EVENT_KEY_KIND);
  copyWord(at + EVENT_ADDRESS, address);
  if (slot == 0) zeroWord(at + EVENT_SLOT);
  else copyWord(at + EVENT_SLOT, slot);
}
