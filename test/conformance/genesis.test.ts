/** Genesis files of others: the official tests', and a chain of execution-apis from its first. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { decodeRlp, encodeRlp, type RlpItem, rlpInteger } from '../../src/base/rlp.ts';
import { encodeBlock } from '../../src/chain/blocks/block.ts';
import { Chain } from '../../src/chain/chain.ts';
import { createInMemory } from '../../src/chain/database/folder.ts';
import { parseGenesis } from '../../src/chain/genesis-files/genesis-file.ts';
import { Machines } from '../../src/chain/machines.ts';
import { fixtures } from '../fixtures.ts';

const official = fixtures('ethereum-tests');
const apis = fixtures('execution-apis');
/** The official files name no chain: their blocks are those of Frontier. */
const FRONTIER = { config: { chainId: 1 } };

describe.skipIf(official === undefined)('official genesis tests', () => {
  const path = join(official ?? '', 'GenesisTests', 'basic_genesis_tests.json');
  const tests = official === undefined ? {} : JSON.parse(readFileSync(path, 'utf8'));
  for (const [name, { result, ...file }] of Object.entries<{ result: string }>(tests)) {
    it(name, () => {
      const { block } = parseGenesis(JSON.stringify({ ...FRONTIER, ...file }));
      expect(encodeBlock(block).toHex()).toBe(result);
    });
  }
});

describe.skipIf(apis === undefined)('the chain of execution-apis', () => {
  it('grows from its genesis file to its last block, through all forks', async () => {
    const folder = join(apis ?? '', 'tests');
    const { spec, block, state } = parseGenesis(readFileSync(join(folder, 'genesis.json'), 'utf8'));
    const tree = await createInMemory(block, state);
    const chain = new Chain({ spec, tree, machines: new Machines({ engine: 'interpreter' }) });
    const hashes = [block.hash];
    for (const bytes of blocksIn(readFileSync(join(folder, 'chain.rlp')))) {
      const { hash, header } = await chain.importBlock(bytes);
      expect(header.parentHash).toBe(hashes.at(-1));
      hashes.push(hash);
      await chain.setHead(hash);
    }
    const { result } = lastAnswer(join(folder, 'eth_getBlockByNumber', 'get-latest.io'));
    expect(chain.head.hash).toBe(result.hash);
    expect(BigInt(result.number)).toBe(BigInt(hashes.length - 1));
    expect(chain.head.header.stateRoot).toBe(result.stateRoot);
    await tree.close();
  });
});

/** Blocks one after another, read as one list. */
function blocksIn(bytes: Uint8Array): Uint8Array[] {
  const size = rlpInteger(BigInt(bytes.length));
  const result = decodeRlp(concatBytes(Uint8Array.of(0xf7 + size.length), size, bytes));
  if (!result.ok) throw new Error(result.reason);
  return (result.item as readonly RlpItem[]).map(encodeRlp);
}

interface BlockAnswer {
  readonly hash: string;
  readonly number: string;
  readonly stateRoot: string;
}

/** The answer in a file of requests (`>>`) and answers (`<<`). */
function lastAnswer(path: string): { readonly result: BlockAnswer } {
  const lines = readFileSync(path, 'utf8').split('\n');
  const answer = lines.findLast((line) => line.startsWith('<<')) as string;
  return JSON.parse(answer.slice(2)) as { readonly result: BlockAnswer };
}
