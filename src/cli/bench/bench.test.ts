/** What the figures rest on: the loop, copies that no cache knows, and the means. */
import { describe, expect, test } from 'vitest';
import { readResult } from './evmone.ts';
import { call, open } from './machine.ts';
import type { Measured } from './measure.ts';
import { meanRatio } from './report.ts';
import { geometricMean, median, percentile } from './statistics.ts';
import { CONTRACT, codeOf, contractAt, looped, unseen, type Workload } from './workload.ts';

/** Returns the word it is given plus one; fails where that is zero. */
const INCREMENT: Workload = {
  name: 'increment',
  contract: 'increment',
  judged: false,
  accounts: [contractAt(CONTRACT, Uint8Array.fromHex('5f3560010180600c575f5ffd5b5f5260205ff3'))],
  to: CONTRACT,
  input: Uint8Array.fromHex('29'.padStart(64, '0')),
  expected: undefined,
};

describe('the loop', () => {
  test('gives the output of a single call, whatever the count', () => {
    const single = call(open(INCREMENT, 'interpreter'));
    expect(BigInt(single.output)).toBe(42n);
    for (const count of [1, 2, 700]) {
      const many = call(open(looped(INCREMENT, count), 'compiler'));
      expect(many.output).toBe(single.output);
      expect(Number(many.gas)).toBeGreaterThan(count * Number(single.gas));
    }
  });

  test('fails where the target fails, and refuses counts that it cannot push', () => {
    const failing = { ...INCREMENT, input: Uint8Array.fromHex('ff'.repeat(32)) };
    expect(() => call(open(looped(failing, 3), 'interpreter'))).toThrow('ended with revert');
    expect(() => looped(INCREMENT, 0)).toThrow(RangeError);
    expect(() => looped(INCREMENT, 1 << 24)).toThrow(RangeError);
  });
});

test('an unseen copy has code of its own and the same output', () => {
  const [a, b] = [unseen(INCREMENT), unseen(INCREMENT)];
  expect(codeOf(a)).not.toEqual(codeOf(b));
  expect(call(open(a, 'auto')).output).toBe(call(open(INCREMENT, 'auto')).output);
});

test('medians, percentiles, geometric means', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(percentile([0, 10], 0.99)).toBeCloseTo(9.9);
  expect(geometricMean([2, 8])).toBeCloseTo(4);
  expect(median([])).toBeNaN();
});

test('the mean is per contract over its inputs, then over contracts', () => {
  const row = (contract: string, peer: number): Measured => ({
    workload: { ...INCREMENT, contract },
    gas: 0,
    output: '0x',
    loops: 1,
    ms: { compiler: 1 },
    coldInterpreterMs: undefined,
    firstCallMs: undefined,
    coverage: undefined,
    peers: { anvil: peer },
  });
  const rows = [row('a', 2), row('a', 8), row('b', 16)];
  expect(meanRatio(rows, 'anvil', 'compiler')).toBeCloseTo(8);
  expect(meanRatio(rows, 'evmone', 'compiler')).toBeUndefined();
});

test("google-benchmark's JSON is read, whatever is printed before it", () => {
  const row = {
    name: 'baseline/execute/x',
    run_type: 'iteration',
    real_time: 250,
    time_unit: 'us',
  };
  const read = (...benchmarks: object[]) =>
    readResult(`hello\n${JSON.stringify({ benchmarks })}`, 1_000n);
  expect(read(row)).toBe(0.25);
  expect(read({ ...row, gas_used: 950 })).toBe(0.25);
  expect(read({ ...row, gas_used: 7 })).toBe('it does other work there: 7 gas of 1000');
  const failed = { ...row, error_occurred: true, error_message: 'failure: 2' };
  expect(read(failed)).toBe('failure: 2');
  expect(read()).toBe('it reports no case');
});
