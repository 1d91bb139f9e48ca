/**
 * Atomic instructions as data: encoding, value type and alignment (log2 of bytes), which must be
 * the
 * natural one. A read-modify-write gives back what was there before; so does a compare-exchange.
 *
 * https://webassembly.github.io/spec/core/appendix/index-instructions.html
 */

export const I32_ATOMIC_LOADS = {
  atomicLoad: [[0xfe, 0x10], 'i32', 2],
  atomicLoad8U: [[0xfe, 0x12], 'i32', 0],
  atomicLoad16U: [[0xfe, 0x13], 'i32', 1],
} as const;

export const I32_ATOMIC_STORES = {
  atomicStore: [[0xfe, 0x17], 'i32', 2],
  atomicStore8: [[0xfe, 0x19], 'i32', 0],
  atomicStore16: [[0xfe, 0x1a], 'i32', 1],
} as const;

export const I64_ATOMIC_LOADS = {
  atomicLoad: [[0xfe, 0x11], 'i64', 3],
  atomicLoad8U: [[0xfe, 0x14], 'i64', 0],
  atomicLoad16U: [[0xfe, 0x15], 'i64', 1],
  atomicLoad32U: [[0xfe, 0x16], 'i64', 2],
} as const;

export const I64_ATOMIC_STORES = {
  atomicStore: [[0xfe, 0x18], 'i64', 3],
  atomicStore8: [[0xfe, 0x1b], 'i64', 0],
  atomicStore16: [[0xfe, 0x1c], 'i64', 1],
  atomicStore32: [[0xfe, 0x1d], 'i64', 2],
} as const;

export const I32_ATOMIC_RMW = {
  atomicRmwAdd: [[0xfe, 0x1e], 'i32', 2],
  atomicRmw8AddU: [[0xfe, 0x20], 'i32', 0],
  atomicRmw16AddU: [[0xfe, 0x21], 'i32', 1],
  atomicRmwSub: [[0xfe, 0x25], 'i32', 2],
  atomicRmw8SubU: [[0xfe, 0x27], 'i32', 0],
  atomicRmw16SubU: [[0xfe, 0x28], 'i32', 1],
  atomicRmwAnd: [[0xfe, 0x2c], 'i32', 2],
  atomicRmw8AndU: [[0xfe, 0x2e], 'i32', 0],
  atomicRmw16AndU: [[0xfe, 0x2f], 'i32', 1],
  atomicRmwOr: [[0xfe, 0x33], 'i32', 2],
  atomicRmw8OrU: [[0xfe, 0x35], 'i32', 0],
  atomicRmw16OrU: [[0xfe, 0x36], 'i32', 1],
  atomicRmwXor: [[0xfe, 0x3a], 'i32', 2],
  atomicRmw8XorU: [[0xfe, 0x3c], 'i32', 0],
  atomicRmw16XorU: [[0xfe, 0x3d], 'i32', 1],
  atomicRmwXchg: [[0xfe, 0x41], 'i32', 2],
  atomicRmw8XchgU: [[0xfe, 0x43], 'i32', 0],
  atomicRmw16XchgU: [[0xfe, 0x44], 'i32', 1],
} as const;

export const I32_ATOMIC_CMPXCHG = {
  atomicRmwCmpxchg: [[0xfe, 0x48], 'i32', 2],
  atomicRmw8CmpxchgU: [[0xfe, 0x4a], 'i32', 0],
  atomicRmw16CmpxchgU: [[0xfe, 0x4b], 'i32', 1],
} as const;

export const I64_ATOMIC_RMW = {
  atomicRmwAdd: [[0xfe, 0x1f], 'i64', 3],
  atomicRmw8AddU: [[0xfe, 0x22], 'i64', 0],
  atomicRmw16AddU: [[0xfe, 0x23], 'i64', 1],
  atomicRmw32AddU: [[0xfe, 0x24], 'i64', 2],
  atomicRmwSub: [[0xfe, 0x26], 'i64', 3],
  atomicRmw8SubU: [[0xfe, 0x29], 'i64', 0],
  atomicRmw16SubU: [[0xfe, 0x2a], 'i64', 1],
  atomicRmw32SubU: [[0xfe, 0x2b], 'i64', 2],
  atomicRmwAnd: [[0xfe, 0x2d], 'i64', 3],
  atomicRmw8AndU: [[0xfe, 0x30], 'i64', 0],
  atomicRmw16AndU: [[0xfe, 0x31], 'i64', 1],
  atomicRmw32AndU: [[0xfe, 0x32], 'i64', 2],
  atomicRmwOr: [[0xfe, 0x34], 'i64', 3],
  atomicRmw8OrU: [[0xfe, 0x37], 'i64', 0],
  atomicRmw16OrU: [[0xfe, 0x38], 'i64', 1],
  atomicRmw32OrU: [[0xfe, 0x39], 'i64', 2],
  atomicRmwXor: [[0xfe, 0x3b], 'i64', 3],
  atomicRmw8XorU: [[0xfe, 0x3e], 'i64', 0],
  atomicRmw16XorU: [[0xfe, 0x3f], 'i64', 1],
  atomicRmw32XorU: [[0xfe, 0x40], 'i64', 2],
  atomicRmwXchg: [[0xfe, 0x42], 'i64', 3],
  atomicRmw8XchgU: [[0xfe, 0x45], 'i64', 0],
  atomicRmw16XchgU: [[0xfe, 0x46], 'i64', 1],
  atomicRmw32XchgU: [[0xfe, 0x47], 'i64', 2],
} as const;

export const I64_ATOMIC_CMPXCHG = {
  atomicRmwCmpxchg: [[0xfe, 0x49], 'i64', 3],
  atomicRmw8CmpxchgU: [[0xfe, 0x4c], 'i64', 0],
  atomicRmw16CmpxchgU: [[0xfe, 0x4d], 'i64', 1],
  atomicRmw32CmpxchgU: [[0xfe, 0x4e], 'i64', 2],
} as const;
