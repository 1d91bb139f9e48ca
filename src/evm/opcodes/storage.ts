/** Opcodes that read or write accounts, slots and logs: all in the runtime. */
import type { Meaning, Meanings } from './assembler.ts';
import type { OperationName } from './runtime-calls.ts';

function operation(name: OperationName, pops: number, pushes: number): Meaning {
  return (m) => m.callOperation(name, pops, pushes);
}

function log(topics: number): Meaning {
  return (m) => m.callLog(topics);
}

export const STORAGE: Meanings = {
  BALANCE: operation('opBalance', 1, 1),
  SELFBALANCE: operation('opSelfBalance', 0, 1),
  EXTCODESIZE: operation('opExtCodeSize', 1, 1),
  EXTCODEHASH: operation('opExtCodeHash', 1, 1),
  EXTCODECOPY: operation('opExtCodeCopy', 4, 0),
  BLOCKHASH: operation('opBlockHash', 1, 1),
  SLOAD: operation('opSload', 1, 1),
  SSTORE: operation('opSstore', 2, 0),
  TLOAD: operation('opTload', 1, 1),
  TSTORE: operation('opTstore', 2, 0),
  LOG0: log(0),
  LOG1: log(1),
  LOG2: log(2),
  LOG3: log(3),
  LOG4: log(4),
};
