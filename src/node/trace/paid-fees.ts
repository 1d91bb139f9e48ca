/** What a block's transactions paid to who made it. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import { blockTransactions } from '../json/transaction-answer.ts';

/** Wei: fees less what was burnt. */
export function effectiveTip(block: ChainBlock): bigint {
  const { baseFeePerGas = 0n } = block.header;
  return blockTransactions(block).reduce((sum, { gasPrice }, index) => {
    const gasUsed = block.receipts[index]?.gasUsed ?? 0n;
    return sum + gasUsed * (BigInt(gasPrice) - baseFeePerGas);
  }, 0n);
}
