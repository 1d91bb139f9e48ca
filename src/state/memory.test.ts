import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccountChange, Address, StateChanges } from '../evm/types.ts';
import { logsHash } from './logs-hash.ts';
import { EMPTY_CODE_HASH, MemoryState } from './memory.ts';
import { EMPTY_ROOT } from './trie.ts';

const address = (index: number): Address => `0x${index.toString(16).padStart(40, '0')}`;

const amount = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
const slots = fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 5n }), fc.constantFrom(0n, 1n, 7n)));

const change = fc.record({
  nonce: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  balance: amount,
  codeHash: fc.constant(EMPTY_CODE_HASH),
  storageWiped: fc.boolean(),
  storage: slots.map((list) => new Map(list)),
}) as fc.Arbitrary<AccountChange>;

const changes: fc.Arbitrary<StateChanges> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 6 }).map(address), fc.option(change)))
  .map((list) => ({ accounts: new Map(list), codes: new Map() }));

/** The state as plain data, to compare with. */
function dump(state: MemoryState): unknown {
  return [...state.addresses()]
    .sort()
    .map((at) => [
      at,
      state.getAccount(at)?.nonce,
      state.getAccount(at)?.balance,
      [...state.storageOf(at)].sort(),
    ]);
}

describe('MemoryState', () => {
  it('has the root of the empty trie when empty', () => {
    expect(new MemoryState().root()).toBe(EMPTY_ROOT);
  });

  it('has one root for one content, however it came about', () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 8 }), (steps) => {
        const state = new MemoryState();
        for (const step of steps) {
          state.apply(step);
          state.root();
        }
        const copy = new MemoryState();
        for (const at of state.addresses()) {
          const { nonce, balance } = state.getAccount(at) as AccountChange;
          const storage = state.storageOf(at);
          copy.setAccount(at, { nonce, balance, code: new Uint8Array(0), storage });
        }
        expect(copy.root()).toBe(state.root());
      }),
    );
  });

  it('goes back to any snapshot', () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 8 }), fc.nat(), (steps, pick) => {
        const state = new MemoryState();
        const seen = steps.map((step) => {
          const snapshot = state.snapshot();
          const before = { snapshot, content: dump(state), root: state.root() };
          state.apply(step);
          state.root();
          return before;
        });
        const target = seen[pick % Math.max(1, seen.length)];
        if (target === undefined) return;
        state.restore(target.snapshot);
        expect(dump(state)).toEqual(target.content);
        expect(state.root()).toBe(target.root);
      }),
    );
  });

  it('wipes storage before it takes the new slots', () => {
    const state = new MemoryState();
    const at = address(1);
    const storage: [bigint, bigint][] = [
      [1n, 1n],
      [2n, 2n],
      [3n, 0n],
    ];
    state.setAccount(at, { nonce: 0n, balance: 0n, code: new Uint8Array([1]), storage });
    expect([state.getStorage(at, 1n), state.getStorage(at, 3n)]).toEqual([1n, 0n]);
    const { codeHash } = state.getAccount(at) as AccountChange;
    expect(state.getCode(codeHash)).toEqual(new Uint8Array([1]));
    const accounts = new Map([
      [at, { nonce: 1n, balance: 2n, codeHash, storageWiped: true, storage: new Map([[2n, 9n]]) }],
    ]);
    state.apply({ accounts, codes: new Map() });
    expect([...state.storageOf(at)]).toEqual([[2n, 9n]]);
    expect(state.hasStorage(at)).toBe(true);
    state.apply({ accounts: new Map([[at, null]]), codes: new Map() });
    expect(state.root()).toBe(EMPTY_ROOT);
  });
});

it('hashes no logs to the well-known hash', () => {
  expect(logsHash([])).toBe('0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347');
});
