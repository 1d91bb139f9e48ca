import { expect, test } from 'vitest';
import { InputError } from '../input.ts';
import { MAINNET, rulesAt } from './schedule.ts';

test('mainnet changes its rules at the blocks and times that its clients have', () => {
  const at = (number: bigint, timestamp = 0n) => rulesAt(MAINNET, { number, timestamp }).fork;
  expect(at(0n)).toBe('frontier');
  expect(at(1_149_999n)).toBe('frontier');
  expect(at(1_150_000n)).toBe('homestead');
  expect(at(12_965_000n)).toBe('london');
  expect(at(17_034_869n, 1_681_338_443n)).toBe('paris');
  expect(at(17_034_870n, 1_681_338_455n)).toBe('shanghai');
  expect(at(23_935_694n, 1_764_798_551n)).toBe('osaka');
  const blobs = (timestamp: bigint) => rulesAt(MAINNET, { number: 24n, timestamp }).maxBlobsBlock;
  expect([blobs(1_764_798_551n), blobs(1_765_290_071n), blobs(1_767_747_671n)]).toEqual([
    9, 15, 21,
  ]);
});

test('a schedule of one’s own changes rules, and is checked', () => {
  const block = { number: 10n, timestamp: 0n };
  const rules = { maxCodeSize: 65_536 };
  const own = [{ fork: 'shanghai' }, { fork: 'cancun', block: 10n, rules }] as const;
  expect(rulesAt(own, block)).toMatchObject({ fork: 'cancun', maxCodeSize: 65_536 });
  expect(rulesAt(own, { ...block, number: 9n }).maxCodeSize).toBe(24_576);
  expect(() => rulesAt([], block)).toThrow(InputError);
  expect(() => rulesAt([{ fork: 'cancun' }, { fork: 'london' }], block)).toThrow(/no fork before/);
  expect(() => rulesAt(own, { ...block, number: -1n })).toThrow(InputError);
});
