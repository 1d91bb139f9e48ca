/** BN254 by @noble/curves. */
import type { Bn254 } from '../libraries.ts';
import { integer, toBytes } from '../precompile.ts';

type Package = typeof import('@noble/curves/bn254.js');

export function portableBn254({ bn254 }: Package): Bn254 {
  const { G1, G2, fields } = bn254;
  type PointG1 = InstanceType<typeof G1.Point>;
  type PointG2 = InstanceType<typeof G2.Point>;

  function readG1(bytes: Uint8Array, start: number): PointG1 | undefined {
    const x = integer(bytes.subarray(start, start + 32));
    const y = integer(bytes.subarray(start + 32, start + 64));
    if (x === 0n && y === 0n) return G1.Point.ZERO;
    return valid(() => G1.Point.fromAffine({ x, y }));
  }

  function readG2(bytes: Uint8Array, start: number): PointG2 | undefined {
    const [x1, x0, y1, y0] = [0, 32, 64, 96].map((at) =>
      integer(bytes.subarray(start + at, start + at + 32)),
    ) as [bigint, bigint, bigint, bigint];
    if ([x0, x1, y0, y1].every((part) => part === 0n)) return G2.Point.ZERO;
    const x = fields.Fp2.fromBigTuple([x0, x1]);
    const y = fields.Fp2.fromBigTuple([y0, y1]);
    const point = valid(() => G2.Point.fromAffine({ x, y }));
    return point?.isTorsionFree() ? point : undefined;
  }

  function writeG1(point: PointG1): Uint8Array {
    const out = new Uint8Array(64);
    if (point.is0()) return out;
    const { x, y } = point.toAffine();
    out.set(toBytes(x, 32));
    out.set(toBytes(y, 32), 32);
    return out;
  }

  return {
    add: (points) => {
      const a = readG1(points, 0);
      const b = readG1(points, 64);
      return a === undefined || b === undefined ? undefined : writeG1(a.add(b));
    },
    multiply: (bytes, scalarBytes) => {
      const point = readG1(bytes, 0);
      if (point === undefined) return undefined;
      const scalar = integer(scalarBytes) % fields.Fr.ORDER;
      return writeG1(scalar === 0n ? G1.Point.ZERO : point.multiplyUnsafe(scalar));
    },
    *pairing(bytes) {
      const { Fp12 } = fields;
      let product = Fp12.ONE;
      for (let at = 0; at < bytes.length; at += 192) {
        yield;
        const g1 = readG1(bytes, at);
        const g2 = readG2(bytes, at + 64);
        if (g1 === undefined || g2 === undefined) return undefined;
        if (g1.is0() || g2.is0()) continue;
        product = Fp12.mul(product, bn254.pairing(g1, g2, false));
      }
      return Fp12.eql(Fp12.finalExponentiate(product), Fp12.ONE);
    },
  };
}

function valid<T extends { assertValidity(): void }>(make: () => T): T | undefined {
  try {
    const point = make();
    point.assertValidity();
    return point;
  } catch {
    return undefined;
  }
}
