/** A database that begins with an Anvil's state. */

import { encodeRlp } from '../../base/rlp.ts';
import type { ChainBlock } from '../block-tree.ts';
import { encodeBlock } from '../blocks/block.ts';
import { createInFolder, type DatabaseLimits } from '../database/folder.ts';
import type { OldBlock } from '../database/old-blocks.ts';
import { decodeStored, storedItems } from '../database/records.ts';
import type { AnvilState } from './read-state.ts';

/**
 * Makes the database, with the blocks before its first, which BLOCKHASH asks for; it is closed.
 * @throws DatabaseError `database/exists`, `database/in use`
 */
export async function createFromAnvil(
  folder: string,
  { spec, block, state, ancestors }: AnvilState,
  limits: DatabaseLimits = {},
): Promise<void> {
  const old = ancestors.toReversed().map(oldBlock);
  const options = { ...limits, spec, ancestors: old };
  const database = await createInFolder(folder, block, state, options);
  await database.close();
}

/** A block as a store keeps one that has left the tree. */
export function oldBlock(block: ChainBlock): OldBlock {
  const { hash, header } = block;
  const stored = decodeStored(encodeRlp(storedItems(block, encodeBlock(block))));
  return { hash, number: header.number, stored };
}
