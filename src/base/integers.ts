/**
 * Integers that must not be mixed (gas and a price, a function's index and a local's) are branded:
 * numbers at run time, types of their own when compiled.
 *
 *   type Pc = Branded<number, 'Pc'>;
 */
import { IronflyError } from './errors.ts';

declare const brand: unique symbol;

/** `Base` that only a cast or a check makes; a `Base` is wanted nowhere it is given. */
export type Branded<Base extends number | bigint, Name extends string> = Base & {
  readonly [brand]: Name;
};

/** An integer is out of the range that its place has. */
export class IntegerRangeError extends IronflyError<'integer out of range'> {}

export interface IntegerRange {
  readonly min: number | bigint;
  readonly max: number | bigint;
}

export const U8: IntegerRange = { min: 0, max: 0xff };
export const U32: IntegerRange = { min: 0, max: 0xffff_ffff };
export const U64: IntegerRange = { min: 0n, max: (1n << 64n) - 1n };
export const U256: IntegerRange = { min: 0n, max: (1n << 256n) - 1n };

/** The greater of two: `Math.max` takes no bigints. */
export function maxOf(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** The lesser of two. */
export function minOf(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Whether `value` is an integer within the range, both ends included. */
export function isWithin(value: number | bigint, range: IntegerRange): boolean {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return false;
  return value >= range.min && value <= range.max;
}

/**
 * Gives `value` back when it is an integer within the range.
 * @param what names the value in the message: 'static offset'
 * @throws IntegerRangeError
 */
export function checkWithin<T extends number | bigint>(
  value: T,
  range: IntegerRange,
  what: string,
): T {
  if (isWithin(value, range)) return value;
  throw new IntegerRangeError(
    'integer out of range',
    `${what} is ${value}, not an integer from ${range.min} to ${range.max}`,
    { details: { what, value } },
  );
}
