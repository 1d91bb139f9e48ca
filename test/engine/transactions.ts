/** Signed transactions of a devnet: transfers, and blobs with all that proves them. */

import { BLANK_TRANSACTION } from '../../src/chain/transactions/blank.ts';
import { encodeTransaction, transactionHash } from '../../src/chain/transactions/encode.ts';
import { signTransaction } from '../../src/chain/transactions/signature.ts';
import type { SignedTransaction } from '../../src/chain/transactions/types.ts';
import type { Address, Hash, Hex } from '../../src/evm/types.ts';
import { joinSidecar, versionedHash } from '../../src/node/pool/sidecar.ts';
import { ACCOUNTS, CHAIN_ID } from './devnet-genesis.ts';

const GWEI = 10n ** 9n;
const BLOB_BYTES = 131_072;
const ELEMENT_BYTES = 32;
const CELLS = 128;
/** The point at infinity: of a blob of zeros the commitment, and each proof. */
const INFINITY = Uint8Array.from([0xc0, ...new Uint8Array(47)]);

/** The versioned hash of a blob of zeros. */
export const ZERO_BLOB: Hash = versionedHash(INFINITY);

/** As `eth_sendRawTransaction` takes it. */
export interface Sendable {
  readonly raw: Hex;
  readonly hash: Hash;
}

interface Common {
  readonly from: number;
  readonly nonce: bigint;
  /** Gwei. */
  readonly tip?: bigint;
}

/** A transfer, or a call of a contract. */
export function transfer({
  from,
  nonce,
  to,
  tip = 2n,
  value = 1n,
  data = new Uint8Array(0),
  gasLimit = 21_000n,
}: Common & {
  readonly to: Address;
  readonly value?: bigint;
  readonly data?: Uint8Array;
  readonly gasLimit?: bigint;
}): Sendable {
  const fees = { maxFeePerGas: 100n * GWEI, maxPriorityFeePerGas: tip * GWEI };
  const fields = { ...BLANK_TRANSACTION, chainId: CHAIN_ID, nonce, to, value, data, gasLimit };
  const signed = sign({ ...fields, ...fees, type: 2 }, from);
  return { raw: hex(encodeTransaction(signed)), hash: transactionHash(signed) };
}

/** Two blobs of zeros, proven each or cell by cell; forged ones hold something else. */
export function blobs({
  from,
  nonce,
  tip = 2n,
  version,
  isForged = false,
}: Common & { readonly version: 0 | 1; readonly isForged?: boolean }): Sendable {
  const count = 2;
  const commitments = new Array<Uint8Array>(count).fill(INFINITY);
  const signed = sign(
    {
      ...BLANK_TRANSACTION,
      type: 3,
      chainId: CHAIN_ID,
      nonce,
      to: `0x${'b0'.repeat(20)}`,
      gasLimit: 21_000n,
      maxFeePerGas: 100n * GWEI,
      maxPriorityFeePerGas: tip * GWEI,
      maxFeePerBlobGas: GWEI,
      blobVersionedHashes: commitments.map(versionedHash),
    },
    from,
  );
  const blob = new Uint8Array(BLOB_BYTES);
  if (isForged) blob.fill(1, ELEMENT_BYTES, ELEMENT_BYTES + 1);
  const raw = joinSidecar(encodeTransaction(signed), {
    version,
    blobs: new Array<Uint8Array>(count).fill(blob),
    commitments,
    proofs: new Array<Uint8Array>(count * (version === 1 ? CELLS : 1)).fill(INFINITY),
  });
  return { raw: hex(raw), hash: transactionHash(signed) };
}

function sign(unsigned: SignedTransaction, from: number): SignedTransaction {
  const account = ACCOUNTS[from];
  if (account === undefined) throw new RangeError(`there is no account ${from}`);
  return signTransaction(unsigned, account.privateKey);
}

function hex(bytes: Uint8Array): Hex {
  return `0x${bytes.toHex()}`;
}
