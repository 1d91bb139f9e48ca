/** Proofs of blobs: those that are made from the set-up hold, any other does not. */
import { readFileSync } from 'node:fs';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { bigintFromBytes, bigintToBytes, concatBytes } from '../../base/bytes.ts';
import { provesBlobs } from './blob-proofs.ts';
import type { ProvenBlob } from './blobs.ts';

const { G1, fields } = bls12_381;
const R = fields.Fr.ORDER;
const SETUP = new URL('../../../node_modules/viem/trusted-setups/mainnet.json', import.meta.url);
const { g1_monomial: MONOMIALS } = JSON.parse(readFileSync(SETUP, 'utf8')) as {
  readonly g1_monomial: readonly string[];
};

/** Coefficients by their powers; few, so that all is made by hand. */
type Sparse = ReadonlyMap<number, bigint>;

const powerOf = (base: bigint, exponent: number | bigint) => fields.Fr.pow(base, BigInt(exponent));
const rootOf = (order: bigint) => powerOf(7n, (R - 1n) / order);
const mod = (value: bigint) => ((value % R) + R) % R;

function reversed(value: number, bits: number): number {
  return Number.parseInt(value.toString(2).padStart(bits, '0').split('').reverse().join(''), 2);
}

function commit(polynomial: Sparse): Uint8Array {
  let sum = G1.Point.ZERO;
  for (const [exponent, coefficient] of polynomial) {
    const point = G1.Point.fromHex((MONOMIALS[exponent] as string).slice(2));
    if (mod(coefficient) !== 0n) sum = sum.add(point.multiplyUnsafe(mod(coefficient)));
  }
  return sum.toBytes();
}

function at(polynomial: Sparse, x: bigint): bigint {
  let sum = 0n;
  for (const [exponent, coefficient] of polynomial) sum += coefficient * powerOf(x, exponent);
  return mod(sum);
}

function blobOf(polynomial: Sparse): Uint8Array {
  const root = rootOf(4_096n);
  const values = Array.from({ length: 4_096 }, (_, index) =>
    bigintToBytes(at(polynomial, powerOf(root, reversed(index, 12))), 32),
  );
  return concatBytes(...values);
}

/** The quotient by X^size - shift. */
function quotient(polynomial: Sparse, size: number, shift: bigint): Sparse {
  const rest = new Map(polynomial);
  const result = new Map<number, bigint>();
  for (let exponent = Math.max(...rest.keys()); exponent >= size; exponent--) {
    const coefficient = rest.get(exponent) ?? 0n;
    if (coefficient === 0n) continue;
    result.set(exponent - size, coefficient);
    rest.set(exponent - size, mod((rest.get(exponent - size) ?? 0n) + coefficient * shift));
  }
  return result;
}

function withCellProofs(polynomial: Sparse): ProvenBlob {
  const proofs = Array.from({ length: 128 }, (_, cell) =>
    commit(quotient(polynomial, 64, powerOf(rootOf(128n), reversed(cell, 7)))),
  );
  return { blob: blobOf(polynomial), commitment: commit(polynomial), proofs };
}

function withProof(polynomial: Sparse): ProvenBlob {
  const [blob, commitment] = [blobOf(polynomial), commit(polynomial)];
  const degree = bigintToBytes(4_096n, 16);
  const text = concatBytes(new TextEncoder().encode('FSBLOBVERIFY_V1_'), degree, blob, commitment);
  const z = bigintFromBytes(sha256(text)) % R;
  return { blob, commitment, proofs: [commit(quotient(polynomial, 1, z))] };
}

const FIRST: Sparse = new Map([
  [0, 5n],
  [3, 11n],
  [70, 2n ** 200n + 7n],
  [129, 9n],
]);
const SECOND: Sparse = new Map([
  [1, 77n],
  [190, 123_456_789n],
]);
const CELLS = [withCellProofs(FIRST), withCellProofs(SECOND)] as const;

test('proofs of cells hold, for many blobs at once', async () => {
  expect(await provesBlobs(CELLS)).toBe(true);
});

test('a proof of each blob holds', async () => {
  expect(await provesBlobs([withProof(FIRST), withProof(SECOND)])).toBe(true);
});

test('a blob of zeros is proven by points at infinity', async () => {
  const infinity = Uint8Array.from([0xc0, ...new Uint8Array(47)]);
  const blob = new Uint8Array(131_072);
  const cells = { blob, commitment: infinity, proofs: new Array(128).fill(infinity) };
  expect(await provesBlobs([cells])).toBe(true);
  expect(await provesBlobs([{ ...cells, proofs: [infinity] }])).toBe(true);
});

test('whatever is another does not hold', async () => {
  const [first, second] = CELLS;
  const swapped = [...first.proofs];
  [swapped[3], swapped[4]] = [first.proofs[4] as Uint8Array, first.proofs[3] as Uint8Array];
  const changed = first.blob.slice();
  changed[4_000 * 32 + 31] = (changed[4_000 * 32 + 31] as number) ^ 1;
  const large = first.blob.slice();
  large.fill(0xff, 0, 32);
  const noPoint = [Uint8Array.from([0x80, ...new Uint8Array(46), 5]), ...first.proofs.slice(1)];
  const wrong: ProvenBlob[] = [
    { ...first, proofs: swapped },
    { ...first, blob: changed },
    { ...first, blob: large },
    { ...first, proofs: noPoint },
    { ...first, commitment: second.commitment },
    { ...first, proofs: first.proofs.slice(1) },
    { ...withProof(FIRST), commitment: second.commitment },
    { ...withProof(FIRST), proofs: [first.proofs[0] as Uint8Array] },
  ];
  for (const each of wrong) expect(await provesBlobs([each])).toBe(false);
  expect(await provesBlobs([second, { ...first, blob: changed }])).toBe(false);
});
