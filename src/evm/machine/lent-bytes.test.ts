import { expect, it } from 'vitest';
import { LentBytes } from './lent-bytes.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

it('lends the same memory again, and other memory to whoever comes while it is lent', async () => {
  const lent = new LentBytes();
  const first = lent.lend(bytes(1, 2, 3), (copy) => copy);
  expect(first).toEqual(bytes(1, 2, 3));
  const second = lent.lend(bytes(4, 5), (copy) => {
    lent.lend(bytes(6, 6), (nested) => nested.fill(7));
    expect(copy).toEqual(bytes(4, 5));
    return copy;
  });
  expect(second.buffer).toBe(first.buffer);
  const kept = lent.lend(bytes(8, 9), async (copy) => {
    await Promise.resolve();
    return copy;
  });
  lent.lend(bytes(0, 0), () => {});
  expect(await kept).toEqual(bytes(8, 9));
  expect(() =>
    lent.lend(bytes(1), () => {
      throw new Error('stopped');
    }),
  ).toThrow('stopped');
  expect(lent.lend(bytes(2), (copy) => copy)).toEqual(bytes(2));
});
