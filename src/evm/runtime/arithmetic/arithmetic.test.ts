/**
 * The runtime's arithmetic against BigInt: every combination of edge limbs that is affordable, and
 * random operands of all lengths (IRONFLY_ARITHMETIC_CASES a function, 100,000 unless set).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assembleKernels } from '../../kernels/module.ts';

type Operation = (...pointers: number[]) => void;

const WORD = 1n << 256n;
const CASES = Number(process.env['IRONFLY_ARITHMETIC_CASES'] ?? 100_000);
const A = 131_072;
const B = A + 32;
const C = A + 64;
const DST = A + 96;
const SCRATCH = A + 4096;

const signed = (value: bigint): bigint => BigInt.asIntN(256, value);
const word = (value: bigint): bigint => BigInt.asUintN(256, value);

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let e = exponent, square = base; e > 0n; e >>= 1n) {
    if (e & 1n) result = word(result * square);
    square = word(square * square);
  }
  return result;
}

const REFERENCE: Readonly<Record<string, (a: bigint, b: bigint, m: bigint) => bigint>> = {
  mul: (a, b) => word(a * b),
  div: (a, b) => (b === 0n ? 0n : a / b),
  mod: (a, b) => (b === 0n ? 0n : a % b),
  sdiv: (a, b) => (b === 0n ? 0n : word(signed(a) / signed(b))),
  smod: (a, b) => (b === 0n ? 0n : word(signed(a) % signed(b))),
  addmod: (a, b, m) => (m === 0n ? 0n : (a + b) % m),
  mulmod: (a, b, m) => (m === 0n ? 0n : (a * b) % m),
  exp: (a, b) => power(a, b),
};
const EDGES = [
  0n,
  1n,
  2n,
  0xffff_ffffn,
  1n << 32n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 63n) + 1n,
  (1n << 64n) - 2n,
  (1n << 64n) - 1n,
];

/** xorshift32: repeatable. */
function generator(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** A word of random length whose limbs are edges or random. */
function draw(next: () => number): bigint {
  const limbs = next() % 5;
  let value = 0n;
  for (let i = 0; i < limbs; i++) {
    const random = (BigInt(next()) << 32n) | BigInt(next());
    const limb = next() % 3 === 0 ? (EDGES[next() % EDGES.length] as bigint) : random;
    value = (value << 64n) | limb;
  }
  return value >> BigInt(next() % 4 === 0 ? next() % 64 : 0);
}

interface Runtime {
  readonly view: DataView;
  readonly operations: Readonly<Record<string, Operation>>;
}

async function instantiate(shared: boolean): Promise<Runtime> {
  const file = shared ? 'runtime-shared.wasm' : 'runtime.wasm';
  const bytes = readFileSync(new URL(`../../../../build/${file}`, import.meta.url));
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65_536, shared });
  const table = new WebAssembly.Table({ initial: 16, element: 'anyfunc' });
  const { instance } = await WebAssembly.instantiate(bytes, {
    env: { memory, table, watch: () => 0 },
  });
  const runtime = instance.exports as WebAssembly.ModuleImports;
  (runtime['setScratch'] as Operation)(SCRATCH);
  const scratch = new WebAssembly.Global({ value: 'i32' }, SCRATCH);
  const kernels = await WebAssembly.instantiate(assembleKernels({ shared }), {
    env: { memory, scratch },
    runtime,
  });
  const operations = { ...instance.exports, ...kernels.instance.exports };
  return {
    view: new DataView(memory.buffer),
    operations: operations as unknown as Record<string, Operation>,
  };
}

function write(view: DataView, at: number, value: bigint): void {
  for (let i = 0; i < 4; i++) view.setBigUint64(at + 8 * i, value >> BigInt(64 * i), true);
}

function read(view: DataView, at: number): bigint {
  let value = 0n;
  for (let i = 3; i >= 0; i--) value = (value << 64n) | view.getBigUint64(at + 8 * i, true);
  return value;
}

const OPERANDS = [A, B, C] as const;

/** Runs one case, the result going to `dst`, and compares. */
function check(
  runtime: Runtime,
  name: string,
  { a, b, m, dst }: { a: bigint; b: bigint; m: bigint; dst: number },
): void {
  const { view, operations } = runtime;
  write(view, A, a);
  write(view, B, b);
  write(view, C, m);
  (operations[name] as Operation)(dst, ...OPERANDS);
  const wanted = (REFERENCE[name] as (a: bigint, b: bigint, m: bigint) => bigint)(a, b, m);
  const got = read(view, dst);
  if (got !== wanted) {
    const values = [a, b, m, got, wanted].map((value) => value.toString(16));
    expect.fail(`${name} to ${dst}: a, b, m, result, wanted = ${values.join(' ')}`);
  }
}

const runtimes = { shared: await instantiate(true), unshared: await instantiate(false) };
const DESTINATIONS = [DST, A, B, C];

describe.each(Object.keys(REFERENCE))('%s', (name) => {
  it.each(['shared', 'unshared'] as const)('agrees with BigInt, %s memory', (kind) => {
    const runtime = runtimes[kind];
    const next = generator(kind === 'shared' ? 12_345 : 54_321);
    const count = kind === 'shared' ? (name === 'exp' ? CASES / 20 : CASES) : CASES / 20;
    for (let i = 0; i < count; i++) {
      const dst = DESTINATIONS[i & 3] as number;
      check(runtime, name, { a: draw(next), b: draw(next), m: draw(next), dst });
    }
  }, 120_000);

  it('agrees on edge limbs', () => {
    const numbers: bigint[] = [];
    for (const high of EDGES)
      for (const low of EDGES)
        for (const shift of [0n, 64n, 128n]) numbers.push(((high << 64n) | low) << shift);
    numbers.push(WORD - 1n, 1n << 255n, WORD - (1n << 192n), (1n << 255n) + 1n);
    const step = name === 'exp' ? 17 : 1;
    for (let i = 0; i < numbers.length; i++)
      for (let j = i % step; j < numbers.length; j += step) {
        const [a, b] = [numbers[i] as bigint, numbers[j] as bigint];
        const m = numbers[(i * 7 + j) % numbers.length] as bigint;
        check(runtimes.shared, name, { a, b, m, dst: DST });
      }
  }, 120_000);
});

describe('power', () => {
  it('is exact where it just fits, or does not fit, two limbs', () => {
    const bases = [2n, 3n, 7n, 9n, 10n, 15n, 16n, 17n, 255n, 257n, 65_537n, ...EDGES];
    for (const a of bases) {
      for (let b = 0n; b < 140n; b++) check(runtimes.shared, 'exp', { a, b, m: 0n, dst: DST });
    }
  });
});

describe('division', () => {
  it('corrects quotient limbs that were too large', () => {
    const next = generator(99);
    for (let i = 0; i < 20_000; i++) {
      const b = draw(next);
      if (b === 0n) continue;
      // Dividends just below and at a multiple of the divisor.
      const a = word((draw(next) % (WORD / b + 1n)) * b);
      for (const value of [a, word(a - 1n), word(a + 1n)]) {
        check(runtimes.shared, 'div', { a: value, b, m: 0n, dst: DST });
        check(runtimes.shared, 'mod', { a: value, b, m: 0n, dst: DST });
        check(runtimes.shared, 'mulmod', { a: value, b: draw(next), m: b, dst: DST });
      }
    }
  }, 120_000);
});

const CURVE_MODULI = [
  0xffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_fffffffe_fffffc2fn,
  0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n,
  0x30644e72_e131a029_b85045b6_8181585d_97816a91_6871ca8d_3c208c16_d87cfd47n,
  0x7fffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffedn,
];
const HARD_MODULI = [
  WORD - 1n,
  WORD - (1n << 64n),
  WORD - (1n << 64n) + 1n,
  (1n << 255n) + 1n,
  (1n << 255n) - 1n,
  (1n << 192n) + 1n,
  (1n << 193n) - 1n,
  1n << 200n,
  (1n << 192n) - 1n,
  (1n << 128n) + 1n,
  (1n << 226n) - 1n,
  // Around the width from which on the divisor is the modulus itself.
  (1n << 250n) - 1n,
  1n << 250n,
  (1n << 250n) + 1n,
  (1n << 251n) - 1n,
  (1n << 255n) + 1n,
];

describe('mulmod with a remembered reciprocal', () => {
  it.each(['shared', 'unshared'] as const)('agrees with BigInt, %s memory', (kind) => {
    const next = generator(4_711);
    for (let round = 0; round < CASES / 50; round++) {
      const known = [...CURVE_MODULI, ...HARD_MODULI];
      const m = round < 2 * known.length ? (known[round >> 1] as bigint) : draw(next);
      if (m === 0n) continue;
      // Twice unknown, then remembered: operands below the modulus, near it, and any.
      for (let i = 0; i < 18; i++) {
        const near = word(m - BigInt(i));
        const [a, b] = [draw(next), draw(next)];
        const below = i % 3 === 0 ? a : a % m;
        const cases = [
          { a: below, b: b % m },
          { a: near % m, b: near % m },
          { a: near, b },
          { a, b: near },
          { a: WORD - 1n - BigInt(i), b },
          // Just below a multiple of the modulus.
          { a: m - 1n, b: BigInt(i + 1) },
          { a: (m - 1n) / BigInt(i + 1), b: BigInt(i + 1) },
        ];
        const dst = DESTINATIONS[i & 3] as number;
        check(runtimes[kind], 'mulmod', { ...(cases[i % cases.length] as { a: bigint; b: bigint }), m, dst });
      }
    }
  }, 120_000);
});
