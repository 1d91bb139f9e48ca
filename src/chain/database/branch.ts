/** The head's branch of a database, block by block, from an older one to a younger. */

import type { Hash } from '../../evm/types.ts';
import type { ChainBlock } from '../block-tree.ts';
import type { ChainDatabase } from './chain-database.ts';
import { DatabaseError } from './fault.ts';

export interface BranchPart {
  /** Numbers of the first block and of the last. */
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * PERF: one read a block, and the hashes of the window's.
 * @throws DatabaseError `database/missing` for a block that the branch does not have
 */
export async function* branchBlocks(
  database: ChainDatabase,
  { from, to }: BranchPart,
): AsyncGenerator<ChainBlock> {
  const recent = recentHashes(database, from);
  const { number: oldest } = database.oldest.header;
  for (let number = from; number <= to; number += 1n) {
    const hash = recent[Number(number - (from > oldest ? from : oldest))];
    const isOld = number < oldest || hash === undefined;
    const block = await (isOld ? database.blockAt(number) : database.block(hash));
    if (block === undefined) throw missing(database, number);
    yield block;
  }
}

/** Hashes of the head's branch that are in the window, the oldest first. */
function recentHashes(database: ChainDatabase, from: bigint): Hash[] {
  const hashes: Hash[] = [];
  let at = database.recent(database.head.hash);
  while (at !== undefined && at.header.number >= from) {
    hashes.push(at.hash);
    at = database.recent(at.header.parentHash);
  }
  return hashes.reverse();
}

function missing(database: ChainDatabase, number: bigint): DatabaseError {
  const { number: head } = database.head.header;
  const message = `there is no block ${number}: the head is block ${head}`;
  return new DatabaseError('database/missing', message);
}
