/**
 * The kernels on operands that random ones do not reach: quotients that must be corrected, sums
 * that wrap. And their benchmark, tiny, which checks its results.
 */
import { expect, test } from 'vitest';
import { prepareDivisor } from './divide-by-limb.ts';
import { instantiate, measureArithmetic } from './kernels.bench.ts';

const WORD = 1n << 256n;
const LIMB = 1n << 64n;
const OPERANDS = 196_608;

const { kernels, memory } = instantiate();
const view = new DataView(memory.buffer);

const limbsOf = (value: bigint): bigint[] =>
  [0n, 1n, 2n, 3n].map((i) => BigInt.asIntN(64, value >> (64n * i)));

function fromLimbs(limbs: readonly bigint[]): bigint {
  return limbs.reduceRight((value, limb) => (value << 64n) | BigInt.asUintN(64, limb), 0n);
}

function divideByLimb(a: bigint, divisor: bigint): { quotient: bigint; remainder: bigint } {
  const { normalised, reciprocal, shift } = prepareDivisor(divisor);
  const kernel = kernels['divideByLimb'] as (...limbs: bigint[]) => bigint[];
  const results = kernel(...limbsOf(a), normalised, reciprocal, shift);
  return {
    quotient: fromLimbs(results.slice(0, 4)),
    remainder: BigInt.asUintN(64, results[4] as bigint),
  };
}

function mulmod(a: bigint, b: bigint, modulus: bigint): bigint {
  for (const [place, value] of [a, b, modulus].entries()) {
    limbsOf(value).forEach((limb, i) => {
      view.setBigInt64(OPERANDS + 32 * place + 8 * i, limb, true);
    });
  }
  const kernel = kernels['mulmod'] as (...addresses: number[]) => void;
  kernel(OPERANDS + 96, OPERANDS, OPERANDS + 32, OPERANDS + 64);
  return fromLimbs([0, 1, 2, 3].map((i) => view.getBigInt64(OPERANDS + 96 + 8 * i, true)));
}

const DIVISORS = [
  ...[1n, 3n, 7n, 10n, 10_000n, 1_000_000n, 10n ** 18n, 10n ** 19n],
  ...[LIMB - 1n, LIMB - 2n, LIMB / 2n, LIMB / 2n + 1n, (1n << 32n) - 1n, (1n << 32n) + 1n],
];

test('a quotient by a known limb is right beside every multiple of the divisor', () => {
  for (const divisor of DIVISORS) {
    for (let bits = 1n; bits <= 256n; bits++) {
      for (const near of [(1n << bits) - 1n, (1n << bits) - (1n << (bits / 2n))]) {
        const multiple = near - (near % divisor);
        for (const value of [near, multiple, multiple - 1n, multiple + 1n]) {
          if (value < 0n || value >= WORD) continue;
          const expected = { quotient: value / divisor, remainder: value % divisor };
          expect(divideByLimb(value, divisor), `${value} / ${divisor}`).toEqual(expected);
        }
      }
    }
  }
});

test('signed quotients and remainders round to zero', () => {
  const kernel = (name: string) => kernels[name] as (...limbs: bigint[]) => bigint[];
  for (const divisor of DIVISORS) {
    for (let bits = 1n; bits < 256n; bits++) {
      const near = (1n << bits) - (1n << (bits / 2n));
      const multiple = near - (near % divisor);
      for (const a of [near, -near, multiple, -multiple, 1n - multiple, -1n - multiple]) {
        const what = `${a} / ${divisor}`;
        for (const b of [divisor, -divisor]) {
          const operands = [...limbsOf(a), ...limbsOf(b)];
          const quotient = fromLimbs(kernel('divideSigned')(...operands));
          expect(BigInt.asIntN(256, quotient), what).toBe(a / b);
          const remainder = fromLimbs(kernel('remainderSigned')(...operands));
          expect(BigInt.asIntN(256, remainder), what).toBe(a % b);
        }
        if (divisor >= LIMB / 2n) continue;
        const { normalised, reciprocal, shift } = prepareDivisor(divisor);
        const operands = [...limbsOf(a), normalised, reciprocal, shift];
        const results = kernel('divideByLimbSigned')(...operands);
        expect(BigInt.asIntN(256, fromLimbs(results.slice(0, 4))), what).toBe(a / divisor);
        expect(results[4], what).toBe(a % divisor);
      }
    }
  }
});

test('folding is right where the second sum passes 2^256', () => {
  // (2^256 - 1) x folds to k 2^256 + (2^256 - d) with 0 < d < c, and that k c wraps.
  for (const c of [3n, 189n, 0x1_0000_03d1n, LIMB / 2n + 1n, LIMB - 1n]) {
    for (const k of [1n, 2n, c / 2n, c - 2n]) {
      const x = (k * WORD + c - 1n) / (c - 1n);
      if (k < 1n || x >= WORD) continue;
      const modulus = WORD - c;
      expect(mulmod(WORD - 1n, x, modulus), `${c} ${k}`).toBe(((WORD - 1n) * x) % modulus);
    }
  }
});

test('every function gives what BigInt gives, timed', () => {
  const measured = measureArithmetic(20);
  expect(measured.length).toBeGreaterThan(9);
  for (const { nanoseconds } of measured) expect(nanoseconds).toBeGreaterThan(0);
});
