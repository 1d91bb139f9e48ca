/** secp256k1 by Bitcoin Core's library where it is installed, else by mcl; P-256 by mcl. */
import type { P256, Secp256k1, Steps } from '../libraries.ts';
import { optionalPackage } from '../packages.ts';
import { integer, isBelow, toBytes } from '../precompile.ts';
import { FP, FR, G1, type Mcl, openMcl, readG1, writeG1 } from './mcl.ts';
import { hasMcl, MCL_P256, MCL_SECP256K1 } from './mcl-module.ts';

/** What is used of the package `secp256k1`. */
interface NativeSecp256k1 {
  /** @throws where there is no such key */
  ecdsaRecover(
    signature: Uint8Array,
    recovery: number,
    hash: Uint8Array,
    compressed: boolean,
    output: Uint8Array,
  ): Uint8Array;
}

/** The fastest there is; undefined where neither package is installed. */
export function* openSecp256k1(): Steps<Secp256k1 | undefined> {
  return nativeSecp256k1() ?? (hasMcl() ? yield* openMclSecp256k1() : undefined);
}

let native: Secp256k1 | false | undefined;

/** Bitcoin Core's, where it is installed. Loading it takes 8 ms: it computes its tables. */
export function nativeSecp256k1(): Secp256k1 | undefined {
  native ??= loadSecp256k1() ?? false;
  return native || undefined;
}

function loadSecp256k1(): Secp256k1 | undefined {
  const library = optionalPackage<NativeSecp256k1>('secp256k1/bindings.js');
  return (
    library && {
      recover(hash, r, s, yParity) {
        const signature = new Uint8Array(64);
        signature.set(r);
        signature.set(s, 32);
        try {
          return library
            .ecdsaRecover(signature, yParity, hash, false, new Uint8Array(65))
            .subarray(1);
        } catch {
          return undefined;
        }
      },
    }
  );
}

const K1_FIELD = toBytes(0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn, 32);

/** The key is [-hash / r] G + [s / r] R, where R is the point whose x is r. */
export function* openMclSecp256k1(): Steps<Secp256k1> {
  const mcl = yield* openMcl(MCL_SECP256K1, 32);
  const points = mcl.malloc(2 * G1);
  const scalars = mcl.malloc(2 * FR);
  const inverse = mcl.malloc(FR);
  const key = mcl.malloc(G1);
  const [base, point] = [points, points + G1];
  const seven = mcl.malloc(FP);
  mcl.mclBnFp_setInt32(seven, 7);
  mcl.mclBnG1_getBasePoint(base);
  return {
    recover(hash, r, s, yParity) {
      if (!isBelow(r, 0, K1_FIELD) || !pointAt(mcl, point, r, yParity, seven)) return undefined;
      mcl.readScalar(inverse, r, 0);
      mcl.mclBnFr_inv(inverse, inverse);
      mcl.readScalar(scalars, hash, 0);
      mcl.mclBnFr_mul(scalars, scalars, inverse);
      mcl.mclBnFr_neg(scalars, scalars);
      mcl.readScalar(scalars + FR, s, 0);
      mcl.mclBnFr_mul(scalars + FR, scalars + FR, inverse);
      mcl.mclBnG1_mulVec(key, points, scalars, 2);
      return mcl.mclBnG1_isZero(key) !== 0 ? undefined : writeG1(mcl, key);
    },
  };
}

/** The point of y^2 = x^3 + 7 with an x and a parity of y; false where there is none. */
function pointAt(mcl: Mcl, to: number, x: Uint8Array, yParity: number, seven: number): boolean {
  const y = to + FP;
  mcl.readField(to, x, 0);
  mcl.mclBnFp_mul(y, to, to);
  mcl.mclBnFp_mul(y, y, to);
  mcl.mclBnFp_add(y, y, seven);
  if (mcl.mclBnFp_squareRoot(y, y) !== 0) return false;
  if (mcl.mclBnFp_isOdd(y) !== yParity) mcl.mclBnFp_neg(y, y);
  mcl.mclBnFp_setInt32(to + 2 * FP, 1);
  return true;
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** [hash / s] G + [r / s] K has the x that r says. */
export function* openP256(): Steps<P256> {
  const mcl = yield* openMcl(MCL_P256, 32);
  const points = mcl.malloc(2 * G1);
  const scalars = mcl.malloc(2 * FR);
  const inverse = mcl.malloc(FR);
  const sum = mcl.malloc(G1);
  mcl.mclBnG1_getBasePoint(points);
  return {
    verify(input) {
      if (!readG1(mcl, points + G1, input, 96)) return false;
      mcl.readScalar(inverse, input, 64);
      mcl.mclBnFr_inv(inverse, inverse);
      for (let i = 0; i < 2; i++) {
        mcl.readScalar(scalars + i * FR, input, 32 * i);
        mcl.mclBnFr_mul(scalars + i * FR, scalars + i * FR, inverse);
      }
      mcl.mclBnG1_mulVec(sum, points, scalars, 2);
      // Infinity reads as 0, which r is not.
      const x = integer(writeG1(mcl, sum).subarray(0, 32));
      return x % P256_ORDER === integer(input.subarray(32, 64));
    },
  };
}
