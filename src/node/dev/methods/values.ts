/** Values that clients of development nodes send in several forms. */

import { invalidParams } from '../../rpc/errors.ts';
import { type Read, readU64, readWord } from '../../rpc/values.ts';

const DECIMAL = /^\d{1,78}$/;
const HEX = /^0x[0-9a-fA-F]{1,64}$/;
const U64_MAX = 2n ** 64n - 1n;

/** An integer as a number, in decimal digits, or in hex with zeros in front or without. */
export const readLooseWord: Read<bigint> = (value, path) => {
  if (typeof value !== 'string') return readWord(value, path);
  if (DECIMAL.test(value) || HEX.test(value)) {
    const integer = BigInt(value);
    if (integer < 2n ** 256n) return integer;
  }
  return readWord(value, path);
};

export const readLooseU64: Read<bigint> = (value, path) => {
  const integer = readLooseWord(value, path);
  if (integer <= U64_MAX) return integer;
  return readU64(`0x${integer.toString(16)}`, path);
};

/** Seconds forwards or, by a number below zero, backwards. */
export const readSeconds: Read<bigint> = (value, path) => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return readLooseU64(value, path);
};

/** A number of milliseconds, blocks or the like that must not be too large. */
export function readCount(max: number): Read<number> {
  return (value, path) => {
    const integer = readLooseWord(value, path);
    if (integer <= BigInt(max)) return Number(integer);
    throw invalidParams(`invalid argument ${path}: ${integer}, at most ${max}`);
  };
}
