/** Codes that run for ever, and precompiles called for the first time. */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import type { ForkName } from '../../src/evm/forks/names.ts';

/** 32 MiB. */
const SIZE = '6302000000';

export interface Endless {
  readonly code: string;
  readonly data?: Uint8Array;
  readonly fork?: ForkName;
}

/** A body again and again. */
export function endless(body: string): Endless {
  return { code: `5b${body}5f56` };
}

/** Copies the call data to memory, and calls a precompile with it for ever. */
function precompile(number: string, digits: string, fork?: ForkName): Endless {
  const push = number.length === 2 ? '60' : '61';
  const code = `365f5f375b5f5f365f${push}${number}5afa50600456`;
  return { code, data: Uint8Array.fromHex(digits), ...(fork && { fork }) };
}

/** Calls itself for ever; the callee does the rest. */
function callee(rest: string): Endless {
  return { code: `366012575b5f5f60015f5f305af1506004565b${rest}` };
}

/** A power of numbers of ones: lengths and exponents in bytes. */
function power(length: number, exponent: number): string {
  const lengths = [length, exponent, length].map((size) => size.toString(16).padStart(64, '0'));
  return lengths.join('') + 'ff'.repeat(2 * length + exponent);
}

/** A power modulo 2^k + 1, whose digits are zeros but for the ends. */
function sparseModulus(length: number): string {
  const lengths = [1, 1, length].map((size) => size.toString(16).padStart(64, '0'));
  return `${lengths.join('')}03ff10${'00'.repeat(length - 2)}01`;
}

/** A small power with a long exponent, modulo a small number. */
function longExponent(length: number, byte: string): Endless {
  const lengths = [1, length, 1].map((size) => size.toString(16).padStart(64, '0'));
  return precompile('05', `${lengths.join('')}03${byte.repeat(length)}fb`, 'prague');
}

const BN254_PAIR = [
  '1',
  '2',
  '198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2',
  '1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed',
  '090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b',
  '12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa',
].map((word) => word.padStart(64, '0'));

/** A field element of BLS12-381 as the precompiles take it. */
const element = (value: bigint) => value.toString(16).padStart(128, '0');
const { G1, G2 } = bls12_381;
const g1 = G1.Point.BASE.toAffine();
const g2 = G2.Point.BASE.toAffine();
const BLS_G1 = [g1.x, g1.y].map(element).join('');
const BLS_G2 = [g2.x.c0, g2.x.c1, g2.y.c0, g2.y.c1].map(element).join('');
const SCALAR = `53${'a7'.repeat(31)}`;

export const CODES: Readonly<Record<string, Endless>> = {
  jumps: endless(''),
  MULMOD: endless('6003195f195f190950'),
  EXP: endless('5f195f190a50'),
  SSTORE: endless('5a5a55'),
  'TSTORE in new slots': endless('5a5a5d'),
  'SLOAD of new slots': endless('5a5450'),
  'calls of itself': endless('5f5f5f5f5f305af150'),
  creations: endless('5f5f5ff050'),
  'KECCAK256 of 32 MiB': endless(`${SIZE}5f2050`),
  'MCOPY of 32 MiB': endless(`${SIZE}60015f5e`),
  'CALLDATACOPY of 32 MiB': endless(`${SIZE}5f5f37`),
  'CODECOPY of 32 MiB': endless(`${SIZE}5f5f39`),
  'EXTCODECOPY of 32 MiB': endless(`${SIZE}5f5f303c`),
  'creation by 32 MiB, Paris': { code: `5b${SIZE}60006000f050600056`, fork: 'paris' },
  'CREATE2 by 32 MiB, Paris': { code: `5b5a${SIZE}60006000f550600056`, fork: 'paris' },
  'LOG of 32 MiB that is undone': callee(`${SIZE}5fa05f5ffd`),
  'call with 32 MiB': { code: `366015575b5f5f${SIZE}5f5f305af1506004565b00` },
  'identity of 32 MiB': endless(`${SIZE}5f${SIZE}5f60045afa50`),
  'ECRECOVER with 32 MiB': endless(`5f5f${SIZE}5f60015afa50`),
  'SHA256 that is not paid': endless(`5f5f${SIZE}5f60025ffa50`),
  'return data of 32 MiB': callee(`${SIZE}5ff3`),
  'memory grows to 1 GiB': callee('633fffffe0515000'),
  'SHA256 of 32 MiB': endless(`5f5f${SIZE}5f60025afa50`),
  'RIPEMD160 of 32 MiB': endless(`5f5f${SIZE}5f60035afa50`),
  'BLAKE2F of 2^32 - 1 rounds': precompile('09', `ffffffff${'00'.repeat(209)}`),
  'MODEXP of 1,024 bytes': precompile('05', power(1_024, 1_024)),
  // 60 million gas.
  'MODEXP by an exponent of 5 MB, Prague': longExponent(5_000_000, 'ff'),
  'MODEXP by 5 MB of zeros, Prague': longExponent(5_000_000, '00'),
  'MODEXP modulo 32,000 bytes, sparse, Prague': precompile('05', sparseModulus(32_000), 'prague'),
  'MODEXP of 107,000 bytes, Prague': precompile('05', power(107_000, 1), 'prague'),
  // What 60 million gas buy.
  'BN254 pairing of 1,763 pairs': precompile('08', BN254_PAIR.join('').repeat(1_763)),
  'BLS12-381 pairing of 1,839 pairs': precompile('0f', (BLS_G1 + BLS_G2).repeat(1_839)),
  'BLS12-381 sum of 9,633 in G1': precompile('0c', (BLS_G1 + SCALAR).repeat(9_633)),
  'BLS12-381 sum of 5,089 in G2': precompile('0e', (BLS_G2 + SCALAR).repeat(5_089)),
};

const KZG_POINT = `c0${'00'.repeat(47)}`;
/** The polynomial that is zero has zero everywhere. */
const KZG_CLAIM = [
  '010657f37554c781402a22917dee2f75def7ab966d7b770905398eba3c444014',
  '00'.repeat(64),
  KZG_POINT,
  KZG_POINT,
].join('');
/** A signature of nothing in particular, by which somebody signed. */
const SIGNED = [
  '18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c',
  '1c'.padStart(64, '0'),
  '73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f',
  'eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549',
].join('');
/** The generator of P-256 as a key: a signature that is not its. */
const P256_CLAIM = [
  SIGNED.slice(0, 64),
  SCALAR,
  SCALAR,
  '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296',
  '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
].join('');

/** A call of each precompile that does all of its work, with a small input. */
export const FIRST_CALLS: Readonly<Record<string, Endless>> = {
  ECRECOVER: precompile('01', SIGNED),
  SHA256: precompile('02', '00'),
  RIPEMD160: precompile('03', '00'),
  MODEXP: precompile('05', power(256, 32)),
  BN254_ADD: precompile('06', BN254_PAIR.join('').slice(0, 128).repeat(2)),
  BN254_MUL: precompile('07', BN254_PAIR.join('').slice(0, 128) + SCALAR),
  BN254_PAIRING: precompile('08', BN254_PAIR.join('')),
  BLAKE2F: precompile('09', `0000000c${'00'.repeat(209)}`),
  POINT_EVALUATION: precompile('0a', KZG_CLAIM),
  BLS12_G1ADD: precompile('0b', BLS_G1 + BLS_G1),
  BLS12_G1MSM: precompile('0c', BLS_G1 + SCALAR),
  BLS12_G2ADD: precompile('0d', BLS_G2 + BLS_G2),
  BLS12_G2MSM: precompile('0e', BLS_G2 + SCALAR),
  BLS12_PAIRING_CHECK: precompile('0f', BLS_G1 + BLS_G2),
  BLS12_MAP_FP_TO_G1: precompile('10', BLS_G1.slice(0, 128)),
  BLS12_MAP_FP2_TO_G2: precompile('11', BLS_G2.slice(0, 256)),
  P256VERIFY: precompile('0100', P256_CLAIM),
};
