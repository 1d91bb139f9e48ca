/** EIP-3155 lines of a traced case, as differential fuzzers read them. */

import type { TraceStep } from '../../evm/machine/steps.ts';
import type { TransactionResult } from '../../evm/types.ts';

/** One instruction as a line of JSON. */
export function stepLine(step: TraceStep): string {
  const { pc, op, gas, gasCost, memSize, stack, depth, refund, opName, error } = step;
  return JSON.stringify({
    pc,
    op,
    gas: hex(gas),
    gasCost: hex(gasCost),
    memSize,
    stack: stack.map(hex),
    depth,
    refund: Number(refund),
    opName: opName ?? 'INVALID',
    // Left out where there is none.
    error,
  });
}

/** The end of a transaction as a line of JSON. */
export function endLine(result: TransactionResult): string {
  if (result.status === 'refused') {
    return JSON.stringify({ output: '0x', gasUsed: '0x0', error: result.message });
  }
  const output = `0x${result.output.toHex()}`;
  const end = { output, gasUsed: hex(result.gasUsed) };
  if (result.status === 'success') return JSON.stringify(end);
  const error = result.status === 'halt' ? result.reason : 'revert';
  return JSON.stringify({ ...end, error });
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
