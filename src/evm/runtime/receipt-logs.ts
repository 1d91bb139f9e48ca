// What a receipt holds of a transaction's logs, made of the records as they lie (logs.ts):
//
//   bloom, 256 bytes | RLP of each log, one after the other: [address, [topic...], data]
//
// Three bits of the bloom stand for an address or a topic: those that the first three pairs of its
// hash's bytes name, counted from the bloom's end. Yellow paper, section 4.4.1.
import {
  BLOOM_BITS, BLOOM_BITS_BYTES, C_BLOOM_BITS, C_LOG_BASE, C_LOG_TOP, C_SCRATCH,
} from "../layout";
import { keccak256 } from "./hashes/keccak";
import { copyBytes } from "./portions";
import { copyWord, sameWord } from "./tables";

const BLOOM_BYTES: u32 = 256;

const STRING: u32 = 0x80;
const LIST: u32 = 0xc0;
const SHORT_MAX: u32 = 55;
const ADDRESS_BYTES: u32 = 20;
const TOPIC_BYTES: u32 = 32;

// A word of which the bits are known: word | u64 start of its hash | u32 bytes that were hashed.
const KNOWN_HASH: u32 = 32;
const KNOWN_SIZE: u32 = 40;
/** 2^64 by the golden ratio: spreads what differs little. */
const SPREAD: u64 = 0x9e3779b97f4a7c15;

/**
 * Writes bloom and RLP to [to, end): the bytes written, 0 where there is no room for them.
 * PERF: O(logs); a topic that was not hashed lately takes a permutation.
 */
export function receiptLogs(ctx: u32, to: u32, end: u32): u32 {
  if (end - to < BLOOM_BYTES) return 0;
  memory.fill(to, 0, BLOOM_BYTES);
  let at = to + BLOOM_BYTES;
  const top = load<u32>(ctx + C_LOG_TOP);
  for (let log = load<u32>(ctx + C_LOG_BASE); log < top; log += load<u32>(log)) {
    const count = load<u32>(log, 4);
    const size = load<u32>(log, 8);
    const data = log + 48 + (count << 5);
    const topics = count * (1 + TOPIC_BYTES);
    const isItself = size == 1 && load<u8>(data) < <u8>STRING;
    const content =
      1 + ADDRESS_BYTES + headerBytes(topics) + topics + (isItself ? 1 : headerBytes(size) + size);
    if (headerBytes(content) + content > end - at) return 0;
    at = putAddress(putHeader(at, LIST, content), log + 16);
    addToBloom(ctx, to, log + 16, at - ADDRESS_BYTES, ADDRESS_BYTES);
    at = putHeader(at, LIST, topics);
    for (let topic = log + 48; topic < data; topic += 32) {
      at = putTopic(at, topic);
      addToBloom(ctx, to, topic, at - TOPIC_BYTES, TOPIC_BYTES);
    }
    if (!isItself) at = putHeader(at, STRING, size);
    copyBytes(at, data, size);
    at += size;
  }
  return at - to;
}

/** Bytes before a list or a string of so many. */
// @ts-ignore: decorator
@inline
function headerBytes(size: u32): u32 {
  return size <= SHORT_MAX ? 1 : 1 + lengthBytes(size);
}

// @ts-ignore: decorator
@inline
function lengthBytes(size: u32): u32 {
  return 4 - (clz<u32>(size) >> 3);
}

/** The place behind; a long one writes over up to three bytes of what follows it. */
// @ts-ignore: decorator
@inline
function putHeader(at: u32, base: u32, size: u32): u32 {
  if (size <= SHORT_MAX) {
    store<u8>(at, base + size);
    return at + 1;
  }
  const bytes = lengthBytes(size);
  store<u8>(at, base + SHORT_MAX + bytes);
  store<u32>(at, bswap<u32>(size << (32 - (bytes << 3))), 1);
  return at + 1 + bytes;
}

// @ts-ignore: decorator
@inline
function putAddress(at: u32, word: u32): u32 {
  store<u8>(at, STRING + ADDRESS_BYTES);
  store<u32>(at, bswap<u32>(load<u32>(word, 16)), 1);
  store<u64>(at, bswap<u64>(load<u64>(word, 8)), 5);
  store<u64>(at, bswap<u64>(load<u64>(word)), 13);
  return at + 1 + ADDRESS_BYTES;
}

// @ts-ignore: decorator
@inline
function putTopic(at: u32, word: u32): u32 {
  store<u8>(at, STRING + TOPIC_BYTES);
  store<u64>(at, bswap<u64>(load<u64>(word, 24)), 1);
  store<u64>(at, bswap<u64>(load<u64>(word, 16)), 9);
  store<u64>(at, bswap<u64>(load<u64>(word, 8)), 17);
  store<u64>(at, bswap<u64>(load<u64>(word)), 25);
  return at + 1 + TOPIC_BYTES;
}

/**
 * Sets the bits of a word, whose bytes are there too. Blocks name the same contracts and events
 * again and again: the last ones are remembered, direct-mapped. Whoever makes them collide takes
 * from us no more than what remembering gave.
 */
function addToBloom(ctx: u32, bloom: u32, word: u32, bytes: u32, size: u32): void {
  const known = ctx + C_BLOOM_BITS + indexOf(word, size) * BLOOM_BITS_BYTES;
  // An address and the topic of the same number differ in their bytes, not in their words.
  if (load<u32>(known, KNOWN_SIZE) != size || !sameWord(known, word)) {
    keccak256(ctx + C_SCRATCH, bytes, size);
    copyWord(known, word);
    store<u64>(known, bswap<u64>(load<u64>(ctx + C_SCRATCH)), KNOWN_HASH);
    store<u32>(known, size, KNOWN_SIZE);
  }
  const hash = load<u64>(known, KNOWN_HASH);
  setBit(bloom, <u32>(hash >> 48));
  setBit(bloom, <u32>(hash >> 32));
  setBit(bloom, <u32>(hash >> 16));
}

// @ts-ignore: decorator
@inline
function indexOf(word: u32, size: u32): u32 {
  const sum =
    load<u64>(word) + 3 * load<u64>(word, 8) + 5 * load<u64>(word, 16) + 7 * load<u64>(word, 24);
  return <u32>(((sum + <u64>size) * SPREAD) >> 48) & (BLOOM_BITS - 1);
}

// @ts-ignore: decorator
@inline
function setBit(bloom: u32, pair: u32): void {
  const bit = pair & ((BLOOM_BYTES << 3) - 1);
  const at = bloom + BLOOM_BYTES - 1 - (bit >> 3);
  store<u8>(at, load<u8>(at) | (<u8>1 << <u8>(bit & 7)));
}
