/** Levels of changes beside a plain model: whatever is put, wiped and deleted, in any branch. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AccountChange, Address, Hash, StateChanges } from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { LayeredState } from './layered-state.ts';

const ADDRESSES = ['aa', 'bb', 'cc'].map((digits): Address => `0x${digits.repeat(20)}`);
const SLOTS = [0n, 1n, 2n];
const BASE = { nonce: 9n, balance: 9n, codeHash: EMPTY_CODE_HASH };
const base = {
  getAccount: () => BASE,
  getStorage: (_: Address, slot: bigint) => slot + 100n,
  getCode: () => new Uint8Array(1),
  hasStorage: () => true,
};

interface Model {
  readonly accounts: ReadonlyMap<Address, bigint | null>;
  /** Of each address, what its slots are; undefined: the base's. */
  readonly slots: ReadonlyMap<string, bigint>;
}

const change: fc.Arbitrary<AccountChange | null> = fc.option(
  fc.record({
    nonce: fc.constant(1n),
    balance: fc.bigInt({ min: 0n, max: 99n }),
    codeHash: fc.constant(EMPTY_CODE_HASH as Hash),
    storageWiped: fc.boolean(),
    storage: fc
      .dictionary(fc.constantFrom('0', '1', '2'), fc.bigInt({ min: 0n, max: 3n }))
      .map((slots) => new Map(Object.entries(slots).map(([slot, value]) => [BigInt(slot), value]))),
  }),
  { freq: 4 },
);
const changes: fc.Arbitrary<StateChanges> = fc
  .array(fc.tuple(fc.constantFrom(...ADDRESSES), change), { minLength: 1, maxLength: 3 })
  .map((accounts) => ({ accounts: new Map(accounts), codes: new Map() }));

function changed({ accounts, slots }: Model, { accounts: given }: StateChanges): Model {
  const [after, values] = [new Map(accounts), new Map(slots)];
  for (const [address, each] of given) {
    after.set(address, each === null ? null : each.balance);
    if (each === null || each.storageWiped) {
      for (const slot of SLOTS) values.set(`${address}${slot}`, 0n);
    }
    for (const [slot, value] of each?.storage ?? []) values.set(`${address}${slot}`, value);
  }
  return { accounts: after, slots: values };
}

function expectSame(state: LayeredState, { accounts, slots }: Model): void {
  for (const address of ADDRESSES) {
    const balance = accounts.get(address);
    const expected = balance === undefined ? BASE : (balance ?? undefined);
    const account = state.getAccount(address);
    expect(typeof expected === 'bigint' ? (account as typeof BASE).balance : account).toEqual(
      expected,
    );
    for (const slot of SLOTS) {
      const value = slots.get(`${address}${slot}`) ?? slot + 100n;
      expect(state.getStorage(address, slot)).toBe(value);
    }
  }
}

it('says what a plain model says, of every block and branch', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), changes), { maxLength: 40 }), (steps) => {
      const states = [new LayeredState(base)];
      const models: Model[] = [{ accounts: new Map(), slots: new Map() }];
      for (const [parent, each] of steps) {
        const at = parent % states.length;
        states.push((states[at] as LayeredState).with(each));
        models.push(changed(models[at] as Model, each));
      }
      for (const [index, state] of states.entries()) expectSame(state, models[index] as Model);
    }),
  );
});

it('knows whether there is storage as far as it can', () => {
  const [address] = ADDRESSES as [Address];
  const with_ = (storageWiped: boolean, ...slots: [bigint, bigint][]): StateChanges => ({
    accounts: new Map([[address, { ...BASE, storageWiped, storage: new Map(slots) }]]),
    codes: new Map(),
  });
  const wiped = new LayeredState(base).with(with_(true));
  expect(wiped.hasStorage(address)).toBe(false);
  const set = wiped.with(with_(false, [1n, 1n]));
  expect(set.hasStorage(address)).toBe(true);
  expect(set.with(with_(false, [1n, 0n])).hasStorage(address)).toBe(false);
  expect(new LayeredState(base).hasStorage(address)).toBe(true);
});
