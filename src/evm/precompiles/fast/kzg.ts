/**
 * The KZG check by mcl. With q the proof, C the commitment and both arguments of G2 constant,
 *
 *   e(C - [y] G1 + [z] q, -G2) * e(q, [tau] G2) = 1
 *
 * so the lines of both Miller loops are computed once.
 */
import { TAU_G2 } from '../kzg.ts';
import type { Bls12381, Steps } from '../libraries.ts';
import { isBelow, isZero, toBytes } from '../precompile.ts';
import { FP, FR, G1, G2, GT, type Mcl, pauseKeeping } from './mcl.ts';

const FIELD =
  0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
const FIELD_BYTES = toBytes(FIELD, 48);
/** (p + 1) / 2: the least y that is the larger of the two square roots. */
const HALF = toBytes((FIELD + 1n) / 2n, 48);
const G2_COMPRESSED = 96;
const KEPT_BYTES = 3 * (G1 + FR) + G1 + GT;
/** The generators of the groups, compressed. */
const GENERATOR_G1 =
  '97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb';
const GENERATOR_G2 =
  '93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e' +
  '024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8';
/** Flags in the first byte of a compressed point. */
const COMPRESSED = 0x80;
const INFINITY = 0x40;
const LARGER = 0x20;

export function* kzgVerifier(
  mcl: Mcl,
  inG1: (point: number) => boolean,
): Steps<Bls12381['verifyKzg']> {
  // One region of all that a pause keeps.
  const points = mcl.malloc(KEPT_BYTES);
  const scalars = points + 3 * G1;
  const sum = scalars + 3 * FR;
  const result = sum + G1;
  const pause = () => pauseKeeping(mcl, points, KEPT_BYTES);
  const read = pointReader(mcl);
  const lines = yield* linesOfSetup(mcl);
  const [commitmentAt, base, proofAt] = [points, points + G1, points + 2 * G1];
  if (!read(base, Uint8Array.fromHex(GENERATOR_G1))) throw new Error('mcl has no generator');
  return function* verify({ commitment, z, y, proof }) {
    if (!read(commitmentAt, commitment) || !inG1(commitmentAt)) return false;
    yield* pause();
    if (!read(proofAt, proof) || !inG1(proofAt)) return false;
    yield* pause();
    mcl.mclBnFr_setInt32(scalars, 1);
    mcl.readScalar(scalars + FR, y, 0);
    mcl.mclBnFr_neg(scalars + FR, scalars + FR);
    mcl.readScalar(scalars + 2 * FR, z, 0);
    mcl.mclBnG1_mulVec(sum, points, scalars, 3);
    yield* pause();
    mcl.mclBn_precomputedMillerLoop2(result, sum, lines.minusG2, proofAt, lines.tau);
    yield* pause();
    mcl.mclBn_finalExp(result, result);
    return mcl.mclBnGT_isOne(result) !== 0;
  };
}

/** Lines of the Miller loops of the two constant points. */
function* linesOfSetup(mcl: Mcl): Steps<{ readonly minusG2: number; readonly tau: number }> {
  const point = mcl.malloc(G2);
  const bytes = mcl.malloc(G2_COMPRESSED);
  const linesOf = (compressed: string, negate: boolean): number => {
    mcl.bytes().set(Uint8Array.fromHex(compressed), bytes);
    mcl.mclBn_setETHserialization(1);
    const read = mcl.mclBnG2_deserialize(point, bytes, G2_COMPRESSED);
    mcl.mclBn_setETHserialization(0);
    if (read !== G2_COMPRESSED) throw new Error(`mcl cannot read the point ${compressed}`);
    if (negate) mcl.mclBnG2_neg(point, point);
    const lines = mcl.malloc(8 * mcl.mclBn_getUint64NumToPrecompute());
    mcl.mclBn_precomputeG2(lines, point);
    return lines;
  };
  const minusG2 = linesOf(GENERATOR_G2, true);
  yield;
  const tau = linesOf(TAU_G2, false);
  yield;
  return { minusG2, tau };
}

/** Reads a compressed point; whether it is one of the curve in its only encoding. */
function pointReader(mcl: Mcl): (to: number, bytes: Uint8Array) => boolean {
  const four = mcl.malloc(FP);
  mcl.mclBnFp_setInt32(four, 4);
  const y = new Uint8Array(48);
  return (to, bytes) => {
    const flags = bytes[0] as number;
    if ((flags & COMPRESSED) === 0) return false;
    const x = bytes.slice();
    x[0] = flags & 0x1f;
    mcl.bytes().fill(0, to, to + G1);
    if ((flags & INFINITY) !== 0) return (flags & LARGER) === 0 && isZero(x, 0, 48);
    if (!isBelow(x, 0, FIELD_BYTES)) return false;
    const [root, one] = [to + FP, to + 2 * FP];
    mcl.readField(to, x, 0);
    mcl.mclBnFp_mul(root, to, to);
    mcl.mclBnFp_mul(root, root, to);
    mcl.mclBnFp_add(root, root, four);
    if (mcl.mclBnFp_squareRoot(root, root) !== 0) return false;
    mcl.writeField(root, y, 0);
    const larger = !isBelow(y, 0, HALF);
    if (larger !== ((flags & LARGER) !== 0)) mcl.mclBnFp_neg(root, root);
    mcl.mclBnFp_setInt32(one, 1);
    return true;
  };
}
