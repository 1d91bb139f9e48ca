/** Transactions with signatures, that the examples share. */
import { BLANK_TRANSACTION } from '../src/chain/transactions/blank.ts';
import { encodeTransaction } from '../src/chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../src/chain/transactions/signature.ts';
import type { Address } from '../src/evm/types.ts';
import { COUNTER } from './contracts.ts';

const KEY = new Uint8Array(32).fill(7);
export const KEY_ADDRESS: Address = addressOfKey(KEY);

/** A transaction that calls the counter, as a block holds it. */
export function signedCount(nonce: bigint): Uint8Array {
  const fields = {
    ...BLANK_TRANSACTION,
    type: 2,
    chainId: 1337n,
    nonce,
    gasLimit: 100_000n,
    maxFeePerGas: 10n ** 10n,
    to: COUNTER,
  } as const;
  return encodeTransaction(signTransaction(fields, KEY));
}
