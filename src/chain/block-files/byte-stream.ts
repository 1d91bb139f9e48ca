/** Bytes that come in chunks, to be taken in pieces: no more is in memory than was asked for. */

import { concatBytes } from '../../base/bytes.ts';

export class ByteStream {
  readonly #source: AsyncIterator<Uint8Array>;
  /** What came and was not taken; `#held` bytes. */
  #chunks: Uint8Array[] = [];
  #held = 0;
  #offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Bytes that were taken. */
  get offset(): number {
    return this.#offset;
  }

  /** Up to `size` bytes that come next, fewer only at the end; they stay. */
  async peek(size: number): Promise<Uint8Array> {
    while (this.#held < size) {
      const { value, done } = await this.#source.next();
      if (done === true) break;
      if (value.length === 0) continue;
      // A Buffer's `slice` is no copy.
      this.#chunks.push(new Uint8Array(value.buffer, value.byteOffset, value.length));
      this.#held += value.length;
    }
    const [first] = this.#chunks;
    if (first === undefined) return new Uint8Array(0);
    if (first.length >= size) return first.subarray(0, size);
    // PERF: joined once for a piece that spans chunks.
    const whole = concatBytes(...this.#chunks);
    this.#chunks = [whole];
    return whole.subarray(0, size);
  }

  /** The same, and they are gone; the caller's own until the end. */
  async take(size: number): Promise<Uint8Array> {
    const bytes = await this.peek(size);
    this.skip(bytes.length);
    return bytes;
  }

  /** What is at hand, at least a byte unless the end has come; it stays. */
  async peekSome(): Promise<Uint8Array> {
    await this.peek(1);
    return this.#chunks[0] ?? new Uint8Array(0);
  }

  /** Lets go of bytes that were looked at. */
  skip(size: number): void {
    const [first] = this.#chunks;
    if (first === undefined) return;
    this.#offset += size;
    this.#held -= size;
    if (size === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(size);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
