/**
 * Blob transactions as they are sent: what a block holds, and beside it the blobs.
 *
 *   0x03 || rlp([[fields...], blobs, commitments, proofs])          EIP-4844, a proof a blob
 *   0x03 || rlp([[fields...], 1, blobs, commitments, cellProofs])   EIP-7594, 128 proofs a blob
 *
 * Checked: that there are as many of each as there are versioned hashes, of the right sizes, and
 * that the hashes are those of the commitments. Whether the proofs prove anything is asked by
 * whoever spreads blobs: of that the pool makes no use.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../../base/bytes.ts';
import { decodeRlp, encodeRlp, type RlpItem, rlpItemOffsets } from '../../base/rlp.ts';
import type { Hash } from '../../evm/types.ts';
import { RpcError } from '../rpc/errors.ts';

export interface BlobSidecar {
  /** 0: a proof for each blob; 1: a proof for each of its 128 cells. */
  readonly version: 0 | 1;
  /** 131,072 bytes each. */
  readonly blobs: readonly Uint8Array[];
  /** 48 bytes each, and so the proofs. */
  readonly commitments: readonly Uint8Array[];
  readonly proofs: readonly Uint8Array[];
}

const BLOB_TYPE = 3;
const BLOB_BYTES = 131_072;
const POINT_BYTES = 48;
const CELLS = 128;
const VERSION_KZG = 1;
/** Network form, transaction, access list, its entry, its keys. */
const DEPTH_MAX = 6;

/** A transaction as it was sent, taken apart. @throws RpcError */
export function splitSidecar(sent: Uint8Array): {
  readonly bytes: Uint8Array;
  readonly sidecar: BlobSidecar | undefined;
} {
  if (sent[0] !== BLOB_TYPE) return { bytes: sent, sidecar: undefined };
  const decoded = decodeRlp(sent.subarray(1), { depthMax: DEPTH_MAX });
  if (!decoded.ok || decoded.item instanceof Uint8Array) return { bytes: sent, sidecar: undefined };
  const [inner, ...rest] = decoded.item;
  if (inner === undefined || inner instanceof Uint8Array) {
    return { bytes: sent, sidecar: undefined };
  }
  const bytes = concatBytes(Uint8Array.of(BLOB_TYPE), encodeRlp(inner));
  return { bytes, sidecar: readSidecar(rest) };
}

function readSidecar(parts: readonly RlpItem[]): BlobSidecar {
  const [first] = parts;
  const hasVersion = first instanceof Uint8Array;
  if (hasVersion && !(first.length === 1 && first[0] === 1)) {
    throw invalid(`the wrapper's version is 0x${first.toHex()}, not 1`);
  }
  const lists = hasVersion ? parts.slice(1) : parts;
  if (lists.length !== 3) throw invalid(`it has ${lists.length} lists, not 3`);
  const [blobs, commitments, proofs] = [
    ['blobs', BLOB_BYTES],
    ['commitments', POINT_BYTES],
    ['proofs', POINT_BYTES],
  ].map(([name, size], index) => {
    return stringsOf(lists[index] as RlpItem, { name: name as string, size: size as number });
  }) as [Uint8Array[], Uint8Array[], Uint8Array[]];
  return { version: hasVersion ? 1 : 0, blobs, commitments, proofs };
}

function stringsOf(
  item: RlpItem,
  { name, size }: { readonly name: string; readonly size: number },
): Uint8Array[] {
  if (item instanceof Uint8Array) throw invalid(`its ${name} are no list`);
  return item.map((each) => {
    if (each instanceof Uint8Array && each.length === size) return each;
    throw invalid(`one of its ${name} is not of ${size} bytes`);
  });
}

/** EIP-4844. */
export function versionedHash(commitment: Uint8Array): Hash {
  const hash = sha256(commitment);
  hash[0] = VERSION_KZG;
  return `0x${hash.toHex()}`;
}

/** Holds a sidecar against the hashes that the transaction names. @throws RpcError */
export function checkSidecar(
  { version, blobs, commitments, proofs }: BlobSidecar,
  hashes: readonly Hash[],
): void {
  const perBlob = version === 1 ? CELLS : 1;
  const counts = [
    ['blobs', blobs.length, hashes.length],
    ['commitments', commitments.length, hashes.length],
    ['proofs', proofs.length, hashes.length * perBlob],
  ] as const;
  for (const [name, count, expected] of counts) {
    if (count === expected) continue;
    throw invalid(`invalid number of ${count} blob ${name} compared to ${expected} expected`);
  }
  for (const [index, commitment] of commitments.entries()) {
    const hash = versionedHash(commitment);
    if (hash === hashes[index]) continue;
    throw invalid(`blob ${index}: computed hash ${hash} mismatches transaction's ${hashes[index]}`);
  }
}

/** The network form again. */
export function joinSidecar(bytes: Uint8Array, sidecar: BlobSidecar | undefined): Uint8Array {
  if (sidecar === undefined) return bytes;
  const { version, blobs, commitments, proofs } = sidecar;
  const tail = encodeRlp(
    version === 1 ? [1n, blobs, commitments, proofs] : [blobs, commitments, proofs],
  );
  const lists = tail.subarray(rlpItemOffsets(tail, 4)?.[0]);
  const encodedItems = concatBytes(bytes.subarray(1), lists);
  return concatBytes(Uint8Array.of(BLOB_TYPE), encodeRlp({ encodedItems }));
}

/** One blob with its commitment and its proof, or those of its cells. */
export function blobAt(
  { version, blobs, commitments, proofs }: BlobSidecar,
  hash: Hash,
):
  | {
      readonly blob: Uint8Array;
      readonly commitment: Uint8Array;
      readonly proofs: readonly Uint8Array[];
    }
  | undefined {
  const index = commitments.findIndex((each) => versionedHash(each) === hash);
  const [blob, commitment] = [blobs[index], commitments[index]];
  if (blob === undefined || commitment === undefined) return undefined;
  const perBlob = version === 1 ? CELLS : 1;
  return { blob, commitment, proofs: proofs.slice(index * perBlob, (index + 1) * perBlob) };
}

/** Bytes that it takes. */
export function sidecarBytes({ blobs, commitments, proofs }: BlobSidecar): number {
  return blobs.length * BLOB_BYTES + (commitments.length + proofs.length) * POINT_BYTES;
}

function invalid(message: string): RpcError {
  return new RpcError('server error', `invalid blob sidecar: ${message}`);
}
