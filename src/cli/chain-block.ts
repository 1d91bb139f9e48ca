/** A block of a chain's database, as the command line names it, with the tries of its state. */

import { InvalidArgumentError } from 'commander';
import type { KnownBlock } from '../chain/block-tree.ts';
import type { ChainDatabase } from '../chain/database/chain-database.ts';
import { openFolder } from '../chain/database/folder.ts';
import type { Hash } from '../evm/types.ts';
import type { ProvableChain } from '../proofs/chain-proofs.ts';
import { isHash } from './options.ts';

/** The head, the head's ancestor with that number, or any block by its hash. */
export type BlockName = 'latest' | bigint | Hash;

/** @throws InvalidArgumentError */
export function parseBlockName(given: string): BlockName {
  if (given === 'latest') return given;
  if (isHash(given)) return given.toLowerCase() as Hash;
  if (/^\d{1,20}$/.test(given)) return BigInt(given);
  throw new InvalidArgumentError('a block is a number, 0x and 64 hexadecimal digits, or latest.');
}

/**
 * Does the work with a block of the database in the folder, which it opens and closes.
 * @throws Error for a block that is not there; DatabaseError
 */
export async function withTreeOf<Result>(
  folder: string,
  name: BlockName,
  work: (tree: ChainDatabase, block: KnownBlock) => Promise<Result>,
): Promise<Result> {
  const tree = await openFolder(folder);
  try {
    const block = await find(tree, name);
    if (block === undefined) throw new Error(`${folder}: there is no block ${name}`);
    return await work(tree, block);
  } finally {
    await tree.close();
  }
}

/** The same with the block's tries. */
export function withBlockOf<Result>(
  folder: string,
  name: BlockName,
  work: (chain: ProvableChain, block: KnownBlock) => Promise<Result>,
): Promise<Result> {
  return withTreeOf(folder, name, (tree, block) => {
    const chain: ProvableChain = {
      withTries: async (hash, read) => read(await tree.triesAt(hash)),
    };
    return work(chain, block);
  });
}

function find(tree: ChainDatabase, name: BlockName): Promise<KnownBlock | undefined> | KnownBlock {
  if (name === 'latest') return tree.head;
  return typeof name === 'bigint' ? tree.blockAt(name) : tree.block(name);
}
