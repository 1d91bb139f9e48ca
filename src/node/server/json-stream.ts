/**
 * Requests that follow one another in a stream of bytes, with or without space between: each list
 * or object of the outermost level is one, as for geth's IPC.
 *
 *   {"jsonrpc":"2.0",…}{"jsonrpc":"2.0",…}\n[{…},{…}]
 *
 * Only where a value ends is found here, by its brackets outside of strings; what is no JSON within
 * them is found when it is parsed. PERF: each byte is looked at once, however it is cut.
 */

export interface JsonStreamLimits {
  readonly bytesMax: number;
  readonly nestingMax: number;
}

/** What cannot be a request; the stream cannot be read on. */
export type JsonStreamFault = 'no JSON' | 'too large' | 'nested too deep';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LIST = 0x5b;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const isSpace = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

export class JsonStream {
  readonly #limits: JsonStreamLimits;
  readonly #take: (value: Buffer) => void;
  /** Of a value that has begun, without the chunk at hand. */
  #chunks: Buffer[] = [];
  #bytes = 0;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  /** @param take gets the bytes of each value */
  constructor(limits: JsonStreamLimits, take: (value: Buffer) => void) {
    this.#limits = limits;
    this.#take = take;
  }

  /** Takes the next bytes; after a fault no more are to be given. */
  push(chunk: Buffer): JsonStreamFault | undefined {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isInString = false;
        continue;
      }
      switch (byte) {
        case LIST:
        case OBJECT:
          if (this.#depth === 0) start = at;
          this.#depth += 1;
          if (this.#depth > this.#limits.nestingMax) return 'nested too deep';
          continue;
        case LIST_END:
        case OBJECT_END:
          if (this.#depth === 0) return 'no JSON';
          this.#depth -= 1;
          if (this.#depth > 0) continue;
          if (!this.#keep(chunk.subarray(start, at + 1))) return 'too large';
          this.#take(this.#whole());
          continue;
        default:
          if (this.#depth === 0 && !isSpace(byte)) return 'no JSON';
          this.#isInString = byte === QUOTE;
      }
    }
    if (this.#depth === 0) return undefined;
    return this.#keep(chunk.subarray(start)) ? undefined : 'too large';
  }

  #keep(part: Buffer): boolean {
    this.#chunks.push(part);
    this.#bytes += part.length;
    return this.#bytes <= this.#limits.bytesMax;
  }

  #whole(): Buffer {
    const [first] = this.#chunks;
    const isOne = this.#chunks.length === 1 && first !== undefined;
    const whole = isOne ? first : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    return whole;
  }
}
