/** Control flow, and what ends a frame or enters another. */
import * as layout from '../layout.ts';
import { fromLimb, keep } from '../words/word.ts';
import type { Assembler, Meaning, Meanings } from './assembler.ts';
import { context } from './environment.ts';
import { touchRange } from './memory.ts';
import { opcodeByte } from './table.ts';

/** Ends the frame with the output that the operands name. */
function finishWith(status: number): Meaning {
  return (m) => {
    const offset = m.pop();
    const size = m.pop();
    m.finish(status, touchRange(m, offset, size));
  };
}

function departAs(call: 'opCall' | 'opCreate', name: string): Meaning {
  return (m) => m.depart(call, opcodeByte(name));
}

export const FLOW: Meanings = {
  STOP: (m) => m.finish(layout.STATUS_STOP),
  JUMP: (m) => m.jump(m.pop()),
  JUMPI: (m) => {
    const destination = m.pop();
    m.jumpIf(destination, m.pop());
  },
  PC: (m) => m.push(m.programCounter()),
  GAS: pushGasLeft,
  JUMPDEST: () => {},
  CREATE: departAs('opCreate', 'CREATE'),
  CREATE2: departAs('opCreate', 'CREATE2'),
  CALL: departAs('opCall', 'CALL'),
  CALLCODE: departAs('opCall', 'CALLCODE'),
  DELEGATECALL: departAs('opCall', 'DELEGATECALL'),
  STATICCALL: departAs('opCall', 'STATICCALL'),
  RETURN: finishWith(layout.STATUS_RETURN),
  REVERT: finishWith(layout.STATUS_REVERT),
  INVALID: (m) => m.fail(layout.STATUS_INVALID_OPCODE),
  SELFDESTRUCT: (m) => m.depart('opSelfdestruct'),
};

/** GAS: what is left in the slice and in the reserve. */
function pushGasLeft(m: Assembler): void {
  const { fn } = m;
  const ctx = context(m);
  const reserve = fn.i64.load(fn.get(ctx), layout.C_GAS_RESERVE);
  m.push(fromLimb(keep(m, fn.i64.add(reserve, m.pushGas()))));
}
