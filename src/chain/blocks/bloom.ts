/** The bloom filter of logs: 2,048 bits, three of which stand for an address or a topic. */

import { keccak256 } from '../../base/keccak.ts';
import type { Log } from '../../evm/types.ts';

export const BLOOM_BYTES = 256;
const BITS = 2_048;
/** Most logs name the same few contracts and events again. */
const KNOWN_MAX = 65_536;

/** The bloom of the logs, 256 bytes. */
export function logsBloom(logs: readonly Log[]): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES);
  for (const { address, topics } of logs) {
    addToBloom(bloom, address);
    for (const topic of topics) addToBloom(bloom, topic);
  }
  return bloom;
}

/** Adds the bits of `other` to `bloom`. */
export function mergeBloom(bloom: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < BLOOM_BYTES; i++) bloom[i] = (bloom[i] as number) | (other[i] as number);
}

function addToBloom(bloom: Uint8Array, hex: string): void {
  for (let bits = bitsOf(hex), left = 3; left > 0; left--) {
    const bit = bits % BITS;
    const at = BLOOM_BYTES - 1 - (bit >> 3);
    bloom[at] = (bloom[at] as number) | (1 << (bit & 7));
    bits = Math.floor(bits / BITS);
  }
}

const known = new Map<string, number>();

/** The three bits of an address or a topic, as digits to the base of 2,048. */
function bitsOf(hex: string): number {
  const before = known.get(hex);
  if (before !== undefined) return before;
  const hash = keccak256(Uint8Array.fromHex(hex.slice(2)));
  const bit = (pair: number) => (((hash[pair] as number) << 8) | (hash[pair + 1] as number)) % BITS;
  const bits = bit(0) + BITS * (bit(2) + BITS * bit(4));
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(hex, bits);
  return bits;
}
