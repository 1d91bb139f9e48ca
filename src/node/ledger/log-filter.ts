/**
 * Which logs somebody wants: of some addresses, with some topics at their places. The bloom of a
 * block says at once where none of them can be.
 */

import { keccak256 } from '../../base/keccak.ts';
import type { Address, Hash } from '../../evm/types.ts';

/** What is undefined is of no matter. */
export interface LogCriteria {
  readonly addresses: ReadonlySet<Address> | undefined;
  readonly topics: readonly (ReadonlySet<Hash> | undefined)[];
}

/** Three bits of a bloom that stand for one value: offsets of bytes, and masks. */
type BloomBits = readonly [number, number, number, number, number, number];

const BLOOM_BYTES = 256;
const BITS = 2_048;

export class LogFilter {
  readonly #criteria: LogCriteria;
  /** One of each group must be there. */
  readonly #groups: readonly (readonly BloomBits[])[];

  constructor(criteria: LogCriteria) {
    this.#criteria = criteria;
    const sets = [criteria.addresses, ...criteria.topics];
    this.#groups = sets.flatMap((set) => (set === undefined ? [] : [[...set].map(bloomBits)]));
  }

  /** Whether a block with the bloom that begins at `offset` may have such logs. */
  mayBeIn(blooms: Uint8Array, offset: number): boolean {
    return this.#groups.every((group) => group.some((bits) => hasBits(blooms, offset, bits)));
  }

  matches(log: { readonly address: Address; readonly topics: readonly Hash[] }): boolean {
    const { addresses, topics } = this.#criteria;
    if (addresses !== undefined && !addresses.has(log.address)) return false;
    if (topics.length > log.topics.length) return false;
    return topics.every((wanted, index) => wanted?.has(log.topics[index] as Hash) ?? true);
  }
}

function bloomBits(value: string): BloomBits {
  const hash = keccak256(Uint8Array.fromHex(value.slice(2)));
  const at = (pair: number) => (((hash[pair] as number) << 8) | (hash[pair + 1] as number)) % BITS;
  const byte = (bit: number) => BLOOM_BYTES - 1 - (bit >> 3);
  const mask = (bit: number) => 1 << (bit & 7);
  const [a, b, c] = [at(0), at(2), at(4)];
  return [byte(a), mask(a), byte(b), mask(b), byte(c), mask(c)];
}

function hasBits(blooms: Uint8Array, offset: number, bits: BloomBits): boolean {
  const [a, maskA, b, maskB, c, maskC] = bits;
  return (
    ((blooms[offset + a] as number) & maskA) !== 0 &&
    ((blooms[offset + b] as number) & maskB) !== 0 &&
    ((blooms[offset + c] as number) & maskC) !== 0
  );
}
