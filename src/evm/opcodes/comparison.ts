/** 0x10 to 0x1e: comparisons, bitwise logic, shifts. */
import { bitwise, not } from '../words/bitwise.ts';
import { equal, isZero, lessThan, signedLessThan } from '../words/comparison.ts';
import { byteAt, countLeadingZeros, shift } from '../words/shifts.ts';
import type { Meanings } from './assembler.ts';

export const COMPARISON: Meanings = {
  LT: (m) => m.push(lessThan(m, m.pop(), m.pop())),
  GT: (m) => {
    const a = m.pop();
    m.push(lessThan(m, m.pop(), a));
  },
  SLT: (m) => m.push(signedLessThan(m, m.pop(), m.pop())),
  SGT: (m) => {
    const a = m.pop();
    m.push(signedLessThan(m, m.pop(), a));
  },
  EQ: (m) => m.push(equal(m, m.pop(), m.pop())),
  ISZERO: (m) => m.push(isZero(m, m.pop())),
  AND: (m) => m.push(bitwise(m, 'and', m.pop(), m.pop())),
  OR: (m) => m.push(bitwise(m, 'or', m.pop(), m.pop())),
  XOR: (m) => m.push(bitwise(m, 'xor', m.pop(), m.pop())),
  NOT: (m) => m.push(not(m, m.pop())),
  BYTE: (m) => m.push(byteAt(m, m.pop(), m.pop())),
  SHL: (m) => m.push(shift(m, 'shl', m.pop(), m.pop())),
  SHR: (m) => m.push(shift(m, 'shr', m.pop(), m.pop())),
  SAR: (m) => m.push(shift(m, 'sar', m.pop(), m.pop())),
  CLZ: (m) => m.push(countLeadingZeros(m, m.pop())),
};
