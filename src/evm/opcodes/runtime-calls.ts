/**
 * Every runtime function that emitted code calls: name, parameters, result. The shapes are
 * explained in docs/design/machine.md ("Runtime calls").
 */
import type { ValueType } from '../../wasm/types.ts';

export interface RuntimeCall {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** (dst, a, b) on words in memory. */
const onWords: RuntimeCall = { params: ['i32', 'i32', 'i32'], results: [] };
const onThreeWords: RuntimeCall = { params: ['i32', 'i32', 'i32', 'i32'], results: [] };
/** (fp, sp, gas) -> gas left, or a negative status with nothing changed. */
const operation: RuntimeCall = { params: ['i32', 'i32', 'i64'], results: ['i64'] };
/** (fp, sp, gas, opcode) -> status; the frame is saved. */
const departure: RuntimeCall = { params: ['i32', 'i32', 'i64', 'i32'], results: ['i32'] };

/** (a0 .. a3, b0 .. b3) -> (r0 .. r3), the limbs of words. */
const onLimbs: RuntimeCall = { params: limbs(8), results: limbs(4) };

/** (a0 .. a3, normalised divisor, its reciprocal, shift) -> (q0 .. q3, r). */
const byLimb: RuntimeCall = { params: limbs(7), results: limbs(5) };

function limbs(count: number): ValueType[] {
  return Array<ValueType>(count).fill('i64');
}

export const RUNTIME_CALLS: Readonly<Record<RuntimeCallName, RuntimeCall>> = {
  addmod: onThreeWords,
  mulmod: onThreeWords,
  exp: onWords,
  multiply: onLimbs,
  divide: onLimbs,
  remainder: onLimbs,
  divideSigned: onLimbs,
  remainderSigned: onLimbs,
  divideByLimb: byLimb,
  divideByLimbSigned: byLimb,
  /** (dst, fp, offset): 32 bytes of call data from an offset below its size. */
  callDataLoad: onWords,
  /** (fp, gas, end) -> gas left: makes [0, end) of the EVM memory addressable. */
  expandMemory: { params: ['i32', 'i64', 'i64'], results: ['i64'] },
  opKeccak256: operation,
  opCallDataCopy: operation,
  opCodeCopy: operation,
  opReturnDataCopy: operation,
  opMCopy: operation,
  opBalance: operation,
  opSelfBalance: operation,
  opExtCodeSize: operation,
  opExtCodeHash: operation,
  opExtCodeCopy: operation,
  opBlockHash: operation,
  opSload: operation,
  opSstore: operation,
  opTload: operation,
  opTstore: operation,
  /** (fp, sp, gas, topics) */
  opLog: { params: ['i32', 'i32', 'i64', 'i32'], results: ['i64'] },
  opCall: departure,
  opCreate: departure,
  opSelfdestruct: { params: ['i32', 'i32', 'i64'], results: ['i32'] },
};

/** Those of the shape (dst, a, b) or (dst, a, b, c). */
export type WordCallName = 'addmod' | 'mulmod' | 'exp';

/** Those of the shape (fp, sp, gas) -> gas. */
export type OperationName =
  | 'opKeccak256'
  | 'opCallDataCopy'
  | 'opCodeCopy'
  | 'opReturnDataCopy'
  | 'opMCopy'
  | 'opBalance'
  | 'opSelfBalance'
  | 'opExtCodeSize'
  | 'opExtCodeHash'
  | 'opExtCodeCopy'
  | 'opBlockHash'
  | 'opSload'
  | 'opSstore'
  | 'opTload'
  | 'opTstore';

export type RuntimeCallName =
  | WordCallName
  | OperationName
  | 'multiply'
  | 'divide'
  | 'remainder'
  | 'divideSigned'
  | 'remainderSigned'
  | 'divideByLimb'
  | 'divideByLimbSigned'
  | 'callDataLoad'
  | 'expandMemory'
  | 'opLog'
  | 'opCall'
  | 'opCreate'
  | 'opSelfdestruct';
