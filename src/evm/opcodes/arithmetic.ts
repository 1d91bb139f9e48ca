/** 0x01 to 0x0b: arithmetic modulo 2^256. */

import type { Local } from '../../wasm/function.ts';
import { forkIndex } from '../forks/names.ts';
import { add, sub } from '../words/arithmetic.ts';
import { shift, signExtend } from '../words/shifts.ts';
import { constant, constantOf, keep, limbsOf, pushValue, type Word } from '../words/word.ts';
import type { Assembler, Meanings } from './assembler.ts';
import { divide, divideSigned } from './division.ts';
import { multiply } from './multiplication.ts';

export const ARITHMETIC: Meanings = {
  ADD: (m) => m.push(add(m, m.pop(), m.pop())),
  MUL: multiply,
  SUB: (m) => m.push(sub(m, m.pop(), m.pop())),
  DIV: (m) => divide(m, 'divide'),
  SDIV: (m) => divideSigned(m, 'divideSigned'),
  MOD: (m) => divide(m, 'remainder'),
  SMOD: (m) => divideSigned(m, 'remainderSigned'),
  ADDMOD: (m) => m.callOnWords('addmod', 3),
  MULMOD: (m) => m.callOnWords('mulmod', 3),
  EXP: exponentiate,
  SIGNEXTEND: (m) => m.push(signExtend(m, m.pop(), m.pop())),
};

/** Price of a byte of the exponent: 10, from EIP-160 (Spurious Dragon) 50. */
function exponentByteGas(m: Assembler): number {
  return forkIndex(m.fork) >= forkIndex('spuriousDragon') ? 50 : 10;
}

function exponentiate(m: Assembler): void {
  const base = m.pop();
  const exponent = m.pop();
  m.charge(exponentGas(m, exponent));
  if (constantOf(base) === 2n) {
    m.push(shift(m, 'shl', exponent, constant(1n)));
    return;
  }
  m.push(exponent);
  m.push(base);
  m.callOnWords('exp', 2);
}

/** Price of a byte times the bytes of the exponent. */
function exponentGas(m: Assembler, exponent: Word): Local<'i64'> {
  const { fn } = m;
  const price = exponentByteGas(m);
  const known = constantOf(exponent);
  if (known !== undefined) {
    const bytes = Math.ceil(known.toString(2).length / 8);
    return keep(m, fn.i64.const(known === 0n ? 0 : bytes * price));
  }
  // bits = 64 i + 64 - clz(limb i) of the highest limb that is not zero
  const limbs = limbsOf(m, exponent);
  const bits = keep(m, fn.i64.sub(fn.i64.const(64), fn.i64.clz(pushValue(m, limbs[0]))));
  for (const i of [1, 2, 3] as const) {
    const limb = limbs[i];
    if (limb === 0n) continue;
    const length = fn.i64.sub(fn.i64.const(64 * (i + 1)), fn.i64.clz(pushValue(m, limb)));
    const present = () => fn.i64.ne(pushValue(m, limb), fn.i64.const(0));
    fn.set(bits, fn.select(length, fn.get(bits), present()));
  }
  const bytes = fn.i64.shrU(fn.i64.add(fn.get(bits), fn.i64.const(7)), fn.i64.const(3));
  return keep(m, fn.i64.mul(bytes, fn.i64.const(price)));
}
