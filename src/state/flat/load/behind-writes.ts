/** Writes to a store, one after another, while the next ones are being made. */

import type { OrderedStore } from '../../store/ordered-store.ts';
import type { PackedChanges } from '../../store/packed-changes.ts';

/** Writes that wait for one another. */
const WRITES_MAX = 16;

export class BehindWrites {
  readonly #store: OrderedStore;
  #running: Promise<void>[] = [];

  constructor(store: OrderedStore) {
    this.#store = store;
  }

  /** Begins a write, or, where too many wait, when the first is done. @throws its fault */
  async begin(changes: PackedChanges): Promise<void> {
    if (this.#running.length === WRITES_MAX) await this.#running.shift();
    const write = this.#store.write(changes);
    // Whoever waits for it is told.
    write.catch(() => {});
    this.#running.push(write);
  }

  /** None is under way then. @throws the first fault */
  async settled(): Promise<void> {
    const running = this.#running;
    this.#running = [];
    await Promise.allSettled(running);
    await Promise.all(running);
  }
}
