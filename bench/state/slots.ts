/** Slots a second, read, written and committed; and the bytes that they take on the disk. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../src/cli/bench/statistics.ts';
import { FlatState } from '../../src/state/flat/flat-state.ts';
import { LmdbStore } from '../../src/state/store/lmdb-store.ts';
import {
  bytesOf,
  CONTRACT,
  check,
  contractChanges,
  dropCaches,
  print,
  slotChanges,
  slotOf,
  timed,
  wordOf,
} from './contract.ts';

export interface SlotSizes {
  readonly slots: number;
  /** That are read, and written. */
  readonly touched: number;
  readonly rounds: number;
  /** Has the system forget its pages first, which it lets root do alone. */
  readonly dropsCaches: boolean;
}

/** What a size came to; a second of CPU, but for what waits for the disk. */
export interface SlotFigures {
  readonly slots: number;
  /** A second of wall time, no page of the store in memory. */
  readonly readFromDisk: number | undefined;
  readonly readAfterOpening: number;
  readonly readAgain: number;
  readonly writtenToRoot: number;
  readonly writtenAndStored: number;
  readonly bytesASlot: number;
}

/** Slots that are put at once while the state is made, and then written: what a chain gathers. */
const FILLED_AT_ONCE = 500_000;
/** Slots of a block that is measured. */
const AT_ONCE = 10_000;
const RAW_BYTES = 52 + 32;

export async function measureSlots(sizes: SlotSizes): Promise<SlotFigures> {
  const { slots, touched, rounds, dropsCaches } = sizes;
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-slots-'));
  try {
    const open = () => LmdbStore.open({ folder: join(folder, 'state') });
    let store = await open();
    let state = new FlatState({ store });
    let number = 0n;
    const checkpoint = async () => {
      number += 1n;
      await state.checkpoint({ block: `0x${'00'.repeat(32)}`, number, record: number });
    };
    for (let from = 0; from < slots; from += FILLED_AT_ONCE) {
      const count = Math.min(FILLED_AT_ONCE, slots - from);
      state.apply(contractChanges(slotChanges(from, count, 1, 0)));
      await checkpoint();
    }
    const step = Math.max(1, Math.floor(slots / touched));
    const asked = Array.from({ length: touched }, (_, index) => slotOf(index * step));
    const read = () => {
      let found = 0;
      for (const slot of asked) if (state.getStorage(CONTRACT, slot) !== 0n) found += 1;
      check(found === asked.length, `${found} of ${asked.length} slots`);
    };
    const reopen = async (dropped: boolean) => {
      state.free();
      await store.close();
      if (dropped) dropCaches();
      store = await open();
      state = new FlatState({ store });
    };
    const fromDisk: number[] = [];
    const cold: number[] = [];
    const warm: number[] = [];
    for (let round = 0; round < rounds; round++) {
      if (dropsCaches) {
        await reopen(true);
        fromDisk.push(timed(read).wallMs);
      }
      await reopen(false);
      cold.push(timed(read).cpuMs);
      warm.push(timed(read).cpuMs);
    }
    const [first] = asked as [bigint];
    check(state.getStorage(CONTRACT, first) === wordOf(first, 0), 'the first slot');
    const applied: number[] = [];
    const committed: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const blocks = Array.from({ length: Math.ceil(touched / AT_ONCE) }, (_, block) => {
        const from = block * AT_ONCE;
        const count = Math.min(AT_ONCE, touched - from);
        return contractChanges(slotChanges(from * step, count, step, round));
      });
      const cpu = process.cpuUsage();
      applied.push(
        timed(() => {
          for (const changes of blocks) state.apply(changes);
        }).cpuMs,
      );
      await checkpoint();
      const { user, system } = process.cpuUsage(cpu);
      committed.push((user + system) / 1000);
    }
    check(state.getStorage(CONTRACT, first) === wordOf(first, rounds), 'the first slot, written');
    const root = state.root();
    state.free();
    await store.close();
    store = await open();
    state = new FlatState({ store });
    check(state.root() === root, 'the root after opening anew');
    state.free();
    await store.close();
    const rate = (ms: readonly number[]) => (touched / median(ms)) * 1000;
    const figures = {
      slots,
      readFromDisk: dropsCaches ? rate(fromDisk) : undefined,
      readAfterOpening: rate(cold),
      readAgain: rate(warm),
      writtenToRoot: rate(applied),
      writtenAndStored: rate(committed),
      bytesASlot: bytesOf(folder) / slots,
    };
    report(figures, touched);
    return figures;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(figures: SlotFigures, touched: number): void {
  const { slots, readFromDisk, bytesASlot } = figures;
  console.log(`\n${slots} slots on disk, ${touched} of them touched, a second of CPU`);
  if (readFromDisk !== undefined) {
    print('  read, no page in memory, a second of wall time', readFromDisk, 'slots', 0);
  }
  const { readAfterOpening, readAgain, writtenToRoot, writtenAndStored } = figures;
  print('  read after opening, pages in the system’s cache', readAfterOpening, 'slots', 0);
  print('  asked for again, remembered', readAgain, 'slots', 0);
  print('  written, to a root', writtenToRoot, 'slots', 0);
  print('  written and in the store', writtenAndStored, 'slots', 0);
  print('  on disk, trie and free pages included', bytesASlot, 'bytes a slot');
  print(`  over the ${RAW_BYTES} of key and value`, bytesASlot / RAW_BYTES, 'x', 2);
}
