/**
 * The stateless tests of eest-zkevm (EIP-8025, on the draft fork Amsterdam): each block is
 * verified upon the witness that the test gives, or refused where that lacks something; and the
 * witness that is collected of it is the very same.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromHex, type Hex, toHex } from '../../src/base/bytes.ts';
import { decodeBlock } from '../../src/chain/blocks/block.ts';
import { firstBlock } from '../../src/chain/blocks/genesis.ts';
import { Chain } from '../../src/chain/chain.ts';
import type { ChainSpec } from '../../src/chain/chain-spec.ts';
import { createInMemory } from '../../src/chain/database/folder.ts';
import { Machines } from '../../src/chain/machines.ts';
import { type BlockTest, parseBlockTests } from '../../src/cli/blocktest/fixture.ts';
import type { Rules } from '../../src/evm/forks/rules.ts';
import { verifyBlock, witnessOf } from '../../src/proofs/stateless.ts';
import { ProofError } from '../../src/proofs/trie-node.ts';
import type { Witness } from '../../src/proofs/witness.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { TrieMemory } from '../../src/state/trie-memory.ts';
import { fixtures } from '../fixtures.ts';

interface StatelessBlock {
  readonly executionWitness: Readonly<Record<keyof Witness, readonly Hex[]>>;
  /** Root of the request, whether the block was verified, chain id. */
  readonly statelessOutputBytes: Hex;
}

/** Byte of the output that says whether the block was verified. */
const VERIFIED_AT = 32;

const folder = fixtures('eest-zkevm-v0.3.3');
const trieMemory = new TrieMemory();
const machines = new Machines({ engine: 'interpreter' });

/**
 * The release was filled by an earlier draft of EIP-8037 than Amsterdam's own tests (tests-bal
 * v5.7.0). That draft also gave a slot that is cleared again back by the refund counter, which
 * none of these blocks shows.
 */
const EARLIER_DRAFT: Partial<Rules> = {
  keepsFailedStateGas: true,
  keepsDeletedStateGas: true,
  stateGasAfterAuthorizations: true,
};

/** The test's chain, by the rules that its release was filled with. */
function ofEarlierDraft(spec: ChainSpec): ChainSpec {
  const forks = spec.forks.map((point) => ({
    ...point,
    rules: { ...point.rules, ...EARLIER_DRAFT },
  }));
  return { ...spec, forks };
}

describe.skipIf(folder === undefined)('official stateless tests', () => {
  const files =
    folder === undefined
      ? []
      : (readdirSync(folder, { recursive: true }) as string[]).filter((f) => f.endsWith('.json'));
  for (const file of files) {
    const source = readFileSync(join(folder ?? '', file), 'utf8');
    const whole = JSON.parse(source) as Record<string, { blocks: StatelessBlock[] }>;
    for (const test of parseBlockTests(source)) {
      const blocks = whole[test.name]?.blocks ?? [];
      const spec = ofEarlierDraft(test.spec);
      it(test.name.replace(/^.*::|\[.*$/g, ''), () => replay({ ...test, spec }, blocks));
    }
  }
});

async function replay(test: BlockTest, blocks: readonly StatelessBlock[]): Promise<void> {
  const { spec, name } = test;
  const state = new MemoryState();
  for (const [address, account] of test.pre) state.setAccount(address, account);
  const genesis = firstBlock(decodeBlock(test.genesis).header);
  const tree = await createInMemory(genesis, state.asChanges(), { trieMemory });
  const chain = new Chain({ spec, tree, machines });
  expect(blocks.length).toBe(test.blocks.length);
  for (const [index, { rlp }] of test.blocks.entries()) {
    const { executionWitness, statelessOutputBytes } = blocks[index] as StatelessBlock;
    const given: Witness = {
      state: executionWitness.state.map(fromHex),
      codes: executionWitness.codes.map(fromHex),
      headers: executionWitness.headers.map(fromHex),
    };
    const verified = verifyBlock({ spec }, rlp, given);
    if (fromHex(statelessOutputBytes)[VERIFIED_AT] === 1) await verified;
    else await expect(verified).rejects.toBeInstanceOf(ProofError);
    const collected = await witnessOf(chain, rlp);
    // The tests of the verifier give more than is needed, or less, or in another order.
    if (!/_validation_|_extra_unused_/.test(name)) {
      expect(collected.state.map(toHex)).toEqual(executionWitness.state);
      expect(collected.codes.map(toHex)).toEqual(executionWitness.codes);
      expect(collected.headers.map(toHex)).toEqual(executionWitness.headers);
    }
    await verifyBlock({ spec }, rlp, collected);
    await chain.setHead((await chain.importBlock(rlp)).hash);
  }
  expect(chain.head.hash).toBe(test.lastBlockHash);
}
