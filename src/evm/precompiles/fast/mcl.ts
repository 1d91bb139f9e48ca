/**
 * mcl (github.com/herumi/mcl) as WebAssembly: the module that the package `mcl-wasm` carries,
 * instantiated here. The package's own wrapper holds one curve a process and is asynchronous; the
 * module itself imports nothing but a memory, so each curve gets an instance of its own, at once.
 *
 * Layout of its structures: a field element takes 48 bytes (Montgomery form, whatever the
 * curve), a scalar 32; points are Jacobian: x, y, z. G2 has two field elements for each.
 */
import type { Steps } from '../libraries.ts';
import { builtin, optionalPath } from '../packages.ts';

/** Numbers of curves in mcl's `curve_type.h`. */
export const MCL_BN254 = 4;
export const MCL_BLS12_381 = 5;
export const MCL_SECP256K1 = 102;
export const MCL_P256 = 107;

export const FP = 48;
export const FR = 32;
export const G1: number = 3 * FP;
export const G2: number = 6 * FP;
export const GT: number = 12 * FP;

/** Units of 8 bytes in FR and FP: what the caller was compiled for, checked by mcl. */
const COMPILED_FOR = 46;
/** RFC 9380 for `mapToG1` and `mapToG2`. */
const MAP_HASH_TO_CURVE = 5;
const PAGES = 32;
/** The module as it stands in the package's source. */
const ENCODED_MODULE = /'(AGFzb[A-Za-z0-9+/]+=*)'/;

type Pointer = number;
type Unary = (z: Pointer, x: Pointer) => void;
type Binary = (z: Pointer, x: Pointer, y: Pointer) => void;
type Check = (x: Pointer) => number;

/** What is used of mcl's C interface (`bn.h`). */
export interface MclExports {
  malloc(size: number): Pointer;
  mclBn_init(curve: number, compiledFor: number): number;
  mclBn_setMapToMode(mode: number): number;
  mclBn_setETHserialization(on: number): void;
  mclBn_verifyOrderG1(check: number): void;
  mclBn_verifyOrderG2(check: number): void;
  mclBnFr_setBigEndianMod(z: Pointer, bytes: Pointer, size: number): number;
  mclBnFr_setInt32(z: Pointer, value: number): void;
  mclBnFr_inv: Unary;
  mclBnFr_neg: Unary;
  mclBnFr_mul: Binary;
  mclBnFp_setBigEndianMod(z: Pointer, bytes: Pointer, size: number): number;
  mclBnFp_setInt32(z: Pointer, value: number): void;
  mclBnFp_serialize(bytes: Pointer, room: number, x: Pointer): number;
  mclBnFp_squareRoot(z: Pointer, x: Pointer): number;
  mclBnFp_isEqual(x: Pointer, y: Pointer): number;
  mclBnFp_isZero: Check;
  mclBnFp_isOdd: Check;
  mclBnFp_neg: Unary;
  mclBnFp_add: Binary;
  mclBnFp_mul: Binary;
  mclBnFp_mapToG1: Unary;
  mclBnFp2_mul: Binary;
  mclBnFp2_mapToG2: Unary;
  mclBnG1_isValid: Check;
  mclBnG1_isZero: Check;
  mclBnG1_isEqual(x: Pointer, y: Pointer): number;
  mclBnG1_getBasePoint(z: Pointer): void;
  mclBnG1_normalize: Unary;
  mclBnG1_add: Binary;
  mclBnG1_dbl: Unary;
  mclBnG1_neg: Unary;
  mclBnG1_mul: Binary;
  mclBnG1_mulVec(z: Pointer, points: Pointer, scalars: Pointer, count: number): void;
  mclBnG2_isValid: Check;
  mclBnG2_isZero: Check;
  mclBnG2_isEqual(x: Pointer, y: Pointer): number;
  mclBnG2_normalize: Unary;
  mclBnG2_add: Binary;
  mclBnG2_dbl: Unary;
  mclBnG2_neg: Unary;
  mclBnG2_deserialize(z: Pointer, bytes: Pointer, size: number): number;
  mclBnG2_mulVec(z: Pointer, points: Pointer, scalars: Pointer, count: number): void;
  mclBnGT_setInt32(z: Pointer, value: number): void;
  mclBnGT_isOne: Check;
  mclBnGT_mul: Binary;
  mclBn_millerLoopVec(z: Pointer, g1: Pointer, g2: Pointer, count: number): void;
  mclBn_finalExp: Unary;
  mclBn_getUint64NumToPrecompute(): number;
  mclBn_precomputeG2(lines: Pointer, q: Pointer): void;
  mclBn_precomputedMillerLoop2(
    z: Pointer,
    p1: Pointer,
    lines1: Pointer,
    p2: Pointer,
    lines2: Pointer,
  ): void;
}

/** An instance with one curve, and the way of bytes into it and out. */
export interface Mcl extends MclExports {
  /** Bytes of a field element outside: 32 or 48. */
  readonly size: number;
  /** The memory; valid until mcl allocates. */
  bytes(): Uint8Array;
  /** Reads a field element or, for `readScalar`, 32 bytes modulo the group's order. */
  readField(to: Pointer, from: Uint8Array, start: number): void;
  readScalar(to: Pointer, from: Uint8Array, start: number): void;
  writeField(from: Pointer, to: Uint8Array, start: number): void;
  copy(to: Pointer, from: Pointer, size: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** Whether the package is installed. */
export function hasMcl(): boolean {
  return mclPath() !== undefined;
}

function mclPath(): string | undefined {
  return optionalPath('mcl-wasm/dist/mcl_c.js');
}

function mclModule(): WebAssembly.Module {
  if (compiled === undefined) {
    const path = mclPath();
    if (path === undefined) throw new Error('mcl-wasm is not installed');
    const source = builtin('node:fs')?.readFileSync(path, 'latin1') ?? '';
    const encoded = ENCODED_MODULE.exec(source)?.[1];
    if (encoded === undefined) throw new Error(`${path} holds no WebAssembly module`);
    compiled = new WebAssembly.Module(Uint8Array.fromBase64(encoded));
  }
  return compiled;
}

/** An instance for a curve. @throws when mcl-wasm is not installed or is another version */
export function openMcl(curve: number, size: number): Mcl {
  const memory = new WebAssembly.Memory({ initial: PAGES });
  const instance = new WebAssembly.Instance(mclModule(), { env: { memory } });
  const exports = instance.exports as unknown as MclExports & { __wasm_call_ctors(): void };
  exports.__wasm_call_ctors();
  const failed = exports.mclBn_init(curve, COMPILED_FOR);
  if (failed !== 0) throw new Error(`mcl has no curve ${curve} (${failed})`);
  // Checks of the order are ours: `isValid` is to mean on the curve.
  exports.mclBn_verifyOrderG1(0);
  exports.mclBn_verifyOrderG2(0);
  if (curve === MCL_BLS12_381) exports.mclBn_setMapToMode(MAP_HASH_TO_CURVE);
  const staging = exports.malloc(FP);
  let view = new Uint8Array(memory.buffer);
  const bytes = (): Uint8Array => {
    if (view.length === 0) view = new Uint8Array(memory.buffer);
    return view;
  };
  return {
    ...exports,
    size,
    bytes,
    readField(to, from, start) {
      bytes().set(from.subarray(start, start + size), staging);
      exports.mclBnFp_setBigEndianMod(to, staging, size);
    },
    readScalar(to, from, start) {
      bytes().set(from.subarray(start, start + FR), staging);
      exports.mclBnFr_setBigEndianMod(to, staging, FR);
    },
    writeField(from, to, start) {
      exports.mclBnFp_serialize(staging, size, from);
      const little = bytes();
      for (let i = 0; i < size; i++) to[start + i] = little[staging + size - 1 - i] as number;
    },
    copy(to, from, count) {
      bytes().copyWithin(to, from, from + count);
    },
  };
}

/** Reads a point of G1 given as x and y; whether it is infinity or on the curve. */
export function readG1(mcl: Mcl, to: Pointer, from: Uint8Array, start: number): boolean {
  mcl.bytes().fill(0, to, to + G1);
  mcl.readField(to, from, start);
  mcl.readField(to + FP, from, start + mcl.size);
  if (mcl.mclBnFp_isZero(to) !== 0 && mcl.mclBnFp_isZero(to + FP) !== 0) return true;
  mcl.mclBnFp_setInt32(to + 2 * FP, 1);
  return mcl.mclBnG1_isValid(to) !== 0;
}

/** The same for G2, whose elements stand in the order of `parts`: x0, x1, y0, y1. */
export function readG2(
  mcl: Mcl,
  to: Pointer,
  from: Uint8Array,
  start: number,
  parts: readonly [number, number, number, number],
): boolean {
  mcl.bytes().fill(0, to, to + G2);
  let zero = true;
  for (let i = 0; i < 4; i++) {
    mcl.readField(to + i * FP, from, start + (parts[i] as number) * mcl.size);
    zero &&= mcl.mclBnFp_isZero(to + i * FP) !== 0;
  }
  if (zero) return true;
  mcl.mclBnFp_setInt32(to + 4 * FP, 1);
  return mcl.mclBnG2_isValid(to) !== 0;
}

/** The affine coordinates of a point, zeros for infinity. The point is normalised in place. */
export function writeG1(mcl: Mcl, point: Pointer): Uint8Array {
  const out = new Uint8Array(2 * mcl.size);
  if (mcl.mclBnG1_isZero(point) !== 0) return out;
  mcl.mclBnG1_normalize(point, point);
  for (let i = 0; i < 2; i++) mcl.writeField(point + i * FP, out, i * mcl.size);
  return out;
}

export function writeG2(mcl: Mcl, point: Pointer): Uint8Array {
  const out = new Uint8Array(4 * mcl.size);
  if (mcl.mclBnG2_isZero(point) !== 0) return out;
  mcl.mclBnG2_normalize(point, point);
  for (let i = 0; i < 4; i++) mcl.writeField(point + i * FP, out, i * mcl.size);
  return out;
}

/** x, y, z of G2 to their conjugates, then x and y times constants: the Frobenius on the twist. */
export function frobenius(mcl: Mcl, to: Pointer, from: Pointer, constants: Pointer): void {
  mcl.copy(to, from, G2);
  for (let i = 0; i < 3; i++) {
    const imaginary = to + 2 * FP * i + FP;
    mcl.mclBnFp_neg(imaginary, imaginary);
  }
  for (let i = 0; i < 2; i++) {
    mcl.mclBnFp2_mul(to + 2 * FP * i, to + 2 * FP * i, constants + 2 * FP * i);
  }
}

/** Lets others use the instance, but keeps a piece of its memory. */
export function* pauseKeeping(mcl: Mcl, at: Pointer, size: number): Steps<void> {
  const kept = mcl.bytes().slice(at, at + size);
  yield;
  mcl.bytes().set(kept, at);
}

/** Field elements written as one string of hexadecimal digits, put into memory that stays. */
export function constantFields(mcl: Mcl, hex: string): Pointer {
  const bytes = Uint8Array.fromHex(hex);
  const count = bytes.length / mcl.size;
  const at = mcl.malloc(count * FP);
  for (let i = 0; i < count; i++) mcl.readField(at + i * FP, bytes, i * mcl.size);
  return at;
}
