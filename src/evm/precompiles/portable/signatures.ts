/** secp256k1 and secp256r1 by @noble/curves. */
import type { P256, Secp256k1 } from '../libraries.ts';
import { integer } from '../precompile.ts';

type K1Package = Pick<typeof import('@noble/curves/secp256k1.js'), 'secp256k1'>;

export function portableSecp256k1({ secp256k1 }: K1Package): Secp256k1 {
  return {
    recover(hash, r, s, yParity) {
      try {
        const signature = new secp256k1.Signature(integer(r), integer(s), yParity);
        return signature.recoverPublicKey(hash).toBytes(false).subarray(1);
      } catch {
        return undefined;
      }
    },
  };
}

export function portableP256({ p256 }: typeof import('@noble/curves/nist.js')): P256 {
  const { Point } = p256;
  const ORDER = Point.Fn.ORDER;
  return {
    verify(input) {
      const [h, r, s, x, y] = [0, 32, 64, 96, 128].map((at) =>
        integer(input.subarray(at, at + 32)),
      ) as [bigint, bigint, bigint, bigint, bigint];
      try {
        const key = Point.fromAffine({ x, y });
        key.assertValidity();
        const inverse = Point.Fn.inv(s);
        const u1 = Point.Fn.mul(h % ORDER, inverse);
        const u2 = Point.Fn.mul(r, inverse);
        const first = u1 === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(u1);
        const sum = first.add(key.multiplyUnsafe(u2));
        return !sum.is0() && sum.toAffine().x % ORDER === r;
      } catch {
        return false;
      }
    },
  };
}
