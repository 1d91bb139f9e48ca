import { expect, it } from 'vitest';
import { stateBytePrice } from './state-price.ts';

it.each([
  [42_000n, 1n],
  [10_000_000n, 1n],
  [30_000_000n, 150n],
  [36_000_000n, 150n],
  [60_000_000n, 662n],
  [100_000_000n, 1_174n],
  [120_000_000n, 1_174n],
  [200_000_000n, 2_198n],
  [300_000_000n, 3_222n],
])('a byte of state in a block of %i gas costs %i', (gasLimit, price) => {
  expect(stateBytePrice(gasLimit)).toBe(price);
});
