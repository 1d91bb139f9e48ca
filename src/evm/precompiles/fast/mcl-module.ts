/**
 * The module of mcl that the package `mcl-wasm` carries, and its instances before and after they
 * have a curve. The package's own wrapper holds one curve a process and is asynchronous; the
 * module itself imports nothing but a memory, so each curve gets an instance of its own, at once.
 */
import type { Steps } from '../libraries.ts';
import { builtin, optionalPath } from '../packages.ts';
import { finishAtOnce } from '../precompile.ts';

/** Numbers of curves in mcl's `curve_type.h`. */
export const MCL_BN254 = 4;
export const MCL_BLS12_381 = 5;
export const MCL_SECP256K1 = 102;
export const MCL_P256 = 107;
export const MCL_CURVES: readonly number[] = [MCL_BN254, MCL_BLS12_381, MCL_SECP256K1, MCL_P256];

/** Units of 8 bytes in FR and FP: what the caller was compiled for, checked by mcl. */
const COMPILED_FOR = 46;
const PAGES = 32;
/** Where the module begins in the package's source, in Base64. */
const ENCODED_MODULE = "'AGFzb";

export type Pointer = number;
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

/** An instance of the module. */
export interface MclInstance {
  readonly memory: WebAssembly.Memory;
  readonly exports: MclExports;
}

let compiled: WebAssembly.Module | undefined;
let digest = 0;

/** Whether the package is installed. */
export function hasMcl(): boolean {
  return mclPath() !== undefined;
}

function mclPath(): string | undefined {
  return optionalPath('mcl-wasm/dist/mcl_c.js');
}

/** Reads and compiles the module, in steps, unless that is done. */
export function* openMclModule(): Steps<WebAssembly.Module> {
  if (compiled !== undefined) return compiled;
  const path = mclPath();
  if (path === undefined) throw new Error('mcl-wasm is not installed');
  const source = builtin('node:fs')?.readFileSync(path, 'latin1') ?? '';
  const start = source.indexOf(ENCODED_MODULE) + 1;
  if (start === 0) throw new Error(`${path} holds no WebAssembly module`);
  yield;
  const bytes = Uint8Array.fromBase64(source.slice(start, source.indexOf("'", start)));
  yield;
  digest = digestOf(bytes);
  compiled = new WebAssembly.Module(bytes);
  return compiled;
}

/** The module, which is read and compiled when it is first asked for. */
function mclModule(): WebAssembly.Module {
  return finishAtOnce(openMclModule());
}

/** Tells one version of the module from another. */
export function mclDigest(): number {
  mclModule();
  return digest;
}

/** Of a byte in 61, which takes 0.1 ms. */
function digestOf(bytes: Uint8Array): number {
  let sum = bytes.length;
  for (let at = 0; at < bytes.length; at += 61) {
    sum = Math.imul(sum ^ (bytes[at] as number), 0x0100_0193);
  }
  return sum >>> 0;
}

/** An instance that has no curve yet. @throws Error when mcl-wasm is not installed */
export function instantiateMcl(): MclInstance {
  const memory = new WebAssembly.Memory({ initial: PAGES });
  const instance = new WebAssembly.Instance(mclModule(), { env: { memory } });
  const exports = instance.exports as unknown as MclExports & { __wasm_call_ctors(): void };
  exports.__wasm_call_ctors();
  return { memory, exports };
}

/** Gives an instance its curve. @throws Error where mcl is another version */
export function initialiseMcl({ exports }: MclInstance, curve: number): void {
  const failed = exports.mclBn_init(curve, COMPILED_FOR);
  if (failed !== 0) throw new Error(`mcl has no curve ${curve} (${failed})`);
}
