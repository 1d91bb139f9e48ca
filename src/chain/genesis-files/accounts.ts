/**
 * Accounts of a file: an object by address, each with what it has of balance, nonce, code and
 * storage. `0x` before an address is optional, and so it is before code; numbers are in decimal or
 * hex, as strings or bare.
 */

import { type JsonField, type JsonObject, withoutPrefix } from '../../base/json-field.ts';
import { WordMap } from '../../base/word-map.ts';
import type { Address } from '../../evm/types.ts';
import { MemoryState } from '../../state/memory.ts';
import { GenesisError } from './fault.ts';

const U64_MAX = 2n ** 64n - 1n;
const WORD_MAX = 2n ** 256n - 1n;
const FIELDS = ['balance', 'nonce', 'code', 'storage'] as const;
/** Keys of test accounts, which are no part of the state. */
const IGNORED = ['secretkey', 'privatekey'];
/** What the oldest files call a balance. */
const OLD_BALANCE = 'wei';
/** Without 0x, fewer digits could be a decimal number. */
const WORD_DIGITS = /^[0-9a-f]{64}$/i;
const WORD_HEX = /^0x[0-9a-f]{1,64}$/i;

/** The state that the accounts are. @throws JsonError, GenesisError */
export function readAccounts(accounts: JsonObject): MemoryState {
  const state = new MemoryState();
  for (const [name, field] of accounts.entries()) {
    const address = addressOf(name, field);
    // With and without 0x are two names of one account.
    if (state.getAccount(address) !== undefined) {
      throw new GenesisError(
        'genesis/duplicate',
        field.path,
        'is an account that is there already',
      );
    }
    const account = field.object();
    refuseUnknown(account);
    const [given, nonce, code, storage] = FIELDS.map((each) => account.get(each)) as Fields;
    const balance = balanceOf(given, account.get(OLD_BALANCE));
    state.setAccount(address, {
      balance: balance.isAbsent ? 0n : balance.integer(WORD_MAX),
      nonce: nonce.isAbsent ? 0n : nonce.integer(U64_MAX),
      code: code.isAbsent ? new Uint8Array(0) : code.bytes(),
      storage: storage.isAbsent ? [] : readStorage(storage.object()),
    });
  }
  return state;
}

type Fields = [JsonField, JsonField, JsonField, JsonField];

function balanceOf(balance: JsonField, old: JsonField): JsonField {
  if (balance.isAbsent || old.isAbsent) return balance.isAbsent ? old : balance;
  throw new GenesisError('genesis/duplicate', old.path, `is there beside ${balance.path}`);
}

function addressOf(name: string, { path }: JsonField): Address {
  const digits = withoutPrefix(name);
  if (/^[0-9a-f]{40}$/.test(digits)) return `0x${digits}`;
  throw new GenesisError('genesis/unknown field', path, 'is no address of 20 bytes in hex');
}

function refuseUnknown(account: JsonObject): void {
  for (const [name, { path }] of account.entries()) {
    if (FIELDS.some((field) => field === name)) continue;
    if (name === OLD_BALANCE || IGNORED.includes(name)) continue;
    const known = `an account has ${FIELDS.join(', ')}`;
    throw new GenesisError('genesis/unknown field', path, `is unknown: ${known}`);
  }
}

function readStorage(storage: JsonObject): WordMap<bigint> {
  const slots = new WordMap<bigint>();
  for (const [name, field] of storage.entries()) {
    const slot = wordOf(name);
    if (slot === undefined) {
      const message = 'is no slot: give 0x and up to 64 hexadecimal digits';
      throw new GenesisError('genesis/unknown field', field.path, message);
    }
    if (slots.has(slot)) {
      throw new GenesisError('genesis/duplicate', field.path, 'is a slot that is there already');
    }
    const value = typeof field.value === 'string' ? wordOf(field.value) : undefined;
    if (value === undefined) throw field.refusal('0x and up to 64 hexadecimal digits');
    slots.set(slot, value);
  }
  return slots;
}

function wordOf(text: string): bigint | undefined {
  if (WORD_HEX.test(text)) return BigInt(text.toLowerCase());
  return WORD_DIGITS.test(text) ? BigInt(`0x${text}`) : undefined;
}
