/**
 * Builds a trie of any size out of all its entries, in bounded memory. A trie is in the order of
 * hashes, and what comes in another order leads to another place each time: so entries that are
 * many are parted by the first byte of their hashes, in a file, and then put part by part. Of what
 * is put no branch is needed again but a few at the top.
 */

import type { Hash } from '../../../evm/types.ts';
import { type InputForm, PACKED_PARTS, PathTrie, packInput } from '../../path-trie.ts';
import type { TrieMemory } from '../../trie-memory.ts';
import type { GatheredRecords } from '../layer.ts';
import { SpilledRuns } from './spilled-runs.ts';

/** Where the records of the trie go. */
export interface RecordSink {
  /** A record that was put, and whose writing has settled. */
  read(place: Uint8Array): Uint8Array | undefined;
  put(records: GatheredRecords): Promise<void>;
  /** Resolves when all that was put can be read. */
  settled(): Promise<void>;
}

export interface TrieLoadOptions {
  readonly memory: TrieMemory;
  /** What entries are. */
  readonly form: InputForm;
  /** Where there is room for a file of them. */
  readonly folder: string;
  /** Entries that are sorted in memory; 65,536 when left out. */
  readonly entriesHeld?: number;
}

const ENTRIES_HELD = 65_536;

export class TrieLoad {
  readonly #options: TrieLoadOptions;
  readonly #held: Uint8Array;
  #end = 0;
  #runs: SpilledRuns | undefined;

  constructor(options: TrieLoadOptions) {
    this.#options = options;
    const { form, entriesHeld = ENTRIES_HELD } = options;
    this.#held = new Uint8Array(entriesHeld * form.inputBytes);
  }

  /** Takes an entry, which it copies; each key once, none without a value. */
  add(entry: Uint8Array): void {
    if (this.#end === this.#held.length) this.#spill();
    this.#held.set(entry, this.#end);
    this.#end += entry.length;
  }

  /** The root of what was added since; all records have gone to the sink. It begins anew then. */
  async finish(sink: RecordSink): Promise<Hash> {
    if (this.#runs === undefined) return this.#build(sink);
    this.#spill();
    try {
      return await this.#buildOf(this.#runs, sink);
    } finally {
      this.free();
    }
  }

  /** Forgets what was added. */
  free(): void {
    this.#end = 0;
    this.#runs?.close();
    this.#runs = undefined;
  }

  #spill(): void {
    const { memory, form, folder } = this.#options;
    this.#runs ??= new SpilledRuns(folder);
    this.#runs.add(packInput(memory, this.#held.subarray(0, this.#end), form));
    this.#end = 0;
  }

  async #build(sink: RecordSink): Promise<Hash> {
    const trie = new PathTrie(this.#options.memory);
    try {
      trie.updateInput(this.#held.subarray(0, this.#end), this.#options.form);
      this.#end = 0;
      await sink.put(recordsOf(trie));
      return trie.root();
    } finally {
      trie.free();
    }
  }

  async #buildOf(runs: SpilledRuns, sink: RecordSink): Promise<Hash> {
    const { memory } = this.#options;
    const trie = new PathTrie(memory, { read: (place) => sink.read(place) });
    try {
      for (let part = 0; part < PACKED_PARTS; part++) {
        const count = runs.count(part);
        if (count === 0) continue;
        memory.runtime.setClock(part);
        trie.updatePacked(runs.read(part), count);
        // What the part before has led to is written meanwhile, and read again from there.
        await sink.settled();
        trie.evict(part);
        await sink.put(recordsOf(trie));
      }
      return trie.root();
    } finally {
      trie.free();
    }
  }
}

function recordsOf(trie: PathTrie): GatheredRecords {
  const records: GatheredRecords = new Map();
  for (const { place, record } of trie.takeRecords()) records.set(place.toHex(), record);
  return records;
}
