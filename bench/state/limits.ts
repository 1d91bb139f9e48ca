/** Whether the cache of the tries keeps its limit under a state of ten times as much. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlatState } from '../../src/state/flat/flat-state.ts';
import { LmdbStore } from '../../src/state/store/lmdb-store.ts';
import { TrieMemory } from '../../src/state/trie-memory.ts';
import { check, contractChanges, print, slotChanges } from './contract.ts';

export interface LimitSizes {
  readonly slots: number;
  /** That each block writes, others than the block before. */
  readonly changed: number;
  readonly blocks: number;
  /** Bytes of nodes that may stay from block to block. */
  readonly trieBytes: number;
}

const AT_ONCE = 100_000;
const BLOCKS_A_CHECKPOINT = 16;
const MIB = 2 ** 20;

export async function measureLimits(sizes: LimitSizes): Promise<void> {
  const { slots, changed, blocks, trieBytes } = sizes;
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-limits-'));
  try {
    const store = await LmdbStore.open({ folder: join(folder, 'state') });
    let number = 0n;
    const fill = async (state: FlatState) => {
      for (let from = 0; from < slots; from += AT_ONCE) {
        const count = Math.min(AT_ONCE, slots - from);
        state.apply(contractChanges(slotChanges(from, count, 1, 0)));
        await checkpoint(state);
      }
    };
    const checkpoint = async (state: FlatState) => {
      number += 1n;
      await state.checkpoint({ block: `0x${'00'.repeat(32)}`, number, record: number });
    };
    const whole = new TrieMemory();
    const unbounded = new FlatState({ store, trieMemory: whole, trieBytes: 2 ** 31 });
    await fill(unbounded);
    const all = whole.used;
    unbounded.free();

    const trieMemory = new TrieMemory();
    const state = new FlatState({ store, trieMemory, trieBytes });
    let kept = 0;
    for (let block = 0; block < blocks; block++) {
      // From everywhere in the state, and nothing twice for a long time.
      const step = Math.max(1, Math.floor(slots / changed));
      state.apply(contractChanges(slotChanges(block % step, changed, step, block + 1)));
      kept = Math.max(kept, trieMemory.used);
      check(trieMemory.used <= trieBytes, `${trieMemory.used} bytes of nodes after block ${block}`);
      if (block % BLOCKS_A_CHECKPOINT === BLOCKS_A_CHECKPOINT - 1) await checkpoint(state);
    }
    const root = state.root();
    await checkpoint(state);
    state.free();
    const again = new FlatState({ store });
    check(again.root() === root, 'the root after opening anew');
    again.free();
    await store.close();
    console.log(`\n${blocks} blocks that write ${changed} slots each, all over ${slots}`);
    print('  all nodes of the trie', all / MIB, 'MiB');
    print('  limit of what stays in memory', trieBytes / MIB, 'MiB');
    print('  most that stayed after a block', kept / MIB, 'MiB');
    print(
      '  pages of the tries’ memory that were ever used',
      trieMemory.bytes().length / MIB,
      'MiB',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
