/** 0x06 to 0x08: addition, multiplication and pairing on BN254 (EIP-196, 197; prices EIP-1108). */
import { forkIndex } from '../forks/names.ts';
import type { Rules } from '../forks/rules.ts';
import type { Libraries, Steps } from './libraries.ts';
import {
  flag,
  flagOf,
  isBelow,
  type Precompile,
  type PrecompileInput,
  read,
  toBytes,
} from './precompile.ts';

const FIELD = toBytes(0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n, 32);
const PAIR_BYTES = 192;
/** Pairs that are read in a step: half a millisecond. */
const READ_AT_ONCE = 512;

function cheap(rules: Rules): boolean {
  return forkIndex(rules.fork) >= forkIndex('istanbul');
}

/** Whether all words of the bytes are field elements. */
function areElements(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 32) {
    if (!isBelow(bytes, at, FIELD)) return false;
  }
  return true;
}

export const BN254_ADD: Precompile = {
  name: 'BN254_ADD',
  uses: ['bn254'],
  gas: (_input, rules) => (cheap(rules) ? 150n : 500n),
  run: (input, { libraries }) => {
    const points = read(input, 0, 128);
    return areElements(points) ? libraries.bn254.add(points) : undefined;
  },
};

export const BN254_MUL: Precompile = {
  name: 'BN254_MUL',
  uses: ['bn254'],
  gas: (_input, rules) => (cheap(rules) ? 6_000n : 40_000n),
  run: (input, { libraries }) => {
    const point = read(input, 0, 64);
    if (!areElements(point)) return undefined;
    return libraries.bn254.multiply(point, read(input, 64, 32));
  },
};

export const BN254_PAIRING: Precompile = {
  name: 'BN254_PAIRING',
  uses: ['bn254'],
  gas: (input, rules) => {
    const pairs = BigInt(Math.floor(input.length / PAIR_BYTES));
    return cheap(rules) ? 45_000n + 34_000n * pairs : 100_000n + 80_000n * pairs;
  },
  run: (input, { libraries }) => {
    if (input.length % PAIR_BYTES !== 0) return undefined;
    return input.length === 0 ? flag(true) : flagOf(checkPairs(libraries, input));
  },
};

/** Reads the pairs in steps, and checks them. */
function* checkPairs({ bn254 }: Libraries, input: PrecompileInput): Steps<boolean | undefined> {
  const pairs = new Uint8Array(input.length);
  const step = READ_AT_ONCE * PAIR_BYTES;
  for (let at = 0; at < pairs.length; at += step) {
    if (at > 0) yield;
    const part = pairs.subarray(at, at + step);
    input.copy(part, at);
    if (!areElements(part)) return undefined;
  }
  return yield* bn254.pairing(pairs);
}
