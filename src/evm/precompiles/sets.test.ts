/**
 * The fast set against the portable one: random inputs, and those that libraries get wrong (points
 * off the curve, of the curve but not of the group, of small order, other encodings).
 */

import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../base/bytes.ts';
import { rulesOf } from '../forks/rules.ts';
import { FAST } from './fast/libraries.ts';
import { hasMcl } from './fast/mcl-module.ts';
import { openMclSecp256k1 } from './fast/signatures.ts';
import type { Libraries } from './libraries.ts';
import { PORTABLE } from './portable/libraries.ts';
import { finishAtOnce, inputOf, toBytes } from './precompile.ts';
import { precompileHost } from './table.ts';

const rules = rulesOf('osaka');
const SEED = Number(process.env['IRONFLY_SEED'] ?? 1);

function run(address: number, input: Uint8Array, libraries: Libraries): string | undefined {
  const answer = precompileHost(libraries)(BigInt(address), inputOf(input), 1n << 62n, rules);
  if (answer instanceof Promise) throw new Error('a precompile waits');
  return answer?.output.toHex();
}

/** Runs an input on both sets; what they agree on. */
function same(address: number, input: Uint8Array): string | undefined {
  const expected = run(address, input, PORTABLE);
  expect(run(address, input, FAST), `0x${input.toHex()}`).toBe(expected);
  return expected;
}

const word: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 4, arbitrary: fc.bigInt(0n, (1n << 256n) - 1n) },
  fc.constantFrom(0n, 1n, 2n, (1n << 256n) - 1n),
);

/** An integer near a modulus or an order, else any. */
function near(limit: bigint, bits: bigint): fc.Arbitrary<bigint> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.bigInt(0n, limit - 1n) },
    fc.constantFrom(0n, 1n, limit - 1n, limit, limit + 1n, (1n << bits) - 1n),
  );
}

/** Sometimes one bit of the bytes is turned, or they are cut or made longer. */
function damaged(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const damage = fc.option(fc.nat(1 << 16), { freq: 2 });
  return fc.tuple(bytes, damage, fc.nat(20)).map(([original, bit, change]) => {
    if (change === 0) return original.slice(0, Math.max(0, original.length - 1));
    if (change === 1) return concatBytes(original, new Uint8Array(1));
    if (bit === null || original.length === 0) return original;
    const out = original.slice();
    const at = bit % (8 * out.length);
    out[at >> 3] = (out[at >> 3] as number) ^ (1 << (at & 7));
    return out;
  });
}

function check(runs: number, address: number, inputs: fc.Arbitrary<Uint8Array>): void {
  const outcomes = new Set<boolean>();
  fc.assert(
    fc.property(inputs, (input) => {
      const output = same(address, input);
      outcomes.add(output !== undefined && output !== '');
    }),
    { numRuns: runs, seed: SEED },
  );
  // Inputs that all fail, or never do, would compare little.
  expect(outcomes.size).toBe(2);
}

// ------------------------------------------------------------------ points

const BN = bn254.fields.Fp.ORDER;
const BN_GROUP = bn254.fields.Fr.ORDER;
const BLS = bls12_381.fields.Fp.ORDER;
const BLS_GROUP = bls12_381.fields.Fr.ORDER;

interface Affine<T> {
  readonly x: T;
  readonly y: T;
}
type Pair = readonly [bigint, bigint];

function scalarOf(order: bigint): fc.Arbitrary<bigint> {
  return fc.bigInt(1n, order - 1n);
}

/** A point with an x of the curve, of whatever order: the next x that has a y. */
function liftG1(x: bigint, b: bigint, { Fp }: typeof bls12_381.fields | typeof bn254.fields) {
  for (let at = Fp.create(x); ; at = Fp.create(at + 1n)) {
    const right = Fp.add(Fp.mul(Fp.sqr(at), at), b);
    try {
      return { x: at, y: Fp.sqrt(right) };
    } catch {}
  }
}

function liftG2(x: Pair, curve: typeof bls12_381 | typeof bn254): Affine<Pair> {
  const { Fp2, Fp } = curve.fields;
  const { b } = curve.G2.Point.CURVE();
  for (let c0 = Fp.create(x[0]); ; c0 = Fp.create(c0 + 1n)) {
    const at = Fp2.fromBigTuple([c0, Fp.create(x[1])]);
    try {
      const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(at), at), b));
      return { x: [at.c0, at.c1], y: [y.c0, y.c1] };
    } catch {}
  }
}

function affineG2(point: InstanceType<typeof bn254.G2.Point>): Affine<Pair> {
  const { x, y } = point.toAffine();
  return { x: [x.c0, x.c1], y: [y.c0, y.c1] };
}

const bnG1 = fc
  .oneof(
    {
      weight: 6,
      arbitrary: scalarOf(BN_GROUP).map((k) => bn254.G1.Point.BASE.multiply(k).toAffine()),
    },
    fc.constant({ x: 0n, y: 0n }),
    fc.tuple(near(BN, 256n), near(BN, 256n)).map(([x, y]) => ({ x, y })),
  )
  .map(({ x, y }) => concatBytes(toBytes(x, 32), toBytes(y, 32)));

const bnG2 = fc
  .oneof(
    {
      weight: 8,
      arbitrary: scalarOf(BN_GROUP).map((k) => affineG2(bn254.G2.Point.BASE.multiply(k))),
    },
    fc.constant({ x: [0n, 0n] as Pair, y: [0n, 0n] as Pair }),
    fc.tuple(scalarOf(BN), scalarOf(BN)).map((x) => liftG2(x, bn254)),
  )
  .map(({ x, y }) => concatBytes(...[x[1], x[0], y[1], y[0]].map((part) => toBytes(part, 32))));

type PointG1 = InstanceType<typeof bls12_381.G1.Point>;

/** By doubling and adding: the library multiplies by nothing that reaches the order. */
function times(point: PointG1, factor: bigint): PointG1 {
  let product = bls12_381.G1.Point.ZERO;
  for (const bit of factor.toString(2)) {
    product = product.double();
    if (bit === '1') product = product.add(point);
  }
  return product;
}

const COFACTOR_G1 = 0x396c8c005555e1568c00aaab0000aaabn;

/** A point of G1's curve whose order divides its cofactor: (0, 2), of order 3, among them. */
function smallG1(order: bigint, x: bigint): Affine<bigint> {
  const any = bls12_381.G1.Point.fromAffine(liftG1(x, 4n, bls12_381.fields));
  const point = times(any, (BLS_GROUP * COFACTOR_G1) / order);
  return point.is0() ? { x: 0n, y: 2n } : point.toAffine();
}

const blsG1 = fc
  .oneof(
    {
      weight: 8,
      arbitrary: scalarOf(BLS_GROUP).map((k) => bls12_381.G1.Point.BASE.multiply(k).toAffine()),
    },
    fc.constant({ x: 0n, y: 0n }),
    scalarOf(BLS).map((x) => liftG1(x, 4n, bls12_381.fields)),
    fc
      .tuple(fc.constantFrom(3n, 11n, 10_177n, 859_267n), scalarOf(BLS))
      .map((of) => smallG1(...of)),
    fc.tuple(near(BLS, 384n), near(BLS, 384n)).map(([x, y]) => ({ x, y })),
  )
  .map(({ x, y }) => concatBytes(toBytes(x, 64), toBytes(y, 64)));

const blsG2 = fc
  .oneof(
    {
      weight: 8,
      arbitrary: scalarOf(BLS_GROUP).map((k) => affineG2(bls12_381.G2.Point.BASE.multiply(k))),
    },
    fc.constant({ x: [0n, 0n] as Pair, y: [0n, 0n] as Pair }),
    fc.tuple(scalarOf(BLS), scalarOf(BLS)).map((x) => liftG2(x, bls12_381)),
  )
  .map(({ x, y }) => concatBytes(...[...x, ...y].map((part) => toBytes(part, 64))));

function several(part: fc.Arbitrary<Uint8Array>, most: number): fc.Arbitrary<Uint8Array> {
  return fc.array(part, { minLength: 0, maxLength: most }).map((parts) => concatBytes(...parts));
}

function both(...parts: readonly fc.Arbitrary<Uint8Array>[]): fc.Arbitrary<Uint8Array> {
  return fc.tuple(...parts).map((bytes) => concatBytes(...bytes));
}

const scalar = (order: bigint) => near(order, 256n).map((value) => toBytes(value, 32));

// ------------------------------------------------------------------ tests

describe.skipIf(!hasMcl())('the fast set gives what the portable one gives', () => {
  test('hashes of every length to 300 bytes', () => {
    for (let size = 0; size <= 300; size++) {
      const input = Uint8Array.from({ length: size }, (_, i) => i * 7 + size);
      same(0x02, input);
      same(0x03, input);
    }
  });

  const signed = fc
    .tuple(scalarOf(secp256k1.Point.Fn.ORDER), word, fc.nat(9), word)
    .map(([key, hash, change, other]) => {
      const message = toBytes(hash, 32);
      const options = { prehash: false, format: 'recovered' } as const;
      const signature = secp256k1.sign(message, toBytes(key, 32), options);
      const { r, s } = secp256k1.Signature.fromBytes(signature, 'recovered');
      const order = secp256k1.Point.Fn.ORDER;
      const parts: bigint[] = [hash, 27n + BigInt(signature[0] as number), r, s];
      // Another hash, the other or no parity, any r, any s, high s.
      if (change === 1) parts[0] = other;
      if (change === 2) parts[1] = 55n - (parts[1] as bigint);
      if (change === 3) parts[1] = other;
      if (change === 4) parts[2] = other;
      if (change === 5) parts[2] = other % 20n;
      if (change === 6) parts[3] = other;
      if (change === 7) parts[3] = order - s;
      // u1 G + u2 R is the point at infinity where hash = s k and R = k G.
      if (change === 8) {
        const point = secp256k1.Point.BASE.multiply(key).toAffine();
        parts[0] = (s * key) % order;
        parts[1] = 27n + (point.y & 1n);
        parts[2] = point.x % order;
      }
      return concatBytes(...parts.map((part) => toBytes(part, 32)));
    });

  test('ECRECOVER', () => check(150, 0x01, damaged(signed)));

  test('ECRECOVER by mcl where there is no native library', () => {
    const libraries = { ...FAST, hashes: FAST.hashes, secp256k1: finishAtOnce(openMclSecp256k1()) };
    fc.assert(
      fc.property(damaged(signed), (input) => {
        expect(run(0x01, input, libraries)).toBe(run(0x01, input, FAST));
      }),
      { numRuns: 400, seed: SEED },
    );
  });

  test('P256VERIFY', () => {
    const order = p256.Point.Fn.ORDER;
    const inputs = fc
      .tuple(scalarOf(order), word, fc.nat(6), word)
      .map(([key, hash, change, other]) => {
        const message = toBytes(hash, 32);
        const signature = p256.sign(message, toBytes(key, 32), { prehash: false, lowS: false });
        const { x, y } = p256.Point.BASE.multiply(key).toAffine();
        const { r, s } = p256.Signature.fromBytes(signature);
        const parts = [hash, r, s, x, y];
        if (change > 0 && change < 6) parts[change - 1] = other;
        if (change === 6) parts[2] = order - s;
        return concatBytes(...parts.map((part) => toBytes(part, 32)));
      });
    check(150, 0x100, damaged(inputs));
  });

  test('P256VERIFY of a point whose x is the order or more, and of infinity', () => {
    const { BASE, Fn, Fp } = p256.Point;
    const [r, s, hash] = [3n, 77n, 99n];
    // x^3 - 3x + b is a square at order + 3: r is what is left of x.
    const x = Fn.ORDER + r;
    const y = Fp.sqrt(Fp.create(x * x * x + p256.Point.CURVE().a * x + p256.Point.CURVE().b));
    const key = (sum: typeof BASE) => {
      const rest = sum.subtract(BASE.multiply(Fn.mul(hash, Fn.inv(s))));
      return rest.multiply(Fn.mul(s, Fn.inv(r))).toAffine();
    };
    const input = (of: { readonly x: bigint; readonly y: bigint }) =>
      concatBytes(...[hash, r, s, of.x, of.y].map((part) => toBytes(part, 32)));
    expect(same(0x100, input(key(p256.Point.fromAffine({ x, y }))))).not.toBe('');
    expect(same(0x100, input(key(p256.Point.ZERO)))).toBe('');
  });

  test('BN254 addition, multiplication, pairing', () => {
    check(150, 0x06, damaged(both(bnG1, bnG1)));
    check(100, 0x07, damaged(both(bnG1, scalar(BN_GROUP))));
    check(30, 0x08, damaged(several(both(bnG1, bnG2), 5)));
  });

  test('BN254 pairings whose product is one', () => {
    const [g1, g2] = [bn254.G1.Point.BASE, bn254.G2.Point.BASE];
    fc.assert(
      fc.property(fc.array(scalarOf(BN_GROUP), { minLength: 1, maxLength: 4 }), (factors) => {
        const sum = factors.reduce((a, b) => (a + b * b) % BN_GROUP, 0n);
        const pairs = [...factors.map((k) => [k, k] as const), [BN_GROUP - sum, 1n] as const];
        const input = pairs.map(([a, b]) => {
          const p = g1.multiply(a).toAffine();
          const { x, y } = affineG2(g2.multiply(b));
          return concatBytes(
            ...[p.x, p.y, x[1], x[0], y[1], y[0]].map((part) => toBytes(part, 32)),
          );
        });
        expect(BigInt(`0x${same(0x08, concatBytes(...input))}`)).toBe(1n);
      }),
      { numRuns: 8, seed: SEED },
    );
  });

  test('BLS12-381 additions', () => {
    check(100, 0x0b, damaged(both(blsG1, blsG1)));
    check(60, 0x0d, damaged(both(blsG2, blsG2)));
  });

  test('BLS12-381 sums of products', () => {
    check(40, 0x0c, damaged(several(both(blsG1, scalar(BLS_GROUP)), 4)));
    check(30, 0x0e, damaged(several(both(blsG2, scalar(BLS_GROUP)), 3)));
  });

  test('BLS12-381 sums longer than a portion', () => {
    const g1 = Array.from({ length: 37 }, (_, i) => {
      const { x, y } = bls12_381.G1.Point.BASE.multiply(BigInt(i + 1)).toAffine();
      return concatBytes(toBytes(x, 64), toBytes(y, 64), toBytes(BLS_GROUP - BigInt(i * i), 32));
    });
    expect(same(0x0c, concatBytes(...g1))).toBeDefined();
    const g2 = Array.from({ length: 19 }, (_, i) => {
      const { x, y } = affineG2(bls12_381.G2.Point.BASE.multiply(BigInt(i + 1)));
      return concatBytes(...[...x, ...y].map((part) => toBytes(part, 64)), toBytes(BigInt(i), 32));
    });
    expect(same(0x0e, concatBytes(...g2))).toBeDefined();
  });

  test('BLS12-381 pairings', () => {
    check(20, 0x0f, damaged(several(both(blsG1, blsG2), 5)));
  });

  test('BLS12-381 mappings', () => {
    const element = near(BLS, 384n).map((value) => toBytes(value, 64));
    check(60, 0x10, damaged(element));
    check(40, 0x11, damaged(both(element, element)));
  });

  test('KZG claims about constant polynomials, encodings of points', () => {
    const infinity = new Uint8Array(48);
    infinity[0] = 0xc0;
    const encodings = fc.oneof(
      { weight: 4, arbitrary: fc.constant(infinity) },
      scalarOf(BLS_GROUP).map((k) => bls12_381.G1.Point.BASE.multiply(k).toBytes(true)),
      fc.tuple(fc.nat(255), scalarOf(BLS)).map(([flags, x]) => {
        const bytes = toBytes(x, 48);
        bytes[0] = ((bytes[0] as number) & 0x1f) | (flags & 0xe0);
        return bytes;
      }),
      fc.tuple(fc.constantFrom(3n, 11n), scalarOf(BLS)).map(([order, x]) => {
        const point = smallG1(order, x);
        const bytes = toBytes(point.x, 48);
        bytes[0] = (bytes[0] as number) | (2n * point.y > BLS ? 0xa0 : 0x80);
        return bytes;
      }),
    );
    const inputs = fc
      .tuple(word, near(BLS_GROUP, 256n), encodings, encodings, fc.nat(3))
      .map(([z, y, anyCommitment, proof, kind]) => {
        const point =
          y % BLS_GROUP === 0n ? undefined : bls12_381.G1.Point.BASE.multiply(y % BLS_GROUP);
        const commitment = kind > 1 ? (point?.toBytes(true) ?? infinity) : anyCommitment;
        const hash = sha256(commitment);
        hash[0] = 1;
        const at = toBytes(z % BLS_GROUP, 32);
        return concatBytes(hash, at, toBytes(y, 32), commitment, proof);
      });
    check(60, 0x0a, inputs);
  });

  test('a KZG commitment has one encoding: an x past the modulus is refused', () => {
    const infinity = new Uint8Array(48);
    infinity[0] = 0xc0;
    const claim = (y: bigint, commitment: Uint8Array) => {
      const hash = sha256(commitment);
      hash[0] = 1;
      return concatBytes(hash, toBytes(7n, 32), toBytes(y, 32), commitment, infinity);
    };
    let tried = 0;
    for (let y = 1n; tried < 3; y++) {
      const commitment = bls12_381.G1.Point.BASE.multiply(y).toBytes(true);
      const flags = BigInt((commitment[0] as number) & 0xe0) << 376n;
      const again = BigInt(`0x${commitment.toHex()}`) - flags + BLS;
      if (again >= 1n << 381n) continue;
      expect(same(0x0a, claim(y, commitment))).toBeDefined();
      expect(same(0x0a, claim(y, toBytes(again + flags, 48)))).toBeUndefined();
      tried++;
    }
  });
});
