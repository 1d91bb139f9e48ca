/**
 * Vector instructions (SIMD, 128 bits) as data, in the rows of instructions.ts. Their opcodes
 * follow
 * the prefix 0xfd as LEB128. Floating-point lanes are left out: nothing here may depend on them.
 *
 * https://webassembly.github.io/spec/core/appendix/index-instructions.html
 */

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
  eq: [[0xfd, 0x23], ['v128', 'v128'], 'v128'],
  ne: [[0xfd, 0x24], ['v128', 'v128'], 'v128'],
  ltS: [[0xfd, 0x25], ['v128', 'v128'], 'v128'],
  ltU: [[0xfd, 0x26], ['v128', 'v128'], 'v128'],
  gtS: [[0xfd, 0x27], ['v128', 'v128'], 'v128'],
  gtU: [[0xfd, 0x28], ['v128', 'v128'], 'v128'],
  leS: [[0xfd, 0x29], ['v128', 'v128'], 'v128'],
  leU: [[0xfd, 0x2a], ['v128', 'v128'], 'v128'],
  geS: [[0xfd, 0x2b], ['v128', 'v128'], 'v128'],
  geU: [[0xfd, 0x2c], ['v128', 'v128'], 'v128'],
  abs: [[0xfd, 0x60], ['v128'], 'v128'],
  neg: [[0xfd, 0x61], ['v128'], 'v128'],
  popcnt: [[0xfd, 0x62], ['v128'], 'v128'],
  allTrue: [[0xfd, 0x63], ['v128'], 'i32'],
  bitmask: [[0xfd, 0x64], ['v128'], 'i32'],
  narrowI16x8S: [[0xfd, 0x65], ['v128', 'v128'], 'v128'],
  narrowI16x8U: [[0xfd, 0x66], ['v128', 'v128'], 'v128'],
  shl: [[0xfd, 0x6b], ['v128', 'i32'], 'v128'],
  shrS: [[0xfd, 0x6c], ['v128', 'i32'], 'v128'],
  shrU: [[0xfd, 0x6d], ['v128', 'i32'], 'v128'],
  add: [[0xfd, 0x6e], ['v128', 'v128'], 'v128'],
  addSatS: [[0xfd, 0x6f], ['v128', 'v128'], 'v128'],
  addSatU: [[0xfd, 0x70], ['v128', 'v128'], 'v128'],
  sub: [[0xfd, 0x71], ['v128', 'v128'], 'v128'],
  subSatS: [[0xfd, 0x72], ['v128', 'v128'], 'v128'],
  subSatU: [[0xfd, 0x73], ['v128', 'v128'], 'v128'],
  minS: [[0xfd, 0x76], ['v128', 'v128'], 'v128'],
  minU: [[0xfd, 0x77], ['v128', 'v128'], 'v128'],
  maxS: [[0xfd, 0x78], ['v128', 'v128'], 'v128'],
  maxU: [[0xfd, 0x79], ['v128', 'v128'], 'v128'],
  avgrU: [[0xfd, 0x7b], ['v128', 'v128'], 'v128'],
} as const;

export const I16X8 = {
  splat: [[0xfd, 0x10], ['i32'], 'v128'],
  eq: [[0xfd, 0x2d], ['v128', 'v128'], 'v128'],
  ne: [[0xfd, 0x2e], ['v128', 'v128'], 'v128'],
  ltS: [[0xfd, 0x2f], ['v128', 'v128'], 'v128'],
  ltU: [[0xfd, 0x30], ['v128', 'v128'], 'v128'],
  gtS: [[0xfd, 0x31], ['v128', 'v128'], 'v128'],
  gtU: [[0xfd, 0x32], ['v128', 'v128'], 'v128'],
  leS: [[0xfd, 0x33], ['v128', 'v128'], 'v128'],
  leU: [[0xfd, 0x34], ['v128', 'v128'], 'v128'],
  geS: [[0xfd, 0x35], ['v128', 'v128'], 'v128'],
  geU: [[0xfd, 0x36], ['v128', 'v128'], 'v128'],
  extaddPairwiseI8x16S: [[0xfd, 0x7c], ['v128'], 'v128'],
  extaddPairwiseI8x16U: [[0xfd, 0x7d], ['v128'], 'v128'],
  abs: [[0xfd, 0x80, 0x01], ['v128'], 'v128'],
  neg: [[0xfd, 0x81, 0x01], ['v128'], 'v128'],
  q15mulrSatS: [[0xfd, 0x82, 0x01], ['v128', 'v128'], 'v128'],
  allTrue: [[0xfd, 0x83, 0x01], ['v128'], 'i32'],
  bitmask: [[0xfd, 0x84, 0x01], ['v128'], 'i32'],
  narrowI32x4S: [[0xfd, 0x85, 0x01], ['v128', 'v128'], 'v128'],
  narrowI32x4U: [[0xfd, 0x86, 0x01], ['v128', 'v128'], 'v128'],
  extendLowI8x16S: [[0xfd, 0x87, 0x01], ['v128'], 'v128'],
  extendHighI8x16S: [[0xfd, 0x88, 0x01], ['v128'], 'v128'],
  extendLowI8x16U: [[0xfd, 0x89, 0x01], ['v128'], 'v128'],
  extendHighI8x16U: [[0xfd, 0x8a, 0x01], ['v128'], 'v128'],
  shl: [[0xfd, 0x8b, 0x01], ['v128', 'i32'], 'v128'],
  shrS: [[0xfd, 0x8c, 0x01], ['v128', 'i32'], 'v128'],
  shrU: [[0xfd, 0x8d, 0x01], ['v128', 'i32'], 'v128'],
  add: [[0xfd, 0x8e, 0x01], ['v128', 'v128'], 'v128'],
  addSatS: [[0xfd, 0x8f, 0x01], ['v128', 'v128'], 'v128'],
  addSatU: [[0xfd, 0x90, 0x01], ['v128', 'v128'], 'v128'],
  sub: [[0xfd, 0x91, 0x01], ['v128', 'v128'], 'v128'],
  subSatS: [[0xfd, 0x92, 0x01], ['v128', 'v128'], 'v128'],
  subSatU: [[0xfd, 0x93, 0x01], ['v128', 'v128'], 'v128'],
  mul: [[0xfd, 0x95, 0x01], ['v128', 'v128'], 'v128'],
  minS: [[0xfd, 0x96, 0x01], ['v128', 'v128'], 'v128'],
  minU: [[0xfd, 0x97, 0x01], ['v128', 'v128'], 'v128'],
  maxS: [[0xfd, 0x98, 0x01], ['v128', 'v128'], 'v128'],
  maxU: [[0xfd, 0x99, 0x01], ['v128', 'v128'], 'v128'],
  avgrU: [[0xfd, 0x9b, 0x01], ['v128', 'v128'], 'v128'],
  extmulLowI8x16S: [[0xfd, 0x9c, 0x01], ['v128', 'v128'], 'v128'],
  extmulHighI8x16S: [[0xfd, 0x9d, 0x01], ['v128', 'v128'], 'v128'],
  extmulLowI8x16U: [[0xfd, 0x9e, 0x01], ['v128', 'v128'], 'v128'],
  extmulHighI8x16U: [[0xfd, 0x9f, 0x01], ['v128', 'v128'], 'v128'],
} as const;

export const I32X4 = {
  splat: [[0xfd, 0x11], ['i32'], 'v128'],
  eq: [[0xfd, 0x37], ['v128', 'v128'], 'v128'],
  ne: [[0xfd, 0x38], ['v128', 'v128'], 'v128'],
  ltS: [[0xfd, 0x39], ['v128', 'v128'], 'v128'],
  ltU: [[0xfd, 0x3a], ['v128', 'v128'], 'v128'],
  gtS: [[0xfd, 0x3b], ['v128', 'v128'], 'v128'],
  gtU: [[0xfd, 0x3c], ['v128', 'v128'], 'v128'],
  leS: [[0xfd, 0x3d], ['v128', 'v128'], 'v128'],
  leU: [[0xfd, 0x3e], ['v128', 'v128'], 'v128'],
  geS: [[0xfd, 0x3f], ['v128', 'v128'], 'v128'],
  geU: [[0xfd, 0x40], ['v128', 'v128'], 'v128'],
  extaddPairwiseI16x8S: [[0xfd, 0x7e], ['v128'], 'v128'],
  extaddPairwiseI16x8U: [[0xfd, 0x7f], ['v128'], 'v128'],
  abs: [[0xfd, 0xa0, 0x01], ['v128'], 'v128'],
  neg: [[0xfd, 0xa1, 0x01], ['v128'], 'v128'],
  allTrue: [[0xfd, 0xa3, 0x01], ['v128'], 'i32'],
  bitmask: [[0xfd, 0xa4, 0x01], ['v128'], 'i32'],
  extendLowI16x8S: [[0xfd, 0xa7, 0x01], ['v128'], 'v128'],
  extendHighI16x8S: [[0xfd, 0xa8, 0x01], ['v128'], 'v128'],
  extendLowI16x8U: [[0xfd, 0xa9, 0x01], ['v128'], 'v128'],
  extendHighI16x8U: [[0xfd, 0xaa, 0x01], ['v128'], 'v128'],
  shl: [[0xfd, 0xab, 0x01], ['v128', 'i32'], 'v128'],
  shrS: [[0xfd, 0xac, 0x01], ['v128', 'i32'], 'v128'],
  shrU: [[0xfd, 0xad, 0x01], ['v128', 'i32'], 'v128'],
  add: [[0xfd, 0xae, 0x01], ['v128', 'v128'], 'v128'],
  sub: [[0xfd, 0xb1, 0x01], ['v128', 'v128'], 'v128'],
  mul: [[0xfd, 0xb5, 0x01], ['v128', 'v128'], 'v128'],
  minS: [[0xfd, 0xb6, 0x01], ['v128', 'v128'], 'v128'],
  minU: [[0xfd, 0xb7, 0x01], ['v128', 'v128'], 'v128'],
  maxS: [[0xfd, 0xb8, 0x01], ['v128', 'v128'], 'v128'],
  maxU: [[0xfd, 0xb9, 0x01], ['v128', 'v128'], 'v128'],
  dotI16x8S: [[0xfd, 0xba, 0x01], ['v128', 'v128'], 'v128'],
  extmulLowI16x8S: [[0xfd, 0xbc, 0x01], ['v128', 'v128'], 'v128'],
  extmulHighI16x8S: [[0xfd, 0xbd, 0x01], ['v128', 'v128'], 'v128'],
  extmulLowI16x8U: [[0xfd, 0xbe, 0x01], ['v128', 'v128'], 'v128'],
  extmulHighI16x8U: [[0xfd, 0xbf, 0x01], ['v128', 'v128'], 'v128'],
} as const;

export const I64X2 = {
  splat: [[0xfd, 0x12], ['i64'], 'v128'],
  abs: [[0xfd, 0xc0, 0x01], ['v128'], 'v128'],
  neg: [[0xfd, 0xc1, 0x01], ['v128'], 'v128'],
  allTrue: [[0xfd, 0xc3, 0x01], ['v128'], 'i32'],
  bitmask: [[0xfd, 0xc4, 0x01], ['v128'], 'i32'],
  extendLowI32x4S: [[0xfd, 0xc7, 0x01], ['v128'], 'v128'],
  extendHighI32x4S: [[0xfd, 0xc8, 0x01], ['v128'], 'v128'],
  extendLowI32x4U: [[0xfd, 0xc9, 0x01], ['v128'], 'v128'],
  extendHighI32x4U: [[0xfd, 0xca, 0x01], ['v128'], 'v128'],
  shl: [[0xfd, 0xcb, 0x01], ['v128', 'i32'], 'v128'],
  shrS: [[0xfd, 0xcc, 0x01], ['v128', 'i32'], 'v128'],
  shrU: [[0xfd, 0xcd, 0x01], ['v128', 'i32'], 'v128'],
  add: [[0xfd, 0xce, 0x01], ['v128', 'v128'], 'v128'],
  sub: [[0xfd, 0xd1, 0x01], ['v128', 'v128'], 'v128'],
  mul: [[0xfd, 0xd5, 0x01], ['v128', 'v128'], 'v128'],
  eq: [[0xfd, 0xd6, 0x01], ['v128', 'v128'], 'v128'],
  ne: [[0xfd, 0xd7, 0x01], ['v128', 'v128'], 'v128'],
  ltS: [[0xfd, 0xd8, 0x01], ['v128', 'v128'], 'v128'],
  gtS: [[0xfd, 0xd9, 0x01], ['v128', 'v128'], 'v128'],
  leS: [[0xfd, 0xda, 0x01], ['v128', 'v128'], 'v128'],
  geS: [[0xfd, 0xdb, 0x01], ['v128', 'v128'], 'v128'],
  extmulLowI32x4S: [[0xfd, 0xdc, 0x01], ['v128', 'v128'], 'v128'],
  extmulHighI32x4S: [[0xfd, 0xdd, 0x01], ['v128', 'v128'], 'v128'],
  extmulLowI32x4U: [[0xfd, 0xde, 0x01], ['v128', 'v128'], 'v128'],
  extmulHighI32x4U: [[0xfd, 0xdf, 0x01], ['v128', 'v128'], 'v128'],
} as const;

/** One lane: encoding, type of the lane's value, number of lanes. */
export const I8X16_EXTRACTS = {
  extractLaneS: [[0xfd, 0x15], 'i32', 16],
  extractLaneU: [[0xfd, 0x16], 'i32', 16],
} as const;

export const I8X16_REPLACES = {
  replaceLane: [[0xfd, 0x17], 'i32', 16],
} as const;

export const I16X8_EXTRACTS = {
  extractLaneS: [[0xfd, 0x18], 'i32', 8],
  extractLaneU: [[0xfd, 0x19], 'i32', 8],
} as const;

export const I16X8_REPLACES = {
  replaceLane: [[0xfd, 0x1a], 'i32', 8],
} as const;

export const I32X4_EXTRACTS = {
  extractLane: [[0xfd, 0x1b], 'i32', 4],
} as const;

export const I32X4_REPLACES = {
  replaceLane: [[0xfd, 0x1c], 'i32', 4],
} as const;

export const I64X2_EXTRACTS = {
  extractLane: [[0xfd, 0x1d], 'i64', 2],
} as const;

export const I64X2_REPLACES = {
  replaceLane: [[0xfd, 0x1e], 'i64', 2],
} as const;

/** Loads: encoding, result, natural alignment (log2 of bytes). */
export const V128_LOADS = {
  load: [[0xfd, 0x00], 'v128', 4],
  load8x8S: [[0xfd, 0x01], 'v128', 3],
  load8x8U: [[0xfd, 0x02], 'v128', 3],
  load16x4S: [[0xfd, 0x03], 'v128', 3],
  load16x4U: [[0xfd, 0x04], 'v128', 3],
  load32x2S: [[0xfd, 0x05], 'v128', 3],
  load32x2U: [[0xfd, 0x06], 'v128', 3],
  load8Splat: [[0xfd, 0x07], 'v128', 0],
  load16Splat: [[0xfd, 0x08], 'v128', 1],
  load32Splat: [[0xfd, 0x09], 'v128', 2],
  load64Splat: [[0xfd, 0x0a], 'v128', 3],
  load32Zero: [[0xfd, 0x5c], 'v128', 2],
  load64Zero: [[0xfd, 0x5d], 'v128', 3],
} as const;

/** Stores: encoding, operand, natural alignment. */
export const V128_STORES = {
  store: [[0xfd, 0x0b], 'v128', 4],
} as const;

/** One lane from memory: encoding, result, log2 of the lane's bytes. */
export const V128_LANE_LOADS = {
  load8Lane: [[0xfd, 0x54], 'v128', 0],
  load16Lane: [[0xfd, 0x55], 'v128', 1],
  load32Lane: [[0xfd, 0x56], 'v128', 2],
  load64Lane: [[0xfd, 0x57], 'v128', 3],
} as const;

export const V128_LANE_STORES = {
  store8Lane: [[0xfd, 0x58], 'v128', 0],
  store16Lane: [[0xfd, 0x59], 'v128', 1],
  store32Lane: [[0xfd, 0x5a], 'v128', 2],
  store64Lane: [[0xfd, 0x5b], 'v128', 3],
} as const;
