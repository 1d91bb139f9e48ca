/**
 * Official blockchain tests without a state: of each block a witness is collected and the block
 * executed upon it to the same roots; without any one part of it, it is refused.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeBlock } from '../../src/chain/blocks/block.ts';
import { InvalidBlock } from '../../src/chain/blocks/fault.ts';
import { firstBlock } from '../../src/chain/blocks/genesis.ts';
import { Chain } from '../../src/chain/chain.ts';
import { createInMemory } from '../../src/chain/database/folder.ts';
import { Machines } from '../../src/chain/machines.ts';
import { type BlockTest, parseBlockTests } from '../../src/cli/blocktest/fixture.ts';
import { isSampled } from '../../src/cli/sample.ts';
import { type StatelessSetting, verifyBlock, witnessOf } from '../../src/proofs/stateless.ts';
import { ProofError } from '../../src/proofs/trie-node.ts';
import type { Witness } from '../../src/proofs/witness.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { TrieMemory } from '../../src/state/trie-memory.ts';
import { fixtures } from '../fixtures.ts';

const ONE_IN = Number(process.env['IRONFLY_STATELESS_ONE_IN'] ?? 40);
const trieMemory = new TrieMemory();
const machines = new Machines({ engine: 'interpreter' });

describe.each([
  ['eest-v5.4.0', 'blockchain_tests'],
  ['legacytests-Cancun', 'BlockchainTests'],
] as const)('official blocks of %s, stateless', (suite, part) => {
  const folder = fixtures(suite);
  const root = join(folder ?? '', part);
  const parts = folder === undefined ? [] : readdirSync(root);
  if (folder === undefined) it.skip('skipped for want of fixtures');
  it.each(parts)('%s', { timeout: 600_000 }, async (name) => {
    const counts = { tests: 0, blocks: 0, lacking: 0 };
    for (const file of readdirSync(join(root, name), { recursive: true }) as string[]) {
      if (!file.endsWith('.json')) continue;
      for (const test of parseBlockTests(readFileSync(join(root, name, file), 'utf8'))) {
        if (!isSampled(test.name, ONE_IN)) continue;
        counts.tests += 1;
        await replay(test, counts);
      }
    }
    console.info(`${name}: ${JSON.stringify(counts)}`);
  });
});

async function replay(test: BlockTest, counts: { blocks: number; lacking: number }): Promise<void> {
  const { spec, name } = test;
  const state = new MemoryState();
  for (const [address, account] of test.pre) state.setAccount(address, account);
  const genesis = firstBlock(decodeBlock(test.genesis).header);
  const tree = await createInMemory(genesis, state.asChanges(), { trieMemory });
  const chain = new Chain({ spec, tree, machines });
  for (const { rlp, exception } of test.blocks) {
    const fault = await chain.importBlock(rlp).then(
      () => undefined,
      (error: unknown) => error as InvalidBlock,
    );
    if (exception !== undefined) {
      // What breaks a rule breaks the same rule here.
      if (fault === undefined) return;
      const found = await witnessOf(chain, rlp).catch((error: unknown) => error);
      if (found instanceof InvalidBlock) expect(found.code, name).toBe(fault.code);
      else expect(found, name).toBeInstanceOf(Error);
      continue;
    }
    if (decodeBlock(rlp).uncles.length > 0) {
      await expect(witnessOf(chain, rlp)).rejects.toThrow('a block with uncles');
      continue;
    }
    const witness = await witnessOf(chain, rlp);
    const parentTotalDifficulty = totalDifficultyBefore(chain, rlp);
    const setting = { spec, parentTotalDifficulty };
    const { block } = await verifyBlock(setting, rlp, witness);
    expect(chain.known(block.hash), name).toBeDefined();
    counts.blocks += 1;
    counts.lacking += await refusesWithout(setting, rlp, witness, counts.blocks);
  }
}

function totalDifficultyBefore(chain: Chain, rlp: Uint8Array): bigint {
  return chain.known(decodeBlock(rlp).header.parentHash)?.totalDifficulty ?? 0n;
}

/** Takes one part of each kind away. */
async function refusesWithout(
  setting: StatelessSetting,
  rlp: Uint8Array,
  witness: Witness,
  seed: number,
): Promise<number> {
  let count = 0;
  for (const kind of ['state', 'codes', 'headers'] as const) {
    const parts = witness[kind];
    if (parts.length === 0) continue;
    const lacking = { ...witness, [kind]: parts.toSpliced(seed % parts.length, 1) };
    const error = await verifyBlock(setting, rlp, lacking).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProofError);
    expect(['proof/missing', 'proof/wrong hash']).toContain((error as ProofError).code);
    count += 1;
  }
  return count;
}
