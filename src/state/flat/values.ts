/**
 * Values of the state in its store.
 *
 *   account:     u8 bytes of nonce | with code 0x10 | with storage 0x20
 *                u8 bytes of balance | nonce | balance | [code hash] | [storage root]
 *   checkpoint:  block hash | state root | u64 block number | u64 log record
 *
 * Integers are big-endian, those of an account without leading zeros: 12 bytes for most. What does
 * not have this form is refused and named: no other state is made of it.
 */

import { bigintFromBytes, integerDigits, toHex } from '../../base/bytes.ts';
import { IronflyError } from '../../base/errors.ts';
import type { Account, Hash } from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../memory.ts';
import { EMPTY_ROOT } from '../trie.ts';

export type StateFault =
  | 'state/damaged'
  | 'state/unknown code'
  | 'state/closed view'
  | 'state/busy'
  | 'state/two writers'
  | 'state/failed';

export class StateError extends IronflyError<StateFault> {}

export interface FlatAccount extends Account {
  readonly storageRoot: Hash;
}

/** What a store is at: the state after a block. */
export interface Checkpoint {
  readonly block: Hash;
  readonly number: bigint;
  /** The last record of the block log whose changes are in it. */
  readonly record: bigint;
  readonly stateRoot: Hash;
}

const WITH_CODE = 0x10;
const WITH_STORAGE = 0x20;
const NONCE_BYTES = 0x0f;
const CHECKPOINT_BYTES = 80;

export function encodeAccount(account: FlatAccount): Uint8Array {
  const nonce = integerDigits(account.nonce);
  const balance = integerDigits(account.balance);
  const code = account.codeHash === EMPTY_CODE_HASH ? '' : account.codeHash.slice(2);
  const storage = account.storageRoot === EMPTY_ROOT ? '' : account.storageRoot.slice(2);
  const digits = nonce + balance + code + storage;
  const bytes = new Uint8Array(2 + digits.length / 2);
  bytes[0] = nonce.length / 2 + (code === '' ? 0 : WITH_CODE) + (storage === '' ? 0 : WITH_STORAGE);
  bytes[1] = balance.length / 2;
  bytes.subarray(2).setFromHex(digits);
  return bytes;
}

/** @throws StateError `state/damaged` */
export function decodeAccount(bytes: Uint8Array, what: string): FlatAccount {
  const [flags = 0xff, balanceBytes = 0xff] = bytes;
  const nonceBytes = flags & NONCE_BYTES;
  const nonceEnd = 2 + nonceBytes;
  const balanceEnd = nonceEnd + balanceBytes;
  const codeEnd = balanceEnd + ((flags & WITH_CODE) === 0 ? 0 : 32);
  const end = codeEnd + ((flags & WITH_STORAGE) === 0 ? 0 : 32);
  const fits = nonceBytes <= 8 && balanceBytes <= 32 && flags < 0x40;
  if (!fits || end !== bytes.length) throw damaged(what, bytes);
  return {
    nonce: integerOf(bytes.subarray(2, nonceEnd), what),
    balance: integerOf(bytes.subarray(nonceEnd, balanceEnd), what),
    codeHash: codeEnd === balanceEnd ? EMPTY_CODE_HASH : toHex(bytes.subarray(balanceEnd, codeEnd)),
    storageRoot: end === codeEnd ? EMPTY_ROOT : toHex(bytes.subarray(codeEnd, end)),
  };
}

export function encodeSlot(value: bigint): Uint8Array {
  return Uint8Array.fromHex(integerDigits(value));
}

/** @throws StateError `state/damaged` */
export function decodeSlot(bytes: Uint8Array, what: string): bigint {
  if (bytes.length === 0 || bytes.length > 32) throw damaged(what, bytes);
  return integerOf(bytes, what);
}

export function encodeCheckpoint({ block, number, record, stateRoot }: Checkpoint): Uint8Array {
  const bytes = new Uint8Array(CHECKPOINT_BYTES);
  bytes.setFromHex(block.slice(2));
  bytes.subarray(32).setFromHex(stateRoot.slice(2));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(64, number);
  view.setBigUint64(72, record);
  return bytes;
}

/** @throws StateError `state/damaged` */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  if (bytes.length !== CHECKPOINT_BYTES) throw damaged('the checkpoint', bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    block: toHex(bytes.subarray(0, 32)),
    stateRoot: toHex(bytes.subarray(32, 64)),
    number: view.getBigUint64(64),
    record: view.getBigUint64(72),
  };
}

function integerOf(bytes: Uint8Array, what: string): bigint {
  if (bytes[0] === 0) throw damaged(what, bytes);
  return bigintFromBytes(bytes);
}

function damaged(what: string, bytes: Uint8Array): StateError {
  const message = `the state in the store is damaged: ${what} does not have the form of one`;
  return new StateError('state/damaged', message, { details: { what, size: bytes.length } });
}
