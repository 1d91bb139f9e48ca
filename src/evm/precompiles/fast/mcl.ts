/**
 * mcl (github.com/herumi/mcl) as WebAssembly, an instance for each curve, and the way of points
 * into it and out.
 *
 * Layout of its structures: a field element takes 48 bytes (Montgomery form, whatever the
 * curve), a scalar 32; points are Jacobian: x, y, z. G2 has two field elements for each.
 */
import { MCL_MODULE, MCL_STATES } from '../../../../build/mcl-states.ts';
import type { Steps } from '../libraries.ts';
import {
  initialiseMcl,
  instantiateMcl,
  MCL_BLS12_381,
  type MclExports,
  type MclInstance,
  mclDigest,
  openMclModule,
  type Pointer,
} from './mcl-module.ts';

export const FP = 48;
export const FR = 32;
export const G1: number = 3 * FP;
export const G2: number = 6 * FP;
export const GT: number = 12 * FP;

/** RFC 9380 for `mapToG1` and `mapToG2`. */
const MAP_HASH_TO_CURVE = 5;

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

/**
 * Opens an instance for a curve, in steps.
 * @throws Error when mcl-wasm is not installed or is another version
 */
export function* openMcl(curve: number, size: number): Steps<Mcl> {
  yield* openMclModule();
  yield;
  const instance = instantiateMcl();
  if (!restoreMcl(instance, curve)) initialiseMcl(instance, curve);
  const { memory, exports } = instance;
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
  yield;
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

/**
 * Puts into an instance's memory what `mclBn_init` leaves there, as the build wrote it down: it
 * takes 12 ms, of which 7 go into proving primes, and nothing can stop a call meanwhile. False
 * where the module is another than the build's.
 */
export function restoreMcl({ memory }: MclInstance, curve: number): boolean {
  const state = MCL_STATES[curve];
  if (state === undefined || mclDigest() !== MCL_MODULE) return false;
  const bytes = new Uint8Array(memory.buffer);
  for (const [at, text] of state) bytes.set(Uint8Array.fromBase64(text), at);
  return true;
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
