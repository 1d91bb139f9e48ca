/**
 * Keccak-256 for code outside the machine (state roots, transaction hashes, addresses): the
 * machine's own, compiled by itself (src/evm/runtime/hashes/alone.ts).
 */

import { KECCAK } from '../../build/keccak-bytes.ts';

/** An instance with its memory. */
interface Hasher {
  readonly bytes: Uint8Array;
  run(to: number, from: number, size: number): void;
}

const PAGE = 65_536;
/** Behind its constants (scripts/build-runtime.mjs, dataEnd). */
const SCRATCH = 4_096;
const OUTPUT = PAGE - 32;
const INPUT = PAGE;
/** Longer inputs have a memory of their own, which goes with them. */
const KEPT_BYTES = 1_048_576;

let module: WebAssembly.Module | undefined;
let kept: Hasher | undefined;

/** Keccak-256 of `bytes`: 32 bytes, the caller's own. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  if (bytes.length > KEPT_BYTES) return hash(open(bytes.length), bytes);
  kept ??= open(KEPT_BYTES);
  return hash(kept, bytes);
}

function hash({ bytes, run }: Hasher, input: Uint8Array): Uint8Array {
  bytes.set(input, INPUT);
  run(OUTPUT, INPUT, input.length);
  return bytes.slice(OUTPUT, OUTPUT + 32);
}

function open(inputBytes: number): Hasher {
  module ??= new WebAssembly.Module(Uint8Array.fromBase64(KECCAK));
  const pages = 1 + Math.ceil(inputBytes / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  (exports['setScratch'] as (address: number) => void)(SCRATCH);
  return { bytes: new Uint8Array(memory.buffer), run: exports['keccak256'] as Hasher['run'] };
}
