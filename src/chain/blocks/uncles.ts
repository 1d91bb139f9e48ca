/** Uncles: headers of other children of near ancestors, which proof of work rewarded. */

import type { Hash } from '../../evm/types.ts';
import { InvalidBlock } from './fault.ts';
import { type BlockHeader, headerHash } from './header.ts';

const UNCLES_MAX = 2;
/** Generations between a block and its uncle. */
const GENERATIONS_MAX = 6;

/** An ancestor as uncles are held against it. */
export interface Ancestor {
  readonly hash: Hash;
  readonly header: BlockHeader;
  readonly uncles: readonly BlockHeader[];
}

/**
 * @param ancestorOf gives a block by its hash
 * @param checkHeader holds an uncle's header against that of its parent
 * @throws InvalidBlock `block/uncle not allowed`, or what `checkHeader` throws
 */
export function checkUncles(
  header: BlockHeader,
  uncles: readonly BlockHeader[],
  ancestorOf: (hash: Hash) => Ancestor | undefined,
  checkHeader: (uncle: BlockHeader, parent: Ancestor) => void,
): void {
  if (uncles.length === 0) return;
  if (uncles.length > UNCLES_MAX) {
    throw refusal(`the block has ${uncles.length} uncles, at most ${UNCLES_MAX}`);
  }
  const ancestors = new Map<Hash, Ancestor>();
  const taken = new Set<Hash>();
  let at: Ancestor | undefined = ancestorOf(header.parentHash);
  for (let back = 0; at !== undefined && back <= GENERATIONS_MAX; back++) {
    ancestors.set(at.hash, at);
    taken.add(at.hash);
    for (const uncle of at.uncles) taken.add(headerHash(uncle));
    at = ancestorOf(at.header.parentHash);
  }
  for (const uncle of uncles) {
    const hash = headerHash(uncle);
    if (taken.has(hash)) throw refusal(`uncle ${hash} is an ancestor, or was named before`);
    taken.add(hash);
    const parent = ancestors.get(uncle.parentHash);
    if (parent === undefined || uncle.parentHash === header.parentHash) {
      throw refusal(`uncle ${hash} is no child of an ancestor 1 to ${GENERATIONS_MAX} blocks back`);
    }
    checkHeader(uncle, parent);
  }
}

function refusal(message: string): InvalidBlock {
  return new InvalidBlock('block/uncle not allowed', message);
}
