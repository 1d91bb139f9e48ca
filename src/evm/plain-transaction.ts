/** A transaction that costs nothing and carries no lists: what calls, set-ups and tests send. */
import type { Transaction } from './types.ts';

type Given = Pick<Transaction, 'sender' | 'gasLimit' | 'to'> & Partial<Transaction>;

const PLAIN: Omit<Transaction, keyof Pick<Given, 'sender' | 'gasLimit' | 'to'>> = {
  type: 0,
  nonce: 0n,
  value: 0n,
  data: new Uint8Array(),
  maxFeePerGas: 0n,
  maxPriorityFeePerGas: 0n,
  accessList: [],
  maxFeePerBlobGas: 0n,
  blobVersionedHashes: [],
  authorizationList: [],
};

/** A legacy transaction of price 0, but for what is given. */
export function plainTransaction(given: Given): Transaction {
  return { ...PLAIN, ...given };
}
