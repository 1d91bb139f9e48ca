/**
 * Real blocks of mainnet with the state that they touch: the same hash, transactions root, gas,
 * bloom and, where receipts hold no state roots, receipts root; and the same state that they lead
 * to, on every engine, by one thread and by several.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { bodyRoots, decodeBlock, indexedRoot } from '../../src/chain/blocks/block.ts';
import { encodeReceipt } from '../../src/chain/blocks/receipt.ts';
import { ForkTimeline } from '../../src/chain/chain-spec.ts';
import { executeBlock } from '../../src/chain/executor/sequential.ts';
import { readBlockJson } from '../../src/chain/json/block-json.ts';
import { MAINNET } from '../../src/chain/networks.ts';
import { createEVM } from '../../src/evm/evm.ts';
import { Crew } from '../../src/evm/parallel/crew.ts';
import type { Address, Engine, Hash } from '../../src/evm/types.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { fixtures } from '../fixtures.ts';

type Json = Readonly<Record<string, unknown>>;

const folder = fixtures('pevm-mainnet-blocks') ?? '';
/** What is hot in a block moves over in mid-run; compiling all of its code would take minutes. */
const ENGINES: readonly Engine[] = ['interpreter', 'auto'];
/** Difficulty of all blocks before the merge; only which side of it a block is on matters. */
const MERGED_TOTAL_DIFFICULTY = 58_750_000_000_000_000_000_000n;

/** Threads; several where one has shown what comes of the block. */
const WORKERS = [1, 2, 4, 8] as const;
/** In the second round what was hot in the first is linked in all threads. */
const ROUNDS = 2;

class CountingCrew extends Crew {
  done = 0;

  override async execute(...job: Parameters<Crew['execute']>): ReturnType<Crew['execute']> {
    const report = await super.execute(...job);
    if (report !== undefined) this.done += 1;
    return report;
  }
}

describe.skipIf(folder === '')('blocks of mainnet', () => {
  const names = folder === '' ? [] : readdirSync(folder).filter((name) => /^\d+$/.test(name));
  const crews = new Map(WORKERS.map((workers) => [workers, new CountingCrew(workers)]));
  afterAll(() => Promise.all([...crews.values()].map((crew) => crew.close())));

  /** Of each run on several threads, whether they did it. */
  const spread: boolean[] = [];

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
    for (const [workers, engine] of WORKERS.flatMap((count) =>
      ENGINES.map((each) => [count, each] as const),
    )) {
      const evm = createEVM({ rules: blockRules.rules, engine, hotThreshold: 100 });
      for (let round = 0; round < ROUNDS; round++) {
        const about = `${engine}, ${workers} workers, round ${round}`;
        const state = stateOf(name);
        const setting = { spec: MAINNET, blockRules, evm, state };
        const crew = crews.get(workers) as CountingCrew;
        const spreading = { crew, transactionsMin: 1, seed: round };
        const before = crew.done;
        const outcome = await executeBlock(
          workers === 1 ? setting : { ...setting, spreading },
          block,
        );
        if (workers > 1 && blockRules.is('byzantium')) spread.push(crew.done > before);
        expect(outcome.gasUsed, about).toBe(block.header.gasUsed);
        expect(toHex(outcome.bloom), about).toBe(block.header.logsBloom);
        if (blockRules.is('byzantium')) {
          const root = indexedRoot(outcome.receipts.map(encodeReceipt));
          expect(root, about).toBe(block.header.receiptsRoot);
        }
        const root = state.root();
        changes ??= root;
        expect(root, about).toBe(changes);
      }
    }
  });

  it('are executed by several threads, but where a job’s memory is full', () => {
    expect(spread.filter((is) => is).length).toBeGreaterThan(spread.length * 0.9);
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
