/** What is known of the order in which states are read. */
import { describe, expect, it } from 'vitest';
import type { Address } from '../../../evm/types.ts';
import { ReadingOrder, readName, type StateRead } from './reading-order.ts';

const ADDRESS: Address = `0x${'ab'.repeat(20)}`;
const slotRead = (slot: number): StateRead => ({ address: ADDRESS, slot: BigInt(slot) });
const nameOf = (slot: number): string => readName(slotRead(slot));

/** Reads of one state, one after the other. */
function noteAll(order: ReadingOrder, slots: readonly number[]): void {
  let before: string | undefined;
  for (const slot of slots) {
    order.note(nameOf(slot), slotRead(slot), before);
    before = nameOf(slot);
  }
}

function following(order: ReadingOrder, slot: number, countMax = 100): number[] {
  return [...order.after(nameOf(slot), countMax).values()].map((read) => Number(read.slot));
}

describe('the order of reads', () => {
  it('is the one seen last', () => {
    const order = new ReadingOrder();
    noteAll(order, [1, 2, 3, 4]);
    expect(following(order, 1)).toEqual([2, 3, 4]);
    expect(following(order, 1, 2)).toEqual([2, 3]);
    expect(following(order, 1, 0)).toEqual([]);
    expect(following(order, 4)).toEqual([]);
    expect(following(order, 5)).toEqual([]);
    noteAll(order, [1, 3, 5]);
    expect(following(order, 1)).toEqual([3, 5]);
    expect(following(order, 2)).toEqual([3, 5]);
  });

  it('goes through no circle twice', () => {
    const order = new ReadingOrder();
    noteAll(order, [1, 2, 3, 1]);
    expect(following(order, 1)).toEqual([2, 3]);
    noteAll(order, [0, 1]);
    expect(following(order, 0)).toEqual([1, 2, 3]);
  });

  it('tells accounts and slots apart', () => {
    const names = [readName({ address: ADDRESS, slot: undefined }), nameOf(0), nameOf(16)];
    expect(new Set(names).size).toBe(3);
  });

  it('is known of so many reads, the last ones', () => {
    const order = new ReadingOrder(10);
    const slots = Array.from({ length: 95 }, (_, slot) => slot);
    for (const _ of [1, 2, 3]) {
      noteAll(order, slots);
      expect(order.size).toBeGreaterThanOrEqual(10);
      expect(order.size).toBeLessThanOrEqual(20);
      expect(following(order, 85)).toEqual([86, 87, 88, 89, 90, 91, 92, 93, 94]);
    }
    // What is read over and over stays, whatever else is read.
    for (let other = 100; other < 200; other++) noteAll(order, [1, 2, other]);
    expect(following(order, 1, 1)).toEqual([2]);
  });
});
