/**
 * Numeric, memory and vector instructions as data. A numeric row holds encoding, operand types
 * and result; a load or store holds encoding, value type and natural alignment (log2 of bytes).
 * The function builder makes one method of each row, typed by its row (function.ts).
 *
 * https://webassembly.github.io/spec/core/appendix/index-instructions.html
 */

export const I32 = {
  eqz: [[0x45], ['i32'], 'i32'],
  eq: [[0x46], ['i32', 'i32'], 'i32'],
  ne: [[0x47], ['i32', 'i32'], 'i32'],
  ltS: [[0x48], ['i32', 'i32'], 'i32'],
  ltU: [[0x49], ['i32', 'i32'], 'i32'],
  gtS: [[0x4a], ['i32', 'i32'], 'i32'],
  gtU: [[0x4b], ['i32', 'i32'], 'i32'],
  leS: [[0x4c], ['i32', 'i32'], 'i32'],
  leU: [[0x4d], ['i32', 'i32'], 'i32'],
  geS: [[0x4e], ['i32', 'i32'], 'i32'],
  geU: [[0x4f], ['i32', 'i32'], 'i32'],
  clz: [[0x67], ['i32'], 'i32'],
  ctz: [[0x68], ['i32'], 'i32'],
  popcnt: [[0x69], ['i32'], 'i32'],
  add: [[0x6a], ['i32', 'i32'], 'i32'],
  sub: [[0x6b], ['i32', 'i32'], 'i32'],
  mul: [[0x6c], ['i32', 'i32'], 'i32'],
  divS: [[0x6d], ['i32', 'i32'], 'i32'],
  divU: [[0x6e], ['i32', 'i32'], 'i32'],
  remS: [[0x6f], ['i32', 'i32'], 'i32'],
  remU: [[0x70], ['i32', 'i32'], 'i32'],
  and: [[0x71], ['i32', 'i32'], 'i32'],
  or: [[0x72], ['i32', 'i32'], 'i32'],
  xor: [[0x73], ['i32', 'i32'], 'i32'],
  shl: [[0x74], ['i32', 'i32'], 'i32'],
  shrS: [[0x75], ['i32', 'i32'], 'i32'],
  shrU: [[0x76], ['i32', 'i32'], 'i32'],
  rotl: [[0x77], ['i32', 'i32'], 'i32'],
  rotr: [[0x78], ['i32', 'i32'], 'i32'],
  wrapI64: [[0xa7], ['i64'], 'i32'],
  extend8S: [[0xc0], ['i32'], 'i32'],
  extend16S: [[0xc1], ['i32'], 'i32'],
} as const;

export const I64 = {
  eqz: [[0x50], ['i64'], 'i32'],
  eq: [[0x51], ['i64', 'i64'], 'i32'],
  ne: [[0x52], ['i64', 'i64'], 'i32'],
  ltS: [[0x53], ['i64', 'i64'], 'i32'],
  ltU: [[0x54], ['i64', 'i64'], 'i32'],
  gtS: [[0x55], ['i64', 'i64'], 'i32'],
  gtU: [[0x56], ['i64', 'i64'], 'i32'],
  leS: [[0x57], ['i64', 'i64'], 'i32'],
  leU: [[0x58], ['i64', 'i64'], 'i32'],
  geS: [[0x59], ['i64', 'i64'], 'i32'],
  geU: [[0x5a], ['i64', 'i64'], 'i32'],
  clz: [[0x79], ['i64'], 'i64'],
  ctz: [[0x7a], ['i64'], 'i64'],
  popcnt: [[0x7b], ['i64'], 'i64'],
  add: [[0x7c], ['i64', 'i64'], 'i64'],
  sub: [[0x7d], ['i64', 'i64'], 'i64'],
  mul: [[0x7e], ['i64', 'i64'], 'i64'],
  divS: [[0x7f], ['i64', 'i64'], 'i64'],
  divU: [[0x80], ['i64', 'i64'], 'i64'],
  remS: [[0x81], ['i64', 'i64'], 'i64'],
  remU: [[0x82], ['i64', 'i64'], 'i64'],
  and: [[0x83], ['i64', 'i64'], 'i64'],
  or: [[0x84], ['i64', 'i64'], 'i64'],
  xor: [[0x85], ['i64', 'i64'], 'i64'],
  shl: [[0x86], ['i64', 'i64'], 'i64'],
  shrS: [[0x87], ['i64', 'i64'], 'i64'],
  shrU: [[0x88], ['i64', 'i64'], 'i64'],
  rotl: [[0x89], ['i64', 'i64'], 'i64'],
  rotr: [[0x8a], ['i64', 'i64'], 'i64'],
  extendI32S: [[0xac], ['i32'], 'i64'],
  extendI32U: [[0xad], ['i32'], 'i64'],
  extend8S: [[0xc2], ['i64'], 'i64'],
  extend16S: [[0xc3], ['i64'], 'i64'],
  extend32S: [[0xc4], ['i64'], 'i64'],
} as const;

export const F64 = {
  add: [[0xa0], ['f64', 'f64'], 'f64'],
  sub: [[0xa1], ['f64', 'f64'], 'f64'],
  mul: [[0xa2], ['f64', 'f64'], 'f64'],
  div: [[0xa3], ['f64', 'f64'], 'f64'],
  convertI64U: [[0xba], ['i64'], 'f64'],
} as const;

/* SIMD opcodes follow the prefix 0xfd as LEB128. */
export const V128 = {
  not: [[0xfd, 0x4d], ['v128'], 'v128'],
  and: [[0xfd, 0x4e], ['v128', 'v128'], 'v128'],
  andnot: [[0xfd, 0x4f], ['v128', 'v128'], 'v128'],
  or: [[0xfd, 0x50], ['v128', 'v128'], 'v128'],
  xor: [[0xfd, 0x51], ['v128', 'v128'], 'v128'],
  bitselect: [[0xfd, 0x52], ['v128', 'v128', 'v128'], 'v128'],
  anyTrue: [[0xfd, 0x53], ['v128'], 'i32'],
} as const;

export const I8X16 = {
  swizzle: [[0xfd, 0x0e], ['v128', 'v128'], 'v128'],
  splat: [[0xfd, 0x0f], ['i32'], 'v128'],
} as const;

export const I64X2 = {
  splat: [[0xfd, 0x12], ['i64'], 'v128'],
  eq: [[0xfd, 0xd6, 0x01], ['v128', 'v128'], 'v128'],
  allTrue: [[0xfd, 0xc3, 0x01], ['v128'], 'i32'],
  add: [[0xfd, 0xce, 0x01], ['v128', 'v128'], 'v128'],
  sub: [[0xfd, 0xd1, 0x01], ['v128', 'v128'], 'v128'],
  mul: [[0xfd, 0xd5, 0x01], ['v128', 'v128'], 'v128'],
  shl: [[0xfd, 0xcb, 0x01], ['v128', 'i32'], 'v128'],
  shrU: [[0xfd, 0xcd, 0x01], ['v128', 'i32'], 'v128'],
} as const;

/** Loads: encoding, result, natural alignment (log2 of bytes). */

export const I32_LOADS = {
  load: [[0x28], 'i32', 2],
  load8S: [[0x2c], 'i32', 0],
  load8U: [[0x2d], 'i32', 0],
  load16S: [[0x2e], 'i32', 1],
  load16U: [[0x2f], 'i32', 1],
  atomicLoad: [[0xfe, 0x10], 'i32', 2],
} as const;

export const I64_LOADS = {
  load: [[0x29], 'i64', 3],
  load8U: [[0x31], 'i64', 0],
  load16U: [[0x33], 'i64', 1],
  load32S: [[0x34], 'i64', 2],
  load32U: [[0x35], 'i64', 2],
} as const;

export const V128_LOADS = {
  load: [[0xfd, 0x00], 'v128', 4],
  load64Zero: [[0xfd, 0x5d], 'v128', 3],
} as const;

/** Stores: encoding, operand, natural alignment. */
export const I32_STORES = {
  store: [[0x36], 'i32', 2],
  store8: [[0x3a], 'i32', 0],
  store16: [[0x3b], 'i32', 1],
} as const;

export const I64_STORES = {
  store: [[0x37], 'i64', 3],
  store8: [[0x3c], 'i64', 0],
  store16: [[0x3d], 'i64', 1],
  store32: [[0x3e], 'i64', 2],
} as const;

export const V128_STORES = {
  store: [[0xfd, 0x0b], 'v128', 4],
} as const;
