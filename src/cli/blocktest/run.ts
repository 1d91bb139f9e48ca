/** One blockchain test: a chain from its genesis, its blocks imported, its head compared. */

import { decodeBlock } from '../../chain/blocks/block.ts';
import { InvalidBlock } from '../../chain/blocks/fault.ts';
import { Chain } from '../../chain/chain.ts';
import type { Machines } from '../../chain/machines.ts';
import { MemoryState } from '../../state/memory.ts';
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

/** Runs a test; an exception of the chain is a failure of the test. */
export async function runBlockTest(test: BlockTest, machines: Machines): Promise<BlockTestResult> {
  const { name, network } = test;
  let error: string | undefined;
  try {
    error = await verdict(test, machines);
  } catch (cause) {
    error = `internal error: ${(cause as Error).stack ?? String(cause)}`;
  }
  return error === undefined
    ? { name, network, pass: true }
    : { name, network, pass: false, error };
}

/** What is wrong, or nothing. */
async function verdict(test: BlockTest, machines: Machines): Promise<string | undefined> {
  const state = new MemoryState();
  for (const [address, account] of test.pre) state.setAccount(address, account);
  const genesis = decodeBlock(test.genesis).header;
  const chain = new Chain({ spec: test.spec, genesis, state, machines });
  for (const [index, block] of test.blocks.entries()) {
    const wrong = await importBlock(chain, block, test.network);
    if (wrong !== undefined) return `block ${index + 1}: ${wrong}`;
  }
  const { hash } = chain.head;
  if (hash !== test.lastBlockHash) return `the head is ${hash}, expected ${test.lastBlockHash}`;
  return differenceOfStates(test, chain.stateAt(hash));
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
      chain.setHead(imported.hash);
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

function differenceOfStates({ post, postRoot }: BlockTest, state: MemoryState): string | undefined {
  const root = state.root();
  if (postRoot !== undefined && root !== postRoot) return `state root ${root}, not ${postRoot}`;
  if (post === undefined) return undefined;
  const expected = new MemoryState();
  for (const [address, account] of post) expected.setAccount(address, account);
  const wanted = expected.root();
  return root === wanted ? undefined : `state root ${root}, that of postState is ${wanted}`;
}
