/** 0x0b to 0x11: BLS12-381 (EIP-2537). Field elements are 64 bytes, the first 16 zero. */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { G1_DISCOUNTS, G2_DISCOUNTS } from './bls12381-discounts.ts';
import { integer, type Precompile, toBytes } from './precompile.ts';

const { G1, G2, fields } = bls12_381;
type PointG1 = InstanceType<typeof G1.Point>;
type PointG2 = InstanceType<typeof G2.Point>;

const FIELD = fields.Fp.ORDER;
const GROUP = fields.Fr.ORDER;
const G1_BYTES = 128;
const G2_BYTES = 256;
const SCALAR_BYTES = 32;
const G1_MSM_GAS = 12_000n;
const G2_MSM_GAS = 22_500n;

// The library declares what these take and give more loosely than it is: RFC 9380, map_to_curve
// with the cofactor cleared.
const mapToG1 = G1.mapToCurve as unknown as (element: bigint) => PointG1;
const mapToG2 = G2.mapToCurve as unknown as (element: readonly bigint[]) => PointG2;

/** Thrown for an input that is no element: the call fails. */
class InvalidElement extends Error {}

function readField(input: Uint8Array, start: number): bigint {
  const value = integer(input.subarray(start, start + 64));
  if (value >= FIELD) throw new InvalidElement(`field element ${value} is not below the modulus`);
  return value;
}

function readG1(input: Uint8Array, start: number, inGroup: boolean): PointG1 {
  const x = readField(input, start);
  const y = readField(input, start + 64);
  if (x === 0n && y === 0n) return G1.Point.ZERO;
  // The groups' orders are odd, so no point has y = 0; the library takes none such.
  if (y === 0n) throw new InvalidElement('not on G1');
  return checked(G1.Point.fromAffine({ x, y }), inGroup, G1.Point.CURVE().b);
}

function readG2(input: Uint8Array, start: number, inGroup: boolean): PointG2 {
  const [x0, x1, y0, y1] = [0, 64, 128, 192].map((at) => readField(input, start + at)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  if ([x0, x1, y0, y1].every((part) => part === 0n)) return G2.Point.ZERO;
  if (y0 === 0n && y1 === 0n) throw new InvalidElement('not on G2');
  const x = fields.Fp2.fromBigTuple([x0, x1]);
  const y = fields.Fp2.fromBigTuple([y0, y1]);
  return checkedG2(G2.Point.fromAffine({ x, y }), inGroup);
}

/** y^2 = x^3 + 4, and the subgroup where it matters. */
function checked(point: PointG1, inGroup: boolean, b: bigint): PointG1 {
  const { x, y } = point.toAffine();
  const { Fp } = fields;
  if (!Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), b))) throw new InvalidElement('not on G1');
  if (inGroup && !point.isTorsionFree()) throw new InvalidElement('not in the subgroup of G1');
  return point;
}

function checkedG2(point: PointG2, inGroup: boolean): PointG2 {
  const { x, y } = point.toAffine();
  const { Fp2 } = fields;
  const right = Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2.Point.CURVE().b);
  if (!Fp2.eql(Fp2.sqr(y), right)) throw new InvalidElement('not on G2');
  if (inGroup && !point.isTorsionFree()) throw new InvalidElement('not in the subgroup of G2');
  return point;
}

function writeG1(point: PointG1): Uint8Array {
  const out = new Uint8Array(G1_BYTES);
  if (point.is0()) return out;
  const { x, y } = point.toAffine();
  out.set(toBytes(x, 64));
  out.set(toBytes(y, 64), 64);
  return out;
}

function writeG2(point: PointG2): Uint8Array {
  const out = new Uint8Array(G2_BYTES);
  if (point.is0()) return out;
  const { x, y } = point.toAffine();
  [x.c0, x.c1, y.c0, y.c1].forEach((part, i) => {
    out.set(toBytes(part, 64), 64 * i);
  });
  return out;
}

/** A precompile whose input is so many bytes, or a positive multiple of them. */
function precompile(
  name: string,
  { size, repeats }: { readonly size: number; readonly repeats: boolean },
  gas: (count: number) => bigint,
  compute: (input: Uint8Array, count: number) => Uint8Array,
): Precompile {
  return {
    name,
    gas: (input) => gas(Math.floor(input.length / size)),
    run: (input) => {
      const count = input.length / size;
      if (!Number.isInteger(count) || count === 0 || (!repeats && count !== 1)) return undefined;
      try {
        return compute(input, count);
      } catch (error) {
        if (error instanceof InvalidElement) return undefined;
        throw error;
      }
    },
  };
}

function msmGas(price: bigint, discounts: readonly number[]): (count: number) => bigint {
  return (count) => {
    if (count === 0) return 0n;
    const discount = discounts[Math.min(count, discounts.length) - 1] as number;
    return (BigInt(count) * price * BigInt(discount)) / 1_000n;
  };
}

export const BLS_G1_ADD: Precompile = precompile(
  'BLS12_G1ADD',
  { size: 2 * G1_BYTES, repeats: false },
  () => 375n,
  (input) => writeG1(readG1(input, 0, false).add(readG1(input, G1_BYTES, false))),
);

export const BLS_G1_MSM: Precompile = precompile(
  'BLS12_G1MSM',
  { size: G1_BYTES + SCALAR_BYTES, repeats: true },
  msmGas(G1_MSM_GAS, G1_DISCOUNTS),
  (input, count) => {
    let sum: PointG1 = G1.Point.ZERO;
    for (let i = 0; i < count; i++) {
      const start = i * (G1_BYTES + SCALAR_BYTES);
      const point = readG1(input, start, true);
      const scalar = readScalar(input, start + G1_BYTES);
      if (scalar !== 0n) sum = sum.add(point.multiplyUnsafe(scalar));
    }
    return writeG1(sum);
  },
);

export const BLS_G2_ADD: Precompile = precompile(
  'BLS12_G2ADD',
  { size: 2 * G2_BYTES, repeats: false },
  () => 600n,
  (input) => writeG2(readG2(input, 0, false).add(readG2(input, G2_BYTES, false))),
);

export const BLS_G2_MSM: Precompile = precompile(
  'BLS12_G2MSM',
  { size: G2_BYTES + SCALAR_BYTES, repeats: true },
  msmGas(G2_MSM_GAS, G2_DISCOUNTS),
  (input, count) => {
    let sum: PointG2 = G2.Point.ZERO;
    for (let i = 0; i < count; i++) {
      const start = i * (G2_BYTES + SCALAR_BYTES);
      const point = readG2(input, start, true);
      const scalar = readScalar(input, start + G2_BYTES);
      if (scalar !== 0n) sum = sum.add(point.multiplyUnsafe(scalar));
    }
    return writeG2(sum);
  },
);

function readScalar(input: Uint8Array, start: number): bigint {
  return integer(input.subarray(start, start + SCALAR_BYTES)) % GROUP;
}

export const BLS_PAIRING: Precompile = precompile(
  'BLS12_PAIRING_CHECK',
  { size: G1_BYTES + G2_BYTES, repeats: true },
  (count) => 37_700n + 32_600n * BigInt(count),
  (input, count) => {
    const pairs: { g1: PointG1; g2: PointG2 }[] = [];
    for (let i = 0; i < count; i++) {
      const start = i * (G1_BYTES + G2_BYTES);
      const g1 = readG1(input, start, true);
      const g2 = readG2(input, start + G1_BYTES, true);
      if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
    }
    const { Fp12 } = fields;
    const one = pairs.length === 0 || Fp12.eql(bls12_381.pairingBatch(pairs), Fp12.ONE);
    return toBytes(one ? 1n : 0n, 32);
  },
);

export const BLS_MAP_FP: Precompile = precompile(
  'BLS12_MAP_FP_TO_G1',
  { size: 64, repeats: false },
  () => 5_500n,
  (input) => writeG1(mapToG1(readField(input, 0))),
);

export const BLS_MAP_FP2: Precompile = precompile(
  'BLS12_MAP_FP2_TO_G2',
  { size: 128, repeats: false },
  () => 23_800n,
  (input) => writeG2(mapToG2([readField(input, 0), readField(input, 64)])),
);
