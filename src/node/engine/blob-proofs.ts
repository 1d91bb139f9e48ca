/**
 * Whether the proofs beside blobs prove them: what a consensus client would find wrong with a
 * built payload's blobs, found before the payload is built.
 *
 * A blob is a polynomial p of degree 4,095 by its values; C its commitment.
 *
 *   a proof a blob (EIP-4844)    p(z) = y at a z that follows from blob and commitment:
 *                                e(C - [y] G1, -G2) e(proof, [tau - z] G2) = 1
 *   128 proofs a blob (EIP-7594) p has the remainder I divided by X^64 - a, for the a of each cell;
 *                                with random weights r, for all cells of all blobs at once:
 *                                e(sum r proof, [tau^64] G2) =
 *                                  e(sum r C - [sum r I(tau)] G1 + sum r a proof, G2)
 *
 * The remainders follow from p: no cell is computed. Specifications: consensus-specs,
 * deneb/polynomial-commitments.md and fulu/polynomial-commitments-sampling.md.
 */

import { randomBytes } from 'node:crypto';
import { pippenger } from '@noble/curves/abstract/curve.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bigintFromBytes, concatBytes } from '../../base/bytes.ts';
import { Slices } from '../../base/turn.ts';
import { CELLS_PER_EXT_BLOB, type ProvenBlob } from './blobs.ts';
import { POWERS_G1, TAU_64_G2 } from './trusted-setup.ts';

const { G1, G2, fields } = bls12_381;
type PointG1 = InstanceType<typeof G1.Point>;
type PointG2 = InstanceType<typeof G2.Point>;

const MODULUS = fields.Fr.ORDER;
/** Of the field's multiplicative group. */
const GENERATOR = 7n;
const ELEMENTS = 4_096;
const ELEMENT_BYTES = 32;
const CELL_ELEMENTS = 64;
const POINT_BYTES = 48;
const WEIGHT_BYTES = 16;
const CHALLENGE = new TextEncoder().encode('FSBLOBVERIFY_V1_');
/** [tau] G2, compressed: g2_monomial[1] of the set-up. */
const TAU_G2 =
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
  '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2';
/** How long the thread is held at once. */
const SLICE_MS = 5;

/** Whether all proofs hold; false for what is no blob, no point, or none of the group. */
export async function provesBlobs(blobs: readonly ProvenBlob[]): Promise<boolean> {
  const slices = new Slices(SLICE_MS);
  try {
    if (blobs.every(({ proofs }) => proofs.length === CELLS_PER_EXT_BLOB)) {
      return await provesCells(blobs, slices);
    }
    for (const blob of blobs) if (!(await provesBlob(blob, slices))) return false;
    return true;
  } catch (error) {
    if (error instanceof NoProof) return false;
    throw error;
  }
}

/** Thrown for bytes that are no field element, or no point of the group. */
class NoProof extends Error {}

async function provesBlob(given: ProvenBlob, slices: Slices): Promise<boolean> {
  const [only, ...others] = given.proofs;
  if (only === undefined || others.length > 0) return false;
  const coefficients = await coefficientsOf(given.blob, slices);
  const z = challengeOf(given);
  const y = coefficients.reduceRight((sum, each) => (sum * z + each) % MODULUS, 0n);
  const [commitment, proof] = [pointOf(given.commitment), pointOf(only)];
  const left = commitment.subtract(times(G1.Point.BASE, y));
  const shifted = G2.Point.fromHex(TAU_G2).subtract(times(G2.Point.BASE, z));
  return isOne([
    [left, G2.Point.BASE.negate()],
    [proof, shifted],
  ]);
}

function challengeOf({ blob, commitment }: ProvenBlob): bigint {
  const degree = new Uint8Array(16);
  new DataView(degree.buffer).setBigUint64(8, BigInt(ELEMENTS));
  return bigintFromBytes(sha256(concatBytes(CHALLENGE, degree, blob, commitment))) % MODULUS;
}

async function provesCells(blobs: readonly ProvenBlob[], slices: Slices): Promise<boolean> {
  const weight = bigintFromBytes(Uint8Array.from(randomBytes(WEIGHT_BYTES)));
  const shifts = cellShifts();
  const proofs: PointG1[] = [];
  const [byProof, byShifted]: [bigint[], bigint[]] = [[], []];
  const remainder = new Array<bigint>(CELL_ELEMENTS).fill(0n);
  let [committed, next] = [G1.Point.ZERO, 1n];
  for (const { blob, commitment, proofs: given } of blobs) {
    const weights: bigint[] = [];
    for (const [cell, bytes] of given.entries()) {
      proofs.push(pointOf(bytes));
      weights.push(next);
      byProof.push(next);
      byShifted.push((next * (shifts[cell] as bigint)) % MODULUS);
      next = (next * weight) % MODULUS;
      // Reading a point takes a millisecond: each is looked at as if it were many steps.
      if (slices.isOver(CELL_ELEMENTS)) await slices.next();
    }
    const sum = weights.reduce((a, b) => a + b, 0n) % MODULUS;
    committed = committed.add(times(pointOf(commitment), sum));
    await addRemainders(remainder, await coefficientsOf(blob, slices), weights, slices);
  }
  const powers = POWERS_G1.map((hex) => G1.Point.fromHex(hex));
  await slices.next();
  const interpolated = pippenger(G1.Point, powers, remainder);
  await slices.next();
  const shifted = pippenger(G1.Point, proofs, byShifted);
  await slices.next();
  const together = pippenger(G1.Point, proofs, byProof);
  await slices.next();
  return isOne([
    [together, G2.Point.fromHex(TAU_64_G2)],
    [committed.subtract(interpolated).add(shifted), G2.Point.BASE.negate()],
  ]);
}

/** Adds, for each cell with its weight, the remainder of p divided by X^64 - shift. */
async function addRemainders(
  sums: bigint[],
  coefficients: readonly bigint[],
  weights: readonly bigint[],
  slices: Slices,
): Promise<void> {
  const shifts = cellShifts();
  let powers: readonly bigint[] = weights;
  for (let at = 0; at < ELEMENTS; at += CELL_ELEMENTS) {
    const factor = powers.reduce((a, b) => a + b, 0n) % MODULUS;
    for (let j = 0; j < CELL_ELEMENTS; j++) {
      const product = factor * (coefficients[at + j] as bigint);
      sums[j] = ((sums[j] as bigint) + product) % MODULUS;
    }
    powers = powers.map((each, cell) => (each * (shifts[cell] as bigint)) % MODULUS);
    if (slices.isOver(CELL_ELEMENTS)) await slices.next();
  }
}

let knownShifts: readonly bigint[] | undefined;

/** Of each cell the 64th power of its first point: what X^64 is on all of the cell. */
function cellShifts(): readonly bigint[] {
  knownShifts ??= Array.from({ length: CELLS_PER_EXT_BLOB }, (_, cell) =>
    power(rootOfUnity(CELLS_PER_EXT_BLOB), BigInt(reversed(cell, 7))),
  );
  return knownShifts;
}

/** The coefficients of a blob's polynomial, which the blob gives at the roots of unity. */
async function coefficientsOf(blob: Uint8Array, slices: Slices): Promise<bigint[]> {
  // The values stand in the order of reversed bits, which is how the transform wants them.
  const values = Array.from({ length: ELEMENTS }, (_, index) => {
    const at = index * ELEMENT_BYTES;
    const value = bigintFromBytes(blob.subarray(at, at + ELEMENT_BYTES));
    if (value < MODULUS) return value;
    throw new NoProof('a field element is too large');
  });
  const root = invert(rootOfUnity(ELEMENTS));
  for (let half = 1; half < ELEMENTS; half *= 2) {
    const step = power(root, BigInt(ELEMENTS / (2 * half)));
    for (let start = 0; start < ELEMENTS; start += 2 * half) {
      let twiddle = 1n;
      for (let index = start; index < start + half; index++) {
        const even = values[index] as bigint;
        const odd = ((values[index + half] as bigint) * twiddle) % MODULUS;
        values[index] = even + odd;
        values[index + half] = even - odd + MODULUS;
        twiddle = (twiddle * step) % MODULUS;
      }
      if (slices.isOver(half)) await slices.next();
    }
    for (let index = 0; index < ELEMENTS; index++) {
      values[index] = (values[index] as bigint) % MODULUS;
    }
  }
  const scale = invert(BigInt(ELEMENTS));
  return values.map((value) => (value * scale) % MODULUS);
}

function reversed(value: number, bits: number): number {
  let result = 0;
  for (let bit = 0; bit < bits; bit++) result |= ((value >> bit) & 1) << (bits - 1 - bit);
  return result;
}

function rootOfUnity(order: number): bigint {
  return power(GENERATOR, (MODULUS - 1n) / BigInt(order));
}

function power(base: bigint, exponent: bigint): bigint {
  return fields.Fr.pow(base, exponent);
}

function invert(value: bigint): bigint {
  return fields.Fr.inv(value);
}

function pointOf(bytes: Uint8Array): PointG1 {
  if (bytes.length !== POINT_BYTES) throw new NoProof('a point has 48 bytes');
  try {
    const point = G1.Point.fromBytes(bytes);
    if (!point.is0()) point.assertValidity();
    return point;
  } catch (error) {
    throw new NoProof((error as Error).message);
  }
}

function times<Point extends PointG1 | PointG2>(point: Point, scalar: bigint): Point {
  return point.multiplyUnsafe(scalar) as Point;
}

function isOne(pairs: readonly (readonly [PointG1, PointG2])[]): boolean {
  const given = pairs.filter(([g1, g2]) => !g1.is0() && !g2.is0()).map(([g1, g2]) => ({ g1, g2 }));
  return given.length === 0 || fields.Fp12.eql(bls12_381.pairingBatch(given), fields.Fp12.ONE);
}
