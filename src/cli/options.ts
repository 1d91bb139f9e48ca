/** Options that several commands have, and how what is given for them is read. */

import { InvalidArgumentError, Option } from 'commander';
import { WORKERS_DEFAULT, WORKERS_MAX } from '../chain/workers.ts';
import type { Address, Engine, Hash } from '../evm/types.ts';

const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const HASH = /^0x[0-9a-fA-F]{64}$/;

export function engineOption(): Option {
  return new Option('--engine <engine>', 'what executes').choices(ENGINES).default('auto');
}

/** Threads that execute a block; as many as there are cores, where nothing is said. */
export function workersOption(): Option {
  return new Option('--workers <count>', 'threads that execute a block')
    .argParser(wholeNumber(1, WORKERS_MAX))
    .default(WORKERS_DEFAULT);
}

export function databaseOption(): Option {
  return new Option('--db <folder>', 'the database of a chain');
}

/** One that is a number of any size: --help shows what it is when left out. */
export function bigintOption(
  flags: string,
  description: string,
  { parse, value }: { readonly parse: (given: string) => bigint; readonly value: bigint },
): Option {
  return new Option(flags, description).argParser(parse).default(value, value.toString());
}

/** @throws InvalidArgumentError */
export function parseAddress(given: string): Address {
  if (ADDRESS.test(given)) return given.toLowerCase() as Address;
  throw new InvalidArgumentError('an address is 0x and 40 hexadecimal digits.');
}

/** @throws InvalidArgumentError */
export function parseHash(given: string): Hash {
  if (HASH.test(given)) return given.toLowerCase() as Hash;
  throw new InvalidArgumentError('a hash is 0x and 64 hexadecimal digits.');
}

export function isHash(given: string): boolean {
  return HASH.test(given);
}

/** A reader of whole numbers in decimal digits. */
export function wholeNumber(least: number, most: number): (given: string) => number {
  const parse = integer(BigInt(least), BigInt(most));
  return (given) => Number(parse(given));
}

/** The same, of any size. */
export function integer(least: bigint, most: bigint): (given: string) => bigint {
  return (given) => {
    const value = /^\d{1,78}$/.test(given) ? BigInt(given) : undefined;
    if (value !== undefined && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`${given} is not a whole number from ${least} to ${most}.`);
  };
}
