/** The block access lists of test files, and where another differs from one. */

import type {
  AccountAccesses,
  BlockAccessList,
  IndexedChange,
} from '../../chain/blocks/access-list.ts';
import { address, bytes, list, object, quantity } from '../fixture-json.ts';

/** @throws FixtureError naming the place of what is not as it should be */
export function accessListAt(value: unknown, at: string): BlockAccessList {
  return list(value, at, (entry, place): AccountAccesses => {
    const account = object(entry, place);
    const changes = <T>(name: string, read: typeof readChange<T>, key: string, value: Reader<T>) =>
      list(account[name], `${place}.${name}`, (change, where) => read(change, where, key, value));
    return {
      address: address(account['address'], `${place}.address`),
      storageChanges: list(account['storageChanges'], `${place}.storageChanges`, readSlot),
      storageReads: list(account['storageReads'], `${place}.storageReads`, quantity),
      balanceChanges: changes('balanceChanges', readChange, 'postBalance', quantity),
      nonceChanges: changes('nonceChanges', readChange, 'postNonce', quantity),
      codeChanges: changes('codeChanges', readChange, 'newCode', bytes),
    };
  });
}

type Reader<T> = (value: unknown, at: string) => T;

function readChange<T>(value: unknown, at: string, key: string, read: Reader<T>): IndexedChange<T> {
  const change = object(value, at);
  return {
    index: Number(quantity(change['blockAccessIndex'], `${at}.blockAccessIndex`)),
    value: read(change[key], `${at}.${key}`),
  };
}

function readSlot(value: unknown, at: string): AccountAccesses['storageChanges'][number] {
  const slot = object(value, at);
  const changes = list(slot['slotChanges'], `${at}.slotChanges`, (change, where) =>
    readChange(change, where, 'postValue', quantity),
  );
  return [quantity(slot['slot'], `${at}.slot`), changes];
}

/** The first account in which the lists differ, both as text; undefined where they are the same. */
export function accessListDifference(
  found: BlockAccessList,
  expected: BlockAccessList,
): string | undefined {
  for (let i = 0; i < Math.max(found.length, expected.length); i++) {
    const [one, other] = [describe(found[i]), describe(expected[i])];
    if (one !== other) return `the access list has ${one}, expected ${other}`;
  }
  return undefined;
}

function describe(account: AccountAccesses | undefined): string {
  if (account === undefined) return 'no more accounts';
  const changes = (name: string, values: readonly IndexedChange<bigint | Uint8Array>[]): string =>
    `${name} ${values.map(({ index, value }) => `${index}: ${shown(value)}`).join(', ')}`;
  return [
    account.address,
    ...account.storageChanges.map(([slot, values]) => changes(`slot ${slot}`, values)),
    `reads ${account.storageReads.join(', ')}`,
    changes('balances', account.balanceChanges),
    changes('nonces', account.nonceChanges),
    changes('codes', account.codeChanges),
  ].join('; ');
}

function shown(value: bigint | Uint8Array): string {
  return typeof value === 'bigint' ? String(value) : value.toHex();
}
