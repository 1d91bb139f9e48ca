import { expect, it } from 'vitest';
import type { AccountAccess } from '../../evm/machine/accesses.ts';
import type { AccountChange, Address } from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import {
  AccessListBuilder,
  type AccountAccesses,
  accessListHash,
  fitsGasLimit,
  orderListed,
} from './access-list.ts';

const ONE: Address = `0x${'01'.repeat(20)}`;
const TWO: Address = `0x${'02'.repeat(20)}`;

function read(...slots: bigint[]): AccountAccess {
  const reads = { balance: false, nonce: false, code: true, existence: false, hasStorage: false };
  const seen = slots.map((slot) => [slot, { read: true, written: false }] as const);
  return { reads, written: false, slots: new Map(seen) };
}

function changed(balance: bigint, storage: readonly (readonly [bigint, bigint])[]): AccountChange {
  const account = { nonce: 1n, balance, codeHash: EMPTY_CODE_HASH, storageWiped: false };
  return { ...account, storage: new Map(storage) };
}

it('an empty list has the hash that EIP-7928 names', () => {
  expect(accessListHash([])).toBe(
    '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
  );
});

it('keeps what each step left, in the order of addresses and slots', () => {
  const before = { nonce: 1n, balance: 5n, codeHash: EMPTY_CODE_HASH };
  const builder = new AccessListBuilder((address) => (address === TWO ? before : undefined));
  const add = (reads: [Address, AccountAccess][], changes: [Address, AccountChange | null][]) =>
    builder.add(
      { accounts: new Map(reads), blockHashes: [] },
      { accounts: new Map(changes), codes: new Map() },
    );
  add([[TWO, read(9n, 3n)]], []);
  builder.next();
  add([[TWO, read(3n)]], [[TWO, changed(5n, [[7n, 1n]])]]);
  builder.next();
  // The same step twice, as calls at a block's end are: the last counts.
  add([[ONE, read()]], [[TWO, changed(6n, [[7n, 2n]])]]);
  add(
    [],
    [
      [
        TWO,
        changed(8n, [
          [7n, 0n],
          [3n, 4n],
        ]),
      ],
    ],
  );
  builder.next();
  add([[ONE, read(1n)]], [[TWO, null]]);
  const empty = { storageChanges: [], balanceChanges: [], nonceChanges: [], codeChanges: [] };
  const list = builder.build();
  expect(list).toEqual([
    { ...empty, address: ONE, storageReads: [1n] },
    {
      address: TWO,
      storageChanges: [
        [3n, [{ index: 2, value: 4n }]],
        [
          7n,
          [
            { index: 1, value: 1n },
            { index: 2, value: 0n },
          ],
        ],
      ],
      storageReads: [9n],
      balanceChanges: [
        { index: 2, value: 8n },
        { index: 3, value: 0n },
      ],
      nonceChanges: [{ index: 3, value: 0n }],
      codeChanges: [],
    },
  ]);
  // Two accounts, four slots.
  expect(fitsGasLimit(list, 12_000n)).toBe(true);
  expect(fitsGasLimit(list, 11_999n)).toBe(false);
});

it('says who follows whom: the latest who changed the same slot', () => {
  const changed = (...indices: number[]) => indices.map((index) => ({ index, value: 1n }));
  const account = (storageChanges: AccountAccesses['storageChanges']): AccountAccesses => {
    const none = { balanceChanges: changed(1, 2, 3), nonceChanges: [], codeChanges: [] };
    return { address: `0x${'01'.repeat(20)}`, storageChanges, storageReads: [7n], ...none };
  };
  // Index 0 is before the four transactions, 5 behind them.
  const list = [
    account([
      [1n, changed(0, 2, 4, 5)],
      [2n, changed(3)],
    ]),
    account([[1n, changed(1, 3, 4)]]),
  ];
  const after = orderListed(list, 4);
  expect([0, 1, 2, 3].map(after)).toEqual([undefined, undefined, 0, 2]);
});
