/**
 * Numeric and memory instructions as data. A numeric row holds encoding, operand types and result;
 * a load or store holds encoding, value type and natural alignment (log2 of bytes). The builder
 * makes one method of each row, typed by its row (methods.ts), and the disassembler reads the same
 * rows (text.ts). A row's name is the specification's, without the type, in camel case: `shrU` of
 * I64 is i64.shr_u.
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
  truncF64S: [[0xaa], ['f64'], 'i32'],
  truncF64U: [[0xab], ['f64'], 'i32'],
  truncSatF64S: [[0xfc, 0x02], ['f64'], 'i32'],
  truncSatF64U: [[0xfc, 0x03], ['f64'], 'i32'],
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
  truncF64S: [[0xb0], ['f64'], 'i64'],
  truncF64U: [[0xb1], ['f64'], 'i64'],
  truncSatF64S: [[0xfc, 0x06], ['f64'], 'i64'],
  truncSatF64U: [[0xfc, 0x07], ['f64'], 'i64'],
  reinterpretF64: [[0xbd], ['f64'], 'i64'],
  extend8S: [[0xc2], ['i64'], 'i64'],
  extend16S: [[0xc3], ['i64'], 'i64'],
  extend32S: [[0xc4], ['i64'], 'i64'],
} as const;

export const F64 = {
  eq: [[0x61], ['f64', 'f64'], 'i32'],
  ne: [[0x62], ['f64', 'f64'], 'i32'],
  lt: [[0x63], ['f64', 'f64'], 'i32'],
  gt: [[0x64], ['f64', 'f64'], 'i32'],
  le: [[0x65], ['f64', 'f64'], 'i32'],
  ge: [[0x66], ['f64', 'f64'], 'i32'],
  abs: [[0x99], ['f64'], 'f64'],
  neg: [[0x9a], ['f64'], 'f64'],
  ceil: [[0x9b], ['f64'], 'f64'],
  floor: [[0x9c], ['f64'], 'f64'],
  trunc: [[0x9d], ['f64'], 'f64'],
  nearest: [[0x9e], ['f64'], 'f64'],
  sqrt: [[0x9f], ['f64'], 'f64'],
  add: [[0xa0], ['f64', 'f64'], 'f64'],
  sub: [[0xa1], ['f64', 'f64'], 'f64'],
  mul: [[0xa2], ['f64', 'f64'], 'f64'],
  div: [[0xa3], ['f64', 'f64'], 'f64'],
  min: [[0xa4], ['f64', 'f64'], 'f64'],
  max: [[0xa5], ['f64', 'f64'], 'f64'],
  copysign: [[0xa6], ['f64', 'f64'], 'f64'],
  convertI32S: [[0xb7], ['i32'], 'f64'],
  convertI32U: [[0xb8], ['i32'], 'f64'],
  convertI64S: [[0xb9], ['i64'], 'f64'],
  convertI64U: [[0xba], ['i64'], 'f64'],
  reinterpretI64: [[0xbf], ['i64'], 'f64'],
} as const;

/** Loads: encoding, result, natural alignment (log2 of bytes). */

export const I32_LOADS = {
  load: [[0x28], 'i32', 2],
  load8S: [[0x2c], 'i32', 0],
  load8U: [[0x2d], 'i32', 0],
  load16S: [[0x2e], 'i32', 1],
  load16U: [[0x2f], 'i32', 1],
} as const;

export const I64_LOADS = {
  load: [[0x29], 'i64', 3],
  load8S: [[0x30], 'i64', 0],
  load8U: [[0x31], 'i64', 0],
  load16S: [[0x32], 'i64', 1],
  load16U: [[0x33], 'i64', 1],
  load32S: [[0x34], 'i64', 2],
  load32U: [[0x35], 'i64', 2],
} as const;

export const F64_LOADS = {
  load: [[0x2b], 'f64', 3],
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

export const F64_STORES = {
  store: [[0x39], 'f64', 3],
} as const;
