/**
 * Changes of a state as bytes, as the block log holds them.
 *
 *   changes:  u32 accounts | account... | u32 codes | code...
 *   account:  20 bytes address | u8 flags | where it exists: u64 nonce | value balance
 *             | with code: 32 bytes code hash | u32 slots | (32 bytes slot | value)...
 *   code:     32 bytes hash | u32 size | bytes
 *   value:    u8 size | bytes, big-endian without leading zeros
 *
 * Integers before bytes are little-endian.
 */

import { bigintFromBytes, putHex, toHex } from '../base/bytes.ts';
import { WordMap } from '../base/word-map.ts';
import type { AccountChange, Address, Hash, StateChanges } from '../evm/types.ts';
import { putWord } from './flat/keys.ts';
import { StateError } from './flat/values.ts';
import { EMPTY_CODE_HASH } from './memory.ts';

const EXISTS = 1;
const WIPED = 2;
const CODE = 4;
const START_BYTES = 4096;
const WORD_BYTES = 32;

export function encodeChanges({ accounts, codes }: StateChanges): Uint8Array {
  const out = new Output();
  out.u32(accounts.size);
  for (const [address, change] of accounts) writeAccount(out, address, change);
  out.u32(codes.size);
  for (const [hash, code] of codes) {
    out.hex(hash, WORD_BYTES);
    out.u32(code.length);
    out.bytes(code);
  }
  return out.taken();
}

/** @throws StateError `state/damaged` for what `encodeChanges` does not make */
export function decodeChanges(bytes: Uint8Array): StateChanges {
  const input = new Input(bytes);
  const accounts = new Map<Address, AccountChange | null>();
  for (let left = input.u32(); left > 0; left--) {
    const address = input.hex(20) as Address;
    accounts.set(address, readAccount(input));
  }
  const codes = new Map<Hash, Uint8Array>();
  for (let left = input.u32(); left > 0; left--) {
    const hash = input.hex(WORD_BYTES);
    codes.set(hash, input.bytes(input.u32()));
  }
  input.end();
  return { accounts, codes };
}

function writeAccount(out: Output, address: Address, change: AccountChange | null): void {
  out.hex(address, 20);
  if (change === null) {
    out.u8(0);
    return;
  }
  const hasCode = change.codeHash !== EMPTY_CODE_HASH;
  out.u8(EXISTS | (change.storageWiped ? WIPED : 0) | (hasCode ? CODE : 0));
  out.u64(change.nonce);
  out.value(change.balance);
  if (hasCode) out.hex(change.codeHash, WORD_BYTES);
  out.u32(change.storage.size);
  for (const [slot, value] of change.storage) {
    out.word(slot);
    out.value(value);
  }
}

function readAccount(input: Input): AccountChange | null {
  const flags = input.u8();
  if ((flags & EXISTS) === 0) return null;
  const nonce = input.u64();
  const balance = input.value();
  const codeHash = (flags & CODE) === 0 ? EMPTY_CODE_HASH : input.hex(WORD_BYTES);
  const storage = new WordMap<bigint>();
  for (let left = input.u32(); left > 0; left--) {
    const slot = bigintFromBytes(input.bytes(WORD_BYTES));
    storage.set(slot, input.value());
  }
  return { nonce, balance, codeHash, storageWiped: (flags & WIPED) !== 0, storage };
}

/** Bytes that are written one after another. */
class Output {
  #bytes = new Uint8Array(START_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  u8(value: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  u64(value: bigint): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
  }

  hex(text: Hash | Address, size: number): void {
    const at = this.#room(size);
    putHex(this.#bytes, at, text);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  word(value: bigint): void {
    const at = this.#room(WORD_BYTES);
    putWord(this.#view, at, value);
  }

  value(value: bigint): void {
    const at = this.#room(1 + WORD_BYTES);
    const start = at + 1;
    putWord(this.#view, start, value);
    let zeros = 0;
    while (zeros < WORD_BYTES && this.#bytes[start + zeros] === 0) zeros++;
    // PERF: by hand, since few bytes are moved.
    const size = WORD_BYTES - zeros;
    for (let i = 0; i < size; i++)
      this.#bytes[start + i] = this.#bytes[start + zeros + i] as number;
    this.#bytes[at] = size;
    this.#end -= zeros;
  }

  taken(): Uint8Array {
    return this.#bytes.slice(0, this.#end);
  }

  /** Where `size` bytes go. */
  #room(size: number): number {
    const at = this.#end;
    this.#end += size;
    if (this.#end > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#end);
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** Bytes that are read one after another. */
class Input {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#next(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#next(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#next(8), true);
  }

  hex(size: number): Hash {
    return toHex(this.bytes(size));
  }

  bytes(size: number): Uint8Array {
    const at = this.#next(size);
    return this.#bytes.slice(at, at + size);
  }

  value(): bigint {
    return bigintFromBytes(this.bytes(this.u8()));
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#damaged();
  }

  #next(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) throw this.#damaged();
    this.#at += size;
    return at;
  }

  #damaged(): StateError {
    const message = `changes of ${this.#bytes.length} bytes do not have their form at ${this.#at}`;
    return new StateError('state/damaged', message);
  }
}
