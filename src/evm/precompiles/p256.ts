/** 0x100 P256VERIFY: an ECDSA signature on secp256r1 (EIP-7951). */
import { p256 } from '@noble/curves/nist.js';
import { integer, type Precompile, toBytes } from './precompile.ts';

const INPUT_BYTES = 160;
const { Point } = p256;
const ORDER = Point.Fn.ORDER;
const FIELD = Point.Fp.ORDER;

export const P256VERIFY: Precompile = {
  name: 'P256VERIFY',
  gas: () => 6_900n,
  run: (input) => (verifies(input) ? toBytes(1n, 32) : new Uint8Array()),
};

function verifies(input: Uint8Array): boolean {
  if (input.length !== INPUT_BYTES) return false;
  const [h, r, s, x, y] = [0, 32, 64, 96, 128].map((at) =>
    integer(input.subarray(at, at + 32)),
  ) as [bigint, bigint, bigint, bigint, bigint];
  if (r === 0n || r >= ORDER || s === 0n || s >= ORDER) return false;
  if (x >= FIELD || y >= FIELD || (x === 0n && y === 0n)) return false;
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
}
