import { expect, it } from 'vitest';
import { BLOB_PARAMETER_ONLY, blobBaseFee, blobSchedule } from './blob.ts';

it.each([
  // EIP-4844's reference: fake_exponential(1, excess, fraction).
  [0n, 3_338_477n, 1n],
  [2_314_057n, 3_338_477n, 1n],
  [2_314_058n, 3_338_477n, 2n],
  [10n * 1024n * 1024n, 3_338_477n, 23n],
  [0n, 5_007_716n, 1n],
  [10n * 1024n * 1024n, 5_007_716n, 8n],
])('excess %i over %i costs %i', (excess, fraction, fee) => {
  expect(blobBaseFee(excess, fraction)).toBe(fee);
});

it('follows the real exponential and ends for any excess', () => {
  for (let exponent = 1; exponent < 170; exponent += 7) {
    const fee = blobBaseFee(BigInt(exponent) * 3_338_477n, 3_338_477n);
    expect(Number(fee) / Math.exp(exponent)).toBeGreaterThan(0.6);
    expect(Number(fee) / Math.exp(exponent)).toBeLessThan(1.000001);
  }
  expect(blobBaseFee(2n ** 64n - 1n, 3_338_477n)).toBe(2n ** 256n - 1n);
});

it('knows the schedule of each fork', () => {
  expect(blobSchedule('shanghai')).toBeUndefined();
  expect(blobSchedule('cancun')?.max).toBe(6);
  expect(blobSchedule('prague')).toEqual(blobSchedule('osaka'));
  expect(BLOB_PARAMETER_ONLY.bpo1.max).toBe(15);
});
