import { expect, it } from 'vitest';
import type { Address } from '../../evm/types.ts';
import type { OrderedStore } from '../store/ordered-store.ts';
import { StoreReads } from './store-reads.ts';

const OWNER: Address = `0x${'ab'.repeat(20)}`;
const OTHER: Address = `0x${'cd'.repeat(20)}`;

/** An empty store that counts what it is asked for. */
function countingStore(): { readonly store: OrderedStore; asked: number } {
  const counter = { asked: 0, store: {} as OrderedStore };
  counter.store = {
    get: () => {
      counter.asked += 1;
      return undefined;
    },
  } as unknown as OrderedStore;
  return counter;
}

it('asks the store once, until it is told to forget', () => {
  const counter = countingStore();
  const reads = new StoreReads(counter.store);
  for (let round = 0; round < 3; round++) {
    expect(reads.account(OWNER)).toBeUndefined();
    expect(reads.slot(OWNER, 1n)).toBe(0n);
    expect(reads.slot(OTHER, 1n)).toBe(0n);
  }
  expect(counter.asked).toBe(3);
  reads.forget();
  reads.account(OWNER);
  reads.slot(OWNER, 1n);
  expect(counter.asked).toBe(5);
});

it('remembers 100,000 entries at most', () => {
  const counter = countingStore();
  const reads = new StoreReads(counter.store);
  for (let slot = 0n; slot < 100_000n; slot++) reads.slot(OWNER, slot);
  reads.slot(OWNER, 0n);
  expect(counter.asked).toBe(100_000);
  reads.account(OWNER);
  reads.slot(OWNER, 0n);
  expect(counter.asked).toBe(100_002);
});

it('has a store read ahead what it does not remember', () => {
  const counter = countingStore();
  const ahead: string[] = [];
  const store = Object.assign(counter.store, {
    readAhead: (keys: readonly Uint8Array[]) => {
      ahead.push(...keys.map((key) => key.toHex()));
    },
  });
  const reads = new StoreReads(store);
  reads.account(OTHER);
  reads.slot(OWNER, 1n);
  const slots = [
    [OWNER, 1n],
    [OWNER, 2n],
    [OTHER, 1n],
  ] as const;
  reads.readAhead([OWNER, OTHER], slots);
  const word = (slot: number) => slot.toString(16).padStart(64, '0');
  const [owner, other] = [OWNER.slice(2), OTHER.slice(2)];
  expect(ahead).toEqual([`01${owner}`, `02${owner}${word(2)}`, `02${other}${word(1)}`]);
  reads.readAhead([OTHER], []);
  expect(ahead.length).toBe(3);
});

it('tells whether reads wait', () => {
  const counter = countingStore();
  const reads = new StoreReads(counter.store);
  let slot = 0n;
  const read = (count: number) => {
    for (let i = 0; i < count; i++) reads.slot(OWNER, slot++);
  };
  expect(reads.wait).toBe(true);
  read(1_000);
  expect(reads.wait).toBe(false);
  const { get } = counter.store;
  counter.store.get = (key) => {
    const end = performance.now() + 0.1;
    while (performance.now() < end);
    return get(key);
  };
  read(100);
  expect(reads.wait).toBe(true);
  counter.store.get = get;
  read(1_000);
  expect(reads.wait).toBe(false);
});
