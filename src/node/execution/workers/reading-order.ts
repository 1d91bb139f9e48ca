/**
 * What was read after what in the states of earlier blocks. Calls are repeated from block to block
 * and read the same keys in the same order: so what a state is asked for next can be guessed. Keys
 * alone are kept here, no values: those are of one block each.
 */

import type { Address } from '../../../evm/types.ts';

/** An account, or one slot of its storage. */
export interface StateRead {
  readonly address: Address;
  /** Undefined: the account. */
  readonly slot: bigint | undefined;
}

interface Noted extends StateRead {
  /** What was read next, the last time. */
  next: string | undefined;
}

/** Of each half, some 16 MB: as many first reads as 140 million gas pay for. */
const NOTED_MAX = 65_536;

/** Names a read. Text: many bigints that share their lower digits are slow keys of a map. */
export function readName({ address, slot }: StateRead): string {
  return slot === undefined ? address : `${address}${slot.toString(16)}`;
}

export class ReadingOrder {
  readonly #notedMax: number;
  #young = new Map<string, Noted>();
  #old = new Map<string, Noted>();

  constructor(notedMax: number = NOTED_MAX) {
    this.#notedMax = notedMax;
  }

  /** Reads that are known, no more than twice `notedMax`. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Notes a read, and that it came after another. */
  note(name: string, { address, slot }: StateRead, before: string | undefined): void {
    if (before !== undefined) {
      const noted = this.#find(before);
      if (noted !== undefined) noted.next = name;
    }
    if (this.#young.has(name)) return;
    this.#young.set(name, this.#old.get(name) ?? { address, slot, next: undefined });
    if (this.#young.size < this.#notedMax) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** What followed a read, by name, in its order; each once, without the read itself. */
  after(name: string, countMax: number): Map<string, StateRead> {
    const following = new Map<string, StateRead>();
    let next = this.#find(name)?.next;
    while (next !== undefined && next !== name && following.size < countMax) {
      const read = this.#find(next);
      if (read === undefined || following.has(next)) break;
      following.set(next, read);
      next = read.next;
    }
    return following;
  }

  #find(name: string): Noted | undefined {
    return this.#young.get(name) ?? this.#old.get(name);
  }
}
