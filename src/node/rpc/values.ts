/**
 * Values of JSON-RPC, read and written: quantities, data, addresses, tags of blocks. Whatever is
 * not of its form is refused with the words that geth says, since clients show them.
 */

import type { Address, Hash, Hex } from '../../evm/types.ts';
import { invalidParams } from './errors.ts';

/** Reads a value; `path` names it in what it throws. */
export type Read<T> = (value: unknown, path: string) => T;

const U64_MAX = 2n ** 64n - 1n;
const WORD_MAX = 2n ** 256n - 1n;

/** An integer as JSON-RPC has it. */
export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

/** Bytes as JSON-RPC has them. */
export function dataHex(bytes: Uint8Array): Hex {
  return `0x${bytes.toHex()}`;
}

/** A word as 32 bytes. */
export function wordHex(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`;
}

function wrong(path: string, what: string): never {
  throw invalidParams(`invalid argument ${path}: ${what}`);
}

const HEX = /^0x[0-9a-fA-F]*$/;

/** @param as how a fault is said, where it is not said as it is */
function digitsOf(value: unknown, path: string, as = (fault: string): string => fault): string {
  if (typeof value !== 'string') wrong(path, `${kindOf(value)} where a hex string belongs`);
  if (HEX.test(value)) return value.slice(2);
  if (!/^0x/i.test(value)) {
    wrong(path, as(value === '' ? 'empty hex string' : 'hex string without 0x prefix'));
  }
  const digits = value.slice(2);
  if (!/^[0-9a-fA-F]*$/.test(digits)) wrong(path, as('invalid hex string'));
  return digits;
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function integerUpTo(max: bigint, bits: number): Read<bigint> {
  return (value, path) => {
    // Some clients send numbers.
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)
      return BigInt(value);
    const digits = digitsOf(value, path);
    if (digits === '') wrong(path, 'hex string "0x"');
    if (digits.length > 1 && digits.startsWith('0')) {
      wrong(path, 'hex number with leading zero digits');
    }
    const integer = BigInt(`0x${digits}`);
    if (integer > max) wrong(path, `hex number > ${bits} bits`);
    return integer;
  };
}

export const readU64: Read<bigint> = integerUpTo(U64_MAX, 64);
export const readWord: Read<bigint> = integerUpTo(WORD_MAX, 256);

export const readData: Read<Uint8Array> = (value, path) => {
  const digits = digitsOf(value, path);
  if (digits.length % 2 !== 0) wrong(path, 'hex string of odd length');
  return Uint8Array.fromHex(digits);
};

function fixed(size: number, name: string): Read<Hex> {
  const as = (fault: string) => `json: cannot unmarshal ${fault} into Go value of type ${name}`;
  return (value, path) => {
    const digits = digitsOf(value, path, as);
    if (digits.length % 2 !== 0) wrong(path, as('hex string of odd length'));
    if (digits.length !== 2 * size) {
      wrong(path, `hex string has length ${digits.length}, want ${2 * size} for ${name}`);
    }
    return `0x${digits.toLowerCase()}`;
  };
}

export const readAddress: Read<Address> = fixed(20, 'common.Address');
export const readHash: Read<Hash> = fixed(32, 'common.Hash');

export const readBoolean: Read<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  wrong(path, `${kindOf(value)} where true or false belongs`);
};

export const readString: Read<string> = (value, path) => {
  if (typeof value === 'string') return value;
  wrong(path, `${kindOf(value)} where a string belongs`);
};

/** Anything. */
export const readAny: Read<unknown> = (value) => value;

/** Which block: by name, number or hash. */
export type BlockId =
  | { readonly tag: 'latest' | 'pending' | 'earliest' | 'safe' | 'finalized' }
  | { readonly number: bigint }
  | { readonly hash: Hash; readonly requireCanonical: boolean };

export const LATEST: BlockId = { tag: 'latest' };
const TAGS = ['latest', 'pending', 'earliest', 'safe', 'finalized'] as const;

/** A tag or a number. */
export const readBlockNumber: Read<BlockId> = (value, path) => {
  const tag = TAGS.find((each) => each === value);
  return tag === undefined ? { number: readU64(value, path) } : { tag };
};

/** A tag, a number, a hash, or an object of EIP-1898. */
export const readBlockId: Read<BlockId> = (value, path) => {
  if (typeof value === 'string' && value.length === 66) {
    return { hash: readHash(value, path), requireCanonical: false };
  }
  if (typeof value !== 'object' || value === null) return readBlockNumber(value, path);
  const { blockHash, blockNumber, requireCanonical = false } = value as Record<string, unknown>;
  if (blockHash !== undefined && blockNumber !== undefined) {
    wrong(path, 'cannot specify both BlockHash and BlockNumber, choose one or the other');
  }
  if (blockHash === undefined) return readBlockNumber(blockNumber, path);
  return {
    hash: readHash(blockHash, path),
    requireCanonical: readBoolean(requireCanonical, path),
  };
};

/** Left out, or null: undefined. */
export function optional<T>(read: Read<T>): Read<T | undefined> {
  const readsAll: Read<T | undefined> = (value, path) =>
    value === undefined || value === null ? undefined : read(value, path);
  optionals.add(readsAll);
  return readsAll;
}

/** Those that need not be asked of what is left out. */
const optionals = new WeakSet<Read<unknown>>();

/** Left out, or null: the default. */
export function withDefault<T>(read: Read<T>, value: T): Read<T> {
  return (given, path) => (given === undefined || given === null ? value : read(given, path));
}

export function listOf<T>(read: Read<T>, countMax: number = Number.MAX_SAFE_INTEGER): Read<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) wrong(path, `${kindOf(value)} where a list belongs`);
    if (value.length > countMax) wrong(path, `a list of ${value.length}, at most ${countMax}`);
    return value.map((item, index) => read(item, `${path}[${index}]`));
  };
}

type Fields = Readonly<Record<string, Read<unknown>>>;
export type ObjectOf<F extends Fields> = { readonly [K in keyof F]: ReturnType<F[K]> };

/** An object of these fields; others are ignored, as all nodes do. */
export function objectOf<const F extends Fields>(fields: F): Read<ObjectOf<F>> {
  const readers = Object.entries(fields).map(([name, read]) => ({
    name,
    read,
    isOptional: optionals.has(read),
  }));
  return (value, path) => {
    const given = membersOf(value, path);
    const values: Record<string, unknown> = {};
    // PERF: no lists on the way; a call has sixteen fields, of which three are given.
    for (const { name, read, isOptional } of readers) {
      const item = given[name];
      values[name] = isOptional && item === undefined ? undefined : read(item, `${path}.${name}`);
    }
    return values as ObjectOf<F>;
  };
}

/** An object as it is. */
export function membersOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  wrong(path, `${kindOf(value)} where an object belongs`);
}
