/**
 * The objects of a file of JSON one after another, whether it is one object, a list of them, or
 * one a line: cut out by their brackets, to be read each by itself.
 */

import { concatBytes } from '../../base/bytes.ts';
import type { ByteStream } from './byte-stream.ts';
import { BlockFileError } from './fault.ts';

/** A block of the greatest size in hexadecimal digits. */
const OBJECT_BYTES_MAX = 268_435_456;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENS = [0x7b, 0x5b];
const CLOSES = [0x7d, 0x5d];
const [OBJECT = 0, LIST = 0] = OPENS;
const LIST_END = 0x5d;
const BETWEEN = [0x20, 0x09, 0x0a, 0x0d, 0x2c, LIST_END];

/** @throws BlockFileError naming the offset */
export async function* jsonTexts(stream: ByteStream): AsyncGenerator<string> {
  let inList = false;
  for (;;) {
    const bytes = await stream.peekSome();
    if (bytes.length === 0) return;
    const at = bytes.findIndex((byte) => !BETWEEN.includes(byte));
    stream.skip(at < 0 ? bytes.length : at);
    if (at < 0) continue;
    const first = bytes[at];
    if (first === LIST && !inList) {
      inList = true;
      stream.skip(1);
      continue;
    }
    if (first !== OBJECT) {
      const message = `no object at byte ${stream.offset}: it begins with 0x${first?.toString(16)}`;
      throw new BlockFileError('block file/malformed', message);
    }
    yield await takeObject(stream);
  }
}

async function takeObject(stream: ByteStream): Promise<string> {
  const start = stream.offset;
  const parts: Uint8Array[] = [];
  const scan = new BracketScan();
  for (;;) {
    const bytes = await stream.peekSome();
    if (bytes.length === 0) {
      const message = `the file ends in the object that begins at byte ${start}`;
      throw new BlockFileError('block file/cut short', message);
    }
    const end = scan.endIn(bytes);
    const size = end ?? bytes.length;
    parts.push(bytes.subarray(0, size));
    stream.skip(size);
    if (stream.offset - start > OBJECT_BYTES_MAX) {
      const message = `the object at byte ${start} has more than ${OBJECT_BYTES_MAX} bytes`;
      throw new BlockFileError('block file/too large', message);
    }
    if (end !== undefined) return new TextDecoder().decode(concatBytes(...parts));
  }
}

/** Finds where the brackets that were opened are closed. */
class BracketScan {
  #depth = 0;
  #inText = false;
  #escaped = false;

  /** Behind the last bracket; undefined when it is not in these bytes. */
  endIn(bytes: Uint8Array): number | undefined {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inText = false;
      } else if (byte === QUOTE) this.#inText = true;
      else if (OPENS.includes(byte)) this.#depth += 1;
      else if (CLOSES.includes(byte)) {
        this.#depth -= 1;
        if (this.#depth === 0) return at + 1;
      }
    }
    return undefined;
  }
}
