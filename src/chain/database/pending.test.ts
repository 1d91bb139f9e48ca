/** A block in the making: what is applied reaches the tries when somebody asks for them. */
import { expect, test } from 'vitest';
import type { Address, Hash, StateChanges } from '../../evm/types.ts';
import { ChangeSet } from '../../state/change-set.ts';
import { GrownChain, NO_HASH } from './grown-chain.ts';

const CODE = Uint8Array.of(0x5b);
const CODE_HASH: Hash = `0x${'ab'.repeat(32)}`;
const EMPTY_CODE: Hash = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';
const OTHER: Hash = `0x${'cd'.repeat(32)}`;
const [HELD, CHANGED, GONE, NEW] = ['a1', 'a2', 'a3', 'a4'].map(
  (digits): Address => `0x${digits.repeat(20)}`,
) as [Address, Address, Address, Address];

type Slots = readonly (readonly [bigint, bigint])[];
const holding = (balance: bigint, slots: Slots, codeHash: Hash = EMPTY_CODE) => ({
  nonce: 1n,
  balance,
  codeHash,
  storage: new Map(slots),
  storageWiped: false,
});

function changes(
  accounts: readonly (readonly [Address, ReturnType<typeof holding> | null])[],
  codes: readonly (readonly [Hash, Uint8Array])[] = [],
): StateChanges {
  return { accounts: new Map(accounts), codes: new Map(codes) };
}

const BEFORE = changes([
  [HELD, holding(1n, [[1n, 11n]])],
  [
    CHANGED,
    holding(2n, [
      [1n, 21n],
      [2n, 22n],
    ]),
  ],
  [GONE, holding(3n, [[1n, 31n]])],
]);
const AFTER = changes(
  [
    [
      CHANGED,
      holding(20n, [
        [1n, 0n],
        [2n, 0n],
        [3n, 23n],
      ]),
    ],
    [GONE, null],
    [NEW, holding(4n, [], CODE_HASH)],
  ],
  [[CODE_HASH, CODE]],
);

async function begun() {
  const chain = new GrownChain();
  await chain.create({});
  const first = await chain.database.begin(chain.genesis.hash, NO_HASH);
  const start = new ChangeSet();
  start.add(BEFORE);
  first.apply(start);
  first.root();
  return { chain, pending: first };
}

type Reader = NonNullable<
  ReturnType<NonNullable<Awaited<ReturnType<typeof begun>>['pending']['ahead']>>
>;

function readAll(reader: Pick<Reader, 'getAccount' | 'getStorage' | 'hasStorage'>): unknown[] {
  return [HELD, CHANGED, GONE, NEW].map((address) => {
    const account = reader.getAccount(address) as { nonce: bigint; balance: bigint } | undefined;
    const slots = [1n, 2n, 3n].map((slot) => reader.getStorage(address, slot));
    return [account && [account.nonce, account.balance], slots];
  });
}

test('a state ahead reads what was applied, before its root and behind it', async () => {
  const { chain, pending } = await begun();
  pending.apply(AFTER);
  const ahead = pending.ahead?.(() => OTHER) as Reader;
  const expected = [
    [
      [1n, 1n],
      [11n, 0n, 0n],
    ],
    [
      [1n, 20n],
      [0n, 0n, 23n],
    ],
    [undefined, [0n, 0n, 0n]],
    [
      [1n, 4n],
      [0n, 0n, 0n],
    ],
  ];
  expect(readAll(ahead)).toEqual(expected);
  expect(ahead.getCode(CODE_HASH)).toEqual(CODE);
  expect(ahead.getBlockHash(7n)).toBe(OTHER);
  const root = pending.root();
  expect(readAll(ahead)).toEqual(expected);
  expect(readAll(pending)).toEqual(expected);
  expect(pending.root()).toBe(root);
  pending.drop();
  await chain.database.close();
});

test('whether there is storage the tries say, also before anybody asks for a root', async () => {
  const { chain, pending } = await begun();
  pending.apply(
    changes([
      [
        CHANGED,
        holding(2n, [
          [1n, 0n],
          [2n, 0n],
        ]),
      ],
    ]),
  );
  const ahead = pending.ahead?.(NO_HASH) as Reader;
  expect([HELD, CHANGED, NEW].map((address) => ahead.hasStorage(address))).toEqual([
    true,
    false,
    false,
  ]);
  pending.drop();
  await chain.database.close();
});

test('what was applied and not asked for goes with a block that is dropped', async () => {
  const { chain, pending } = await begun();
  pending.apply(AFTER);
  pending.drop();
  expect(chain.database.state.root()).toBe(chain.genesis.header.stateRoot);
  expect(chain.database.state.getAccount(NEW)).toBeUndefined();
  await chain.database.close();
});
