/** What must hold of a chain's database after whatever happened to it. */
import { expect } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import type { ChainBlock } from '../../src/chain/block-tree.ts';
import { encodeBlock, indexedRoot } from '../../src/chain/blocks/block.ts';
import { encodeReceipt } from '../../src/chain/blocks/receipt.ts';
import type { ChainDatabase } from '../../src/chain/database/chain-database.ts';
import type { Hash } from '../../src/evm/types.ts';
import { type PreparedBlock, type PreparedChain, rootOf } from './prepared-chain.ts';

const noHash = (): Hash => `0x${'00'.repeat(32)}`;

/** What had been answered before. */
export interface Answered {
  readonly imported: ReadonlySet<Hash>;
  /** The last head whose choice was answered. */
  readonly head: Hash | undefined;
}

/**
 * Every block whose import was answered is there, whole (a branch that was left may be gone once
 * it is older than the window); the head is the last that was chosen, or one that was on its way;
 * every state that can be had is, read value by value, that of its block.
 */
export async function expectWhole(
  database: ChainDatabase,
  { genesis, blocks }: PreparedChain,
  { imported, head }: Answered,
): Promise<void> {
  for (const block of blocks) {
    const found = await database.block(block.hash);
    if (found !== undefined) expectSame(found, block);
    else if (imported.has(block.hash)) expect(isLeft(database, block), block.hash).toBe(true);
  }
  const chosen = blocks.find(({ hash }) => hash === head)?.number ?? 0n;
  const now = database.head;
  expect(now.header.number).toBeGreaterThanOrEqual(chosen);
  const isMain = blocks.some(({ hash, isHead }) => isHead && hash === now.hash);
  expect(isMain || now.hash === genesis.hash).toBe(true);
  // The state may be at a sibling that was imported last.
  await database.triesAt(now.hash);
  expect(database.state.root()).toBe(now.header.stateRoot);
  for (const { hash } of [genesis, ...blocks]) {
    if (!database.hasState(hash)) continue;
    const view = await database.openView(hash, noHash);
    try {
      expect(await rootOf(view)).toBe(database.known(hash)?.header.stateRoot);
    } finally {
      view.close();
    }
  }
}

function isLeft(database: ChainDatabase, { number, isHead }: PreparedBlock): boolean {
  return !isHead && number <= database.oldest.header.number;
}

function expectSame(found: ChainBlock, { rlp }: PreparedBlock): void {
  expect(toHex(encodeBlock(found))).toBe(toHex(rlp));
  expect(indexedRoot(found.receipts.map(encodeReceipt))).toBe(found.header.receiptsRoot);
}
