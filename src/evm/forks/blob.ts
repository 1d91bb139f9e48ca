/**
 * Blobs of each fork: how many a block may hold, and what their gas costs (EIP-4844, EIP-7691,
 * EIP-7892 for schedules between forks).
 */

import { type ForkName, forkIndex } from './names.ts';

export interface BlobSchedule {
  /** Blobs of a block towards which the price steers. */
  readonly target: number;
  /** Most blobs of a block. */
  readonly max: number;
  /** Denominator of the price's exponent. */
  readonly baseFeeUpdateFraction: bigint;
}

/** By the fork from which each holds. */
const SCHEDULES: readonly (readonly [ForkName, BlobSchedule])[] = [
  ['cancun', { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477n }],
  ['prague', { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n }],
  ['amsterdam', { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671n }],
];

/** Blob schedules after Osaka (EIP-7892), which change nothing else. */
export const BLOB_PARAMETER_ONLY: Readonly<Record<'bpo1' | 'bpo2', BlobSchedule>> = {
  bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193n },
  bpo2: { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671n },
};

const WORD_MAX = 2n ** 256n - 1n;
/** e^178 is above 2^256. */
const EXPONENT_MAX = 178n;

/** The schedule of a fork, or undefined where there are no blobs. */
export function blobSchedule(fork: ForkName): BlobSchedule | undefined {
  return SCHEDULES.findLast(([first]) => forkIndex(first) <= forkIndex(fork))?.[1];
}

/**
 * Price of blob gas: e^(excess / fraction), at least 1, as EIP-4844 approximates it in integers.
 * A price of 2^256 or more is 2^256 - 1: nobody can pay it.
 */
export function blobBaseFee(excessBlobGas: bigint, fraction: bigint): bigint {
  if (excessBlobGas > fraction * EXPONENT_MAX) return WORD_MAX;
  let sum = 0n;
  let term = fraction;
  for (let index = 1n; term > 0n; index++) {
    sum += term;
    term = (term * excessBlobGas) / (fraction * index);
  }
  return sum / fraction;
}
