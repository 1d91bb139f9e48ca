/** Values as transition tools get them: hex or decimal digits, or numbers; null is nothing. */

import { isWithin, U64 } from '../../base/integers.ts';
import type { Hash } from '../../evm/types.ts';
import { FixtureError, hash, type JsonObject, quantity } from '../fixture-json.ts';

/** Whether a field is there. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** An integer of any size. @throws FixtureError */
export function integer(value: unknown, at: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return quantity(value, at);
}

/** @throws FixtureError for what is no integer below 2^64 */
export function integer64(value: unknown, at: string): bigint {
  const number = integer(value, at);
  if (isWithin(number, U64)) return number;
  throw new FixtureError(at, `is ${number}, not an integer below 2^64`);
}

/** A hash, or an integer below 2^256 in its place. @throws FixtureError */
export function word(value: unknown, at: string): Hash {
  const number = integer(value, at);
  return hash(`0x${number.toString(16).padStart(64, '0')}`, at);
}

/** What `read` makes of a field, or undefined where there is none. */
export function optional<T>(
  from: JsonObject,
  name: string,
  read: (value: unknown, at: string) => T,
): T | undefined {
  const value = from[name];
  return isGiven(value) ? read(value, name) : undefined;
}
