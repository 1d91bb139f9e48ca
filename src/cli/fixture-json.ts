/** Readers of the values that test files hold; each names the place of what it refuses. */

import type { Address, Hash, Hex } from '../evm/types.ts';
import type { AccountInput } from '../state/memory.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A test file that is not what it should be, and where. */
export class FixtureError extends Error {
  readonly code = 'FIXTURE_MALFORMED';
  /** Path of the value inside the file. */
  readonly place: string;

  constructor(place: string, message: string) {
    super(place === '' ? `the file ${message}` : `${place} ${message}`);
    this.name = 'FixtureError';
    this.place = place;
  }
}

export function object(value: unknown, at: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw new FixtureError(at, `is ${shown(value)}, not an object`);
}

export function list<T>(value: unknown, at: string, read: (value: unknown, at: string) => T): T[] {
  if (!Array.isArray(value)) throw new FixtureError(at, `is ${shown(value)}, not a list`);
  return value.map((item, index) => read(item, `${at}[${index}]`));
}

export function text(value: unknown, at: string): string {
  if (typeof value === 'string') return value;
  throw new FixtureError(at, `is ${shown(value)}, not a text`);
}

/** The tests of a file by name. @throws FixtureError for what is no JSON object of objects */
export function testsIn(source: string): [name: string, test: JsonObject][] {
  let file: unknown;
  try {
    file = JSON.parse(source);
  } catch (cause) {
    throw new FixtureError('', `is not JSON: ${(cause as Error).message}`);
  }
  return Object.entries(object(file, '')).map(([name, test]) => [name, object(test, name)]);
}

/** Longer numbers are no fields of anything; bounds the time of reading one. */
const QUANTITY_LENGTH_MAX = 1024;

/** An integer in hex, in decimal digits, or as the old suites write what fits no word. */
export function quantity(value: unknown, at: string): bigint {
  const digits = text(value, at).replace(/^0x:bigint /, '');
  if (digits === '0x') return 0n;
  if (digits.length <= QUANTITY_LENGTH_MAX && /^(0x[0-9a-fA-F]+|[0-9]+)$/.test(digits)) {
    return BigInt(digits);
  }
  throw new FixtureError(at, `is ${shown(value)}, not an integer`);
}

export function bytes(value: unknown, at: string): Uint8Array {
  const hex = text(value, at);
  if (hex === '') return new Uint8Array(0);
  if (!/^0x([0-9a-fA-F]{2})*$/.test(hex)) {
    throw new FixtureError(at, `is ${shown(value)}, not bytes in hex`);
  }
  return Uint8Array.fromHex(hex.slice(2));
}

export function address(value: unknown, at: string): Address {
  return ofLength(value, at, 20, 'an address');
}

export function hash(value: unknown, at: string): Hash {
  return ofLength(value, at, 32, 'a hash');
}

function ofLength(value: unknown, at: string, byteCount: number, what: string): Hex {
  const hex = text(value, at);
  if (hex.length === 2 + byteCount * 2 && /^0x[0-9a-fA-F]*$/.test(hex)) {
    return hex.toLowerCase() as Hex;
  }
  throw new FixtureError(at, `is ${shown(value)}, not ${what} of ${byteCount} bytes in hex`);
}

/** The accounts of a state, as `pre` and `post` give them. */
export function accountsAt(value: unknown, at: string): [Address, AccountInput][] {
  return Object.entries(object(value, at)).map(([key, entry]) => {
    const place = `${at}.${key}`;
    const account = object(entry, place);
    const slots = object(account['storage'], `${place}.storage`);
    const input: AccountInput = {
      nonce: quantity(account['nonce'], `${place}.nonce`),
      balance: quantity(account['balance'], `${place}.balance`),
      code: bytes(account['code'], `${place}.code`),
      storage: Object.entries(slots).map(([slot, word]) => [
        quantity(slot, `${place}.storage`),
        quantity(word, `${place}.storage.${slot}`),
      ]),
    };
    return [address(key, place), input];
  });
}

/** A value for an error's text, cut short. */
function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? 'missing';
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}
