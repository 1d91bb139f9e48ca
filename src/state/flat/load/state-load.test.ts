import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bigintToBytes } from '../../../base/bytes.ts';
import { keccak256 } from '../../../base/keccak.ts';
import type { AccountChange, Address, StateChanges } from '../../../evm/types.ts';
import { addressOf, hashOf } from '../../changes.arbitrary.ts';
import { EMPTY_CODE_HASH } from '../../memory.ts';
import { MemoryStore, type StoreContent } from '../../store/memory-store.ts';
import type { OrderedStore, StoreChange } from '../../store/ordered-store.ts';
import { SlowStore } from '../../store/slow-store.ts';
import { EMPTY_ROOT } from '../../trie.ts';
import { FlatState } from '../flat-state.ts';
import { accountLookupKey, slotLookupKey } from '../keys.ts';
import { loadedTo, StateLoad, type StateLoadOptions } from './state-load.ts';

const AT = { block: `0x${'ab'.repeat(32)}`, number: 7n, record: 3n } as const;
const CODE = new Uint8Array(300).fill(7);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ironfly-load-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Slots whose hashes begin with the same three nibbles: the trie of a few has long extensions. */
const ALIKE: readonly (readonly bigint[])[] = alike(60_000).filter((slots) => slots.length > 18);

function alike(count: number): bigint[][] {
  const groups = new Map<string, bigint[]>();
  for (let slot = 0n; slot < count; slot++) {
    const start = keccak256(bigintToBytes(slot, 32)).toHex().slice(0, 3);
    const group = groups.get(start) ?? [];
    groups.set(start, group);
    group.push(slot);
  }
  return [...groups.values()];
}

const few = fc.uniqueArray(fc.nat(2000).map(BigInt), { maxLength: 4 });
const many = fc.nat(400).map((count) => Array.from({ length: count }, (_, i) => BigInt(i) ** 9n));
const close = fc
  .tuple(fc.constantFrom(...ALIKE), few)
  .map(([group, others]) => [...new Set([...group, ...others])]);

/** A whole state: accounts upwards, of each its slots upwards. */
const states: fc.Arbitrary<StateChanges> = fc
  .array(
    fc.record({
      balance: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
      hasCode: fc.boolean(),
      slots: fc.oneof(fc.constant([]), few, close, many),
    }),
    { maxLength: 12 },
  )
  .map((list) => {
    const accounts = list.map(({ balance, hasCode, slots }, index): [Address, AccountChange] => [
      addressOf(index + 1),
      {
        ...{ nonce: BigInt(index), balance, storageWiped: false },
        codeHash: hasCode ? hashOf(CODE) : EMPTY_CODE_HASH,
        storage: new Map(
          slots
            .toSorted((a, b) => (a < b ? -1 : 1))
            .map((s) => [s, BigInt.asUintN(256, s ** 5n) | 1n]),
        ),
      },
    ]);
    return { accounts: new Map(accounts), codes: new Map([[hashOf(CODE), CODE]]) };
  });

/** The state in parts of so many slots. */
function partsOf({ accounts, codes }: StateChanges, slots: number): StateChanges[] {
  const parts: StateChanges[] = [{ accounts: new Map(), codes }];
  for (const [address, account] of accounts) {
    const { storage, ...rest } = account as AccountChange;
    const list = [...storage];
    for (let from = 0; from === 0 || from < list.length; from += slots) {
      const part = new Map(list.slice(from, from + slots));
      parts.push({ accounts: new Map([[address, { ...rest, storage: part }]]), codes: new Map() });
    }
  }
  return parts;
}

const contentOf = (store: OrderedStore): string[] =>
  Array.from(
    store.range(Uint8Array.of(1), Uint8Array.of(6)),
    ({ key, value }) => `${key.toHex()} ${value.toHex()}`,
  );

/** What the same state is when it is applied. */
async function applied(state: StateChanges): Promise<{ root: string; content: string[] }> {
  const store = await MemoryStore.open();
  const flat = new FlatState({ store });
  const { root } = flat.apply(state);
  await flat.checkpoint(AT);
  flat.free();
  return { root, content: contentOf(store) };
}

async function take(load: StateLoad, parts: readonly StateChanges[]): Promise<void> {
  for (const part of parts) {
    load.take(part);
    if (load.isDue) await load.write(AT);
  }
  await load.write(AT);
  await load.settled();
}

/** A store that writes late, and of which one write fails: those before it are in it. */
class LateStore extends SlowStore {
  writes = 0;
  readonly #failing: number;

  constructor(store: OrderedStore, failing = Number.POSITIVE_INFINITY) {
    super(store);
    this.#failing = failing;
  }

  override async write(changes: Iterable<StoreChange>): Promise<void> {
    this.writes += 1;
    if (this.writes >= this.#failing) throw new Error('the disk is full');
    await super.write(changes);
  }
}

/** How many writes it takes to finish. */
async function writesOf(options: StateLoadOptions): Promise<number> {
  const content: StoreContent = new Map();
  for (const { key, value } of options.store.range(Uint8Array.of(0), Uint8Array.of(9))) {
    content.set(key.toHex(), value);
  }
  const store = new LateStore(await MemoryStore.open({ content }));
  await new StateLoad({ ...options, store }).finish();
  return store.writes;
}

const limits = fc.record({
  batchBytes: fc.constantFrom(300, 2_000, 1_000_000),
  entriesHeld: fc.constantFrom(1, 3, 20, 1000),
});

describe('a state that is loaded', () => {
  it('is in the store what it would be if it were applied', async () => {
    await fc.assert(
      fc.asyncProperty(
        states,
        limits,
        fc.integer({ min: 1, max: 90 }),
        async (state, few, slots) => {
          const store = new LateStore(await MemoryStore.open());
          const load = new StateLoad({ store, folder, ...few });
          await take(load, partsOf(state, slots));
          expect(loadedTo(store)).toEqual({ ...AT, stateRoot: EMPTY_ROOT });
          const wanted = await applied(state);
          expect(await load.finish()).toBe(wanted.root);
          expect(contentOf(store)).toEqual(wanted.content);
          expect(readdirSync(folder)).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is gone on with, wherever its making ended', async () => {
    await fc.assert(
      fc.asyncProperty(
        ...[states, limits, fc.array(fc.nat(60), { maxLength: 6 })],
        async (state, few, ends) => {
          const store = await MemoryStore.open();
          const options: StateLoadOptions = { store, folder, ...few };
          await take(new StateLoad(options), partsOf(state, 50));
          const wanted = await applied(state);
          for (const left of ends) {
            const writes = await writesOf(options);
            if (writes === 0) continue;
            const late = new LateStore(store, writes - (left % writes));
            const ended = new StateLoad({ ...options, store: late }).finish();
            await expect(ended).rejects.toThrow('the disk is full');
          }
          expect(await new StateLoad(options).finish()).toBe(wanted.root);
          expect(contentOf(store)).toEqual(wanted.content);
          expect(readdirSync(folder)).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is gone on with in the midst of a large account trie', async () => {
    const account = { nonce: 1n, codeHash: EMPTY_CODE_HASH, storageWiped: false };
    const entries = Array.from({ length: 600 }, (_, index): [Address, AccountChange] => [
      addressOf(index + 1),
      { ...account, balance: BigInt(index), storage: new Map() },
    ]);
    const state = { accounts: new Map(entries), codes: new Map() };
    const wanted = await applied(state);
    const store = await MemoryStore.open();
    const options: StateLoadOptions = { store, folder, batchBytes: 900, entriesHeld: 40 };
    await take(new StateLoad(options), [state]);
    const writes = await writesOf(options);
    expect(writes).toBeGreaterThan(50);
    for (let write = 2; write <= writes; write += 3) {
      const late = new LateStore(store, write);
      await expect(new StateLoad({ ...options, store: late }).finish()).rejects.toThrow('full');
      if (write % 2 === 0) continue;
      expect(await new StateLoad(options).finish()).toBe(wanted.root);
      expect(contentOf(store)).toEqual(wanted.content);
    }
  });

  it('refuses slots without an account', async () => {
    for (const address of [addressOf(1), addressOf(9)]) {
      const store = await MemoryStore.open();
      const load = new StateLoad({ store, folder });
      const account = { nonce: 1n, balance: 0n, codeHash: EMPTY_CODE_HASH, storageWiped: false };
      const accounts = new Map([[addressOf(5), { ...account, storage: new Map([[1n, 2n]]) }]]);
      await take(load, [{ accounts, codes: new Map() }]);
      const key = slotLookupKey(address, 1n).slice();
      await store.write([{ key, value: Uint8Array.of(1) }]);
      await expect(load.finish()).rejects.toThrow(`slots of ${address}, and no account`);
    }
  });

  it('ends where it is told to, and says how far it is', async () => {
    const store = await MemoryStore.open();
    const load = new StateLoad({ store, folder });
    const account = { nonce: 1n, balance: 0n, codeHash: EMPTY_CODE_HASH, storageWiped: false };
    const storage = new Map(Array.from({ length: 50_000 }, (_, i) => [BigInt(i), 1n] as const));
    const accounts = new Map([[addressOf(5), { ...account, storage }]]);
    await take(load, [{ accounts, codes: new Map() }]);
    const told: number[] = [];
    const ended = load.finish(({ slots }) => {
      told.push(slots);
      throw new Error('enough');
    });
    await expect(ended).rejects.toThrow('enough');
    expect(told).toHaveLength(1);
    expect(told[0]).toBeGreaterThan(0);
    expect(await load.finish()).toBe((await applied({ accounts, codes: new Map() })).root);
    expect(store.get(accountLookupKey(addressOf(5)))).toBeDefined();
  });
});
