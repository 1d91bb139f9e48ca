/**
 * Blocks in RLP one after another, as `geth export` writes them. A length is believed only as far
 * as bytes come, and never above what a block may have.
 */

import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import type { Hash } from '../../evm/types.ts';
import { BLOCK_INPUT_BYTES_MAX } from '../blocks/block-rules.ts';
import type { ByteStream } from './byte-stream.ts';
import { BlockFileError } from './fault.ts';

/** First byte of a short list's encoding, and of a long one's. */
const LIST = 0xc0;
const LONG_LIST = 0xf8;
/** First byte and eight of length. */
const HEAD_MAX = 9;

/** @throws BlockFileError naming the offset */
export async function* rlpBlocks(stream: ByteStream): AsyncGenerator<Uint8Array> {
  for (;;) {
    const at = stream.offset;
    const head = await stream.peek(HEAD_MAX);
    if (head.length === 0) return;
    const list = listAt(head, 0);
    if (list === undefined) {
      const first = `it begins with 0x${head.subarray(0, 1).toHex()}`;
      throw new BlockFileError('block file/malformed', `no block at byte ${at}: ${first}`);
    }
    if (list.end > BLOCK_INPUT_BYTES_MAX) {
      const message = `the block at byte ${at} says that it has ${list.end} bytes`;
      throw new BlockFileError('block file/too large', `${message}, over ${BLOCK_INPUT_BYTES_MAX}`);
    }
    const bytes = await stream.take(list.end);
    if (bytes.length < list.end) {
      const message = `the file ends in the block at byte ${at}: it has ${bytes.length} bytes`;
      throw new BlockFileError('block file/cut short', `${message} of ${list.end}`);
    }
    yield bytes;
  }
}

/** Hash of a block in RLP by its header alone; of what is no block, none. */
export function hashInBlock(bytes: Uint8Array): Hash | undefined {
  const header = headerIn(bytes);
  return header && toHex(keccak256(header));
}

/** The header's part of a block in RLP. */
export function headerIn(bytes: Uint8Array): Uint8Array | undefined {
  const block = listAt(bytes, 0);
  const header = block && listAt(bytes, block.start);
  if (header === undefined || header.end > bytes.length) return undefined;
  return bytes.subarray(block?.start, header.end);
}

/** Where a list's items begin and end, as its head says. */
function listAt(
  bytes: Uint8Array,
  at: number,
): { readonly start: number; readonly end: number } | undefined {
  const first = bytes[at] ?? 0;
  if (first < LIST) return undefined;
  if (first < LONG_LIST) return { start: at + 1, end: at + 1 + first - LIST };
  const digits = bytes.subarray(at + 1, at + 2 + first - LONG_LIST);
  if (digits.length < first - LONG_LIST + 1) return undefined;
  const start = at + 1 + digits.length;
  // Inexact above 2^53, where it is far above any limit anyway.
  return { start, end: start + digits.reduce((size, digit) => size * 256 + digit, 0) };
}
