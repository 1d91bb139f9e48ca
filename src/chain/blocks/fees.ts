/**
 * Prices that one block sets for the next: base fee and excess blob gas.
 *
 * Specifications: EIP-1559, EIP-4844, EIP-7691, EIP-7918.
 */

import { type BlobSchedule, blobBaseFee } from '../../evm/forks/blob.ts';
import type { BlockRules } from '../chain-spec.ts';
import type { BlockHeader } from './header.ts';

/** Gas limit is this many times the gas that the base fee steers towards. */
export const ELASTICITY = 2n;
const BASE_FEE_DENOMINATOR = 8n;
/** Wei; of London's first block. */
const INITIAL_BASE_FEE = 1_000_000_000n;
export const GAS_PER_BLOB = 131_072n;
/** EIP-7918: execution gas whose price a blob's must not fall below. */
const BLOB_BASE_COST = 8_192n;

/** Base fee of the block after `parent`; `parent` itself is of London or later. */
export function nextBaseFee(
  parent: Pick<BlockHeader, 'gasUsed' | 'gasLimit' | 'baseFeePerGas'>,
): bigint {
  const { gasUsed, gasLimit, baseFeePerGas } = parent;
  if (baseFeePerGas === undefined) return INITIAL_BASE_FEE;
  const target = gasLimit / ELASTICITY;
  if (gasUsed === target) return baseFeePerGas;
  if (gasUsed > target) {
    const rise = (baseFeePerGas * (gasUsed - target)) / target / BASE_FEE_DENOMINATOR;
    return baseFeePerGas + (rise > 1n ? rise : 1n);
  }
  return baseFeePerGas - (baseFeePerGas * (target - gasUsed)) / target / BASE_FEE_DENOMINATOR;
}

/** Excess blob gas of the block after `parent`, by the rules of that block. */
export function nextExcessBlobGas(
  parent: Pick<BlockHeader, 'excessBlobGas' | 'blobGasUsed' | 'baseFeePerGas'>,
  { is }: Pick<BlockRules, 'is'>,
  { target, max, baseFeeUpdateFraction }: BlobSchedule,
): bigint {
  const { excessBlobGas = 0n, blobGasUsed = 0n, baseFeePerGas = 0n } = parent;
  const targetGas = BigInt(target) * GAS_PER_BLOB;
  if (excessBlobGas + blobGasUsed < targetGas) return 0n;
  const blobPrice = blobBaseFee(excessBlobGas, baseFeeUpdateFraction);
  if (is('osaka') && BLOB_BASE_COST * baseFeePerGas > GAS_PER_BLOB * blobPrice) {
    return excessBlobGas + (blobGasUsed * BigInt(max - target)) / BigInt(max);
  }
  return excessBlobGas + blobGasUsed - targetGas;
}
