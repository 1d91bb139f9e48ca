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

import { type Hex, integerDigits } from './bytes.ts';

/**
 * What is encoded: a byte string, bytes as hex text, a non-negative integer as its fewest bytes,
 * or a list of what is encoded.
 */
export type RlpInput = Uint8Array | Hex | bigint | readonly RlpInput[] | RlpEncodedItems;

/** A list whose items are encoded already: one after the other, without the list's header. */
export interface RlpEncodedItems {
  readonly encodedItems: Uint8Array;
}

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

/**
 * The encoding of `input`.
 * @throws RangeError for a negative integer, SyntaxError for text that is not hex
 */
export function encodeRlp(input: RlpInput): Uint8Array {
  used = 0;
  write(input);
  const encoding = scratch.slice(scratch.length - used);
  if (scratch.length > SCRATCH_KEPT) scratch = new Uint8Array(SCRATCH_BYTES);
  return encoding;
}

/** Bytes of the header of a string or list of so many, a single byte that is itself aside. */
export function rlpHeaderSize(size: number): number {
  return size <= SHORT_MAX ? 1 : 1 + byteCount(size);
}

/** Writes the header of a string (0x80) or list (0xc0); where what it is of begins. */
export function putRlpHeader(bytes: Uint8Array, at: number, base: number, size: number): number {
  if (size <= SHORT_MAX) {
    bytes[at] = base + size;
    return at + 1;
  }
  const count = byteCount(size);
  bytes[at] = base + SHORT_MAX + count;
  return putInteger(bytes, at + 1, size, count);
}

/** Bytes of an integer below 2^53 as an item. */
export function rlpIntegerSize(value: number): number {
  return value < STRING ? 1 : 1 + byteCount(value);
}

/** Writes an integer below 2^53 as an item; where the next begins. */
export function putRlpInteger(bytes: Uint8Array, at: number, value: number): number {
  if (value < STRING) {
    bytes[at] = value === 0 ? STRING : value;
    return at + 1;
  }
  const count = byteCount(value);
  bytes[at] = STRING + count;
  return putInteger(bytes, at + 1, value, count);
}

function byteCount(value: number): number {
  let count = 0;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) count++;
  return count;
}

/** Big-endian; where the next byte goes. */
function putInteger(bytes: Uint8Array, at: number, value: number, count: number): number {
  let rest = value;
  for (let to = at + count - 1; to >= at; to--) {
    bytes[to] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + count;
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

/**
 * The first item of a list that takes up all of `bytes`, without a look at the others; undefined
 * for what is no such list. PERF: O(first item).
 */
export function firstRlpItem(bytes: Uint8Array): RlpItem | undefined {
  const cursor = enterList(bytes);
  if (cursor === undefined || cursor.offset === bytes.length) return undefined;
  return decodeItem(cursor, bytes.length, 1);
}

/**
 * Where the items of a list begin that takes up all of `bytes`, and, last, where it ends; undefined
 * for what is no such list, or has more items than that. What is inside the items is not looked at.
 * PERF: O(items).
 */
export function rlpItemOffsets(bytes: Uint8Array, itemsMax: number): number[] | undefined {
  const cursor = enterList(bytes);
  if (cursor === undefined) return undefined;
  const offsets = [cursor.offset];
  while (cursor.offset < bytes.length) {
    const first = bytes[cursor.offset] as number;
    const size = first < STRING ? 1 : decodeHeader(cursor, bytes.length, first);
    if (size === undefined || size > bytes.length - cursor.offset) return undefined;
    if (offsets.length > itemsMax) return undefined;
    cursor.offset += size;
    offsets.push(cursor.offset);
  }
  return offsets;
}

/** A cursor at the first item of a list that takes up all of `bytes`. */
function enterList(bytes: Uint8Array): Cursor | undefined {
  const first = bytes[0] ?? 0;
  if (first < LIST) return undefined;
  const cursor: Cursor = {
    bytes,
    offset: 0,
    depthMax: RLP_DEPTH_MAX,
    itemsLeft: RLP_ITEM_COUNT_MAX,
    reason: undefined,
  };
  const size = decodeHeader(cursor, bytes.length, first);
  return size !== undefined && cursor.offset + size === bytes.length ? cursor : undefined;
}

interface Cursor {
  readonly bytes: Uint8Array;
  readonly depthMax: number;
  offset: number;
  itemsLeft: number;
  reason: RlpRefusal | undefined;
}

const SCRATCH_BYTES = 65_536;
/** A larger one is not kept for the next encoding. */
const SCRATCH_KEPT = 16_777_216;

/** Encodings come into being from the end on: the length before a list is that of what is there. */
let scratch = new Uint8Array(SCRATCH_BYTES);
let used = 0;

/** Writes before what is there. */
function write(input: RlpInput): void {
  const end = used;
  if (Array.isArray(input)) {
    for (let index = input.length - 1; index >= 0; index--) write(input[index] as RlpInput);
    writeHeader(LIST, used - end);
    return;
  }
  if (input instanceof Uint8Array) writeBytes(input);
  else if (typeof input === 'bigint') writeInteger(input);
  else if (typeof input === 'string') writeDigits(input.slice(2));
  else {
    const { encodedItems } = input as RlpEncodedItems;
    writeBytes(encodedItems);
    writeHeader(LIST, encodedItems.length);
    return;
  }
  const size = used - end;
  const isItself = size === 1 && (scratch[scratch.length - used] as number) < STRING;
  if (!isItself) writeHeader(STRING, size);
}

function writeInteger(value: bigint): void {
  if (value < 0n) throw new RangeError(`RLP has no negative integers: ${value}`);
  if (value > Number.MAX_SAFE_INTEGER) {
    writeDigits(integerDigits(value));
    return;
  }
  for (let rest = Number(value); rest > 0; rest = Math.floor(rest / 256)) {
    writeByte(rest % 256);
  }
}

function writeDigits(digits: string): void {
  const size = digits.length / 2;
  const at = roomFor(Math.ceil(size));
  scratch.subarray(at, at + size).setFromHex(digits);
}

function writeHeader(base: number, size: number): void {
  if (size <= SHORT_MAX) {
    writeByte(base + size);
    return;
  }
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) {
    writeByte(rest % 256);
    count++;
  }
  writeByte(base + SHORT_MAX + count);
}

function writeByte(byte: number): void {
  const at = roomFor(1);
  scratch[at] = byte;
}

function writeBytes(bytes: Uint8Array): void {
  const at = roomFor(bytes.length);
  scratch.set(bytes, at);
}

/** Where the next `size` bytes go: `scratch` may be another one afterwards. */
function roomFor(size: number): number {
  const before = used;
  used += size;
  if (used > scratch.length) {
    const larger = new Uint8Array(2 * used);
    larger.set(scratch.subarray(scratch.length - before), larger.length - before);
    scratch = larger;
  }
  return scratch.length - used;
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
