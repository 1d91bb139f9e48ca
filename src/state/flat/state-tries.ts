/**
 * The tries of a state: that of its accounts, and of those storages that were in use lately. What
 * is not in use leaves memory again, so that it stays within its limit whatever is touched.
 */

import type { Address } from '../../evm/types.ts';
import { PathTrie, type TrieRecords } from '../path-trie.ts';
import type { TrieMemory } from '../trie-memory.ts';
import type { Layer } from './layer.ts';

export interface StateTriesOptions {
  readonly memory: TrieMemory;
  /** Where the records of a trie lie; without an owner, of the account trie. */
  readonly recordsOf: (owner: Address | undefined) => TrieRecords;
  /** Bytes of nodes that stay in memory from one block to the next. */
  readonly nodeBytes: number;
  /** Storages whose tries stay open from one block to the next. */
  readonly openStorages: number;
}

/** Branches that were not used for so many blocks go first. */
const AGES = [64, 8, 1] as const;

export class StateTries {
  readonly accounts: PathTrie;
  readonly #options: StateTriesOptions;
  /** Last used last. */
  readonly #storages = new Map<Address, PathTrie>();
  #clock = 0;

  /** @throws TrieError for an account trie that is damaged */
  constructor(options: StateTriesOptions) {
    this.#options = options;
    this.accounts = new PathTrie(options.memory, options.recordsOf(undefined));
  }

  /** Begins the time of another block. */
  tick(): void {
    this.#clock += 1;
    this.#options.memory.runtime.setClock(this.#clock);
  }

  /** @throws TrieError for a trie that is damaged */
  storage(address: Address): PathTrie {
    const { memory, recordsOf } = this.#options;
    const trie = this.#storages.get(address) ?? new PathTrie(memory, recordsOf(address));
    this.#storages.delete(address);
    this.#storages.set(address, trie);
    return trie;
  }

  /** Drops a storage's trie with what was not written of it. */
  forget(address: Address): void {
    this.#storages.get(address)?.free();
    this.#storages.delete(address);
  }

  /** Takes the records that changed. PERF: O(open tries + changed branches). */
  takeRecords(layer: Layer): void {
    takeRecords(this.accounts, undefined, layer);
    for (const [address, trie] of this.#storages) takeRecords(trie, address, layer);
  }

  /** Brings memory back within its limits; what must be kept of it goes to the layer. */
  keepWithinLimits(layer: Layer): void {
    const { openStorages } = this.#options;
    for (const [address, trie] of this.#storages) {
      if (this.#storages.size <= openStorages) break;
      takeRecords(trie, address, layer);
      this.forget(address);
    }
    this.keepNodesWithinLimit(layer);
  }

  /** The same for nodes alone: storages stay open, so that one may be in the midst of an update. */
  keepNodesWithinLimit(layer: Layer): void {
    const { memory, nodeBytes } = this.#options;
    if (memory.used <= nodeBytes) return;
    for (const age of AGES) {
      this.#evict(Math.max(0, this.#clock - age));
      // Below the limit by a quarter, or the next block would begin anew.
      if (memory.used <= 0.75 * nodeBytes) return;
    }
    this.takeRecords(layer);
    this.#evict(this.#clock + 1);
  }

  /** Frees all tries. */
  free(): void {
    this.accounts.free();
    for (const trie of this.#storages.values()) trie.free();
    this.#storages.clear();
  }

  #evict(before: number): void {
    this.accounts.evict(before);
    for (const trie of this.#storages.values()) trie.evict(before);
  }
}

function takeRecords(trie: PathTrie, owner: Address | undefined, layer: Layer): void {
  const taken = trie.takeRecords();
  if (taken.length === 0) return;
  const records = layer.recordsOf(owner);
  for (const { place, record } of taken) records.set(place.toHex(), record);
}
