/**
 * Which transactions of a block have to do with which addresses: senders, recipients, all that was
 * called or created within them, fee recipients left out. Found by executing the block once more;
 * of the blocks that were asked for last it is kept.
 */

import type { ChainBlock } from '../../chain/block-tree.ts';
import type { Address, Hash } from '../../evm/types.ts';
import type { Node } from '../node.ts';
import { perNode } from '../per-node.ts';
import { withReplay } from './block-replay.ts';
import type { TraceBudget } from './target.ts';

/** Addresses of all blocks that are kept: some 100 bytes each. */
const KEPT_MAX = 200_000;

/** Indices of transactions by address, rising. */
export type BlockTouches = ReadonlyMap<Address, readonly number[]>;

class TouchIndex {
  readonly #node: Node;
  /** The one used longest ago first. */
  readonly #blocks = new Map<Hash, BlockTouches>();
  #kept = 0;

  constructor(node: Node) {
    this.#node = node;
  }

  async of(block: ChainBlock, budget: TraceBudget): Promise<BlockTouches> {
    if (block.transactions.length === 0) return NOBODY;
    const known = this.#blocks.get(block.hash);
    if (known !== undefined) {
      this.#blocks.delete(block.hash);
      this.#blocks.set(block.hash, known);
      return known;
    }
    const found = await touchesOf(this.#node, block, budget);
    this.#blocks.set(block.hash, found);
    this.#kept += found.size;
    for (const [oldest, { size }] of this.#blocks) {
      if (this.#kept <= KEPT_MAX || oldest === block.hash) break;
      this.#blocks.delete(oldest);
      this.#kept -= size;
    }
    return found;
  }
}

const NOBODY: BlockTouches = new Map();

async function touchesOf(
  node: Node,
  block: ChainBlock,
  budget: TraceBudget,
): Promise<BlockTouches> {
  const touches = new Map<Address, number[]>();
  await withReplay(node, block, budget, async (replay) => {
    for (const index of block.transactions.keys()) {
      const touch = (address: Address): void => {
        const indices = touches.get(address);
        if (indices === undefined) touches.set(address, [index]);
        else if (indices.at(-1) !== index) indices.push(index);
      };
      await replay.trace(async ({ run, transaction }) => {
        touch(transaction.sender);
        await run({
          hooks: {
            onEnter: ({ to, codeAddress }) => {
              touch(to);
              touch(codeAddress);
            },
            onExit: ({ selfdestruct }) => {
              if (selfdestruct !== undefined) touch(selfdestruct.heir);
            },
          },
        });
      });
    }
  });
  return touches;
}

const indexOf = perNode((node) => new TouchIndex(node));

/** @throws RpcError when the budget is spent */
export function blockTouches(
  node: Node,
  block: ChainBlock,
  budget: TraceBudget,
): Promise<BlockTouches> {
  return indexOf(node).of(block, budget);
}
