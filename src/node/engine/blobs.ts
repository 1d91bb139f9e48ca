/**
 * Blobs of transactions that are in the pool, as the Engine API gives them: beside a built payload,
 * and by their versioned hashes. Commitments and proofs are those that came with the transaction,
 * once they are verified (verified-blobs.ts).
 *
 * Specification: execution-apis, BlobsBundleV1 and V2, `engine_getBlobsV1` to V3.
 */

import { decodeTransaction } from '../../chain/transactions/decode.ts';
import type { Hash } from '../../evm/types.ts';
import { dataHex } from '../rpc/values.ts';

/** EIP-7594. */
export const CELLS_PER_EXT_BLOB = 128;
const BLOB_TRANSACTION = 3;

/** A blob with what proves it. */
export interface ProvenBlob {
  readonly blob: Uint8Array;
  readonly commitment: Uint8Array;
  /** One of the blob (EIP-4844), or 128 of its cells (EIP-7594). */
  readonly proofs: readonly Uint8Array[];
}

/** The versioned hashes of a transaction's blobs. */
export function versionedHashesOf(bytes: Uint8Array): readonly Hash[] {
  if (bytes[0] !== BLOB_TRANSACTION) return [];
  const decoded = decodeTransaction(bytes);
  return decoded.ok ? decoded.transaction.blobVersionedHashes : [];
}

export function bundleJson(blobs: readonly ProvenBlob[]): object {
  return {
    commitments: blobs.map(({ commitment }) => dataHex(commitment)),
    proofs: blobs.flatMap(({ proofs }) => proofs.map(dataHex)),
    blobs: blobs.map(({ blob }) => dataHex(blob)),
  };
}

/** BlobAndProofV1; null for one that is not there, or has cell proofs. */
export function blobAndProofJson(found: ProvenBlob | undefined): object | null {
  const [proof, ...others] = found?.proofs ?? [];
  if (found === undefined || proof === undefined || others.length > 0) return null;
  return { blob: dataHex(found.blob), proof: dataHex(proof) };
}

/** BlobAndProofV2; null for one that is not there, or has no cell proofs. */
export function blobAndCellProofsJson(found: ProvenBlob | undefined): object | null {
  if (found?.proofs.length !== CELLS_PER_EXT_BLOB) return null;
  return { blob: dataHex(found.blob), proofs: found.proofs.map(dataHex) };
}
