/**
 * What stands first in a snapshot: which block's state it is, and how much there is of it.
 *
 *   16 bytes "ironfly snapshot" | u32 version | u32 size of the payload | 32 bytes its SHA-256
 *   payload, RLP: [record, chain, accounts, slots, codes, ancestors]
 *
 * The record is the block's as the block log holds it (database/records.ts), the chain what the
 * database is of (chain-spec-json.ts), or nothing. Integers before the payload are little-endian.
 * What the counts say is held against what comes. No hash vouches for the chain: whoever reads a
 * stranger's snapshot says which it must be.
 */

import { createHash } from 'node:crypto';
import { concatBytes, equalBytes } from '../../base/bytes.ts';
import { decodeRlp, encodeRlp, type RlpItem, rlpInteger } from '../../base/rlp.ts';
import type { ChainBlock } from '../block-tree.ts';
import { encodeBlock } from '../blocks/block.ts';
import { decodeInteger } from '../blocks/header.ts';
import { blockDifferences } from '../blocks/header-vouches.ts';
import type { ChainSpec } from '../chain-spec.ts';
import { decodeChainSpec, encodeChainSpec } from '../chain-spec-json.ts';
import { decodeRecord, encodeBlockRecord, readStored } from '../database/records.ts';
import { SnapshotError } from './fault.ts';

export interface SnapshotHead {
  /** Whose state it is. */
  readonly block: ChainBlock;
  /** Of which chain it is, where the database says. */
  readonly spec?: ChainSpec;
  readonly counts: SnapshotCounts;
}

export interface SnapshotCounts {
  readonly accounts: bigint;
  readonly slots: bigint;
  readonly codes: bigint;
  /** Blocks before the block, which BLOCKHASH and the rules of uncles ask for. */
  readonly ancestors: bigint;
}

/** Of the format. */
export const SNAPSHOT_VERSION = 1;

const MAGIC = new TextEncoder().encode('ironfly snapshot');
/** Bytes before the payload. */
export const HEAD_BYTES = 56;
/** More than any block with its receipts. */
export const HEAD_PAYLOAD_MAX = 268_435_456;
const NONE = new Uint8Array(0);
const COUNTS = ['accounts', 'slots', 'codes', 'ancestors'] as const;

export function encodeHead({ block, spec, counts }: SnapshotHead): Uint8Array {
  const record = encodeBlockRecord(block, encodeBlock(block), { forward: NONE, reverse: NONE });
  const chain = spec === undefined ? NONE : new TextEncoder().encode(encodeChainSpec(spec));
  const payload = encodeRlp([record, chain, ...COUNTS.map((name) => rlpInteger(counts[name]))]);
  const start = new Uint8Array(8);
  const view = new DataView(start.buffer);
  view.setUint32(0, SNAPSHOT_VERSION, true);
  view.setUint32(4, payload.length, true);
  return concatBytes(MAGIC, start, sha256(payload), payload);
}

/** Bytes of the payload. @throws SnapshotError for what is no snapshot of this version */
export function payloadSize(start: Uint8Array): number {
  if (start.length < HEAD_BYTES || !equalBytes(start.subarray(0, MAGIC.length), MAGIC)) {
    throw new SnapshotError('snapshot/foreign', 'the file is no snapshot of Ironfly');
  }
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  const version = view.getUint32(16, true);
  if (version !== SNAPSHOT_VERSION) {
    const message = `the snapshot has version ${version}, this Ironfly reads ${SNAPSHOT_VERSION}`;
    throw new SnapshotError('snapshot/version', message, { details: { version } });
  }
  const size = view.getUint32(20, true);
  if (size > HEAD_PAYLOAD_MAX) throw damagedHead(`its size is ${size}`);
  return size;
}

/** Of the payload, out of what stands before it: what the first chunk builds upon. */
export function headChecksum(start: Uint8Array): Uint8Array {
  return start.slice(HEAD_BYTES - 32, HEAD_BYTES);
}

/** The head out of what stands before its payload, and the payload. @throws SnapshotError */
export function decodeHead(start: Uint8Array, payload: Uint8Array): SnapshotHead {
  if (!equalBytes(sha256(payload), headChecksum(start))) {
    throw damagedHead('its checksum is another');
  }
  try {
    return readPayload(payload);
  } catch (error) {
    if (error instanceof SnapshotError) throw error;
    throw damagedHead((error as Error).message);
  }
}

function readPayload(payload: Uint8Array): SnapshotHead {
  const result = decodeRlp(payload);
  if (!result.ok || result.item instanceof Uint8Array || result.item.length !== 6) {
    throw damagedHead('it does not have the form of one');
  }
  const [item, chain, ...numbers] = result.item as [RlpItem, RlpItem, ...RlpItem[]];
  const record = item instanceof Uint8Array ? decodeRecord(item) : undefined;
  if (record?.kind !== 'block') throw damagedHead('it holds no block');
  if (!(chain instanceof Uint8Array)) throw damagedHead('its chain is a list');
  const block = readStored(record.stored);
  checkBody(block);
  const counts = COUNTS.map((name, index) => [
    name,
    decodeInteger(name, numbers[index] as RlpItem, 8),
  ]);
  const spec = chain.length === 0 ? {} : { spec: decodeChainSpec(text(chain)) };
  return { block, ...spec, counts: Object.fromEntries(counts) as SnapshotCounts };
}

/** The header vouches for body, receipts and access list. @throws SnapshotError */
export function checkBody(block: ChainBlock): void {
  const [difference] = blockDifferences(block);
  if (difference === undefined) return;
  const { name, says, found } = difference;
  const message = `the snapshot’s block ${block.header.number}, ${block.hash}, is not what its`;
  const why = `header says: its ${name} is ${found}, not ${says}`;
  throw new SnapshotError('snapshot/damaged', `${message} ${why}`);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function damagedHead(why: string): SnapshotError {
  return new SnapshotError('snapshot/damaged', `the snapshot’s head is damaged: ${why}`);
}
