/** What a precompile is: a price that is known before it runs, and a pure function of bytes. */
import type { Rules } from '../forks/rules.ts';

export interface Precompile {
  readonly name: string;
  /** Gas of an input; bounded work whatever the input claims. */
  gas(input: Uint8Array, rules: Rules): bigint;
  /** The output, or undefined where the input is invalid: then all gas is taken. */
  run(input: Uint8Array, rules: Rules): Uint8Array | undefined;
}

/**
 * Executes a precompile by its address as a number with so much gas; `undefined` fails and takes
 * all of it.
 */
export type PrecompileHost = (
  address: bigint,
  input: Uint8Array,
  gas: bigint,
  rules: Rules,
) => { readonly gasUsed: bigint; readonly output: Uint8Array } | undefined;

/** Bytes [start, start + size) of the input, zero past its end. */
export function slice(input: Uint8Array, start: number, size: number): Uint8Array {
  const out = new Uint8Array(size);
  out.set(input.subarray(Math.min(start, input.length), Math.min(start + size, input.length)));
  return out;
}

/** The big-endian integer of some bytes. */
export function integer(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`);
}

/** An integer as so many big-endian bytes. */
export function toBytes(value: bigint, size: number): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(2 * size, '0'));
}

/** Price of `size` bytes: a base, and so much for each word begun. */
export function byWords(base: number, word: number, size: number): bigint {
  return BigInt(base + word * Math.ceil(size / 32));
}
