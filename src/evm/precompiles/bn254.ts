/** 0x06 to 0x08: addition, multiplication and pairing on BN254 (EIP-196, 197; prices EIP-1108). */
import { bn254 } from '@noble/curves/bn254.js';
import { forkIndex } from '../forks/names.ts';
import type { Rules } from '../forks/rules.ts';
import { integer, type Precompile, slice, toBytes } from './precompile.ts';

const { G1, G2, fields } = bn254;
type PointG1 = InstanceType<typeof G1.Point>;
type PointG2 = InstanceType<typeof G2.Point>;

const FIELD = fields.Fp.ORDER;
const GROUP = fields.Fr.ORDER;
const PAIR_BYTES = 192;

function cheap(rules: Rules): boolean {
  return forkIndex(rules.fork) >= forkIndex('istanbul');
}

/** A point of 64 bytes; undefined when it is not on the curve. */
function readG1(input: Uint8Array, start: number): PointG1 | undefined {
  const x = integer(slice(input, start, 32));
  const y = integer(slice(input, start + 32, 32));
  if (x >= FIELD || y >= FIELD) return undefined;
  if (x === 0n && y === 0n) return G1.Point.ZERO;
  return valid(() => G1.Point.fromAffine({ x, y }));
}

/** A point of 128 bytes, imaginary parts first; undefined when it is not in the group. */
function readG2(input: Uint8Array, start: number): PointG2 | undefined {
  const [x1, x0, y1, y0] = [0, 32, 64, 96].map((at) => integer(slice(input, start + at, 32))) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  if ([x0, x1, y0, y1].some((part) => part >= FIELD)) return undefined;
  if ([x0, x1, y0, y1].every((part) => part === 0n)) return G2.Point.ZERO;
  const x = fields.Fp2.fromBigTuple([x0, x1]);
  const y = fields.Fp2.fromBigTuple([y0, y1]);
  const point = valid(() => G2.Point.fromAffine({ x, y }));
  return point?.isTorsionFree() ? point : undefined;
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

function writeG1(point: PointG1): Uint8Array {
  const out = new Uint8Array(64);
  if (point.is0()) return out;
  const { x, y } = point.toAffine();
  out.set(toBytes(x, 32));
  out.set(toBytes(y, 32), 32);
  return out;
}

export const BN254_ADD: Precompile = {
  name: 'BN254_ADD',
  gas: (_input, rules) => (cheap(rules) ? 150n : 500n),
  run: (input) => {
    const a = readG1(input, 0);
    const b = readG1(input, 64);
    return a === undefined || b === undefined ? undefined : writeG1(a.add(b));
  },
};

export const BN254_MUL: Precompile = {
  name: 'BN254_MUL',
  gas: (_input, rules) => (cheap(rules) ? 6_000n : 40_000n),
  run: (input) => {
    const point = readG1(input, 0);
    if (point === undefined) return undefined;
    const scalar = integer(slice(input, 64, 32)) % GROUP;
    return writeG1(scalar === 0n ? G1.Point.ZERO : point.multiplyUnsafe(scalar));
  },
};

export const BN254_PAIRING: Precompile = {
  name: 'BN254_PAIRING',
  gas: (input, rules) => {
    const pairs = BigInt(Math.floor(input.length / PAIR_BYTES));
    return cheap(rules) ? 45_000n + 34_000n * pairs : 100_000n + 80_000n * pairs;
  },
  run: (input) => {
    if (input.length % PAIR_BYTES !== 0) return undefined;
    const pairs: { g1: PointG1; g2: PointG2 }[] = [];
    for (let at = 0; at < input.length; at += PAIR_BYTES) {
      const g1 = readG1(input, at);
      const g2 = readG2(input, at + 64);
      if (g1 === undefined || g2 === undefined) return undefined;
      if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
    }
    const one = pairs.length === 0 || isOne(pairs);
    return toBytes(one ? 1n : 0n, 32);
  },
};

function isOne(pairs: { g1: PointG1; g2: PointG2 }[]): boolean {
  return fields.Fp12.eql(bn254.pairingBatch(pairs), fields.Fp12.ONE);
}
