/**
 * The block that would come next: what waits in the pool, upon the head. It is built when somebody
 * asks for it, and anew when the head or what is ready has changed.
 */

import type { BlockRequest, BuiltBlock } from '../../chain/block-builder.ts';
import type { ChainBlock, KnownBlock } from '../../chain/block-tree.ts';
import type { Node } from '../node.ts';
import { perNode } from '../per-node.ts';
import type { PooledTransaction } from '../pool/pool.ts';

/** A block that is in no chain, and what it does to the head's state. */
export interface PendingBlock {
  readonly parent: KnownBlock;
  readonly block: ChainBlock;
  readonly changes: BuiltBlock['changes'];
}

/** Of those that are ready: more than a block has room for. */
const OFFERED_MAX = 4_096;

class PendingBlocks {
  readonly #node: Node;
  /** Of the head's state. */
  #key = '';
  #ready: readonly PooledTransaction[] = [];
  #built: Promise<PendingBlock> | undefined;

  constructor(node: Node) {
    this.#node = node;
  }

  get(): Promise<PendingBlock> {
    const { head } = this.#node.ledger;
    const key = this.#node.ledger.stateKey(head.hash);
    const ready = this.#node.pool.ready().slice(0, OFFERED_MAX);
    if (this.#built !== undefined && this.#key === key && isSame(ready, this.#ready)) {
      return this.#built;
    }
    const built = this.#build(head, ready);
    built.catch(() => {
      if (this.#built === built) this.#built = undefined;
    });
    this.#key = key;
    this.#ready = ready;
    this.#built = built;
    return built;
  }

  async #build(parent: KnownBlock, ready: readonly PooledTransaction[]): Promise<PendingBlock> {
    const { chain } = this.#node.ledger;
    const senders = new Map(ready.map(({ bytes, sender }) => [bytes, sender]));
    const request: BlockRequest = {
      ...nextBlock(this.#node, parent),
      transactions: ready.map(({ bytes }) => bytes),
      senderOf: (bytes) => senders.get(bytes),
    };
    const { block, receipts, accessList, changes } = await chain.buildBlock(request, parent.hash);
    const totalDifficulty = parent.totalDifficulty + block.header.difficulty;
    return { parent, block: { ...block, totalDifficulty, receipts, accessList }, changes };
  }
}

/** What the next block has beside transactions: as the node says, else as of now. */
function nextBlock(node: Node, parent: KnownBlock): Omit<BlockRequest, 'transactions'> {
  if (node.nextBlock !== undefined) return node.nextBlock(parent);
  const { timestamp, coinbase } = parent.header;
  const now = BigInt(Math.floor(Date.now() / 1000));
  return { timestamp: now > timestamp ? now : timestamp + 1n, coinbase };
}

function isSame(left: readonly PooledTransaction[], right: readonly PooledTransaction[]): boolean {
  return left.length === right.length && left.every((each, index) => each === right[index]);
}

const pendingBlocks = perNode((node) => new PendingBlocks(node));

/** The node's pending block. @throws InvalidBlock where none can stand upon the head */
export function pendingBlock(node: Node): Promise<PendingBlock> {
  return pendingBlocks(node).get();
}
