import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { StateChanges } from '../evm/types.ts';
import { decodeChanges, encodeChanges } from './change-codec.ts';
import { changes } from './changes.arbitrary.ts';
import { EMPTY_CODE_HASH } from './memory.ts';

it('gives back what it took', () => {
  fc.assert(
    fc.property(changes, (given) => {
      const bytes = encodeChanges(given);
      expect(withMaps(decodeChanges(bytes))).toEqual(given);
      for (const cut of [0, 1, bytes.length >> 1, bytes.length - 1]) {
        expect(() => decodeChanges(bytes.subarray(0, cut))).toThrow('do not have their form');
      }
    }),
  );
});

it('takes more than its first buffer holds, whatever stands at its end', () => {
  for (let slots = 60; slots < 180; slots++) {
    const storage = new Map(Array.from({ length: slots }, (_, i) => [BigInt(i), 2n ** 255n]));
    const account = { nonce: 1n, balance: 2n ** 200n, codeHash: EMPTY_CODE_HASH, storage };
    const addresses = [1, 2].map((i): `0x${string}` => `0x${String(i).padStart(40, '0')}`);
    const accounts = new Map(addresses.map((at) => [at, { ...account, storageWiped: true }]));
    const given = { accounts, codes: new Map() };
    expect(withMaps(decodeChanges(encodeChanges(given)))).toEqual(given);
  }
});

/** The same with storages that are compared as Maps. */
function withMaps({ accounts, codes }: StateChanges): StateChanges {
  const plain = [...accounts].map(([address, change]) => {
    return [address, change && { ...change, storage: new Map(change.storage) }] as const;
  });
  return { accounts: new Map(plain), codes };
}
