/**
 * A disk in memory below a chain's database, whose power can go at any moment and which can fail.
 *
 * The log's files lose any part of what was written and never synced. A transaction of the store
 * is there as a whole or not at all, and there once its write was answered: that is LMDB's own
 * promise, which lmdb-pages.test.ts looks at.
 */
import { ChainDatabase } from '../../src/chain/database/chain-database.ts';
import { FaultyFiles } from '../../src/state/log/faulty-files.ts';
import { RecordLog } from '../../src/state/log/record-log.ts';
import { MemoryStore, type StoreContent } from '../../src/state/store/memory-store.ts';
import {
  type OrderedStore,
  type StoreChange,
  type StoreEntry,
  StoreError,
} from '../../src/state/store/ordered-store.ts';
import type { TrieMemory } from '../../src/state/trie-memory.ts';
import { LIMITS, type PreparedChain } from './prepared-chain.ts';
import type { randomFrom } from './random.ts';

type Random = ReturnType<typeof randomFrom>;

/** A block takes some ten turns of the event loop. */
const SYNC_TURNS_MAX = 60;

export class Disk {
  readonly files: FaultyFiles;
  readonly content: StoreContent;
  /** The store takes no more. */
  isStoreFull = false;
  /** Moments until the power goes; it stays when undefined. */
  #momentsLeft: number | undefined;
  #onPowerCut: () => void = () => {};

  constructor(files: FaultyFiles = new FaultyFiles(), content: StoreContent = new Map()) {
    this.files = files;
    this.content = content;
    files.onMoment = () => this.moment();
  }

  /** Calls back when the power goes, after so many moments. */
  cutAfter(moments: number, onPowerCut: () => void): void {
    this.#momentsLeft = moments;
    this.#onPowerCut = onPowerCut;
  }

  moment(): void {
    if (this.#momentsLeft === undefined) return;
    this.#momentsLeft -= 1;
    if (this.#momentsLeft > 0) return;
    this.#momentsLeft = undefined;
    this.#onPowerCut();
  }

  /** Some syncs take so long that much else happens meanwhile. */
  slowSyncs(random: Random): this {
    this.files.beforeSync = async () => {
      const turns = random(3) === 0 ? random(SYNC_TURNS_MAX) : 0;
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    };
    return this;
  }

  /** What is on the disk if the power goes now; what still writes to this one does not reach it. */
  afterPowerCut(random: Random): Disk {
    const after = new Disk(this.files.afterCrash(random), new Map(this.content));
    return after.slowSyncs(random);
  }

  /** The disk as it is, without faults: for who ends in order. */
  mended(): Disk {
    this.files.failsAfter = undefined;
    this.files.failsToRead = false;
    this.isStoreFull = false;
    this.#momentsLeft = undefined;
    return this;
  }

  async create({ genesis, state }: PreparedChain, memory: TrieMemory): Promise<ChainDatabase> {
    return ChainDatabase.create(await this.#options(memory), genesis, state.asChanges());
  }

  async open(memory: TrieMemory): Promise<ChainDatabase> {
    return ChainDatabase.open(await this.#options(memory));
  }

  async #options(trieMemory: TrieMemory) {
    const { segmentBytes, ...limits } = LIMITS;
    const log = await RecordLog.open(this.files, { segmentBytes });
    const store = new DiskStore(await MemoryStore.open({ content: this.content }), this);
    return { ...limits, trieMemory, log, store };
  }
}

class DiskStore implements OrderedStore {
  readonly readOnly: boolean = false;
  readonly #store: OrderedStore;
  readonly #disk: Disk;

  constructor(store: OrderedStore, disk: Disk) {
    this.#store = store;
    this.#disk = disk;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#store.get(key);
  }

  range(from: Uint8Array, to: Uint8Array): Iterable<StoreEntry> {
    return this.#store.range(from, to);
  }

  async write(changes: readonly StoreChange[]): Promise<void> {
    await new Promise(setImmediate);
    if (this.#disk.isStoreFull) throw new StoreError('store/failed', 'ENOSPC: no space left');
    this.#disk.moment();
    await this.#store.write(changes);
    this.#disk.moment();
    await new Promise(setImmediate);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
