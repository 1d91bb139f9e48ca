/**
 * RLP, Ethereum's serialisation of nested byte strings.
 *
 *   byte 00..7f          the byte itself
 *   80+n  n bytes        string of 0 to 55 bytes
 *   b7+k  k bytes n      string of n bytes, n > 55, k bytes of length without leading zeros
 *   c0+n  n bytes        list whose encoded items take 0 to 55 bytes
 *   f7+k  k bytes n      list whose encoded items take n > 55 bytes
 *
 * The decoder is strict: it accepts exactly what the encoder makes, so that one value has one
 * encoding and a hash names one value. It is bounded: depth and number of items have limits, a
 * length is compared with the bytes that are left before anything is allocated, and strings are
 * views of the input. What it refuses is a value, not an exception: input is hostile by nature.
 *
 * Specification: Ethereum yellow paper, appendix B.
 */

import { integerDigits } from './bytes.ts';

/** What is encoded: a byte string or a list of what is encoded. */
export type RlpInput = Uint8Array | readonly RlpInput[];

/** What decoding gives. Byte strings are views of the decoded buffer. */
export type RlpItem = Uint8Array | readonly RlpItem[];

export type RlpRefusal =
  | 'input ends early'
  | 'item longer than its list'
  | 'trailing bytes'
  | 'length with leading zeros'
  | 'long form for a short item'
  | 'single byte not its own encoding'
  | 'nested too deeply'
  | 'too many items';

export type RlpResult =
  | { readonly ok: true; readonly item: RlpItem }
  | { readonly ok: false; readonly reason: RlpRefusal; readonly offset: number };

/** Limits of a decoding. */
export interface RlpLimits {
  /** Lists within lists; a flat list has depth 1. */
  readonly depthMax?: number;
  /** Byte strings and lists altogether. */
  readonly itemCountMax?: number;
}

/** Deeper than anything Ethereum encodes (an access list in a block's transaction is 6 deep). */
export const RLP_DEPTH_MAX = 64;
/** A block of the largest transactions has far fewer; bounds the memory at some 100 bytes each. */
export const RLP_ITEM_COUNT_MAX = 4_194_304;

const SHORT_MAX = 55;
const STRING = 0x80;
const LIST = 0xc0;

/** The encoding of `input`. */
export function encodeRlp(input: RlpInput): Uint8Array {
  const out = new Uint8Array(encodedSize(input));
  write(out, 0, input);
  return out;
}

/** The minimal big-endian bytes of a non-negative integer, as RLP wants them: 0 is no byte. */
export function rlpInteger(value: bigint): Uint8Array {
  return Uint8Array.fromHex(integerDigits(value));
}

/** Decodes one item that takes up all of `bytes`, or says why not and at which offset. */
export function decodeRlp(bytes: Uint8Array, limits: RlpLimits = {}): RlpResult {
  const cursor: Cursor = {
    bytes,
    offset: 0,
    depthMax: limits.depthMax ?? RLP_DEPTH_MAX,
    itemsLeft: limits.itemCountMax ?? RLP_ITEM_COUNT_MAX,
    reason: undefined,
  };
  const item = decodeItem(cursor, bytes.length, 0);
  if (item !== undefined && cursor.offset !== bytes.length) cursor.reason = 'trailing bytes';
  if (item === undefined || cursor.reason !== undefined) {
    const reason = cursor.reason ?? 'input ends early';
    return { ok: false, reason, offset: cursor.offset };
  }
  return { ok: true, item };
}

interface Cursor {
  readonly bytes: Uint8Array;
  readonly depthMax: number;
  offset: number;
  itemsLeft: number;
  reason: RlpRefusal | undefined;
}

function encodedSize(input: RlpInput): number {
  if (input instanceof Uint8Array) {
    if (input.length === 1 && (input[0] as number) < STRING) return 1;
    return headerSize(input.length) + input.length;
  }
  const size = payloadSize(input);
  return headerSize(size) + size;
}

function payloadSize(items: readonly RlpInput[]): number {
  let size = 0;
  for (const item of items) size += encodedSize(item);
  return size;
}

function headerSize(size: number): number {
  return size <= SHORT_MAX ? 1 : 1 + byteCount(size);
}

function byteCount(size: number): number {
  let count = 1;
  for (let rest = size; rest >= 256; rest = Math.floor(rest / 256)) count++;
  return count;
}

function write(out: Uint8Array, at: number, input: RlpInput): number {
  if (input instanceof Uint8Array) {
    if (input.length === 1 && (input[0] as number) < STRING) {
      out[at] = input[0] as number;
      return at + 1;
    }
    const start = writeHeader(out, at, STRING, input.length);
    out.set(input, start);
    return start + input.length;
  }
  // PERF: O(depth x size), since sizes are found again at each level; Ethereum's lists are shallow.
  let next = writeHeader(out, at, LIST, payloadSize(input));
  for (const item of input) next = write(out, next, item);
  return next;
}

function writeHeader(out: Uint8Array, at: number, base: number, size: number): number {
  if (size <= SHORT_MAX) {
    out[at] = base + size;
    return at + 1;
  }
  const count = byteCount(size);
  out[at] = base + SHORT_MAX + count;
  let rest = size;
  for (let index = count; index > 0; index--) {
    out[at + index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + 1 + count;
}

/** Decodes the item at the cursor, which must end by `end`; undefined after setting a reason. */
function decodeItem(cursor: Cursor, end: number, depth: number): RlpItem | undefined {
  const { bytes } = cursor;
  if (cursor.itemsLeft-- <= 0) return refuse(cursor, 'too many items');
  if (cursor.offset >= end) return refuse(cursor, 'input ends early');
  const first = bytes[cursor.offset] as number;
  if (first < STRING) {
    cursor.offset++;
    return bytes.subarray(cursor.offset - 1, cursor.offset);
  }
  const size = decodeHeader(cursor, end, first);
  if (size === undefined) return undefined;
  const start = cursor.offset;
  if (size > end - start) {
    return refuse(cursor, depth === 0 ? 'input ends early' : 'item longer than its list');
  }
  if (first >= LIST) return decodeList(cursor, start + size, depth + 1);
  if (size === 1 && (bytes[start] as number) < STRING) {
    return refuse(cursor, 'single byte not its own encoding');
  }
  cursor.offset = start + size;
  return bytes.subarray(start, cursor.offset);
}

function decodeList(cursor: Cursor, end: number, depth: number): RlpItem[] | undefined {
  if (depth > cursor.depthMax) return refuse(cursor, 'nested too deeply');
  const items: RlpItem[] = [];
  while (cursor.offset < end) {
    const item = decodeItem(cursor, end, depth);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

/** Reads the header's length and moves the cursor to the payload. */
function decodeHeader(cursor: Cursor, end: number, first: number): number | undefined {
  const short = first < LIST ? first - STRING : first - LIST;
  cursor.offset++;
  if (short <= SHORT_MAX) return short;
  const count = short - SHORT_MAX;
  if (count > end - cursor.offset) return refuse(cursor, 'input ends early');
  if (cursor.bytes[cursor.offset] === 0) return refuse(cursor, 'length with leading zeros');
  // Up to eight bytes of length: inexact above 2^53, where it is far above any `end` anyway.
  let size = 0;
  for (let index = 0; index < count; index++) {
    size = size * 256 + (cursor.bytes[cursor.offset + index] as number);
  }
  if (size <= SHORT_MAX) return refuse(cursor, 'long form for a short item');
  cursor.offset += count;
  return size;
}

function refuse(cursor: Cursor, reason: RlpRefusal): undefined {
  cursor.reason ??= reason;
  return undefined;
}
