/**
 * What a precompile is: a price that is known before it runs, and a pure function of bytes. The
 * bytes stay where they are until they are paid for: a contract may give megabytes for the gas of
 * an empty call.
 */
import type { Rules } from '../forks/rules.ts';
import type { Awaitable } from '../types.ts';
import type { Libraries, LibraryName, Steps } from './libraries.ts';

/** What a precompile runs with. */
export interface PrecompileTools {
  readonly rules: Rules;
  readonly libraries: Libraries;
}

/** The bytes that a precompile is called with, good until its answer is there. */
export interface PrecompileInput {
  readonly length: number;
  /** Fills `to` with the bytes from `start` on, with zeros past the end. */
  copy(to: Uint8Array, start: number): void;
}

export interface Precompile {
  readonly name: string;
  /** Libraries that it runs with. */
  readonly uses?: readonly LibraryName[];
  /** Gas of an input; bounded work whatever the input claims. */
  gas(input: PrecompileInput, rules: Rules): bigint;
  /** The output, or undefined where the input is invalid: then all gas is taken. */
  run(input: PrecompileInput, tools: PrecompileTools): Output | Steps<Output>;
}

export type Output = Uint8Array | undefined;

/** Called between two steps of long work. @throws where the call is to stop */
export type Pause = () => Awaitable<void>;

/** What work in steps comes to. A pause that is a promise makes it one. */
export function finish<T>(steps: Steps<T>, pause: Pause): Awaitable<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    const waits = pause();
    if (waits instanceof Promise) return waits.then(() => finish(steps, pause));
  }
}

/** What work in steps comes to where nothing can stop it. */
export function finishAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** What a precompile gave; `undefined` fails and takes all the gas of the call. */
export type PrecompileAnswer =
  | { readonly gasUsed: bigint; readonly output: Uint8Array }
  | undefined;

/**
 * Executes a precompile by its address as a number with so much gas. A promise suspends the call
 * until it is kept. Long work is to call `pause` every few milliseconds.
 */
export type PrecompileHost = (
  address: bigint,
  input: PrecompileInput,
  gas: bigint,
  rules: Rules,
  pause?: Pause,
) => Awaitable<PrecompileAnswer>;

/** An input that is all of some bytes. */
export function inputOf(bytes: Uint8Array): PrecompileInput {
  const { length } = bytes;
  return {
    length,
    copy: (to, start) => copyPart(to, bytes, Math.min(start, length), length),
  };
}

/** Fills `to` with what `from` has from `start` to `end`, and zeros. */
export function copyPart(to: Uint8Array, from: Uint8Array, start: number, end: number): void {
  const size = Math.min(to.length, end - start);
  to.set(from.subarray(start, start + size));
  to.fill(0, size);
}

/** A copy of bytes [start, start + size) of the input, zero past its end. */
export function read(input: PrecompileInput, start: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  input.copy(bytes, start);
  return bytes;
}

/** The big-endian integer of some bytes. */
export function integer(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`);
}

/** An integer as so many big-endian bytes. */
export function toBytes(value: bigint, size: number): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(2 * size, '0'));
}

/** Whether the big-endian integer at `start` is below `limit`, which is as long. */
export function isBelow(bytes: Uint8Array, start: number, limit: Uint8Array): boolean {
  for (let i = 0; i < limit.length; i++) {
    const difference = (bytes[start + i] as number) - (limit[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Whether bytes [start, start + size) are all zero. */
export function isZero(bytes: Uint8Array, start: number, size: number): boolean {
  for (let i = start; i < start + size; i++) {
    if (bytes[i] !== 0) return false;
  }
  return true;
}

/** A word of 32 bytes that says yes or no. */
export function flag(value: boolean): Uint8Array {
  const word = new Uint8Array(32);
  if (value) word[31] = 1;
  return word;
}

/** The same of work in steps; nothing where its input was invalid. */
export function* flagOf(steps: Steps<boolean | undefined>): Steps<Output> {
  const value = yield* steps;
  return value === undefined ? undefined : flag(value);
}

/** Price of `size` bytes: a base, and so much for each word begun. */
export function byWords(base: number, word: number, size: number): bigint {
  return BigInt(base + word * Math.ceil(size / 32));
}
