/**
 * Powers modulo numbers that fit 64 bits, in locals: Montgomery multiplication a * b / 2^64 mod m
 * for an odd m, and plain multiplication modulo 2^64.
 */
import type { FunctionBuilder, FunctionRef, Local } from '../../../wasm/function.ts';
import type { Value } from '../../../wasm/types.ts';
import { emitWindows } from './windows.ts';

type Limb = Local<'i64'>;

/**
 * (a, b, modulus, inverse): `inverse` is 1 / modulus mod 2^64. With low and high the halves of
 * a * b, the result is high - (low * inverse * modulus >> 64), plus the modulus where negative.
 */
export function emitMultiplySmall(fn: FunctionBuilder): void {
  const { i64 } = fn;
  const [a, b, modulus, inverse] = [0, 1, 2, 3].map((i) => fn.param(i, 'i64')) as [
    Limb,
    Limb,
    Limb,
    Limb,
  ];
  const [high, factor] = [fn.local('i64'), fn.local('i64')];
  fn.set(high, highHalf(fn, a, b));
  fn.set(factor, i64.mul(i64.mul(fn.get(a), fn.get(b)), fn.get(inverse)));
  fn.set(factor, highHalf(fn, factor, modulus));
  const isNegative = () => i64.extendI32U(i64.ltU(fn.get(high), fn.get(factor)));
  const difference = () => i64.sub(fn.get(high), fn.get(factor));
  i64.add(difference(), i64.mul(fn.get(modulus), isNegative()));
}

/** The upper 64 bits of a product, from four products of 32-bit digits. */
function highHalf(fn: FunctionBuilder, x: Limb, y: Limb): Value<'i64'> {
  const { i64 } = fn;
  const low = (limb: Limb) => i64.and(fn.get(limb), i64.const(0xffff_ffffn));
  const high = (limb: Limb) => i64.shrU(fn.get(limb), i64.const(32));
  const [first, second] = [fn.local('i64'), fn.local('i64')];
  fn.set(first, i64.shrU(i64.mul(low(x), low(y)), i64.const(32)));
  fn.set(first, i64.add(fn.get(first), i64.mul(high(x), low(y))));
  fn.set(second, i64.add(i64.mul(low(x), high(y)), low(first)));
  const top = () => i64.add(i64.mul(high(x), high(y)), high(first));
  return i64.add(top(), high(second));
}

/**
 * (table, digits, count, width, result, modulus, inverse): as `emitPower`, with numbers of 64
 * bits. Without `multiply` they are multiplied modulo 2^64.
 */
export function emitPowerSmall(fn: FunctionBuilder, multiply?: FunctionRef): void {
  const { i32, i64 } = fn;
  const [table, digits, count, width] = [0, 1, 2, 3].map((i) => fn.param(i, 'i32')) as [
    Local<'i32'>,
    Local<'i32'>,
    Local<'i32'>,
    Local<'i32'>,
  ];
  const [result, modulus, inverse] = [4, 5, 6].map((i) => fn.param(i, 'i64')) as [Limb, Limb, Limb];
  const digit = fn.local('i32');
  const multiplyBy = (factor: () => Value<'i64'>): void => {
    if (multiply === undefined) {
      fn.set(result, i64.mul(fn.get(result), factor()));
    } else {
      const operands = [fn.get(result), factor(), fn.get(modulus), fn.get(inverse)] as const;
      fn.set(result, fn.call(multiply, ...operands));
    }
  };
  emitWindows(fn, { digits, count, width, digit }, multiplyBy, {
    square: () => fn.get(result),
    entry: () => i64.load(i32.add(fn.get(table), i32.shl(fn.get(digit), i32.const(3)))),
  });
  fn.get(result);
}
