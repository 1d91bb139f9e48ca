/**
 * Real blocks of mainnet with the state that they touch: the same hash, transactions root, gas,
 * bloom and, where receipts hold no state roots, receipts root.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { bodyRoots, decodeBlock, indexedRoot } from '../../src/chain/blocks/block.ts';
import { encodeReceipt } from '../../src/chain/blocks/receipt.ts';
import { ForkTimeline } from '../../src/chain/chain-spec.ts';
import { executeBlock } from '../../src/chain/executor/sequential.ts';
import { readBlockJson } from '../../src/chain/json/block-json.ts';
import { MAINNET } from '../../src/chain/networks.ts';
import { createEVM } from '../../src/evm/evm.ts';
import type { Address, Engine, Hash } from '../../src/evm/types.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { fixtures } from '../fixtures.ts';

type Json = Readonly<Record<string, unknown>>;

const folder = fixtures('pevm-mainnet-blocks') ?? '';
/** What is hot in a block moves over in mid-run; compiling all of its code would take minutes. */
const ENGINES: readonly Engine[] = ['interpreter', 'auto'];
/** Difficulty of all blocks before the merge; only which side of it a block is on matters. */
const MERGED_TOTAL_DIFFICULTY = 58_750_000_000_000_000_000_000n;

describe.skipIf(folder === '')('blocks of mainnet', () => {
  const names = folder === '' ? [] : readdirSync(folder).filter((name) => /^\d+$/.test(name));
  it.each(names)('%s', async (name) => {
    const json = readFileSync(join(folder, name, 'block.json'), 'utf8');
    // Whose hash is that of its fields.
    const block = decodeBlock(readBlockJson(json));
    expect(block.hash).toBe((JSON.parse(json) as Json)['hash']);
    expect(block.header).toMatchObject(bodyRoots(block));
    const { number, timestamp, difficulty } = block.header;
    const parentTotalDifficulty = difficulty === 0n ? MERGED_TOTAL_DIFFICULTY : 0n;
    const blockRules = new ForkTimeline(MAINNET).at({ number, timestamp, parentTotalDifficulty });
    let changes: string | undefined;
    for (const engine of ENGINES) {
      const evm = createEVM({ rules: blockRules.rules, engine, hotThreshold: 100 });
      const state = stateOf(name);
      const outcome = await executeBlock({ spec: MAINNET, blockRules, evm, state }, block);
      expect(outcome.gasUsed).toBe(block.header.gasUsed);
      expect(toHex(outcome.bloom)).toBe(block.header.logsBloom);
      if (blockRules.is('byzantium')) {
        const root = indexedRoot(outcome.receipts.map(encodeReceipt));
        expect(root).toBe(block.header.receiptsRoot);
      }
      const root = state.root();
      changes ??= root;
      expect(root, engine).toBe(changes);
    }
  });
});

function stateOf(name: string): MemoryState {
  const state = new MemoryState();
  const source = readFileSync(join(folder, name, 'pre_state.json'), 'utf8');
  for (const [address, account] of Object.entries(JSON.parse(source) as Json)) {
    const { info, storage } = account as {
      readonly info: { balance: string; nonce: number; code: { LegacyRaw?: string } | null };
      readonly storage: Record<string, string>;
    };
    state.setAccount(address as Address, {
      nonce: BigInt(info.nonce),
      balance: BigInt(info.balance),
      code: Uint8Array.fromHex((info.code?.LegacyRaw ?? '0x').slice(2)),
      storage: Object.entries(storage).map(([slot, word]) => [BigInt(slot), BigInt(word)]),
    });
  }
  const hashes = join(folder, name, 'block_hashes.json');
  if (existsSync(hashes)) {
    const known = Object.entries(JSON.parse(readFileSync(hashes, 'utf8')) as Record<string, Hash>);
    const byNumber = new Map(known.map(([number, hash]) => [BigInt(number), hash]));
    state.blockHash = (number) => byNumber.get(number) ?? `0x${'00'.repeat(32)}`;
  }
  return state;
}
