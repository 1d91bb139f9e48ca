/** Random changes of a small state, for tests. */

import fc from 'fast-check';
import { keccak256 } from '../base/keccak.ts';
import type { AccountChange, Address, Hash, StateChanges } from '../evm/types.ts';
import { EMPTY_CODE_HASH } from './memory.ts';

export const addressOf = (index: number): Address =>
  `0x${(index * 0x0101).toString(16).padStart(40, '0')}`;
export const hashOf = (code: Uint8Array): Hash => `0x${keccak256(code).toHex()}`;

/** The accounts that change, and the slots. */
export const ADDRESSES: readonly Address[] = Array.from({ length: 5 }, (_, index) =>
  addressOf(index + 1),
);
export const SLOTS: readonly bigint[] = Array.from({ length: 40 }, (_, i) => BigInt(i) ** 17n);
const CODES = [1, 2].map((byte) => new Uint8Array(byte * 20).fill(byte));
const codes = new Map(CODES.map((code) => [hashOf(code), code]));

const amount = fc.oneof(
  fc.bigInt({ min: 0n, max: 255n }),
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
);
const change = fc.record({
  nonce: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  balance: amount,
  codeHash: fc.constantFrom(EMPTY_CODE_HASH, ...codes.keys()),
  storageWiped: fc.boolean(),
  storage: fc
    .array(fc.tuple(fc.constantFrom(...SLOTS), fc.oneof(fc.constantFrom(0n, 1n), amount)), {
      maxLength: 25,
    })
    .map((list) => new Map(list)),
}) as fc.Arbitrary<AccountChange>;

/** What a block may do: accounts come, go, lose their storage, write slots. */
export const changes: fc.Arbitrary<StateChanges> = fc
  .array(fc.tuple(fc.constantFrom(...ADDRESSES), fc.option(change, { freq: 4 })), { maxLength: 6 })
  .map((list) => ({ accounts: new Map(list), codes }));
