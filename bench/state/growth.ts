/** Blocks that overwrite the same slots: what the database has grown by when old ones are gone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBlock } from '../../src/chain/blocks/block.ts';
import { firstBlock, genesisHeader } from '../../src/chain/blocks/genesis.ts';
import { createInFolder } from '../../src/chain/database/folder.ts';
import { oldBlocksPrefix, oldHashesPrefix } from '../../src/chain/database/old-blocks.ts';
import { percentile } from '../../src/cli/bench/statistics.ts';
import { FlatState } from '../../src/state/flat/flat-state.ts';
import { LmdbStore } from '../../src/state/store/lmdb-store.ts';
import { MemoryStore } from '../../src/state/store/memory-store.ts';
import { prefixEnd } from '../../src/state/store/ordered-store.ts';
import {
  bytesOf,
  CONTRACT,
  check,
  contractChanges,
  print,
  slotChanges,
  slotOf,
  wordOf,
} from './contract.ts';

export interface GrowthSizes {
  readonly slots: number;
  /** That each block overwrites. */
  readonly overwritten: number;
  readonly blocks: number;
  readonly window: number;
}

const SPEC = { chainId: 1n, forks: [{ fork: 'paris' }] } as const;
const noHash = () => `0x${'00'.repeat(32)}` as const;

export async function measureGrowth(sizes: GrowthSizes): Promise<void> {
  const { slots, overwritten, blocks, window } = sizes;
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-growth-'));
  try {
    const changes = contractChanges(slotChanges(0, slots, 1, 0));
    const scratch = new FlatState({ store: await MemoryStore.open() });
    const { root: stateRoot } = scratch.apply(changes);
    scratch.free();
    const given = { coinbase: CONTRACT, gasLimit: 10_000_000n, stateRoot };
    let block = firstBlock(genesisHeader(SPEC, given));
    const limits = { window, checkpointWrites: overwritten * window };
    const database = await createInFolder(folder, block, changes, limits);
    const latency: number[] = [];
    const extend = async (round: number) => {
      const pending = await database.begin(block.hash, noHash);
      pending.apply(contractChanges(slotChanges(0, overwritten, 1, round)));
      const { header, hash } = block;
      const stateRootAfter = pending.root();
      block = firstBlock({
        ...header,
        parentHash: hash,
        number: header.number + 1n,
        timestamp: BigInt(round),
        stateRoot: stateRootAfter,
      });
      const bytes = encodeBlock(block);
      const start = performance.now();
      pending.commit(block, bytes);
      database.setHead(block.hash);
      await database.settled();
      latency.push(performance.now() - start);
    };
    // A window of blocks is there from then on, whatever came before.
    let round = 0;
    while (round < 2 * window) await extend(++round);
    await database.checkpoint();
    const before = { state: bytesOf(join(folder, 'state')), log: bytesOf(join(folder, 'log')) };
    while (round < 2 * window + blocks) await extend(++round);
    await database.checkpoint();
    const first = slotOf(0);
    check(database.state.getStorage(CONTRACT, first) === wordOf(first, round), 'a slot');
    check(database.oldest.header.number === BigInt(round - window), 'the window');
    await database.close();
    const after = { state: bytesOf(join(folder, 'state')), log: bytesOf(join(folder, 'log')) };
    console.log(`\n${blocks} blocks that overwrite ${overwritten} of ${slots} slots`);
    print('  state, before', before.state / 1e6, 'MB');
    print('  state, after', after.state / 1e6, 'MB');
    const grown = after.state - before.state;
    const own = await bytesOfLast(blocks, join(folder, 'state'));
    print('  growth', (grown / before.state) * 100, '%', 2);
    print('  of it the blocks themselves, which stay', own / 1e6, 'MB', 2);
    print('  growth but for them', ((grown - own) / before.state) * 100, '%', 2);
    print(`  log of a window of ${window} and its segment, before`, before.log / 1e6, 'MB');
    print('  the same, after', after.log / 1e6, 'MB');
    print('  commit of a block to the log, p50', percentile(latency, 0.5), 'ms', 2);
    print('  commit of a block to the log, p99', percentile(latency, 0.99), 'ms', 2);
    await measureStore(folder, sizes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Keys and values of so many blocks that are older than the window. */
async function bytesOfLast(count: number, folder: string): Promise<number> {
  const store = await LmdbStore.open({ folder });
  let bytes = 0;
  for (const prefix of [oldBlocksPrefix, oldHashesPrefix]) {
    const entries = [...store.range(prefix, prefixEnd(prefix))];
    for (const { key, value } of entries.slice(-count)) bytes += key.length + value.length;
  }
  await store.close();
  return bytes;
}

/** The same changes, each block's as one synchronous transaction of the store; without a trie. */
async function measureStore(folder: string, { slots, overwritten, blocks }: GrowthSizes) {
  const store = await LmdbStore.open({ folder: join(folder, 'beside') });
  const entries = (count: number, round: number) =>
    [...slotChanges(0, count, 1, round)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([slot, value]) => ({ key: bytesOfWord(slot), value: bytesOfWord(value) }));
  await store.write(entries(slots, 0));
  const latency: number[] = [];
  for (let round = 1; round <= blocks; round++) {
    const changes = entries(overwritten, round);
    const start = performance.now();
    await store.write(changes);
    latency.push(performance.now() - start);
  }
  await store.close();
  print('  the same slots as a transaction of LMDB, p50', percentile(latency, 0.5), 'ms', 2);
  print('  the same slots as a transaction of LMDB, p99', percentile(latency, 0.99), 'ms', 2);
}

function bytesOfWord(word: bigint): Uint8Array {
  return Uint8Array.fromHex(`01${word.toString(16).padStart(64, '0')}`);
}
