/**
 * 0x05 MODEXP: base^exponent mod modulus of any length. EIP-198; prices by EIP-2565 (Berlin) and
 * EIP-7883 (Osaka); lengths bounded by EIP-7823 (Osaka).
 */

import { EVMError } from '../errors.ts';
import { forkIndex } from '../forks/names.ts';
import type { Rules } from '../forks/rules.ts';
import type { Steps } from './libraries.ts';
import { modularPower } from './modular-power.ts';
import {
  integer,
  type Output,
  type Precompile,
  type PrecompileInput,
  read,
  toBytes,
} from './precompile.ts';

/** EIP-7823. */
const LENGTH_MAX = 1_024n;
/**
 * Longer bases and moduli are past what this host computes in steps: one squaring of such numbers
 * takes milliseconds. By EIP-2565 133 million gas, by EIP-198 80 million.
 */
const HOST_LENGTH_MAX = 160_000;
/** A price that no gas limit pays. */
const UNPAYABLE = 1n << 63n;

interface Lengths {
  readonly base: bigint;
  readonly exponent: bigint;
  readonly modulus: bigint;
}

function lengthsOf(input: PrecompileInput): Lengths {
  return {
    base: integer(read(input, 0, 32)),
    exponent: integer(read(input, 32, 32)),
    modulus: integer(read(input, 64, 32)),
  };
}

function since(rules: Rules, fork: 'berlin' | 'osaka'): boolean {
  return forkIndex(rules.fork) >= forkIndex(fork);
}

export const MODEXP: Precompile = {
  name: 'MODEXP',
  gas: (input, rules) => {
    const lengths = lengthsOf(input);
    const { base, modulus } = lengths;
    // biome-ignore lint/complexity/useMathMinMax: they are bigints
    const longest = base < modulus ? modulus : base;
    if (longest >= 1n << 64n || lengths.exponent >= 1n << 64n) {
      if (longest > 0n) return UNPAYABLE;
      // Nothing to the power of anything: EIP-198 multiplies by zero, later forks have a least.
      return since(rules, 'berlin') ? minimum(rules) : 0n;
    }
    const iterations = iterationsOf(input, lengths, since(rules, 'osaka') ? 16n : 8n);
    if (!since(rules, 'berlin')) {
      return (plainComplexity(longest) * (iterations > 1n ? iterations : 1n)) / 20n;
    }
    const words = (longest + 7n) / 8n;
    const osaka = since(rules, 'osaka');
    const complexity = osaka ? (longest <= 32n ? 16n : 2n * words * words) : words * words;
    const steps = iterations > 1n ? iterations : 1n;
    const price = osaka ? complexity * steps : (complexity * steps) / 3n;
    return price > minimum(rules) ? price : minimum(rules);
  },
  run: (input, { rules }) => {
    const lengths = lengthsOf(input);
    const { base, exponent, modulus } = lengths;
    if (since(rules, 'osaka')) {
      if (base > LENGTH_MAX || exponent > LENGTH_MAX || modulus > LENGTH_MAX) return undefined;
    }
    if (modulus === 0n) return new Uint8Array();
    const [baseSize, exponentSize, size] = [Number(base), Number(exponent), Number(modulus)];
    checkLength('modulus', size);
    const exponentStart = 96 + baseSize;
    const m = integer(read(input, exponentStart + exponentSize, size));
    if (m === 0n) return new Uint8Array(size);
    // So all of the base and of the exponent lie before the input's end.
    checkLength('base', baseSize);
    const b = integer(read(input, 96, baseSize));
    const e = {
      length: exponentSize,
      copy: (to: Uint8Array, at: number) => input.copy(to, exponentStart + at),
    };
    return inBytes(modularPower(b, e, m), size);
  },
};

/** @throws EVMError */
function checkLength(what: string, size: number): void {
  if (size <= HOST_LENGTH_MAX) return;
  throw new EVMError(
    'evm/host limit',
    `MODEXP with a ${what} of ${size} bytes: no more than ${HOST_LENGTH_MAX} are computed`,
    { size, limit: HOST_LENGTH_MAX },
  );
}

function* inBytes(steps: Steps<bigint>, size: number): Steps<Output> {
  return toBytes(yield* steps, size);
}

function minimum(rules: Rules): bigint {
  return since(rules, 'osaka') ? 500n : 200n;
}

/** EIP-198. */
function plainComplexity(length: bigint): bigint {
  const square = length * length;
  if (length <= 64n) return square;
  if (length <= 1_024n) return square / 4n + 96n * length - 3_072n;
  return square / 16n + 480n * length - 199_680n;
}

/** Bits of the exponent's first 32 bytes, and so much for each byte after them. */
function iterationsOf(input: PrecompileInput, lengths: Lengths, perByte: bigint): bigint {
  const { base, exponent } = lengths;
  const headSize = exponent > 32n ? 32 : Number(exponent);
  const start = base + 96n;
  const head = start > BigInt(input.length) ? 0n : integer(read(input, Number(start), headSize));
  const bits = head === 0n ? 0n : BigInt(head.toString(2).length - 1);
  return exponent > 32n ? perByte * (exponent - 32n) + bits : bits;
}
