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
const COMMA = 0x2c;
const WHITESPACE = [0x20, 0x09, 0x0a, 0x0d];

/** What may stand next: signs, and whether the file may end. */
interface Place {
  readonly next: Readonly<Record<number, PlaceName>>;
  readonly mayEnd: boolean;
}

type PlaceName = keyof typeof PLACES;

const PLACES = {
  start: { next: { [LIST]: 'opened', [OBJECT]: 'lines' }, mayEnd: true },
  lines: { next: { [OBJECT]: 'lines' }, mayEnd: true },
  opened: { next: { [OBJECT]: 'item', [LIST_END]: 'closed' }, mayEnd: false },
  item: { next: { [COMMA]: 'comma', [LIST_END]: 'closed' }, mayEnd: false },
  comma: { next: { [OBJECT]: 'item' }, mayEnd: false },
  closed: { next: {}, mayEnd: true },
} as const satisfies Record<string, { next: Record<number, string>; mayEnd: boolean }>;

/** @throws BlockFileError naming the offset */
export async function* jsonTexts(stream: ByteStream): AsyncGenerator<string> {
  let place: Place = PLACES.start;
  for (;;) {
    const bytes = await stream.peekSome();
    if (bytes.length === 0) {
      if (place.mayEnd) return;
      const message = 'the file ends in a list that is not closed';
      throw new BlockFileError('block file/cut short', message);
    }
    const at = bytes.findIndex((byte) => !WHITESPACE.includes(byte));
    stream.skip(at < 0 ? bytes.length : at);
    if (at < 0) continue;
    const sign = bytes[at] as number;
    const next = place.next[sign];
    if (next === undefined) throw misplaced(stream.offset, sign, place);
    place = PLACES[next];
    if (sign === OBJECT) yield await takeObject(stream);
    else stream.skip(1);
  }
}

function misplaced(offset: number, sign: number, { next }: Place): BlockFileError {
  const what = OBJECT in next ? `no object at byte ${offset}: it begins with` : '';
  const rest = `byte ${offset} belongs to no block and no list:`;
  const message = `${what === '' ? rest : what} 0x${sign.toString(16).padStart(2, '0')}`;
  return new BlockFileError('block file/malformed', message);
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
