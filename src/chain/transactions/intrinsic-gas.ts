/** Gas that a transaction costs before its first instruction, and the floor of EIP-7623. */

import type { TransactionRules } from './rules.ts';
import type { SignedTransaction } from './types.ts';

/** A non-zero byte counts as this many tokens of the floor's price, a zero byte as one. */
const TOKENS_PER_NONZERO_BYTE = 4n;
const WORD_BYTES = 32;

type Priced = Pick<SignedTransaction, 'to' | 'data' | 'accessList' | 'authorizationList'>;

export interface IntrinsicGas {
  /** What is charged before execution. */
  readonly intrinsic: bigint;
  /** The least that the transaction pays in the end; 0 where there is no floor. */
  readonly floor: bigint;
}

export function intrinsicGas(transaction: Priced, rules: TransactionRules): IntrinsicGas {
  const { to, data, accessList, authorizationList } = transaction;
  let zeros = 0;
  for (const byte of data) if (byte === 0) zeros++;
  const zeroBytes = BigInt(zeros);
  const nonzeroBytes = BigInt(data.length - zeros);
  let intrinsic =
    rules.baseGas + zeroBytes * rules.zeroByteGas + nonzeroBytes * rules.nonzeroByteGas;
  if (to === undefined) {
    const words = BigInt(Math.ceil(data.length / WORD_BYTES));
    intrinsic += rules.createGas + words * rules.initCodeWordGas;
  }
  for (const { storageKeys } of accessList) {
    intrinsic += rules.accessAddressGas + BigInt(storageKeys.length) * rules.accessSlotGas;
  }
  intrinsic += BigInt(authorizationList.length) * rules.authorizationGas;
  const tokens = zeroBytes + nonzeroBytes * TOKENS_PER_NONZERO_BYTE;
  const floor = rules.floorTokenGas === 0n ? 0n : rules.baseGas + tokens * rules.floorTokenGas;
  return { intrinsic, floor };
}
