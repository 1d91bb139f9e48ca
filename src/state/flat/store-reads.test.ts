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
