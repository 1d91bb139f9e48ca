/**
 * The inputs that may be the dearest of each precompile: those with the most work for their gas,
 * as far as one can tell before measuring; the results show the dearest of them.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { ForkName } from '../../src/evm/forks/names.ts';

export interface Case {
  readonly precompile: string;
  readonly address: number;
  readonly fork: ForkName;
  readonly what: string;
  readonly input: Uint8Array;
}

const KEY = bytes(0x1234567890abcdefn ** 4n, 32);
const HASH = new Uint8Array(32).fill(0xa7);

function bytes(value: bigint, size: number): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(2 * size, '0'));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function times(count: number, part: (i: bigint) => Uint8Array): Uint8Array {
  return concat(...Array.from({ length: count }, (_, i) => part(BigInt(i + 1))));
}

/** Without zeros, so that no shortcut for them is measured. */
function filled(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => 255 - ((i * 7) % 201));
}

/** Scalars with as many bits as there are. */
const SCALAR = bytes(bls12_381.fields.Fr.ORDER - 2n ** 77n, 32);

function bnG1(k: bigint): Uint8Array {
  const { x, y } = bn254.G1.Point.BASE.multiply(k).toAffine();
  return concat(bytes(x, 32), bytes(y, 32));
}

function bnG2(k: bigint): Uint8Array {
  const { x, y } = bn254.G2.Point.BASE.multiply(k).toAffine();
  return concat(...[x.c1, x.c0, y.c1, y.c0].map((part) => bytes(part, 32)));
}

function blsG1(k: bigint): Uint8Array {
  const { x, y } = bls12_381.G1.Point.BASE.multiply(k).toAffine();
  return concat(bytes(x, 64), bytes(y, 64));
}

function blsG2(k: bigint): Uint8Array {
  const { x, y } = bls12_381.G2.Point.BASE.multiply(k).toAffine();
  return concat(...[x.c0, x.c1, y.c0, y.c1].map((part) => bytes(part, 64)));
}

function modexp(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): Uint8Array {
  const lengths = [base, exponent, modulus].map((part) => bytes(BigInt(part.length), 32));
  return concat(...lengths, base, exponent, modulus);
}

/** A power with numbers of so many bytes; `last` decides whether the modulus is odd. */
function power(exponentSize: number, size: number, last = 0xff): Uint8Array {
  const modulus = filled(size);
  modulus[size - 1] = last;
  return modexp(filled(size), new Uint8Array(exponentSize).fill(0xff), modulus);
}

/** 0x10...01: few zeros at its end, many before. */
function sparse(size: number): Uint8Array {
  const modulus = new Uint8Array(size);
  modulus[0] = 0x10;
  modulus[size - 1] = 1;
  return modulus;
}

/** A power of two times an odd number, as long as each other. */
function half(size: number): Uint8Array {
  return filled(size).fill(0, size / 2);
}

function recovery(): Uint8Array {
  const signature = secp256k1.sign(HASH, KEY, { prehash: false, format: 'recovered' });
  return concat(HASH, bytes(27n + BigInt(signature[0] as number), 32), signature.subarray(1));
}

function verification(): Uint8Array {
  const signature = p256.sign(HASH, KEY, { prehash: false });
  return concat(HASH, signature, p256.getPublicKey(KEY, false).subarray(1));
}

/** A claim that does not hold takes the same work. */
function kzg(): Uint8Array {
  const point = (k: bigint) => bls12_381.G1.Point.BASE.multiply(k).toBytes(true);
  const commitment = point(5n ** 100n);
  const hash = sha256(commitment);
  hash[0] = 1;
  return concat(hash, SCALAR, SCALAR, commitment, point(7n ** 80n));
}

function blake2f(rounds: number): Uint8Array {
  return concat(bytes(BigInt(rounds), 4), filled(208), Uint8Array.of(1));
}

type Row = readonly [string, number, readonly (readonly [string, Uint8Array])[], ForkName?];

const blsPair = (i: bigint) => concat(blsG1(i), blsG2(i));
const bnPair = (i: bigint) => concat(bnG1(i), bnG2(i));

const sizes = (...of: readonly number[]) =>
  of.map((size) => [`${size} bytes`, filled(size)] as const);

const ROWS: readonly Row[] = [
  ['ECRECOVER', 0x01, [['a signature', recovery()]]],
  ['SHA256', 0x02, sizes(0, 32, 65_536)],
  ['RIPEMD160', 0x03, sizes(0, 32, 65_536)],
  ['IDENTITY', 0x04, sizes(0, 32, 65_536)],
  [
    'MODEXP',
    0x05,
    [
      ['1 byte, exponent 1,024 bytes', power(1_024, 1)],
      ['16 bytes, least price', power(3, 16)],
      ['32 bytes', power(32, 32)],
      ['32 bytes, even', power(32, 32, 0x80)],
      ['40 bytes', power(32, 40)],
      ['96 bytes', power(32, 96)],
      ['128 bytes', power(128, 128)],
      ['1,024 bytes, exponent 3', modexp(filled(1_024), Uint8Array.of(3), filled(1_024))],
      ['1,024 bytes, exponent 32 bytes', power(32, 1_024)],
      [
        '1,024 bytes, zeros but for the ends',
        modexp(filled(1_024), Uint8Array.of(3), sparse(1_024)),
      ],
    ],
  ],
  [
    'MODEXP, EIP-2565',
    0x05,
    [
      ['1 byte, exponent 256 bytes', power(256, 1)],
      ['16 bytes', power(32, 16)],
      ['32 bytes', power(32, 32)],
      ['32 bytes, even', power(32, 32, 0x80)],
      ['96 bytes', power(32, 96)],
      ['1,024 bytes, exponent 3', modexp(filled(1_024), Uint8Array.of(3), filled(1_024))],
      [
        '1,024 bytes, zeros but for the ends',
        modexp(filled(1_024), Uint8Array.of(3), sparse(1_024)),
      ],
      ['8 bytes, half of them zeros, exponent 64 bytes', modexp(filled(1), filled(64), half(8))],
      ['64 bytes, even, exponent 255', power(1, 64, 0xfe)],
      ['192 bytes, half of them zeros', modexp(filled(32), Uint8Array.of(3), half(192))],
    ],
    'prague',
  ],
  ['BN254_ADD', 0x06, [['two points', concat(bnG1(12_345n), bnG1(54_321n))]]],
  ['BN254_MUL', 0x07, [['a full scalar', concat(bnG1(12_345n), SCALAR)]]],
  [
    'BN254_PAIRING',
    0x08,
    [1, 2, 16].map((count) => [`${count} pairs`, times(count, bnPair)] as const),
  ],
  ['BLAKE2F', 0x09, [1, 12, 100_000].map((n) => [`${n} rounds`, blake2f(n)] as const)],
  ['POINT_EVALUATION', 0x0a, [['a claim', kzg()]]],
  ['BLS12_G1ADD', 0x0b, [['two points', concat(blsG1(12_345n), blsG1(54_321n))]]],
  [
    'BLS12_G1MSM',
    0x0c,
    [1, 16, 128, 256].map(
      (count) => [`${count} points`, times(count, (i) => concat(blsG1(i), SCALAR))] as const,
    ),
  ],
  ['BLS12_G2ADD', 0x0d, [['two points', concat(blsG2(12_345n), blsG2(54_321n))]]],
  [
    'BLS12_G2MSM',
    0x0e,
    [1, 16, 128].map(
      (count) => [`${count} points`, times(count, (i) => concat(blsG2(i), SCALAR))] as const,
    ),
  ],
  [
    'BLS12_PAIRING_CHECK',
    0x0f,
    [1, 2, 16].map((count) => [`${count} pairs`, times(count, blsPair)] as const),
  ],
  ['BLS12_MAP_FP_TO_G1', 0x10, [['an element', concat(new Uint8Array(17), filled(47))]]],
  [
    'BLS12_MAP_FP2_TO_G2',
    0x11,
    [['an element', concat(new Uint8Array(17), filled(47), new Uint8Array(17), filled(47))]],
  ],
  ['P256VERIFY', 0x100, [['a signature', verification()]]],
];

export function inputs(): Case[] {
  return ROWS.flatMap(([precompile, address, cases, fork = 'osaka']) =>
    cases.map(([what, input]) => ({ precompile, address, fork, what, input })),
  );
}
