/**
 * The chain of execution-apis: imported from its genesis file, then asked what geth answered there.
 * Proofs, raw blocks, headers and receipts, and blocks as JSON.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { blocksInFile } from '../../src/chain/block-files/block-file.ts';
import type { ChainBlock } from '../../src/chain/block-tree.ts';
import { encodeBlock } from '../../src/chain/blocks/block.ts';
import { encodeHeader } from '../../src/chain/blocks/header.ts';
import { encodeReceipt } from '../../src/chain/blocks/receipt.ts';
import type { Chain } from '../../src/chain/chain.ts';
import { parseGenesis } from '../../src/chain/genesis-files/genesis-file.ts';
import { importBlocks } from '../../src/chain/import-blocks.ts';
import { blockJson } from '../../src/chain/json/block-json.ts';
import { createChain } from '../../src/chain/open-chain.ts';
import type { Address, Hash } from '../../src/evm/types.ts';
import { proveAccount } from '../../src/proofs/chain-proofs.ts';
import { fixtures } from '../fixtures.ts';

const folder = join(fixtures('execution-apis') ?? '', 'tests');

interface Conversation {
  readonly name: string;
  readonly params: readonly unknown[];
  readonly result: unknown;
}

/** All of a method that were answered, and not refused. */
function conversations(method: string): Conversation[] {
  return readdirSync(join(folder, method)).flatMap((file) => {
    const lines = readFileSync(join(folder, method, file), 'utf8').split('\n');
    const said = (mark: string) =>
      JSON.parse(lines.findLast((line) => line.startsWith(mark))?.slice(2) ?? '{}');
    const { params } = said('>>');
    const { result } = said('<<');
    return result === undefined || result === null ? [] : [{ name: file, params, result }];
  });
}

/** As it was asked for: with transactions, or with their hashes alone. */
function jsonOf([, isFull]: readonly unknown[], block: ChainBlock): unknown {
  // geth says no more what is of the chain, and not of the block.
  const { totalDifficulty: _, ...json } = blockJson(block);
  if (isFull === true) return json;
  const transactions = json['transactions'] as readonly { readonly hash: string }[];
  return { ...json, transactions: transactions.map(({ hash }) => hash) };
}

describe.skipIf(fixtures('execution-apis') === undefined)('a chain of execution-apis', () => {
  let chain: Chain;

  beforeAll(async () => {
    const genesis = parseGenesis(readFileSync(join(folder, 'genesis.json'), 'utf8'));
    chain = await createChain(genesis, { archive: true });
    await importBlocks(chain, blocksInFile(join(folder, 'chain.rlp')));
  });
  afterAll(() => chain.close());

  /** The block that a parameter names. */
  async function blockOf(tag: unknown): Promise<ChainBlock | undefined> {
    if (tag === undefined || tag === 'latest') return chain.block(chain.head.hash);
    if (typeof tag !== 'string' || !tag.startsWith('0x')) return undefined;
    return tag.length === 66 ? chain.block(tag as Hash) : chain.blockAt(BigInt(tag));
  }

  const ask = (
    method: string,
    answer: (params: readonly unknown[], block: ChainBlock) => unknown,
    at = 0,
  ) => {
    it(method, async () => {
      let answered = 0;
      for (const { name, params, result } of conversations(method)) {
        const block = await blockOf(params[at]);
        if (block === undefined) continue;
        answered += 1;
        expect(await answer(params, block), name).toEqual(result);
      }
      expect(answered).toBeGreaterThan(0);
    });
  };

  ask(
    'eth_getProof',
    async ([address, keys], { hash }) => {
      const slots = (keys as string[]).map(BigInt);
      return proveAccount(chain, { block: hash, address: address as Address, slots });
    },
    2,
  );
  ask('eth_getBlockByNumber', jsonOf);
  ask('eth_getBlockByHash', jsonOf);
  ask('debug_getRawBlock', (_, block) => toHex(encodeBlock(block)));
  ask('debug_getRawHeader', (_, { header }) => toHex(encodeHeader(header)));
  ask('debug_getRawReceipts', (_, { receipts }) =>
    receipts.map((receipt) => toHex(encodeReceipt(receipt))),
  );
});
