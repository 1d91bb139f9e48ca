/**
 * Montgomery multiplication of numbers of any length, assembled: a * b / 2^(8 size) mod m for an
 * odd m (Koç, Acar, Kaliski: "Analyzing and comparing Montgomery multiplication algorithms",
 * CIOS). Numbers are 32-bit digits, least significant first, `size` bytes long, a multiple of
 * DIGITS_UNROLLED digits. Per digit of b:
 *
 *   p = a[j] b[i] + t[j] + carry      q = u m[j] + low(p) + carry'      t[j - 1] = low(q)
 *
 * where u makes the lowest digit zero; both sums stay below 2^64.
 */
import type { FunctionBuilder, FunctionRef, Local } from '../../../wasm/function.ts';
import { emitWindows } from './windows.ts';

export const DIGITS_UNROLLED = 4;
/** Bytes of a number must be a multiple of this. */
export const SIZE_STEP: number = 4 * DIGITS_UNROLLED;

const MASK = 0xffff_ffffn;

/** (to, a, b, modulus, temporary, size, inverse): `inverse` is -1 / modulus mod 2^32. */
export function emitMontgomery(fn: FunctionBuilder): void {
  const { i32, i64 } = fn;
  const [to, a, b, modulus, temporary, size] = [0, 1, 2, 3, 4, 5].map((i) =>
    fn.param(i, 'i32'),
  ) as [Local<'i32'>, Local<'i32'>, Local<'i32'>, Local<'i32'>, Local<'i32'>, Local<'i32'>];
  const inverse = fn.param(6, 'i64');
  const [i, j] = [fn.local('i32'), fn.local('i32')];
  const [at, by, high] = [fn.local('i32'), fn.local('i32'), fn.local('i32')];
  const [digit, factor, p, q] = Array.from({ length: 4 }, () => fn.local('i64')) as Locals4;
  const [carry, carryReduced] = [fn.local('i64'), fn.local('i64')];

  /** Runs `body` for offsets 0, step, ... below size. */
  const loop = (offset: Local<'i32'>, step: number, body: () => void): void => {
    fn.set(offset, i32.const(0));
    fn.loop((next) => {
      body();
      fn.set(offset, i32.add(fn.get(offset), i32.const(step)));
      fn.brIf(next, i32.ltU(fn.get(offset), fn.get(size)));
    });
  };

  fn.fill(fn.get(temporary), i32.const(0), i32.add(fn.get(size), i32.const(4)));
  fn.set(high, i32.add(fn.get(temporary), fn.get(size)));
  loop(i, 4, () => {
    fn.set(digit, i64.load32U(i32.add(fn.get(b), fn.get(i))));
    const low = () =>
      i64.add(i64.mul(i64.load32U(fn.get(a)), fn.get(digit)), i64.load32U(fn.get(temporary)));
    fn.set(factor, i64.and(i64.mul(low(), fn.get(inverse)), i64.const(MASK)));
    fn.set(carry, i64.const(0));
    fn.set(carryReduced, i64.const(0));
    loop(j, SIZE_STEP, () => {
      fn.set(at, i32.add(fn.get(temporary), fn.get(j)));
      fn.set(by, i32.add(fn.get(modulus), fn.get(j)));
      fn.set(high, i32.add(fn.get(a), fn.get(j)));
      for (let k = 0; k < SIZE_STEP; k += 4) {
        const product = () => i64.mul(i64.load32U(fn.get(high), k), fn.get(digit));
        fn.set(p, i64.add(i64.add(product(), i64.load32U(fn.get(at), k)), fn.get(carry)));
        fn.set(carry, i64.shrU(fn.get(p), i64.const(32)));
        const reduced = () => i64.mul(i64.load32U(fn.get(by), k), fn.get(factor));
        const rest = () => i64.add(i64.and(fn.get(p), i64.const(MASK)), fn.get(carryReduced));
        fn.set(q, i64.add(reduced(), rest()));
        fn.set(carryReduced, i64.shrU(fn.get(q), i64.const(32)));
        // The lowest digit is zero; it goes to the word before the temporary.
        i64.store32(i32.add(fn.get(at), i32.const(k - 4)), fn.get(q));
      }
    });
    fn.set(high, i32.add(fn.get(temporary), fn.get(size)));
    const top = () => i64.add(i64.load32U(fn.get(high)), fn.get(carry));
    fn.set(p, i64.add(top(), fn.get(carryReduced)));
    i64.store32(i32.sub(fn.get(high), i32.const(4)), fn.get(p));
    i64.store32(fn.get(high), i64.shrU(fn.get(p), i64.const(32)));
  });

  // t - m, unless that is negative.
  fn.set(carry, i64.const(0));
  loop(i, 4, () => {
    const digitOf = (of: Local<'i32'>) => i64.load32U(i32.add(fn.get(of), fn.get(i)));
    fn.set(p, i64.sub(i64.sub(digitOf(temporary), digitOf(modulus)), fn.get(carry)));
    i64.store32(i32.add(fn.get(to), fn.get(i)), fn.get(p));
    fn.set(carry, i64.shrU(fn.get(p), i64.const(63)));
  });
  fn.if(i64.ltU(i64.load32U(fn.get(high)), fn.get(carry)), () => {
    fn.copy(fn.get(to), fn.get(temporary), fn.get(size));
  });
}

type Locals4 = [Local<'i64'>, Local<'i64'>, Local<'i64'>, Local<'i64'>];

/**
 * (result, table, digits, count, width, modulus, temporary, size, inverse): for each of `count`
 * digits of the exponent, a byte each, the result is squared `width` times and multiplied by the
 * table's number of that digit.
 */
export function emitPower(fn: FunctionBuilder, montgomery: FunctionRef): void {
  const { i32 } = fn;
  const [result, table, digits, count, width, modulus, temporary, size] = Array.from(
    { length: 8 },
    (_, index) => fn.param(index, 'i32'),
  ) as Locals8;
  const inverse = fn.param(8, 'i64');
  const digit = fn.local('i32');
  const multiplyBy = (pushFactor: () => void): void => {
    fn.get(result);
    fn.get(result);
    pushFactor();
    const rest = [fn.get(modulus), fn.get(temporary), fn.get(size), fn.get(inverse)] as const;
    fn.call(montgomery, ...rest);
  };
  emitWindows(fn, { digits, count, width, digit }, multiplyBy, {
    square: () => fn.get(result),
    entry: () => i32.add(fn.get(table), i32.mul(fn.get(digit), fn.get(size))),
  });
}

type Locals8 = [
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
];
