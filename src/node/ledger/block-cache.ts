/** Blocks that were read lately, decoded; bounded by count and by the bytes of their bodies. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import type { Hash } from '../../evm/types.ts';

const BLOCKS_MAX = 1_024;
const BYTES_MAX = 64 << 20;

export class BlockCache {
  readonly #read: (hash: Hash) => Promise<ChainBlock | undefined>;
  /** The one used longest ago first. */
  readonly #blocks = new Map<Hash, { readonly block: ChainBlock; readonly bytes: number }>();
  #bytes = 0;

  constructor(read: (hash: Hash) => Promise<ChainBlock | undefined>) {
    this.#read = read;
  }

  async get(hash: Hash): Promise<ChainBlock | undefined> {
    const known = this.#blocks.get(hash);
    if (known !== undefined) {
      this.#blocks.delete(hash);
      this.#blocks.set(hash, known);
      return known.block;
    }
    const block = await this.#read(hash);
    if (block !== undefined) this.put(block);
    return block;
  }

  /** One that need not be read. */
  put(block: ChainBlock): void {
    const { hash } = block;
    if (this.#blocks.has(hash)) return;
    const bytes = block.transactions.reduce((sum, { length }) => sum + length + 500, 1_000);
    this.#blocks.set(hash, { block, bytes });
    this.#bytes += bytes;
    for (const [oldest, each] of this.#blocks) {
      if (this.#blocks.size <= BLOCKS_MAX && this.#bytes <= BYTES_MAX) break;
      this.#blocks.delete(oldest);
      this.#bytes -= each.bytes;
    }
  }
}
