/** BLS12-381 by mcl. */
import type { Bls12381, Steps } from '../libraries.ts';
import { kzgVerifier } from './kzg.ts';
import {
  constantFields,
  FP,
  FR,
  frobenius,
  G1,
  G2,
  GT,
  type Mcl,
  openMcl,
  pauseKeeping,
  readG1,
  readG2,
  writeG1,
  writeG2,
} from './mcl.ts';
import { MCL_BLS12_381 } from './mcl-module.ts';

const G2_PARTS = [0, 1, 2, 3] as const;
const G1_BYTES = 96;
const G2_BYTES = 192;
const PAIR_BYTES = G1_BYTES + G2_BYTES;
/** Points whose products are summed, and pairs whose Miller loops run, in a step of 1 to 2 ms. */
const G1_CHUNK = 8;
const G2_CHUNK = 3;
const PAIR_CHUNK = 2;
/** Points that are read and checked between two pauses: 0.5 to 1 ms. */
const READ_AT_ONCE = 2;
const KEPT_BYTES = G1_CHUNK * (G1 + FR) + (G2_CHUNK + 1) * G2 + GT;
/** The absolute value of the curve's parameter x, which is negative, below its leading bit. */
const PARAMETER_BITS = 0xd201000000010000n.toString(2).slice(1);

/** A third root of unity: (x, y) -> (root x, y) multiplies points of G1 by -x^2. */
const CUBE_ROOT =
  '5f19672fdf76ce51ba69c6076a0f77eaddb3a93be6f89688de17d813620a00022e01fffffffefffe'.padStart(
    96,
    '0',
  );

/** (1 + i)^-((p-1)/3) and (1 + i)^-((p-1)/2): x and y of the Frobenius on the twist. */
const FROBENIUS = [
  '0',
  '1a0111ea397fe699ec02408663d4de85aa0d857d89759ad4897d29650fb85f9b409427eb4f49fffd8bfd00000000aaad',
  '135203e60180a68ee2e9c448d77a2cd91c3dedd930b1cf60ef396489f61eb45e304466cf3e67fa0af1ee7b04121bdea2',
  '06af0e0437ff400b6831e36d6bd17ffe48395dabc2d3435e77f76e17009241c5ee67992f72ec05f4c81084fbede3cc09',
]
  .map((part) => part.padStart(96, '0'))
  .join('');

export function* openBls12381(): Steps<Bls12381> {
  const mcl = yield* openMcl(MCL_BLS12_381, 48);
  // One region of all that a pause keeps.
  const g1 = mcl.malloc(KEPT_BYTES);
  const g2 = g1 + G1_CHUNK * G1;
  const scalars = g2 + G2_CHUNK * G2;
  const sum = scalars + G1_CHUNK * FR;
  const product = sum + G2;
  const pause = () => pauseKeeping(mcl, g1, KEPT_BYTES);
  const partial = mcl.malloc(G2);
  const factor = mcl.malloc(GT);
  const inG1 = checkG1(mcl);
  const inG2 = checkG2(mcl);
  const readInG1 = (to: number, from: Uint8Array, start: number): boolean =>
    readG1(mcl, to, from, start) && inG1(to);
  const readInG2 = (to: number, from: Uint8Array, start: number): boolean =>
    readG2(mcl, to, from, start, G2_PARTS) && inG2(to);
  let verifier: Bls12381['verifyKzg'] | undefined;
  yield* compileInSteps(mcl, partial, sum);

  /** Sum of products by chunks; false where a point is not in the group. */
  function* multiplyAll(
    count: number,
    chunk: number,
    by: Uint8Array,
    { read, add }: { read(i: number, slot: number): boolean; add(size: number): void },
  ): Steps<boolean> {
    mcl.bytes().fill(0, sum, sum + G2);
    for (let start = 0; start < count; start += chunk) {
      const size = Math.min(chunk, count - start);
      for (let i = 0; i < size; i++) {
        if (i % READ_AT_ONCE === 0 && start + i > 0) yield* pause();
        if (!read(start + i, i)) return false;
        mcl.readScalar(scalars + i * FR, by, (start + i) * FR);
      }
      yield* pause();
      add(size);
    }
    return true;
  }

  return {
    addG1(points) {
      if (!readG1(mcl, g1, points, 0)) return undefined;
      if (!readG1(mcl, g1 + G1, points, G1_BYTES)) return undefined;
      mcl.mclBnG1_add(g1, g1, g1 + G1);
      return writeG1(mcl, g1);
    },
    addG2(points) {
      if (!readG2(mcl, g2, points, 0, G2_PARTS)) return undefined;
      if (!readG2(mcl, g2 + G2, points, G2_BYTES, G2_PARTS)) return undefined;
      mcl.mclBnG2_add(g2, g2, g2 + G2);
      return writeG2(mcl, g2);
    },
    *msmG1(points, by) {
      const valid = yield* multiplyAll(points.length / G1_BYTES, G1_CHUNK, by, {
        read: (i, slot) => readInG1(g1 + slot * G1, points, i * G1_BYTES),
        add(size) {
          mcl.mclBnG1_mulVec(partial, g1, scalars, size);
          mcl.mclBnG1_add(sum, sum, partial);
        },
      });
      return valid ? writeG1(mcl, sum) : undefined;
    },
    *msmG2(points, by) {
      const valid = yield* multiplyAll(points.length / G2_BYTES, G2_CHUNK, by, {
        read: (i, slot) => readInG2(g2 + slot * G2, points, i * G2_BYTES),
        add(size) {
          mcl.mclBnG2_mulVec(partial, g2, scalars, size);
          mcl.mclBnG2_add(sum, sum, partial);
        },
      });
      return valid ? writeG2(mcl, sum) : undefined;
    },
    *pairing(pairs) {
      mcl.mclBnGT_setInt32(product, 1);
      let count = 0;
      const multiplyIn = (): void => {
        if (count === 0) return;
        mcl.mclBn_millerLoopVec(factor, g1, g2, count);
        mcl.mclBnGT_mul(product, product, factor);
        count = 0;
      };
      for (let at = 0; at < pairs.length; at += PAIR_BYTES) {
        if (at > 0) yield* pause();
        const [p, q] = [g1 + count * G1, g2 + count * G2];
        if (!readInG1(p, pairs, at) || !readInG2(q, pairs, at + G1_BYTES)) return undefined;
        if (mcl.mclBnG1_isZero(p) !== 0 || mcl.mclBnG2_isZero(q) !== 0) continue;
        count += 1;
        if (count < PAIR_CHUNK) continue;
        yield* pause();
        multiplyIn();
      }
      yield* pause();
      multiplyIn();
      yield* pause();
      mcl.mclBn_finalExp(product, product);
      return mcl.mclBnGT_isOne(product) !== 0;
    },
    mapToG1(element) {
      mcl.readField(partial, element, 0);
      mcl.mclBnFp_mapToG1(sum, partial);
      return writeG1(mcl, sum);
    },
    mapToG2(element) {
      mcl.readField(partial, element, 0);
      mcl.readField(partial + FP, element, 48);
      mcl.mclBnFp2_mapToG2(sum, partial);
      return writeG2(mcl, sum);
    },
    *verifyKzg(claim) {
      verifier ??= yield* kzgVerifier(mcl, inG1);
      return yield* verifier(claim);
    },
  };
}

/**
 * Calls what maps, checks and sums are made of, one after another. V8 compiles a function when it
 * is first called, and the first map to G2 of a process would wait for all of them at once.
 */
function* compileInSteps(mcl: Mcl, field: number, point: number): Steps<void> {
  mcl.mclBnFp_setInt32(field, 2);
  mcl.mclBnFp_setInt32(field + FP, 3);
  mcl.mclBnFp_squareRoot(point, field);
  mcl.mclBnFp2_mul(point, field, field);
  yield;
  mcl.mclBnFp_mapToG1(point, field);
  yield;
  mcl.mclBnG1_dbl(field, point);
  mcl.mclBnG1_add(point, point, field);
  yield;
  // Doubled and added whether on the curve or not, if only z is not zero.
  for (let i = 0; i < 6; i++) mcl.mclBnFp_setInt32(point + i * FP, i + 1);
  mcl.mclBnG2_dbl(field, point);
  mcl.mclBnG2_add(point, point, field);
  yield;
}

/**
 * Whether a point is in G1: phi(P) = -[x^2] P (Scott, eprint.iacr.org/2021/1130). 1.6 times as fast
 * as mcl's own check.
 */
function checkG1(mcl: Mcl): (point: number) => boolean {
  const root = constantFields(mcl, CUBE_ROOT);
  const [multiple, once, image] = [mcl.malloc(G1), mcl.malloc(G1), mcl.malloc(G1)];
  const multiplyByX = (to: number, point: number): void => {
    mcl.copy(to, point, G1);
    for (const bit of PARAMETER_BITS) {
      mcl.mclBnG1_dbl(to, to);
      if (bit === '1') mcl.mclBnG1_add(to, to, point);
    }
  };
  return (point) => {
    multiplyByX(once, point);
    multiplyByX(multiple, once);
    mcl.mclBnG1_neg(multiple, multiple);
    mcl.copy(image, point, G1);
    mcl.mclBnFp_mul(image, image, root);
    return mcl.mclBnG1_isEqual(image, multiple) !== 0;
  };
}

/** Whether a point is in G2: psi(Q) = [x] Q (the same paper). */
function checkG2(mcl: Mcl): (point: number) => boolean {
  const constants = constantFields(mcl, FROBENIUS);
  const [multiple, image] = [mcl.malloc(G2), mcl.malloc(G2)];
  return (point) => {
    mcl.copy(multiple, point, G2);
    for (const bit of PARAMETER_BITS) {
      mcl.mclBnG2_dbl(multiple, multiple);
      if (bit === '1') mcl.mclBnG2_add(multiple, multiple, point);
    }
    mcl.mclBnG2_neg(multiple, multiple);
    frobenius(mcl, image, point, constants);
    return mcl.mclBnG2_isEqual(image, multiple) !== 0;
  };
}
