/** What a pool holds at most, and what it asks of a transaction beside the rules of the chain. */

export interface PoolLimits {
  /** Of all senders. */
  readonly countMax: number;
  readonly bytesMax: number;
  readonly perSenderMax: number;
  /** Bytes of one transaction, its blobs aside: geth's, four times 32 KiB. */
  readonly transactionBytesMax: number;
  /** A transaction that takes another's place pays so many percent more, of both fees. */
  readonly replacementPercent: bigint;
  readonly blobReplacementPercent: bigint;
  /** Wei of a tip below which nothing is taken. */
  readonly tipMin: bigint;
  /**
   * Transactions of a sender whose account is delegated (EIP-7702): others than the sender may
   * empty it in between, and make all of them invalid at once.
   */
  readonly delegatedMax: number;
  /** Whether one that the next block could not take is refused, as by Anvil; else it waits. */
  readonly refusesBelowBaseFee: boolean;
  /**
   * Whether blobs that a proof each proves are refused, and leave, from Osaka on: a consensus
   * client spreads cells alone, and no payload takes them (EIP-7594).
   */
  readonly wantsCellProofs: boolean;
}

export const POOL_LIMITS: PoolLimits = {
  countMax: 65_536,
  bytesMax: 256 << 20,
  perSenderMax: 1_024,
  transactionBytesMax: 131_072,
  replacementPercent: 10n,
  blobReplacementPercent: 100n,
  tipMin: 0n,
  delegatedMax: 1,
  refusesBelowBaseFee: false,
  wantsCellProofs: false,
};
