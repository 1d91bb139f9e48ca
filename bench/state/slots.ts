/** Slots a second, read, written and committed; and the bytes that they take on the disk. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../src/cli/bench/statistics.ts';
import { FlatState } from '../../src/state/flat/flat-state.ts';
import { CHECKPOINT_KEY } from '../../src/state/flat/keys.ts';
import { StateLoad } from '../../src/state/flat/load/state-load.ts';
import { encodeCheckpoint } from '../../src/state/flat/values.ts';
import { LmdbStore } from '../../src/state/store/lmdb-store.ts';
import type { OrderedStore } from '../../src/state/store/ordered-store.ts';
import {
  bytesOf,
  CONTRACT,
  check,
  contractChanges,
  dropCaches,
  print,
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

/** Slots that are handed over at once while the state is made. */
const LOADED_AT_ONCE = 16_384;
/** Slots of a block that is measured. */
const AT_ONCE = 10_000;
const RAW_BYTES = 52 + 32;
const NO_BLOCK = `0x${'00'.repeat(32)}` as const;

export async function measureSlots(sizes: SlotSizes): Promise<SlotFigures> {
  const { slots, touched, rounds, dropsCaches } = sizes;
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-slots-'));
  try {
    const open = () => LmdbStore.open({ folder: join(folder, 'state') });
    let store = await open();
    await load(store, folder, slots);
    let state = new FlatState({ store });
    let number = 1n;
    const checkpoint = async () => {
      number += 1n;
      await state.checkpoint({ block: NO_BLOCK, number, record: number });
    };
    const step = Math.max(1, Math.floor(slots / touched));
    const asked = Array.from({ length: touched }, (_, index) => spread(index * step, slots));
    shuffle(asked);
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
        const written = asked.slice(block * AT_ONCE, (block + 1) * AT_ONCE);
        return contractChanges(new Map(written.map((slot) => [slot, wordOf(slot, round)])));
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

/** Slots as scattered as those of mappings are, but in their order: as a snapshot has them. */
function spread(index: number, slots: number): bigint {
  const step = 2n ** 256n / BigInt(slots);
  return BigInt(index) * step + (slotOf(index) % step);
}

/** The same order for the same length. */
function shuffle(list: bigint[]): void {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Number(slotOf(last) % BigInt(last + 1));
    [list[last], list[other]] = [list[other] as bigint, list[last] as bigint];
  }
}

/** Makes a contract of so many slots, as a snapshot is restored. */
async function load(store: OrderedStore, folder: string, slots: number): Promise<void> {
  const start = performance.now();
  const load = new StateLoad({ store, folder });
  const at = { block: NO_BLOCK, number: 1n, record: 1n };
  for (let from = 0; from < slots; from += LOADED_AT_ONCE) {
    const count = Math.min(LOADED_AT_ONCE, slots - from);
    const storage = new Map<bigint, bigint>();
    for (let index = from; index < from + count; index++) {
      const slot = spread(index, slots);
      storage.set(slot, wordOf(slot, 0));
    }
    load.take(contractChanges(storage));
    if (load.isDue) await load.write(at);
  }
  await load.write(at);
  await load.settled();
  const takenMs = performance.now() - start;
  const stateRoot = await load.finish();
  const value = encodeCheckpoint({ ...at, stateRoot });
  await store.write([{ key: CHECKPOINT_KEY, value }]);
  const [taken, made] = [takenMs, performance.now() - start].map((ms) => (ms / 1000).toFixed(1));
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
  console.log(`\n${slots} slots: put in ${taken} s, with their trie ${made} s, ${memory} MiB`);
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
