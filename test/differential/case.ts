/**
 * A plain test case of the differential suite: a state, a block, and transactions that follow each
 * other in it. It can be written as JSON, so that what a fuzzer found is kept and read.
 */
import { recoverAuthority } from '../../src/chain/transactions/signature.ts';
import type { SignedAuthorization } from '../../src/chain/transactions/types.ts';
import { blobBaseFee, blobSchedule } from '../../src/evm/forks/blob.ts';
import type { ForkName } from '../../src/evm/forks/names.ts';
import type { Address, BlockEnvironment, Hash, Transaction } from '../../src/evm/types.ts';

export interface CaseAccount {
  readonly address: Address;
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly code: Uint8Array;
  readonly storage: ReadonlyMap<bigint, bigint>;
}

export interface CaseBlock {
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly coinbase: Address;
  readonly gasLimit: bigint;
  readonly prevRandao: bigint;
  readonly difficulty: bigint;
  /** Zero before London. */
  readonly baseFee: bigint;
  /** Zero before Cancun. */
  readonly excessBlobGas: bigint;
}

/** A transaction whose authorisations are still signed: each machine recovers their signers. */
export interface CaseTransaction extends Omit<Transaction, 'authorizationList'> {
  readonly authorizationList: readonly SignedAuthorization[];
}

export interface Case {
  readonly fork: ForkName;
  readonly block: CaseBlock;
  readonly accounts: readonly CaseAccount[];
  readonly transactions: readonly CaseTransaction[];
}

export const CHAIN_ID = 1n;

/** Hash of an earlier block: something that depends on the number. */
export function blockHashOf(number: bigint): Hash {
  const word = (number + 1n) * 0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251f86c6a11d0c18e95n;
  return `0x${(word & (2n ** 256n - 1n)).toString(16).padStart(64, '0')}`;
}

export function blockEnvironment({ fork, block }: Case): BlockEnvironment {
  const { excessBlobGas, ...rest } = block;
  const schedule = blobSchedule(fork);
  const fee =
    schedule === undefined ? 1n : blobBaseFee(excessBlobGas, schedule.baseFeeUpdateFraction);
  return { ...rest, blobBaseFee: fee };
}

/** Signers are remembered: cases use few authorisations again and again. */
const AUTHORITIES = new Map<string, Address | undefined>();

export function machineTransaction(transaction: CaseTransaction): Transaction {
  return {
    ...transaction,
    authorizationList: transaction.authorizationList.map((entry) => {
      const key = writeJson(entry);
      if (!AUTHORITIES.has(key)) AUTHORITIES.set(key, recoverAuthority(entry));
      const { chainId, address, nonce } = entry;
      return { chainId, address, nonce, authority: AUTHORITIES.get(key) };
    }),
  };
}

/** JSON in which bigints are {"n":"0x.."}, bytes {"b":"0x.."} and maps {"m":[..]}. */
export function writeJson(value: unknown, space?: number): string {
  return JSON.stringify(
    value,
    (_, item: unknown) => {
      if (typeof item === 'bigint') return { n: `0x${item.toString(16)}` };
      if (item instanceof Uint8Array) return { b: `0x${item.toHex()}` };
      if (item instanceof Map) return { m: [...item] };
      return item;
    },
    space,
  );
}

export function readJson(text: string): unknown {
  return JSON.parse(text, (_, item: unknown) => {
    if (typeof item !== 'object' || item === null) return item;
    const { n, b, m } = item as { n?: string; b?: string; m?: [unknown, unknown][] };
    if (typeof n === 'string') return BigInt(n);
    if (typeof b === 'string') return Uint8Array.fromHex(b.slice(2));
    if (Array.isArray(m)) return new Map(m);
    return item;
  });
}

export function readCase(text: string): Case {
  const parsed = readJson(text) as Case;
  // JSON has no `undefined`: a creation's `to` is left out.
  const transactions = parsed.transactions.map((tx) => ({ ...tx, to: tx.to }));
  return { ...parsed, transactions };
}
