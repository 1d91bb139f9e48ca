/**
 * The price of an instruction as geth writes it into a struct log: asked for before it is executed.
 * The machine's steps say what was taken: the same, but for creations (geth's price leaves out the
 * gas that the new frame is given, and at its RETURN what storing the code costs) and for
 * instructions that could not be paid.
 */

import { forkIndex } from '../../evm/forks/names.ts';
import type { Rules } from '../../evm/forks/rules.ts';
import type { TraceStep } from '../../evm/machine/steps.ts';
import { opcodeAt, staticGas } from '../../evm/opcodes/table.ts';
import { memoryGas } from './memory-gas.ts';

const CREATE = 0xf0;
const CREATE2 = 0xf5;
const RETURN = 0xf3;
const EXP = 0x0a;
const LOG0 = 0xa0;
const LOG4 = 0xa4;

/** Where an instruction's operands name memory, from the top of the stack. */
interface MemoryOperands {
  readonly offset: number;
  /** Undefined: `bytes`. */
  readonly size?: number;
  readonly bytes?: bigint;
  /** Gas for each word of it. */
  readonly perWord?: bigint;
  readonly perByte?: bigint;
}

const LOG: MemoryOperands = { offset: 0, size: 1, perByte: 8n };
const OPERANDS: Readonly<Record<number, MemoryOperands>> = {
  32: { offset: 0, size: 1, perWord: 6n },
  55: { offset: 0, size: 2, perWord: 3n },
  57: { offset: 0, size: 2, perWord: 3n },
  62: { offset: 0, size: 2, perWord: 3n },
  81: { offset: 0, bytes: 32n },
  82: { offset: 0, bytes: 32n },
  83: { offset: 0, bytes: 1n },
  160: LOG,
  161: LOG,
  162: LOG,
  163: LOG,
  164: LOG,
  240: { offset: 1, size: 2 },
  243: { offset: 0, size: 1 },
  245: { offset: 1, size: 2, perWord: 6n },
  253: { offset: 0, size: 1 },
};

const TOPIC_GAS = 375n;
const INIT_WORD_GAS = 2n;

export function gethGasCost(step: TraceStep, rules: Rules): bigint {
  const { op, error, gasCost } = step;
  const isUnpaid = error === 'out of gas' && isFoundBeforehand(step, rules);
  const takesMore = op === CREATE || op === CREATE2 || op === RETURN;
  if (!isUnpaid && (!takesMore || error === 'stack underflow')) return gasCost;
  return priceOf(step, rules) ?? gasCost;
}

/**
 * Whether geth finds the failure before it executes the instruction: then its step holds the error.
 * A RETURN that could be paid failed for the code that it was to store.
 */
export function isFoundBeforehand(step: TraceStep, rules: Rules): boolean {
  const { op, error, gas } = step;
  if (error === 'stack underflow' || error === 'stack overflow') return true;
  if (error !== 'out of gas') return false;
  return op !== RETURN || (priceOf(step, rules) ?? 0n) > gas;
}

/** From what the operands say; undefined where it depends on the state. */
function priceOf({ op, stack, memSize }: TraceStep, rules: Rules): bigint | undefined {
  const row = opcodeAt(op, rules.fork);
  if (row === undefined) return undefined;
  const fixed = BigInt(staticGas(row, rules.fork));
  if (op === EXP) {
    const bytes = BigInt(Math.ceil((stack.at(-2) ?? 0n).toString(16).length / 2));
    const perByte = forkIndex(rules.fork) >= forkIndex('spuriousDragon') ? 50n : 10n;
    return stack.at(-2) === 0n ? fixed : fixed + bytes * perByte;
  }
  const operands = OPERANDS[op];
  if (operands === undefined) return undefined;
  const item = (index: number): bigint => stack.at(-1 - index) ?? 0n;
  const size = operands.size === undefined ? (operands.bytes ?? 0n) : item(operands.size);
  const words = (size + 31n) / 32n;
  const { perWord = 0n, perByte = 0n } = operands;
  const creates = op === CREATE || op === CREATE2;
  const isMetered = creates && forkIndex(rules.fork) >= forkIndex('shanghai');
  const topics = op > LOG0 && op <= LOG4 ? BigInt(op - LOG0) * TOPIC_GAS : 0n;
  return (
    fixed +
    topics +
    memoryGas(memSize, item(operands.offset), size) +
    words * (perWord + (isMetered ? INIT_WORD_GAS : 0n)) +
    size * perByte
  );
}
