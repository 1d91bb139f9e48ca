/** One blockchain test: a chain from its genesis, its blocks imported, its head compared. */

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBlock } from '../../chain/blocks/block.ts';
import { InvalidBlock } from '../../chain/blocks/fault.ts';
import { firstBlock } from '../../chain/blocks/genesis.ts';
import { Chain } from '../../chain/chain.ts';
import type { ChainDatabase } from '../../chain/database/chain-database.ts';
import { createInFolder, createInMemory, openFolder } from '../../chain/database/folder.ts';
import type { Machines } from '../../chain/machines.ts';
import type { Hash } from '../../evm/types.ts';
import { MemoryState } from '../../state/memory.ts';
import type { TrieMemory } from '../../state/trie-memory.ts';
import { accessListDifference } from './access-list.ts';
import { blockRefusalExpected } from './exceptions.ts';
import type { BlockTest, TestBlock } from './fixture.ts';

export interface BlockTestResult {
  readonly name: string;
  readonly network: string;
  readonly pass: boolean;
  /** What went wrong. */
  readonly error?: string;
}

/** What tests run on. */
export interface TestBed {
  readonly machines: Machines;
  readonly trieMemory: TrieMemory;
  /** Where each test gets a folder for its database; in memory when left out. */
  readonly folder?: string;
}

/** Runs a test; an exception of the chain is a failure of the test. */
export async function runBlockTest(test: BlockTest, bed: TestBed): Promise<BlockTestResult> {
  const { name, network } = test;
  let error: string | undefined;
  try {
    error = await verdict(test, bed);
  } catch (cause) {
    error = `internal error: ${(cause as Error).stack ?? String(cause)}`;
  }
  return error === undefined
    ? { name, network, pass: true }
    : { name, network, pass: false, error };
}

/** What is wrong, or nothing. */
async function verdict(test: BlockTest, bed: TestBed): Promise<string | undefined> {
  const state = new MemoryState();
  for (const [address, account] of test.pre) state.setAccount(address, account);
  const genesis = firstBlock(decodeBlock(test.genesis).header);
  const { trieMemory } = bed;
  if (bed.folder === undefined) {
    const tree = await createInMemory(genesis, state.asChanges(), { trieMemory });
    return verdictUpon(test, bed, tree);
  }
  const folder = await mkdtemp(join(bed.folder, 'test-'));
  try {
    const tree = await createInFolder(folder, genesis, state.asChanges(), { trieMemory });
    return (await verdictUpon(test, bed, tree)) ?? (await verdictAgain(test, folder, bed));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function verdictUpon(
  test: BlockTest,
  { machines }: TestBed,
  tree: ChainDatabase,
): Promise<string | undefined> {
  try {
    const chain = new Chain({ spec: test.spec, tree, machines });
    for (const [index, block] of test.blocks.entries()) {
      const wrong = await importBlock(chain, block, test.network);
      if (wrong !== undefined) return `block ${index + 1}: ${wrong}`;
    }
    const { hash, header } = chain.head;
    if (hash !== test.lastBlockHash) return `the head is ${hash}, expected ${test.lastBlockHash}`;
    return differenceOfStates(test, header.stateRoot);
  } finally {
    await tree.close();
  }
}

/** The database opened anew has the same head, and by its own word the state of it. */
async function verdictAgain(
  test: BlockTest,
  folder: string,
  { trieMemory }: TestBed,
): Promise<string | undefined> {
  const tree = await openFolder(folder, { trieMemory });
  try {
    const { hash } = tree.head;
    if (hash !== test.lastBlockHash) return `the head is ${hash} when it is opened anew`;
    return differenceOfStates(test, tree.state.root());
  } finally {
    await tree.close();
  }
}

async function importBlock(
  chain: Chain,
  block: TestBlock,
  network: string,
): Promise<string | undefined> {
  const { exception } = block;
  try {
    const imported = await chain.importBlock(block.rlp);
    if (exception !== undefined) return `imported, expected ${exception}`;
    // What proof of work chose: the most work. After the merge whoever drives the chain chooses.
    const merged = imported.header.difficulty === 0n;
    if (merged || imported.totalDifficulty > chain.head.totalDifficulty) {
      await chain.setHead(imported.hash);
    }
    if (block.accessList === undefined) return undefined;
    return accessListDifference(imported.accessList ?? [], block.accessList);
  } catch (error) {
    if (!(error instanceof InvalidBlock)) throw error;
    if (exception === undefined) return `refused: ${error.code}: ${error.message}`;
    if (blockRefusalExpected(error, exception, network)) return undefined;
    return `refused: ${error.code}: ${error.message}; expected ${exception}`;
  }
}

function differenceOfStates({ post, postRoot }: BlockTest, root: Hash): string | undefined {
  if (postRoot !== undefined && root !== postRoot) return `state root ${root}, not ${postRoot}`;
  if (post === undefined) return undefined;
  const expected = new MemoryState();
  for (const [address, account] of post) expected.setAccount(address, account);
  const wanted = expected.root();
  return root === wanted ? undefined : `state root ${root}, that of postState is ${wanted}`;
}
