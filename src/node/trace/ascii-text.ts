/**
 * Text of many small parts, written as bytes: a struct log has a dozen for each instruction. As
 * strings joined by and by they were a tree of 32 bytes a part, flattened when it was sent; that
 * and its garbage were half of a trace's time.
 */

const ZERO = 0x30;
const LETTER_A = 0x61;
/** Longer parts are copied by the machine, not by a loop. */
const LOOPED_MAX = 32;
const CAPACITY_MIN = 1 << 10;
/** Numbers below it are taken apart by integers of 32 bits. */
const SMALL_END = 2 ** 31;
const SMALL_END_BIG = 2n ** 31n;

export class AsciiText {
  #bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY_MIN);
  #length = 0;

  /** Bytes, and so characters. */
  get length(): number {
    return this.#length;
  }

  /** Gives up what lies behind `length`. */
  cut(length: number): void {
    this.#length = length;
  }

  /** Of ASCII alone. */
  add(text: string): void {
    const { length } = text;
    this.#reserve(length);
    const bytes = this.#bytes;
    const at = this.#length;
    if (length > LOOPED_MAX) bytes.write(text, at, length, 'latin1');
    else for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    this.#length = at + length;
  }

  /** All of another. */
  addText(other: AsciiText): void {
    const length = other.#length;
    this.#reserve(length);
    const from = other.#bytes;
    const at = this.#length;
    if (length > LOOPED_MAX) from.copy(this.#bytes, at, 0, length);
    else for (let i = 0; i < length; i++) this.#bytes[at + i] = from[i] as number;
    this.#length = at + length;
  }

  addDecimal(value: number | bigint): void {
    if (value < 0 || value >= SMALL_END) this.add(value.toString());
    else this.#addDigits(Number(value));
  }

  #addDigits(value: number): void {
    let count = 1;
    for (let power = 10; power <= value; power *= 10) count += 1;
    this.#reserve(count);
    let rest = value | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const next = (rest / 10) | 0;
      this.#bytes[at] = ZERO + rest - 10 * next;
      rest = next;
    }
    this.#length += count;
  }

  /** Without zeros before it, and without 0x. */
  addHex(value: bigint): void {
    if (value >= SMALL_END_BIG) {
      this.add(value.toString(16));
      return;
    }
    const small = Number(value) | 0;
    const count = Math.max(1, (35 - Math.clz32(small)) >> 2);
    this.#reserve(count);
    for (let shift = 4 * (count - 1); shift >= 0; shift -= 4) {
      const digit = (small >> shift) & 15;
      this.#bytes[this.#length++] = digit < 10 ? ZERO + digit : LETTER_A - 10 + digit;
    }
  }

  /** All of it, as a string; it is empty then. */
  take(): string {
    const text = this.#bytes.toString('latin1', 0, this.#length);
    this.#length = 0;
    return text;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * needed);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
