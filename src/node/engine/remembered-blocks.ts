/** What is remembered of blocks that are not in the tree: those that are invalid, or wait. */

import type { Hash } from '../../evm/types.ts';

/** Hashes: what is forgotten is found invalid again when it is executed again. */
const INVALID_MAX = 4_096;
/** Of blocks whose parent is not there. */
const WAITING_MAX = 256;
const WAITING_BYTES_MAX = 128 << 20;

/** Why a block is invalid. */
export interface Invalidity {
  /** The youngest valid ancestor; undefined where it cannot be told. */
  readonly latestValidHash: Hash | undefined;
  readonly message: string;
}

export class InvalidBlocks {
  /** The one that was found first comes first. */
  readonly #found = new Map<Hash, Invalidity>();

  get(hash: Hash): Invalidity | undefined {
    return this.#found.get(hash);
  }

  add(hash: Hash, invalidity: Invalidity): void {
    this.#found.set(hash, invalidity);
    if (this.#found.size <= INVALID_MAX) return;
    for (const oldest of this.#found.keys()) {
      this.#found.delete(oldest);
      break;
    }
  }
}

export interface WaitingBlock {
  readonly hash: Hash;
  readonly parentHash: Hash;
  /** RLP. */
  readonly bytes: Uint8Array;
}

export class WaitingBlocks {
  /** The one that came first comes first. */
  readonly #blocks = new Map<Hash, WaitingBlock>();
  #bytes = 0;

  get(hash: Hash): WaitingBlock | undefined {
    return this.#blocks.get(hash);
  }

  add(block: WaitingBlock): void {
    if (this.#blocks.has(block.hash)) return;
    this.#blocks.set(block.hash, block);
    this.#bytes += block.bytes.length;
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= WAITING_MAX && this.#bytes <= WAITING_BYTES_MAX) return;
      this.#take(oldest);
    }
  }

  /** The children of a block, which wait no longer. PERF: O(blocks that wait). */
  takeChildren(parent: Hash): readonly WaitingBlock[] {
    const children = [...this.#blocks.values()].filter((block) => block.parentHash === parent);
    for (const { hash } of children) this.#take(hash);
    return children;
  }

  #take(hash: Hash): void {
    this.#bytes -= this.#blocks.get(hash)?.bytes.length ?? 0;
    this.#blocks.delete(hash);
  }
}
