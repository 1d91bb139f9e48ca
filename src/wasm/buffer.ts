/** A growing byte buffer with WebAssembly's encodings (LEB128, little endian, vectors, names). */
import { WasmError } from './errors.ts';

const UTF8 = new TextEncoder();
const SCRATCH = new DataView(new ArrayBuffer(8));
const SIGNED_64_MIN = -(1n << 63n);
const UNSIGNED_64_MAX = (1n << 64n) - 1n;

/** What is reserved at first. */
const CAPACITY = 256;

export class ByteBuffer {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity: number = CAPACITY) {
    this.bytes = new Uint8Array(capacity);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2, CAPACITY));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  /** A byte, then an integer below 2^32 as `u32` writes it. */
  byteAndU32(value: number, integer: number): void {
    if (integer < 0x80 && integer >= 0 && this.length + 2 <= this.bytes.length) {
      this.bytes[this.length] = value;
      this.bytes[this.length + 1] = integer;
      this.length += 2;
      return;
    }
    this.byte(value);
    this.u32(integer);
  }

  /**
   * Unsigned LEB128 of an integer below 2^32.
   * @throws WasmError `wasm/range` for anything else
   */
  u32(value: number): void {
    let rest = value >>> 0;
    if (rest !== value) throw outOfRange(value, 'an unsigned 32-bit integer');
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /**
   * Signed LEB128 of a 32-bit integer, which may be given as signed or as unsigned.
   * @throws WasmError `wasm/range` for anything else
   */
  s32(value: number): void {
    let rest = value | 0;
    if (rest !== value && value >>> 0 !== value) {
      throw outOfRange(value, 'a 32-bit integer');
    }
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40)) {
        this.byte(low);
        return;
      }
      this.byte(low | 0x80);
    }
  }

  /**
   * Signed LEB128 of a 64-bit integer, which may be given as signed or as unsigned.
   * @throws WasmError `wasm/range` for anything else
   */
  s64(value: bigint): void {
    if (value >= 0n && value <= 0x7fffffffn) {
      this.s32(Number(value));
      return;
    }
    if (value < SIGNED_64_MIN || value > UNSIGNED_64_MAX) {
      throw outOfRange(value, 'a 64-bit integer');
    }
    let rest = BigInt.asIntN(64, value);
    if (rest >= -0x80000000n && rest <= 0x7fffffffn) {
      this.s32(Number(rest));
      return;
    }
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)) {
        this.byte(low);
        return;
      }
      this.byte(low | 0x80);
    }
  }

  /** Eight bytes of a double, little endian; NaN is the canonical one. */
  f64(value: number): void {
    SCRATCH.setFloat64(0, value, true);
    for (let i = 0; i < 8; i++) this.byte(SCRATCH.getUint8(i));
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A vector of bytes: length, then content. */
  vector(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.append(bytes);
  }

  name(text: string): void {
    this.vector(UTF8.encode(text));
  }

  /** What was written so far; valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

function outOfRange(value: number | bigint, what: string): WasmError {
  return new WasmError('wasm/range', `${value} is not ${what}`, { value });
}
