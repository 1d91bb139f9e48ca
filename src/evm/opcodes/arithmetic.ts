/** 0x01 to 0x0b: arithmetic modulo 2^256. */

import type { Local } from '../../wasm/function.ts';
import { forkIndex } from '../forks/names.ts';
import { add, sub } from '../words/arithmetic.ts';
import { bitwise } from '../words/bitwise.ts';
import { shift, signExtend } from '../words/shifts.ts';
import {
  constant,
  constantOf,
  fromLimb,
  keep,
  limbOf,
  limbsOf,
  pushLimb,
  pushValue,
  type Word,
  widthOf,
} from '../words/word.ts';
import type { Assembler, Meanings } from './assembler.ts';
import { divide, divideSigned } from './division.ts';
import { powerOfTwo } from './known-powers.ts';
import { multiply, productOf } from './multiplication.ts';

export const ARITHMETIC: Meanings = {
  ADD: (m) => m.push(sum(m, m.pop(), m.pop())),
  MUL: multiply,
  SUB: (m) => m.push(difference(m, m.pop(), m.pop())),
  DIV: (m) => divide(m, 'divide'),
  SDIV: (m) => divideSigned(m, 'divideSigned'),
  MOD: (m) => divide(m, 'remainder'),
  SMOD: (m) => divideSigned(m, 'remainderSigned'),
  ADDMOD: (m) => modulo(m, 'addmod', add),
  MULMOD: (m) => modulo(m, 'mulmod', productOf),
  EXP: exponentiate,
  SIGNEXTEND: (m) => m.push(signExtend(m, m.pop(), m.pop())),
};

/**
 * By a power of two the low bits of the sum or product are all there is to it; what is lost above
 * 2^256 is a multiple of it.
 */
function modulo(
  m: Assembler,
  name: 'addmod' | 'mulmod',
  operation: (m: Assembler, a: Word, b: Word) => Word,
): void {
  // All that may be called is named first: a module imports what a meaning names.
  m.runtime(name);
  if (name === 'mulmod') m.runtime('multiply');
  const [a, b, modulus] = [m.pop(), m.pop(), m.pop()];
  const bits = powerOfTwo(modulus);
  if (bits === undefined) {
    for (const operand of [modulus, b, a]) m.push(operand);
    m.callOnWords(name, 3);
    return;
  }
  m.push(bitwise(m, 'and', operation(m, a, b), constant((1n << bits) - 1n)));
}

/** What is added to a counter or an offset at most, where it is taken not to leave its limb. */
const STEP_MAX = 1n << 32n;

/**
 * A counter stays within one limb: that a small step carries out of it is so rare that the
 * interpreter may see to it. So a loop's counter needs one limb around the loop.
 */
function sum(m: Assembler, a: Word, b: Word): Word {
  const [step, other] = constantOf(a) === undefined ? [b, a] : [a, b];
  const known = constantOf(step);
  if (known === undefined || known >= STEP_MAX || !isOneLimb(other)) return add(m, a, b);
  const { fn } = m;
  const total = keep(m, fn.i64.add(pushLimb(m, other, 0), fn.i64.const(known)));
  m.exitIf(fn.i64.ltU(fn.get(total), fn.i64.const(known)));
  return fromLimb(total);
}

/** The same for a small step down. */
function difference(m: Assembler, a: Word, b: Word): Word {
  const known = constantOf(b);
  if (known === undefined || known >= STEP_MAX || !isOneLimb(a)) return sub(m, a, b);
  const { fn } = m;
  const limb = limbOf(m, a, 0);
  m.exitIf(fn.i64.ltU(pushValue(m, limb), fn.i64.const(known)));
  return fromLimb(keep(m, fn.i64.sub(pushValue(m, limb), fn.i64.const(known))));
}

function isOneLimb(word: Word): boolean {
  return constantOf(word) === undefined && widthOf(word) === 1;
}

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
