// A spin lock that a thread may die with: who waits for it too long goes without. Then the job is
// given up, and the machine with it.

/** Some seconds: nobody holds it for longer than a few instructions, if it is not kept off its core. */
const SPINS_MAX: u32 = 1 << 28;

/** False: whoever has it seems to be gone. */
export function lock(at: u32): bool {
  for (let spin: u32 = 0; spin < SPINS_MAX; spin++) {
    if (atomic.cmpxchg<u32>(at, 0, 1) == 0) return true;
  }
  return false;
}

export function unlock(at: u32): void {
  atomic.store<u32>(at, 0);
}
