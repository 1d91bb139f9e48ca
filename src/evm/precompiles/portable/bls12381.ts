/** BLS12-381 by @noble/curves. */
import { TAU_G2 } from '../kzg.ts';
import type { Bls12381, Steps } from '../libraries.ts';
import { integer, toBytes } from '../precompile.ts';

type Package = typeof import('@noble/curves/bls12-381.js');
type Curve = Package['bls12_381'];
type PointG1 = InstanceType<Curve['G1']['Point']>;
type PointG2 = InstanceType<Curve['G2']['Point']>;

/** Thrown for a point that is none: the call fails. */
class InvalidPoint extends Error {}

interface Group<Point> {
  readonly bytes: number;
  readonly zero: Point;
  read(bytes: Uint8Array, start: number, inGroup: boolean): Point;
  write(point: Point): Uint8Array;
}

interface Addable<Point> {
  add(other: Point): Point;
  multiplyUnsafe(scalar: bigint): Point;
}

export function portableBls12381({ bls12_381 }: Package): Bls12381 {
  const g1 = groupG1(bls12_381);
  const g2 = groupG2(bls12_381);
  const { G1, G2, fields } = bls12_381;
  const { Fp12 } = fields;
  // The library declares what these take and give more loosely than it is.
  const mapToG1 = G1.mapToCurve as unknown as (element: bigint) => PointG1;
  const mapToG2 = G2.mapToCurve as unknown as (element: readonly bigint[]) => PointG2;

  const add =
    <Point extends Addable<Point>>(group: Group<Point>) =>
    (points: Uint8Array) =>
      orInvalid(() => {
        const second = group.read(points, group.bytes, false);
        return group.write(group.read(points, 0, false).add(second));
      });

  const msm =
    <Point extends Addable<Point>>(group: Group<Point>) =>
    (points: Uint8Array, scalars: Uint8Array) =>
      orInvalidSteps(function* () {
        let sum = group.zero;
        for (let i = 0; 32 * i < scalars.length; i++) {
          const point = group.read(points, i * group.bytes, true);
          const scalar = integer(scalars.subarray(32 * i, 32 * i + 32)) % fields.Fr.ORDER;
          if (scalar !== 0n) sum = sum.add(point.multiplyUnsafe(scalar));
          yield;
        }
        return group.write(sum);
      });

  let tau: PointG2 | undefined;

  return {
    addG1: add(g1),
    addG2: add(g2),
    msmG1: msm(g1),
    msmG2: msm(g2),
    pairing: (pairs) =>
      orInvalidSteps(function* () {
        let product = Fp12.ONE;
        for (let at = 0; at < pairs.length; at += g1.bytes + g2.bytes) {
          yield;
          const a = g1.read(pairs, at, true);
          const b = g2.read(pairs, at + g1.bytes, true);
          if (a.is0() || b.is0()) continue;
          product = Fp12.mul(product, bls12_381.pairing(a, b, false));
        }
        return Fp12.eql(Fp12.finalExponentiate(product), Fp12.ONE);
      }),
    mapToG1: (element) => g1.write(mapToG1(integer(element))),
    mapToG2: (element) =>
      g2.write(mapToG2([integer(element.subarray(0, 48)), integer(element.subarray(48))])),
    *verifyKzg({ commitment, z, y, proof }) {
      let left: PointG1;
      let quotient: PointG1;
      try {
        left = readCompressed(bls12_381, commitment);
        quotient = readCompressed(bls12_381, proof);
      } catch {
        return false;
      }
      yield;
      tau ??= G2.Point.fromHex(TAU_G2);
      const [at, value] = [integer(z), integer(y)];
      if (value !== 0n) left = left.subtract(G1.Point.BASE.multiply(value));
      const shifted = at === 0n ? tau : tau.subtract(G2.Point.BASE.multiply(at));
      yield;
      const pairs = [
        { g1: left, g2: G2.Point.BASE.negate() },
        { g1: quotient, g2: shifted },
      ].filter((pair) => !pair.g1.is0() && !pair.g2.is0());
      return pairs.length === 0 || Fp12.eql(bls12_381.pairingBatch(pairs), Fp12.ONE);
    },
  };
}

function orInvalid<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof InvalidPoint) return undefined;
    throw error;
  }
}

function* orInvalidSteps<T>(compute: () => Steps<T>): Steps<T | undefined> {
  try {
    return yield* compute();
  } catch (error) {
    if (error instanceof InvalidPoint) return undefined;
    throw error;
  }
}

function groupG1({ G1, fields: { Fp } }: Curve): Group<PointG1> {
  const { b } = G1.Point.CURVE();
  return {
    bytes: 96,
    zero: G1.Point.ZERO,
    read(bytes, start, inGroup) {
      const x = integer(bytes.subarray(start, start + 48));
      const y = integer(bytes.subarray(start + 48, start + 96));
      if (x === 0n && y === 0n) return G1.Point.ZERO;
      // The groups' orders are odd, so no point has y = 0; the library takes none such.
      const onCurve = y !== 0n && Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), b));
      if (!onCurve) throw new InvalidPoint('not on G1');
      const point = G1.Point.fromAffine({ x, y });
      if (inGroup && !point.isTorsionFree()) throw new InvalidPoint('not in the subgroup of G1');
      return point;
    },
    write(point) {
      const out = new Uint8Array(96);
      if (point.is0()) return out;
      const { x, y } = point.toAffine();
      out.set(toBytes(x, 48));
      out.set(toBytes(y, 48), 48);
      return out;
    },
  };
}

function groupG2({ G2, fields: { Fp2 } }: Curve): Group<PointG2> {
  const { b } = G2.Point.CURVE();
  return {
    bytes: 192,
    zero: G2.Point.ZERO,
    read(bytes, start, inGroup) {
      const [x0, x1, y0, y1] = [0, 48, 96, 144].map((at) =>
        integer(bytes.subarray(start + at, start + at + 48)),
      ) as [bigint, bigint, bigint, bigint];
      if ([x0, x1, y0, y1].every((part) => part === 0n)) return G2.Point.ZERO;
      const x = Fp2.fromBigTuple([x0, x1]);
      const y = Fp2.fromBigTuple([y0, y1]);
      const onCurve =
        !(y0 === 0n && y1 === 0n) && Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), b));
      if (!onCurve) throw new InvalidPoint('not on G2');
      const point = G2.Point.fromAffine({ x, y });
      if (inGroup && !point.isTorsionFree()) throw new InvalidPoint('not in the subgroup of G2');
      return point;
    },
    write(point) {
      const out = new Uint8Array(192);
      if (point.is0()) return out;
      const { x, y } = point.toAffine();
      [x.c0, x.c1, y.c0, y.c1].forEach((part, i) => {
        out.set(toBytes(part, 48), 48 * i);
      });
      return out;
    },
  };
}

/** A compressed point of the subgroup. @throws when it is none */
function readCompressed({ G1 }: Curve, bytes: Uint8Array): PointG1 {
  const point = G1.Point.fromBytes(bytes);
  if (!point.is0()) point.assertValidity();
  return point;
}
