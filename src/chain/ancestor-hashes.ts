/**
 * What BLOCKHASH answers upon a block: the hashes of it and its ancestors. Each is found once, from
 * the header of the one after it, when it or an older one is asked for first.
 */

import type { Hash } from '../evm/types.ts';
import type { BlockHashes, BlockTree, KnownBlock } from './block-tree.ts';

/** BLOCKHASH reaches so far back, counted from the block in the making. */
const REACH = 256n;
const NO_HASH: Hash = `0x${'00'.repeat(32)}`;

/**
 * @param parent of the block in the making; without one there are no ancestors
 * @returns the hash of the ancestor with a number, zero for what is none
 */
export function ancestorHashes(
  tree: Pick<BlockTree, 'header'>,
  parent: KnownBlock | undefined,
): BlockHashes {
  if (parent === undefined) return () => NO_HASH;
  const { number: newest } = parent.header;
  /** The parent's first. */
  const hashes: Hash[] = [parent.hash];
  let next: Hash | undefined = parent.header.parentHash;
  return (number) => {
    const back = newest - number;
    if (back < 0n || back >= REACH || number < 0n) return NO_HASH;
    while (hashes.length <= back && next !== undefined) {
      hashes.push(next);
      next = tree.header(next)?.parentHash;
    }
    return hashes[Number(back)] ?? NO_HASH;
  };
}
