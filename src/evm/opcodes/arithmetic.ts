/** 0x01 to 0x0b: arithmetic modulo 2^256. */

import type { Local } from '../../wasm/function.ts';
import { forkIndex } from '../forks/names.ts';
import { add, sub } from '../words/arithmetic.ts';
import { bitwise } from '../words/bitwise.ts';
import { shift, signExtend } from '../words/shifts.ts';
import { constant, constantOf, keep, limbsOf, pushValue, type Word } from '../words/word.ts';
import type { Assembler, Meanings } from './assembler.ts';

export const ARITHMETIC: Meanings = {
  ADD: (m) => m.push(add(m, m.pop(), m.pop())),
  MUL: multiply,
  SUB: (m) => m.push(sub(m, m.pop(), m.pop())),
  DIV: divide,
  SDIV: (m) => m.callOnWords('sdiv', 2),
  MOD: remainder,
  SMOD: (m) => m.callOnWords('smod', 2),
  ADDMOD: (m) => m.callOnWords('addmod', 3),
  MULMOD: (m) => m.callOnWords('mulmod', 3),
  EXP: exponentiate,
  SIGNEXTEND: (m) => m.push(signExtend(m, m.pop(), m.pop())),
};

/** The exponent of a word that is known to be a power of two. */
function powerOfTwo(word: Word): bigint | undefined {
  const value = constantOf(word);
  if (value === undefined || value === 0n || (value & (value - 1n)) !== 0n) return undefined;
  return BigInt(value.toString(2).length - 1);
}

/** Puts two operands back as they were. */
function restore(m: Assembler, a: Word, b: Word): void {
  m.push(b);
  m.push(a);
}

/** A power of two, known while assembling, is a shift. */
function multiply(m: Assembler): void {
  const a = m.pop();
  const b = m.pop();
  const [bits, other] = [powerOfTwo(a) ?? powerOfTwo(b), powerOfTwo(a) === undefined ? a : b];
  if (bits !== undefined) {
    m.push(shift(m, 'shl', constant(bits), other));
    return;
  }
  restore(m, a, b);
  m.callOnWords('mul', 2);
}

function divide(m: Assembler): void {
  const a = m.pop();
  const b = m.pop();
  const bits = powerOfTwo(b);
  if (bits !== undefined) {
    m.push(shift(m, 'shr', constant(bits), a));
    return;
  }
  restore(m, a, b);
  m.callOnWords('div', 2);
}

function remainder(m: Assembler): void {
  const a = m.pop();
  const b = m.pop();
  const bits = powerOfTwo(b);
  if (bits !== undefined) {
    m.push(bitwise(m, 'and', a, constant((1n << bits) - 1n)));
    return;
  }
  restore(m, a, b);
  m.callOnWords('mod', 2);
}

/** Price of a byte of the exponent: 10, from EIP-160 (Spurious Dragon) 50. */
function exponentByteGas(m: Assembler): number {
  return forkIndex(m.fork) >= forkIndex('spuriousDragon') ? 50 : 10;
}

function exponentiate(m: Assembler): void {
  const base = m.pop();
  const exponent = m.pop();
  m.charge(exponentGas(m, exponent));
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
