/**
 * What follows a snapshot's head: chunks, each compressed and with a checksum of its own.
 *
 *   chunk:  u32 bytes | u32 bytes unpacked | 32 bytes checksum | zstd of kind and content
 *   kind:   u8, 1: blocks, RLP of a list of each as it is stored
 *           2: state, as change-codec.ts has changes
 *   end:    a chunk of no bytes
 *
 * A checksum is the SHA-256 of the one before, of both sizes and of the bytes, and the first one's
 * before is the head's: so a chunk stands in one place of one file. Sizes have limits that are
 * looked at before anything is allocated, and so has the window of the decoder.
 */

import { createHash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { equalBytes } from '../../base/bytes.ts';
import type { LogFile } from '../../state/log/files.ts';
import { SnapshotError } from './fault.ts';
import { decodeHead, HEAD_BYTES, headChecksum, payloadSize, type SnapshotHead } from './head.ts';

export const BLOCKS = 1;
export const STATE = 2;

export interface Chunk {
  readonly kind: number;
  readonly content: Uint8Array;
}

const FRAME_BYTES = 40;
/** A block and its receipts are far smaller, and so is a code. */
const CHUNK_MAX = 134_217_728;
/** What is packed by level 3 needs 2 MiB. */
const WINDOW_LOG_MAX = 23;

export function packChunk({ kind, content }: Chunk, before: Uint8Array): Uint8Array {
  const raw = new Uint8Array(1 + content.length);
  raw[0] = kind;
  raw.set(content, 1);
  return framed(zstdCompressSync(raw), raw.length, before);
}

export function packEnd(before: Uint8Array): Uint8Array {
  return framed(new Uint8Array(0), 0, before);
}

/** The checksum of a packed chunk: what the next one builds upon. */
export function checksumOf(packed: Uint8Array): Uint8Array {
  return packed.slice(8, FRAME_BYTES);
}

function framed(bytes: Uint8Array, rawSize: number, before: Uint8Array): Uint8Array {
  const packed = new Uint8Array(FRAME_BYTES + bytes.length);
  const view = new DataView(packed.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint32(4, rawSize, true);
  packed.set(checksum(packed.subarray(0, 8), bytes, before), 8);
  packed.set(bytes, FRAME_BYTES);
  return packed;
}

function checksum(sizes: Uint8Array, bytes: Uint8Array, before: Uint8Array): Uint8Array {
  return createHash('sha256').update(before).update(sizes).update(bytes).digest();
}

interface Opened {
  readonly head: SnapshotHead;
  /** Of the head. */
  readonly end: number;
  readonly checksum: Uint8Array;
}

/** Reads a snapshot from its head on, a chunk at a time. */
export class SnapshotReader {
  readonly head: SnapshotHead;
  /** Of the file. */
  readonly size: number;
  readonly #file: LogFile;
  #at: number;
  #checksum: Uint8Array;
  #chunk = 0;

  private constructor(file: LogFile, size: number, opened: Opened) {
    this.#file = file;
    this.size = size;
    this.head = opened.head;
    this.#at = opened.end;
    this.#checksum = opened.checksum;
  }

  /** @throws SnapshotError */
  static async open(file: LogFile): Promise<SnapshotReader> {
    const size = await file.size();
    const start = await file.read(0, HEAD_BYTES);
    const payload = payloadSize(start);
    if (size < HEAD_BYTES + payload) throw cut('its head');
    const head = decodeHead(start, await file.read(HEAD_BYTES, payload));
    const opened = { head, end: HEAD_BYTES + payload, checksum: headChecksum(start) };
    return new SnapshotReader(file, size, opened);
  }

  /** Where the next chunk begins: all before it is whole. */
  get end(): number {
    return this.#at;
  }

  /** Of the chunk that was read last: of it and of all before it, the head among them. */
  get checksum(): Uint8Array {
    return this.#checksum;
  }

  /** The next chunk; undefined at the snapshot's end. @throws SnapshotError */
  async next(): Promise<Chunk | undefined> {
    const where = `chunk ${this.#chunk} at ${this.#at}`;
    const frame = await this.#file.read(this.#at, FRAME_BYTES);
    if (frame.length < FRAME_BYTES) throw cut(where);
    const view = new DataView(frame.buffer, frame.byteOffset);
    const [size, rawSize] = [view.getUint32(0, true), view.getUint32(4, true)];
    if (size > CHUNK_MAX || rawSize > CHUNK_MAX) throw damaged(where, 'its sizes are too large');
    const end = this.#at + FRAME_BYTES + size;
    if (end > this.size) throw cut(where);
    const bytes = await this.#file.read(this.#at + FRAME_BYTES, size);
    const expected = frame.subarray(8);
    if (!equalBytes(checksum(frame.subarray(0, 8), bytes, this.#checksum), expected)) {
      throw damaged(where, 'its checksum is another');
    }
    const chunk = rawSize === 0 ? undefined : unpacked(bytes, rawSize, where);
    if (chunk === undefined && (size > 0 || end < this.size)) {
      throw damaged(where, 'bytes follow the end');
    }
    this.#at = end;
    this.#checksum = expected;
    this.#chunk += 1;
    return chunk;
  }
}

function unpacked(bytes: Uint8Array, size: number, where: string): Chunk {
  let raw: Uint8Array;
  try {
    raw = zstdDecompressSync(bytes, {
      maxOutputLength: size,
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX },
    });
  } catch (error) {
    throw damaged(where, `it cannot be unpacked: ${(error as Error).message}`);
  }
  if (raw.length !== size) throw damaged(where, `it holds ${raw.length} bytes, not ${size}`);
  return { kind: raw[0] as number, content: raw.subarray(1) };
}

function cut(where: string): SnapshotError {
  const message = `the snapshot was cut short in ${where}: finish its export, or copy it anew`;
  return new SnapshotError('snapshot/cut', message);
}

function damaged(where: string, why: string): SnapshotError {
  return new SnapshotError('snapshot/damaged', `the snapshot is damaged in ${where}: ${why}`);
}
