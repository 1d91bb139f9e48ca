/**
 * What each fork asks of a transaction by itself, before any state is looked at. Each entry names
 * the fork from which it holds and the EIP that says so.
 */

import { type ForkName, forkIndex } from '../../evm/forks/names.ts';

export interface TransactionRules {
  /** Types accepted: bit t for type t. */
  readonly types: number;
  /** EIP-2: the upper half of `s` is refused. */
  readonly lowS: boolean;
  /** EIP-155: `v` may hold a chain id. */
  readonly chainIdInV: boolean;
  readonly baseGas: bigint;
  /** EIP-2: what creating a contract costs more. */
  readonly createGas: bigint;
  readonly zeroByteGas: bigint;
  /** EIP-2028. */
  readonly nonzeroByteGas: bigint;
  /** EIP-2930. */
  readonly accessAddressGas: bigint;
  readonly accessSlotGas: bigint;
  /** EIP-3860: price of a word of init code. */
  readonly initCodeWordGas: bigint;
  /** EIP-3860, bytes; undefined = no limit. */
  readonly initCodeSizeMax: number | undefined;
  /** EIP-7623: price of a token of calldata in the floor; 0 = no floor. */
  readonly floorTokenGas: bigint;
  /** EIP-7702: price of an authorisation. */
  readonly authorizationGas: bigint;
  /** EIP-7825: gas limit of a transaction; undefined = none. */
  readonly gasLimitMax: bigint | undefined;
  /** EIP-7594: blobs of one transaction; undefined = the block's limit alone. */
  readonly blobCountMax: number | undefined;
}

/** The rules of a fork. */
export function transactionRules(fork: ForkName): TransactionRules {
  const from = (first: ForkName): boolean => forkIndex(fork) >= forkIndex(first);
  const osaka = from('osaka');
  return {
    types:
      1 |
      (from('berlin') ? 2 : 0) |
      (from('london') ? 4 : 0) |
      (from('cancun') ? 8 : 0) |
      (from('prague') ? 16 : 0),
    lowS: from('homestead'),
    chainIdInV: from('spuriousDragon'),
    baseGas: 21_000n,
    createGas: from('homestead') ? 32_000n : 0n,
    zeroByteGas: 4n,
    nonzeroByteGas: from('istanbul') ? 16n : 68n,
    accessAddressGas: 2_400n,
    accessSlotGas: 1_900n,
    initCodeWordGas: from('shanghai') ? 2n : 0n,
    initCodeSizeMax: from('shanghai') ? 49_152 : undefined,
    floorTokenGas: from('prague') ? 10n : 0n,
    authorizationGas: 25_000n,
    gasLimitMax: osaka ? 16_777_216n : undefined,
    blobCountMax: osaka ? 6 : undefined,
  };
}
