/** What a transaction may cost its sender. */

import type { Transaction } from '../../evm/types.ts';
import { GAS_PER_BLOB } from '../blocks/fees.ts';

/** The most that a transaction costs its sender, in wei. */
export function costOf(transaction: Transaction): bigint {
  const { gasLimit, maxFeePerGas, value, blobVersionedHashes, maxFeePerBlobGas } = transaction;
  const blobGas = BigInt(blobVersionedHashes.length) * GAS_PER_BLOB;
  return gasLimit * maxFeePerGas + value + blobGas * maxFeePerBlobGas;
}
