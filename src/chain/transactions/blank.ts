import type { SignedTransaction } from './types.ts';

/** What a field holds that a type lacks, or that nobody gave. */
export const BLANK_TRANSACTION: Omit<SignedTransaction, 'type'> = {
  chainId: 0n,
  nonce: 0n,
  maxFeePerGas: 0n,
  maxPriorityFeePerGas: 0n,
  gasLimit: 0n,
  to: undefined,
  value: 0n,
  data: new Uint8Array(0),
  accessList: [],
  maxFeePerBlobGas: 0n,
  blobVersionedHashes: [],
  authorizationList: [],
  v: 0n,
  r: 0n,
  s: 0n,
};
