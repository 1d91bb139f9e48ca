// Working memory of one runtime instance. A global is one per instance, and an instance belongs to
// one thread, so it needs no lock. The host sets it once.
let base: u32 = 0;

export function setScratch(address: u32): void {
  base = address;
}

// @ts-ignore: decorator
@inline
export function scratchAt(offset: u32): u32 {
  return base + offset;
}
