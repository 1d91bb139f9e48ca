import { expect, test } from 'vitest';
import { MemoryState } from '../state/memory.ts';
import { encodeBlock } from './blocks/block.ts';
import { ImportError, importBlocks } from './import-blocks.ts';
import { createChain, genesisOf } from './open-chain.ts';

const COINBASE = `0x${'c0'.repeat(20)}` as const;

async function madeChain() {
  const spec = { chainId: 1n, forks: [{ fork: 'paris' }] } as const;
  return createChain(genesisOf({ spec, state: new MemoryState() }), { engine: 'interpreter' });
}

/** So many blocks upon one another. */
async function madeBlocks(count: number): Promise<Uint8Array[]> {
  const chain = await madeChain();
  const blocks: Uint8Array[] = [];
  for (let at = 1; at <= count; at++) {
    const request = { timestamp: BigInt(12 * at), coinbase: COINBASE, transactions: [] };
    const { bytes } = await chain.buildBlock(request);
    await chain.setHead((await chain.importBlock(bytes)).hash);
    blocks.push(bytes);
  }
  await chain.close();
  return blocks;
}

async function* source(blocks: readonly Uint8Array[], end?: Error): AsyncGenerator<Uint8Array> {
  yield* blocks;
  if (end !== undefined) throw end;
}

test('a fault of the source is what is said, and what came before it is imported', async () => {
  const [first, second, third] = (await madeBlocks(3)) as [Uint8Array, Uint8Array, Uint8Array];
  const chain = await madeChain();
  const fault = new Error('the file ends in the middle of a block');
  await expect(importBlocks(chain, source([first, second], fault))).rejects.toBe(fault);
  expect(chain.head.header.number).toBe(2n);
  // Also where a block on its way is invalid.
  const spoilt = third.slice();
  spoilt[40] = (spoilt[40] as number) ^ 1;
  await expect(importBlocks(chain, source([spoilt], fault))).rejects.toBe(fault);
  await expect(importBlocks(chain, source([spoilt]))).rejects.toBeInstanceOf(ImportError);
  expect(await importBlocks(chain, source([first, second, third]))).toMatchObject({
    blocks: 1,
    skipped: 2,
  });
  expect(encodeBlock((await chain.blockAt(3n)) as never)).toEqual(third);
  await chain.close();
});
