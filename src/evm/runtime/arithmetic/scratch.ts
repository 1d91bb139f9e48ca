// Working memory of one runtime instance. A global is one per instance, and an instance belongs to
// one thread, so it needs no lock. The host sets it once.
import {
  RECIPROCAL_BYTES, RECIPROCAL_COUNT, RECIPROCAL_MODULUS, SCRATCH_RECIPROCALS,
} from "../../layout";

let base: u32 = 0;

export function setScratch(address: u32): void {
  base = address;
  const first = address + SCRATCH_RECIPROCALS;
  for (let i: i32 = 0; i < RECIPROCAL_COUNT; i++) {
    memory.fill(first + i * RECIPROCAL_BYTES + RECIPROCAL_MODULUS, 0xff, 32);
  }
}

// @ts-ignore: decorator
@inline
export function scratchAt(offset: u32): u32 {
  return base + offset;
}
