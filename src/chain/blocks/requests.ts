/**
 * Requests of the execution layer to the consensus layer (EIP-7685): deposits out of logs
 * (EIP-6110), withdrawals (EIP-7002) and consolidations (EIP-7251) out of system contracts.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, toHex } from '../../base/bytes.ts';
import type { Address, Hash } from '../../evm/types.ts';
import { holdsBloom, logsBloom } from './bloom.ts';
import { InvalidBlock } from './fault.ts';
import type { Receipt } from './receipt.ts';

/** Type byte and data, as the requests hash takes it. */
export type Request = Uint8Array;

export const DEPOSIT_REQUEST = 0;
export const WITHDRAWAL_REQUEST = 1;
export const CONSOLIDATION_REQUEST = 2;

/** EIP-6110: mainnet's deposit contract. */
export const DEPOSIT_CONTRACT: Address = '0x00000000219ab540356cbb839cbe05303d7705fa';
const DEPOSIT_EVENT: Hash = '0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5';
const DEPOSIT_DATA_BYTES = 576;
/** Offset and size of each field of a deposit's log, in the order of the request. */
const DEPOSIT_FIELDS = [
  { name: 'pubkey', offset: 160, size: 48 },
  { name: 'withdrawal credentials', offset: 256, size: 32 },
  { name: 'amount', offset: 320, size: 8 },
  { name: 'signature', offset: 384, size: 96 },
  { name: 'index', offset: 512, size: 8 },
] as const;

/** The request of a type; none when there is no data. */
export function requestOf(type: number, data: Uint8Array): Request[] {
  return data.length === 0 ? [] : [concatBytes(Uint8Array.of(type), data)];
}

/** SHA-256 of nothing. PERF: most blocks have no requests. */
const NO_REQUESTS_HASH: Hash = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** SHA-256 of the SHA-256 of each request. */
export function requestsHash(requests: readonly Request[]): Hash {
  if (requests.length === 0) return NO_REQUESTS_HASH;
  return toHex(sha256(concatBytes(...requests.map((request) => sha256(request)))));
}

/**
 * The deposits among the logs of the receipts, one after another. Logs are looked at only where
 * the bloom says that there may be one.
 * @throws InvalidBlock `block/invalid deposit` for a log of another layout
 */
export function depositsIn(
  receipts: readonly Pick<Receipt, 'bloom' | 'logs'>[],
  contract: Address,
): Uint8Array {
  const bits = bitsOfDeposits(contract);
  const logs = receipts.filter(({ bloom }) => holdsBloom(bloom, bits)).flatMap(({ logs }) => logs);
  const deposits = logs.filter(
    ({ address, topics }) => address === contract && topics[0] === DEPOSIT_EVENT,
  );
  return concatBytes(...deposits.map(({ data }) => depositOf(data)));
}

let lastBits: { readonly contract: Address; readonly bits: Uint8Array } | undefined;

/** Of its logs in a bloom. PERF: two hashes a block; a chain has one contract. */
function bitsOfDeposits(contract: Address): Uint8Array {
  if (lastBits?.contract !== contract) {
    const log = { address: contract, topics: [DEPOSIT_EVENT], data: new Uint8Array(0) };
    lastBits = { contract, bits: logsBloom([log]) };
  }
  return lastBits.bits;
}

function depositOf(data: Uint8Array): Uint8Array {
  if (data.length !== DEPOSIT_DATA_BYTES) {
    throw invalid(`its data has ${data.length} bytes, not ${DEPOSIT_DATA_BYTES}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const parts = DEPOSIT_FIELDS.map(({ name, offset, size }, index) => {
    requireWord(view, 32 * index, offset, `offset of its ${name}`);
    requireWord(view, offset, size, `size of its ${name}`);
    return data.subarray(offset + 32, offset + 32 + size);
  });
  return concatBytes(...parts);
}

function requireWord(view: DataView, at: number, expected: number, what: string): void {
  const high = view.getBigUint64(at) | view.getBigUint64(at + 8) | view.getBigUint64(at + 16);
  if (high === 0n && view.getBigUint64(at + 24) === BigInt(expected)) return;
  throw invalid(`the ${what} is not ${expected}`);
}

function invalid(message: string): InvalidBlock {
  return new InvalidBlock('block/invalid deposit', `a deposit's log is malformed: ${message}`);
}
