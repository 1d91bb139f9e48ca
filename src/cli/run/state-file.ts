/**
 * Accounts from a file: an object by address, as genesis files (`alloc`) and state tests (`pre`)
 * hold it, or alone. What an account leaves out is zero or empty.
 */
import { readFileSync } from 'node:fs';
import type { Address } from '../../evm/types.ts';
import type { AccountInput } from '../../state/memory.ts';
import { accountsAt, type JsonObject, object } from '../fixture-json.ts';

const EMPTY = { balance: '0x0', nonce: '0x0', code: '0x', storage: {} };
/** Larger files are refused. */
const BYTES_MAX = 268_435_456;

/** @throws Error that names the file and the place in it */
export function readStateFile(path: string): [Address, AccountInput][] {
  try {
    const source = readFileSync(path);
    if (source.length > BYTES_MAX) throw new Error(`it has ${source.length} bytes`);
    const whole = object(JSON.parse(source.toString('utf8')), '');
    const accounts = object(whole['alloc'] ?? whole['pre'] ?? whole, '');
    return accountsOf(accounts);
  } catch (error) {
    throw new TypeError(
      `${path} is no file of accounts ({"0x<address>": {"balance", "nonce", "code", ` +
        `"storage"}}): ${(error as Error).message}`,
    );
  }
}

/** Accounts by address. @throws FixtureError that names the place */
export function accountsOf(accounts: JsonObject): [Address, AccountInput][] {
  return accountsAt(completed(accounts), '');
}

/** With all fields, and addresses that begin with 0x. */
function completed(accounts: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(accounts).map(([key, account]) => [
      /^[0-9a-fA-F]{40}$/.test(key) ? `0x${key}` : key,
      { ...EMPTY, ...object(account, key) },
    ]),
  );
}
