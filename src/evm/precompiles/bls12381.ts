/**
 * 0x0b to 0x11: BLS12-381 (EIP-2537). Field elements are 64 bytes, the first 16 zero; the
 * libraries take and give them as 48.
 */
import { G1_DISCOUNTS, G2_DISCOUNTS } from './bls12381-discounts.ts';
import type { Bls12381, Steps } from './libraries.ts';
import {
  flagOf,
  isBelow,
  isZero,
  type Output,
  type Precompile,
  type PrecompileInput,
  read,
  toBytes,
} from './precompile.ts';

const FIELD = toBytes(
  0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn,
  48,
);
const PADDING_BYTES = 16;
const ELEMENT_BYTES = 64;
const G1_BYTES = 2 * ELEMENT_BYTES;
const G2_BYTES = 4 * ELEMENT_BYTES;
const PAIR_BYTES = G1_BYTES + G2_BYTES;
const COMPACT_PAIR_BYTES = (PAIR_BYTES / ELEMENT_BYTES) * 48;
const SCALAR_BYTES = 32;
const G1_MSM_GAS = 12_000n;
const G2_MSM_GAS = 22_500n;
/** Points or pairs that are read in a step: half a millisecond. */
const READ_AT_ONCE = 256;

/** Copies elements without their padding until `out` is full; whether all are below the modulus. */
function unpad(input: Uint8Array, start: number, out: Uint8Array): boolean {
  const count = out.length / 48;
  for (let i = 0; i < count; i++) {
    const at = start + ELEMENT_BYTES * i;
    const value = at + PADDING_BYTES;
    if (!isZero(input, at, PADDING_BYTES) || !isBelow(input, value, FIELD)) return false;
    out.set(input.subarray(value, at + ELEMENT_BYTES), 48 * i);
  }
  return true;
}

/** All elements of an input without padding; undefined where one is none. */
function elements(input: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array((input.length / ELEMENT_BYTES) * 48);
  return unpad(input, 0, out) ? out : undefined;
}

/**
 * Reads what comes again and again in the input, so many bytes each, in steps: `take` gets the
 * place of the i-th in `part`. False where one is invalid.
 */
function* readInSteps(
  input: PrecompileInput,
  size: number,
  take: (part: Uint8Array, start: number, i: number) => boolean,
): Steps<boolean> {
  const count = input.length / size;
  for (let first = 0; first < count; first += READ_AT_ONCE) {
    if (first > 0) yield;
    const here = Math.min(READ_AT_ONCE, count - first);
    const part = read(input, first * size, here * size);
    for (let i = 0; i < here; i++) if (!take(part, i * size, first + i)) return false;
  }
  return true;
}

function* checkPairs(library: Bls12381, input: PrecompileInput): Steps<boolean | undefined> {
  const pairs = new Uint8Array((input.length / PAIR_BYTES) * COMPACT_PAIR_BYTES);
  const valid = yield* readInSteps(input, PAIR_BYTES, (part, start, i) => {
    const at = i * COMPACT_PAIR_BYTES;
    return unpad(part, start, pairs.subarray(at, at + COMPACT_PAIR_BYTES));
  });
  return valid ? yield* library.pairing(pairs) : undefined;
}

function pad(compact: Output): Output {
  if (compact === undefined) return undefined;
  const out = new Uint8Array((compact.length / 48) * ELEMENT_BYTES);
  for (let i = 0; 48 * i < compact.length; i++) {
    out.set(compact.subarray(48 * i, 48 * i + 48), ELEMENT_BYTES * i + PADDING_BYTES);
  }
  return out;
}

/** One of fixed size that gives elements for elements. */
function onElements(
  name: string,
  price: bigint,
  size: number,
  compute: (library: Bls12381, compact: Uint8Array) => Uint8Array | undefined,
): Precompile {
  return {
    name,
    uses: ['bls12381'],
    gas: () => price,
    run: (input, { libraries }) => {
      if (input.length !== size) return undefined;
      const compact = elements(read(input, 0, size));
      return compact && pad(compute(libraries.bls12381, compact));
    },
  };
}

type Msm = (library: Bls12381, points: Uint8Array, scalars: Uint8Array) => Steps<Output>;

/** A multi-scalar multiplication of points with so many bytes each. */
function multiScalar(
  name: string,
  { price, discounts }: { readonly price: bigint; readonly discounts: readonly number[] },
  pointBytes: number,
  compute: Msm,
): Precompile {
  const size = pointBytes + SCALAR_BYTES;
  const compactBytes = (pointBytes / ELEMENT_BYTES) * 48;

  function* sum(library: Bls12381, input: PrecompileInput): Steps<Output> {
    const count = input.length / size;
    const points = new Uint8Array(count * compactBytes);
    const scalars = new Uint8Array(count * SCALAR_BYTES);
    const valid = yield* readInSteps(input, size, (part, start, i) => {
      scalars.set(part.subarray(start + pointBytes, start + size), i * SCALAR_BYTES);
      return unpad(part, start, points.subarray(i * compactBytes, (i + 1) * compactBytes));
    });
    return valid ? pad(yield* compute(library, points, scalars)) : undefined;
  }

  return {
    name,
    uses: ['bls12381'],
    gas: (input) => {
      const count = Math.floor(input.length / size);
      if (count === 0) return 0n;
      const discount = discounts[Math.min(count, discounts.length) - 1] as number;
      return (BigInt(count) * price * BigInt(discount)) / 1_000n;
    },
    run: (input, { libraries }) => {
      if (input.length === 0 || input.length % size !== 0) return undefined;
      return sum(libraries.bls12381, input);
    },
  };
}

export const BLS_G1_ADD: Precompile = onElements('BLS12_G1ADD', 375n, 2 * G1_BYTES, (bls, points) =>
  bls.addG1(points),
);

export const BLS_G2_ADD: Precompile = onElements('BLS12_G2ADD', 600n, 2 * G2_BYTES, (bls, points) =>
  bls.addG2(points),
);

export const BLS_MAP_FP: Precompile = onElements('BLS12_MAP_FP_TO_G1', 5_500n, 64, (bls, element) =>
  bls.mapToG1(element),
);

export const BLS_MAP_FP2: Precompile = onElements(
  'BLS12_MAP_FP2_TO_G2',
  23_800n,
  128,
  (bls, element) => bls.mapToG2(element),
);

export const BLS_G1_MSM: Precompile = multiScalar(
  'BLS12_G1MSM',
  { price: G1_MSM_GAS, discounts: G1_DISCOUNTS },
  G1_BYTES,
  (bls, points, scalars) => bls.msmG1(points, scalars),
);

export const BLS_G2_MSM: Precompile = multiScalar(
  'BLS12_G2MSM',
  { price: G2_MSM_GAS, discounts: G2_DISCOUNTS },
  G2_BYTES,
  (bls, points, scalars) => bls.msmG2(points, scalars),
);

export const BLS_PAIRING: Precompile = {
  name: 'BLS12_PAIRING_CHECK',
  uses: ['bls12381'],
  gas: (input) => 37_700n + 32_600n * BigInt(Math.floor(input.length / PAIR_BYTES)),
  run: (input, { libraries }) => {
    if (input.length === 0 || input.length % PAIR_BYTES !== 0) return undefined;
    return flagOf(checkPairs(libraries.bls12381, input));
  },
};
