/**
 * Why a frame failed, in the words of geth (core/vm/errors.go) and of Parity, which clients of
 * traces compare. Some name what only the failing instruction knows: its opcode, and the stack.
 */

import type { CallFailure } from '../../evm/machine/hooks.ts';
import type { TraceStep } from '../../evm/machine/steps.ts';
import { OPCODE_BY_BYTE } from '../../evm/opcodes/table.ts';
import { HALT_WORDS } from '../execution/call-failure.ts';

export const REVERTED = 'execution reverted';
export const CODE_STORAGE = 'contract creation code storage out of gas';

const STACK_MAX = 1_024;

const WORDS: Readonly<Record<CallFailure, string>> = {
  ...HALT_WORDS,
  'invalid opcode': 'invalid opcode: INVALID',
  'precompile failure': 'precompiled failed',
  'call too deep': 'max call depth exceeded',
  'insufficient balance': 'insufficient balance for transfer',
};

/** Why calls do not begin; the gas that they were to have is given back. */
export const UNBEGUN: ReadonlySet<CallFailure> = new Set<CallFailure>([
  'call too deep',
  'insufficient balance',
  'nonce overflow',
]);

/** Whether geth's words hold what the failing instruction alone knows. */
export function asksForStep(reason: CallFailure, creates: boolean): boolean {
  if (reason === 'out of gas') return creates;
  return reason === 'invalid opcode' || reason === 'stack underflow' || reason === 'stack overflow';
}

/** Geth's words for a failure; `step` is the instruction that failed, where it is known. */
export function failureWords(reason: CallFailure, step?: TraceStep): string {
  if (step === undefined) return WORDS[reason];
  const row = OPCODE_BY_BYTE[step.op];
  switch (reason) {
    case 'invalid opcode':
      return `invalid opcode: ${opcodeWord(step.op)}`;
    case 'stack underflow':
      return `stack underflow (${step.stack.length} <=> ${row?.pops ?? 0})`;
    case 'stack overflow': {
      const limit = STACK_MAX + (row?.pops ?? 0) - (row?.pushes ?? 0);
      return `stack limit reached ${step.stack.length} (${limit})`;
    }
    default:
      return WORDS[reason];
  }
}

/** An opcode by geth's name, whatever the fork. */
export function opcodeWord(byte: number): string {
  // Geth kept the name that the opcode had before the merge.
  if (byte === DIFFICULTY) return 'DIFFICULTY';
  const row = OPCODE_BY_BYTE[byte];
  return row?.name ?? `opcode 0x${byte.toString(16)} not defined`;
}

const DIFFICULTY = 0x44;

const PARITY_WORDS: readonly (readonly [geth: string, parity: string])[] = [
  [CODE_STORAGE, 'Out of gas'],
  ['out of gas', 'Out of gas'],
  ['gas uint64 overflow', 'Out of gas'],
  ['max code size exceeded', 'Out of gas'],
  ['invalid jump destination', 'Bad jump destination'],
  [REVERTED, 'Reverted'],
  ['return data out of bounds', 'Out of bounds'],
  ['write protection', 'Mutable Call In Static Context'],
  ['stack limit reached', 'Out of stack'],
  ['stack underflow', 'Stack underflow'],
  ['invalid opcode', 'Bad instruction'],
  ['precompiled failed', 'Built-in failed'],
];

/** Parity's words for geth's; others stay. */
export function parityWords(words: string): string {
  return PARITY_WORDS.find(([geth]) => words.startsWith(geth))?.[1] ?? words;
}
