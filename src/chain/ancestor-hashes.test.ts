import { expect, test } from 'vitest';
import type { Hash } from '../evm/types.ts';
import { ancestorHashes } from './ancestor-hashes.ts';
import type { ChainBlock } from './block-tree.ts';
import type { BlockHeader } from './blocks/header.ts';
import { GrownChain } from './database/grown-chain.ts';

const none = `0x${'00'.repeat(32)}`;

async function grown(length: number, window: number): Promise<[GrownChain, ChainBlock[]]> {
  const chain = new GrownChain();
  await chain.create({ window });
  const blocks: ChainBlock[] = [chain.genesis];
  while (blocks.length < length) blocks.push(await chain.extend(blocks.at(-1) as ChainBlock));
  await chain.database.checkpoint();
  return [chain, blocks];
}

test('the hashes of 256 blocks, old ones among them, each looked up once', async () => {
  const [{ database }, blocks] = await grown(300, 4);
  expect(database.oldest.header.number).toBe(295n);
  let looks = 0;
  const header = (hash: Hash): BlockHeader | undefined => {
    looks += 1;
    return database.header(hash);
  };
  const at = ancestorHashes({ header }, blocks[299]);
  for (const number of [299, 298, 44, 297, 296, 150, 60]) {
    expect(at(BigInt(number))).toBe(blocks[number]?.hash);
  }
  for (let number = 0; number < 310; number++) {
    const isIn = number >= 44 && number < 300;
    expect(at(BigInt(number)), `${number}`).toBe(isIn ? blocks[number]?.hash : none);
  }
  expect(looks).toBeLessThanOrEqual(255);
  await database.close();
});

test('of a short chain, and of none', async () => {
  const [{ database }, blocks] = await grown(3, 256);
  const at = ancestorHashes(database, blocks[2]);
  expect([0n, 1n, 2n, 3n, 2n ** 200n].map(at)).toEqual([
    ...blocks.map(({ hash }) => hash),
    none,
    none,
  ]);
  expect(ancestorHashes(database, undefined)(0n)).toBe(none);
  expect(ancestorHashes(database, blocks[0])(0n)).toBe(blocks[0]?.hash);
  expect(database.header(none as Hash)).toBeUndefined();
  await database.close();
});

test('headers of blocks are what their blocks have', async () => {
  const [{ database }, blocks] = await grown(20, 3);
  for (const { hash, header } of blocks) expect(database.header(hash)).toEqual(header);
  await database.close();
});
