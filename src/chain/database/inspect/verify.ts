/**
 * A whole database checked: the state in the store, every record of the log, the ways from state to
 * state, and the old blocks. Nothing is changed; whoever would write is kept away meanwhile.
 */

import { join } from 'node:path';
import type { Checkpoint } from '../../../state/flat/values.ts';
import { ReadOnlyFiles } from '../../../state/log/read-only-files.ts';
import { RecordLog } from '../../../state/log/record-log.ts';
import { LmdbStore } from '../../../state/store/lmdb-store.ts';
import type { OrderedStore } from '../../../state/store/ordered-store.ts';
import { LOG, requireDatabase, STORE } from '../folder.ts';
import { readRetention } from '../kept-retention.ts';
import { readSpec } from '../kept-spec.ts';
import { lockFolder } from '../lock.ts';
import { type FoundTree, readTree } from '../read-tree.ts';
import { checkpointOf } from './opened.ts';
import { checkDifficulty, checkOldBlocks, checkRecords } from './verify-blocks.ts';
import { checkMoves } from './verify-moves.ts';
import { checkState, type OnFault, type StateCounts } from './verify-state.ts';

export interface Verified extends StateCounts {
  readonly records: number;
  readonly oldBlocks: number;
  /** Steps from a block's state to another's; none where a fault before makes them useless. */
  readonly moves: number;
  /** At the log's end, of a record that a crash left unfinished: the next opening cuts them off. */
  readonly unfinishedBytes: number;
  readonly faults: number;
}

export interface VerifyOptions {
  readonly onFault: OnFault;
  readonly onProgress?: (count: number, what: string) => void;
  /** Entries of a trie that are sorted in memory at once. */
  readonly entriesHeld?: number;
}

/**
 * @throws DatabaseError `database/missing`, `database/in use`; StoreError for no store at all, or
 *   where the folder has no room for what is sorted
 */
export async function verifyDatabase(folder: string, options: VerifyOptions): Promise<Verified> {
  await requireDatabase(folder);
  const lock = await lockFolder(folder, { keepsStale: true });
  try {
    const store = await LmdbStore.open({ folder: join(folder, STORE), readOnly: true });
    try {
      return await new Verification(folder, store, options).run(lock.foundStale);
    } finally {
      await store.close();
    }
  } finally {
    await lock.release();
  }
}

class Verification {
  readonly #folder: string;
  readonly #store: OrderedStore;
  readonly #options: VerifyOptions;
  #faults = 0;

  constructor(folder: string, store: OrderedStore, options: VerifyOptions) {
    this.#folder = folder;
    this.#store = store;
    this.#options = options;
  }

  /** @param crashed whoever ends as it should takes its lock away: one was there */
  async run(crashed: boolean): Promise<Verified> {
    const store = this.#store;
    await this.#orFault('the chain', () => readSpec(store));
    await this.#orFault('the states that are kept', () => readRetention(store));
    const checkpoint = await this.#orFault('the checkpoint', () => checkpointOf(store));
    const counts = await this.#state(checkpoint);
    const files = new ReadOnlyFiles(join(this.#folder, LOG));
    const log = await this.#orFault('the log', () => RecordLog.open(files));
    try {
      const { unfinishedBytes } = files;
      if (unfinishedBytes > 0 && !crashed) {
        const what = `its last ${unfinishedBytes} bytes are no whole record`;
        this.#fault('the log', `${what}, and no crash left them`);
      }
      const records =
        log && (await checkRecords(log, this.#fault, (count) => this.#progress(count, 'records')));
      const tree = log && (await this.#orFault('the log', () => this.#tree(log, checkpoint)));
      const canMove = this.#faults === 0 && log !== undefined && tree !== undefined;
      const moves = canMove
        ? await this.#orFault('the log', () =>
            checkMoves(store, log, tree, (count) => this.#progress(count, 'steps')),
          )
        : 0;
      const oldBlocks = checkOldBlocks(store, tree?.nodes.root, this.#fault);
      return {
        ...counts,
        records: records ?? 0,
        oldBlocks,
        moves: moves ?? 0,
        unfinishedBytes,
        faults: this.#faults,
      };
    } finally {
      await log?.close();
    }
  }

  async #state(checkpoint: Checkpoint | undefined): Promise<StateCounts> {
    const { entriesHeld } = this.#options;
    const { root, counts } = await checkState({
      store: this.#store,
      folder: this.#folder,
      onFault: this.#fault,
      onEntries: (count) => this.#progress(count, 'entries'),
      ...(entriesHeld && { entriesHeld }),
    });
    if (checkpoint !== undefined && root !== checkpoint.stateRoot) {
      const says = `the checkpoint at block ${checkpoint.number} says ${checkpoint.stateRoot}`;
      this.#fault('the state', `its accounts have the root ${root}, ${says}`);
    }
    return counts;
  }

  /** The tree, where the checkpoint is what its block says. */
  async #tree(log: RecordLog, checkpoint: Checkpoint | undefined): Promise<FoundTree> {
    const tree = await readTree(log, checkpoint);
    const { number, stateRoot } = tree.at.header;
    if (checkpoint?.number !== number || checkpoint.stateRoot !== stateRoot) {
      const says = `block ${checkpoint?.number} and the root ${checkpoint?.stateRoot}`;
      this.#fault('the checkpoint', `it says ${says}, its block ${number} and ${stateRoot}`);
    }
    for (const node of tree.nodes) {
      if (node.parent === undefined) continue;
      checkDifficulty(node.parent, node, `block ${node.hash} of the log`, this.#fault);
    }
    return tree;
  }

  readonly #fault: OnFault = (place, fault) => {
    this.#faults += 1;
    this.#options.onFault(place, fault);
  };

  #progress(count: number, what: string): void {
    this.#options.onProgress?.(count, what);
  }

  async #orFault<Result>(
    place: string,
    work: () => Result | Promise<Result>,
  ): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#fault(place, (error as Error).message);
      return undefined;
    }
  }
}
