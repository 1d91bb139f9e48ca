/** The bloom filter of logs: 2,048 bits, three of which stand for an address or a topic. */

import { keccak256 } from '../../base/keccak.ts';
import type { Log } from '../../evm/types.ts';

export const BLOOM_BYTES = 256;
const BITS = 2_048;

/** The bloom of the logs, 256 bytes. The machine makes those of receipts itself. */
export function logsBloom(logs: readonly Log[]): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES);
  for (const { address, topics } of logs) {
    addToBloom(bloom, address);
    for (const topic of topics) addToBloom(bloom, topic);
  }
  return bloom;
}

/** Adds the bits of the 256 bytes that `other` begins with to `bloom`. */
export function mergeBloom(bloom: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < BLOOM_BYTES; i++) {
    const bits = other[i] as number;
    // PERF: few are set.
    if (bits !== 0) bloom[i] = (bloom[i] as number) | bits;
  }
}

/** Whether all bits of `part` are in `bloom`: else nothing of what `part` is of is in there. */
export function holdsBloom(bloom: Uint8Array, part: Uint8Array): boolean {
  for (let i = 0; i < BLOOM_BYTES; i++) {
    const bits = part[i] as number;
    if (((bloom[i] as number) & bits) !== bits) return false;
  }
  return true;
}

function addToBloom(bloom: Uint8Array, hex: string): void {
  const hash = keccak256(Uint8Array.fromHex(hex.slice(2)));
  for (let pair = 0; pair < 6; pair += 2) {
    const bit = (((hash[pair] as number) << 8) | (hash[pair + 1] as number)) % BITS;
    const at = BLOOM_BYTES - 1 - (bit >> 3);
    bloom[at] = (bloom[at] as number) | (1 << (bit & 7));
  }
}
