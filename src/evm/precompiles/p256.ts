/** 0x100 P256VERIFY: an ECDSA signature on secp256r1 (EIP-7951). */
import { flag, isBelow, isZero, type Precompile, read, toBytes } from './precompile.ts';

const INPUT_BYTES = 160;
const ORDER = toBytes(0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n, 32);
const FIELD = toBytes(0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn, 32);

export const P256VERIFY: Precompile = {
  name: 'P256VERIFY',
  uses: ['p256'],
  gas: () => 6_900n,
  run: (given, { libraries }) => {
    if (given.length !== INPUT_BYTES) return new Uint8Array();
    const input = read(given, 0, INPUT_BYTES);
    return inRange(input) && libraries.p256.verify(input) ? flag(true) : new Uint8Array();
  },
};

function inRange(input: Uint8Array): boolean {
  return (
    [32, 64].every((at) => isBelow(input, at, ORDER) && !isZero(input, at, 32)) &&
    [96, 128].every((at) => isBelow(input, at, FIELD)) &&
    !isZero(input, 96, 64)
  );
}
