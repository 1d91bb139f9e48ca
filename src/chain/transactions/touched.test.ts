import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Address, Hash } from '../../evm/types.ts';
import { BLANK_TRANSACTION } from './blank.ts';
import { encodeTransaction } from './encode.ts';
import { recipientsOf, touchedBy } from './touched.ts';
import type { SignedTransaction } from './types.ts';

const TO: Address = `0x${'ab'.repeat(20)}`;
const LISTED: Address = `0x${'cd'.repeat(20)}`;
const KEYS: readonly Hash[] = [`0x${'00'.repeat(31)}07`, `0x${'ff'.repeat(32)}`];

function encoded(fields: Partial<SignedTransaction>): Uint8Array {
  return encodeTransaction({ ...BLANK_TRANSACTION, type: 2, r: 1n, s: 1n, ...fields });
}

function touched(transactions: readonly Uint8Array[]): unknown {
  const { accounts, slots } = touchedBy(transactions);
  return { accounts: [...accounts], slots: [...slots] };
}

it('names recipients and what access lists name, of every type', () => {
  for (const type of [0, 1, 2, 3, 4] as const) {
    const plain = encoded({ type, to: TO, data: new Uint8Array(100) });
    expect(touched([plain])).toEqual({ accounts: [TO], slots: [] });
    expect([...recipientsOf([plain])]).toEqual([TO]);
    expect(touched([encoded({ type })])).toEqual({ accounts: [], slots: [] });
    if (type === 0) continue;
    const listed = encoded({ type, to: TO, accessList: [{ address: LISTED, storageKeys: KEYS }] });
    expect(touched([plain, listed])).toEqual({
      accounts: [TO, LISTED],
      slots: [
        [LISTED, 7n],
        [LISTED, 2n ** 256n - 1n],
      ],
    });
  }
});

it('names recipients alone', () => {
  const listed = [{ address: LISTED, storageKeys: KEYS }];
  const given = [
    encoded({ to: TO, accessList: listed }),
    encoded({}),
    encoded({ type: 0, to: TO }),
  ];
  expect([...recipientsOf([...given, Uint8Array.of(2, 0xc0)])]).toEqual([TO]);
});

it('names no more slots than a block can pay for', () => {
  const storageKeys = Array.from({ length: 30_000 }, () => KEYS[0] as Hash);
  const large = encoded({ accessList: [{ address: LISTED, storageKeys }] });
  expect([...touchedBy([large, large]).slots].length).toBe(20_000);
});

it('takes whatever bytes there are', () => {
  const bytes = encoded({ to: TO, accessList: [{ address: LISTED, storageKeys: KEYS }] });
  const given = [[], [0], [1], [5], [0xc0], [0xff], [2, 0xc0]].map((list) => Uint8Array.from(list));
  expect(touched(given)).toEqual({ accounts: [], slots: [] });
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, byte, size) => {
      const changed = bytes.slice(0, size);
      if (at < size) changed[at] = byte;
      touchedBy([changed]);
    }),
  );
});
