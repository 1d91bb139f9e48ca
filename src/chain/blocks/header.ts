/**
 * Block headers: fields, their encoding, their hash.
 *
 * Forks only ever appended fields, so a header with n fields has the first n of `HEADER_FIELDS`.
 *
 * Specifications: Ethereum yellow paper, 4.4; EIP-1559, EIP-4895, EIP-4844, EIP-4788, EIP-7685,
 * EIP-7928, EIP-7843.
 */

import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import { encodeRlp, type RlpItem, rlpInteger } from '../../base/rlp.ts';
import type { Address, Hash, Hex } from '../../evm/types.ts';
import { InvalidBlock } from './fault.ts';

export interface BlockHeader {
  readonly parentHash: Hash;
  readonly unclesHash: Hash;
  readonly coinbase: Address;
  readonly stateRoot: Hash;
  readonly transactionsRoot: Hash;
  readonly receiptsRoot: Hash;
  /** 256 bytes. */
  readonly logsBloom: Hex;
  /** 0 from Paris on. */
  readonly difficulty: bigint;
  readonly number: bigint;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  /** Seconds. */
  readonly timestamp: bigint;
  readonly extraData: Hex;
  /** PREVRANDAO from Paris on. */
  readonly mixHash: Hash;
  /** 8 bytes. */
  readonly nonce: Hex;
  /** London. */
  readonly baseFeePerGas?: bigint;
  /** Shanghai. */
  readonly withdrawalsRoot?: Hash;
  /** Cancun. */
  readonly blobGasUsed?: bigint;
  readonly excessBlobGas?: bigint;
  readonly parentBeaconBlockRoot?: Hash;
  /** Prague. */
  readonly requestsHash?: Hash;
  /** Amsterdam. */
  readonly blockAccessListHash?: Hash;
  readonly slotNumber?: bigint;
}

export type HeaderField = keyof BlockHeader;

/** What a field is: a number of bytes, any bytes, or an integer below 2^64 or 2^256. */
export type HeaderFieldKind = number | 'bytes' | 'u64' | 'u256';

/** In the order of encoding. */
export const HEADER_FIELDS: readonly (readonly [HeaderField, HeaderFieldKind])[] = [
  ['parentHash', 32],
  ['unclesHash', 32],
  ['coinbase', 20],
  ['stateRoot', 32],
  ['transactionsRoot', 32],
  ['receiptsRoot', 32],
  ['logsBloom', 256],
  ['difficulty', 'u256'],
  ['number', 'u64'],
  ['gasLimit', 'u64'],
  ['gasUsed', 'u64'],
  ['timestamp', 'u64'],
  ['extraData', 'bytes'],
  ['mixHash', 32],
  ['nonce', 8],
  ['baseFeePerGas', 'u256'],
  ['withdrawalsRoot', 32],
  ['blobGasUsed', 'u64'],
  ['excessBlobGas', 'u64'],
  ['parentBeaconBlockRoot', 32],
  ['requestsHash', 32],
  ['blockAccessListHash', 32],
  ['slotNumber', 'u64'],
];

/** Fields that every header has. */
const FIELDS_MIN = 15;

export function encodeHeader(header: BlockHeader): Uint8Array {
  return encodeRlp(headerItems(header));
}

/** The header as a list to be encoded inside a block. */
export function headerItems(header: BlockHeader): Uint8Array[] {
  const items: Uint8Array[] = [];
  for (const [name] of HEADER_FIELDS) {
    const value = header[name];
    if (value === undefined) break;
    items.push(typeof value === 'bigint' ? rlpInteger(value) : Uint8Array.fromHex(value.slice(2)));
  }
  return items;
}

/** Keccak-256 of the encoded header: the block's hash. */
export function headerHash(header: BlockHeader): Hash {
  return toHex(keccak256(encodeHeader(header)));
}

/** @throws InvalidBlock `block/malformed` for what is no header of any fork */
export function decodeHeader(item: RlpItem): BlockHeader {
  if (item instanceof Uint8Array) throw malformed('the header is no list');
  if (item.length < FIELDS_MIN || item.length > HEADER_FIELDS.length) {
    const range = `${FIELDS_MIN} to ${HEADER_FIELDS.length}`;
    throw malformed(`a header has ${range} fields, not ${item.length}`);
  }
  const fields = item.map((value, index) => {
    const [name, kind] = HEADER_FIELDS[index] as (typeof HEADER_FIELDS)[number];
    return [name, decodeField(name, kind, value)];
  });
  return Object.fromEntries(fields) as BlockHeader;
}

function decodeField(name: string, kind: HeaderFieldKind, item: RlpItem): bigint | Hex {
  if (!(item instanceof Uint8Array)) throw malformed(`${name} is a list`);
  if (kind === 'bytes') return toHex(item);
  if (kind === 'u64') return decodeInteger(name, item, 8);
  if (kind === 'u256') return decodeInteger(name, item, 32);
  if (item.length === kind) return toHex(item);
  throw malformed(`${name} has ${item.length} bytes, not ${kind}`);
}

/** @throws InvalidBlock `block/malformed` for more bytes, or a zero in front */
export function decodeInteger(name: string, item: RlpItem, bytesMax: number): bigint {
  if (!(item instanceof Uint8Array)) throw malformed(`${name} is a list`);
  if (item[0] === 0) throw malformed(`${name} begins with a zero byte`);
  if (item.length > bytesMax) throw malformed(`${name} has ${item.length} bytes, over ${bytesMax}`);
  return item.length === 0 ? 0n : BigInt(toHex(item));
}

export function malformed(message: string): InvalidBlock {
  return new InvalidBlock('block/malformed', message);
}
