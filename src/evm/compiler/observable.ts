/**
 * What an opcode does that can be told from outside although the frame fails afterwards: reads of
 * the state are logged, and may ask the host. A frame that runs out of gas before the next such
 * opcode may end right where that is noticed; else the interpreter finds the very instruction.
 */
import type { Block } from './blocks.ts';

const OBSERVABLE: ReadonlySet<string> = new Set([
  'BALANCE',
  'EXTCODESIZE',
  'EXTCODECOPY',
  'EXTCODEHASH',
  'BLOCKHASH',
  'SELFBALANCE',
  'SLOAD',
  'SSTORE',
  'TSTORE',
  'CREATE',
  'CALL',
  'CALLCODE',
  'DELEGATECALL',
  'CREATE2',
  'STATICCALL',
  'SELFDESTRUCT',
]);

/** Whether the segment from instruction `index` on (up to what observes gas) is observable. */
export function isObservableFrom({ instructions }: Block, index: number): boolean {
  for (let i = index; i < instructions.length; i++) {
    const row = instructions[i]?.row;
    if (row === undefined || OBSERVABLE.has(row.name)) return true;
    if (row.observesGas) return false;
  }
  return false;
}
