/** What a block's transactions paid. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import { blockTransactions } from '../json/transaction-answer.ts';

/** Wei: all fees of execution, what was burnt of them included. */
export function totalFees(block: ChainBlock): bigint {
  return blockTransactions(block).reduce((sum, { gasPrice }, index) => {
    const gasUsed = block.receipts[index]?.gasUsed ?? 0n;
    return sum + gasUsed * BigInt(gasPrice);
  }, 0n);
}
