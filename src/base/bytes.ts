/** Bytes as hex text and as big-endian integers. */
import { IronflyError } from './errors.ts';

export type Hex = `0x${string}`;

/** Text is not hex, or bytes do not fit where they should go. */
export class BytesError extends IronflyError<'not hex' | 'value too large'> {}

const SHOWN_CHARACTERS_MAX = 80;

/** Lower-case hex with `0x`. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytes.toHex()}`;
}

/**
 * Bytes of hex text of either case; `0x` before it is optional.
 * @throws BytesError for anything but whole bytes of hex, naming the place of the fault
 */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  const wrong = digits.search(/[^0-9a-fA-F]/);
  if (wrong >= 0) {
    const at = wrong + text.length - digits.length;
    throw notHex(text, `has ${JSON.stringify(text[at])} at ${at}`);
  }
  if (digits.length % 2 !== 0) throw notHex(text, `has ${digits.length} digits, half a byte`);
  return Uint8Array.fromHex(digits);
}

function notHex(text: string, fault: string): BytesError {
  const cut = text.length > SHOWN_CHARACTERS_MAX;
  const shown = cut ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text;
  return new BytesError('not hex', `${shown} is not bytes in hex: it ${fault}`);
}

/** By the code of a character: the digit's value, or a negative number. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? -128 : digit;
});

/**
 * Writes the bytes of a hex text with `0x`. PERF: no object is made, where setFromHex makes three.
 * @throws SyntaxError for anything but hex
 */
export function putHex(bytes: Uint8Array, at: number, hex: Hex): void {
  let faults = hex.length & 1;
  for (let from = 2, to = at; from < hex.length; from += 2, to++) {
    const [first, second] = [hex.charCodeAt(from), hex.charCodeAt(from + 1)];
    const high = DIGITS[first] as number;
    const low = DIGITS[second] as number;
    // Of the codes as well: the table ends where ASCII does.
    faults |= (high | low | first | second) & -128;
    bytes[to] = (high << 4) | low;
  }
  if (faults !== 0) throw new SyntaxError(`${hex} is not bytes in hex`);
}

/** The parts one after another. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Whether both hold the same bytes. Not for secrets: it is quicker the earlier they differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The unsigned integer whose big-endian bytes these are; 0 for none. */
export function bigintFromBytes(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}

/**
 * `value` as `size` big-endian bytes, zeros first.
 * @throws BytesError when it is negative or needs more
 */
export function bigintToBytes(value: bigint, size: number): Uint8Array<ArrayBuffer> {
  const digits = value.toString(16);
  if (value < 0n || (value > 0n && digits.length > 2 * size)) {
    throw new BytesError('value too large', `${value} does not fit ${size} unsigned bytes`);
  }
  return Uint8Array.fromHex(size === 0 ? '' : digits.padStart(2 * size, '0'));
}

/** Hex digits of the fewest bytes that hold a non-negative integer: none for 0. */
export function integerDigits(value: bigint): string {
  if (value === 0n) return '';
  const digits = value.toString(16);
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}
