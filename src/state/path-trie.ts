/**
 * One Merkle Patricia trie by path: its latest nodes, of which those in use are in memory and all
 * lie in records, several branches each, in a database. Keys are 32 bytes, hashes of addresses or
 * slots. The work is done in WebAssembly (trie-runtime/).
 */

import { toHex } from '../base/bytes.ts';
import type { Hash } from '../evm/types.ts';
import { EMPTY_ROOT } from './trie.ts';
import * as layout from './trie-layout.ts';
import { hostLimit, type Place, TrieError, type TrieMemory } from './trie-memory.ts';

/** Where a trie's records lie, by their places: a byte that counts nibbles, and these. */
export interface TrieRecords {
  read(place: Uint8Array): Uint8Array | undefined;
}

/** An entry whose key is hashed already; no value deletes. */
export interface PathEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** A record to be written, or, where it has no bytes, deleted. */
export interface TrieRecord {
  readonly place: Uint8Array;
  readonly record: Uint8Array | undefined;
}

/**
 * Entries that are put at once: what they lead to is in memory together, 20 KB each at the worst
 * sizes of a trie.
 */
const ENTRIES_AT_ONCE = 8192;

/** A pass over the entries reads a record of each place: two for a level of the trie at most. */
const PASSES_MAX = 2 * 65;

/** Place of the record of a trie's root. */
const ROOT_PLACE = Uint8Array.of(0);
const NO_RECORD = new Uint8Array(0);

/** What the runtime makes entries of, and how large they are. */
export interface InputForm {
  readonly inputBytes: number;
  readonly valueBytes: number;
  readonly take: 'slotEntries' | 'accountEntries';
}

export const SLOTS: InputForm = {
  inputBytes: layout.SLOT_INPUT_BYTES,
  valueBytes: layout.SLOT_VALUE_BYTES,
  take: 'slotEntries',
};
export const ACCOUNTS: InputForm = {
  inputBytes: layout.ACCOUNT_INPUT_BYTES,
  valueBytes: layout.VALUE_BYTES_MAX,
  take: 'accountEntries',
};

/** Called between two parts of a long update: the trie's branches may leave memory then. */
export type BetweenParts = () => void;

export class PathTrie {
  readonly #memory: TrieMemory;
  readonly #records: TrieRecords | undefined;
  readonly #trie: number;
  /** Entries that were put since it was hashed. */
  #changed = 0;
  /** Places where branches stood that were written: their records may be gone. */
  #gone: Place[] = [];

  /**
   * @param records where its nodes lie; without, it begins empty and is all in memory
   * @throws TrieError for a root that is damaged, or without memory
   */
  constructor(memory: TrieMemory, records?: TrieRecords) {
    this.#memory = memory;
    this.#records = records;
    this.#trie = memory.runtime.newTrie() >>> 0;
    if (this.#trie === 0) throw hostLimit();
    const root = records?.read(ROOT_PLACE);
    if (root !== undefined) this.#readRoot(root);
  }

  /** Frees its nodes; it must not be used afterwards. */
  free(): void {
    this.#memory.runtime.freeTrie(this.#trie);
  }

  /** Puts entries, each key once, in any order. @throws TrieError: the trie is broken then */
  update(entries: readonly PathEntry[]): void {
    const valueBytes = entries.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    const start = this.#memory.input(entries.length * layout.ENTRY_BYTES + valueBytes);
    const bytes = this.#memory.bytes();
    const view = this.#memory.view();
    let at = start + entries.length * layout.ENTRY_BYTES;
    for (const [index, { key, value }] of entries.entries()) {
      const entry = start + index * layout.ENTRY_BYTES;
      bytes.set(key, entry);
      view.setUint32(entry + layout.ENTRY_VALUE, at, true);
      view.setUint32(entry + layout.ENTRY_SIZE, value?.length ?? 0, true);
      if (value !== undefined) bytes.set(value, at);
      at += value?.length ?? 0;
    }
    this.#memory.runtime.sort(start, entries.length);
    this.#put(start, entries.length);
  }

  /** Puts slots: 32 bytes of key and 32 of value each, big-endian; zero deletes. */
  updateSlots(slots: Uint8Array, between?: BetweenParts): void {
    this.updateInput(slots, SLOTS, between);
  }

  /** Puts accounts of `ACCOUNT_INPUT_BYTES` each, as trie-layout.ts has them. */
  updateAccounts(accounts: Uint8Array, between?: BetweenParts): void {
    this.updateInput(accounts, ACCOUNTS, between);
  }

  /** Puts what the host has written one after another, each key once, in any order. */
  updateInput(input: Uint8Array, form: InputForm, between?: BetweenParts): void {
    const { entries, count } = takeInput(this.#memory, input, form);
    this.#put(entries, count, between);
  }

  /** Puts so many packed entries (`packInput`), each key once, in any order. */
  updatePacked(packed: Uint8Array, count: number): void {
    const entries = this.#memory.input(count * layout.ENTRY_BYTES + packed.length);
    const at = entries + count * layout.ENTRY_BYTES;
    this.#memory.bytes().set(packed, at);
    this.#memory.runtime.unpackEntries(at, count, entries);
    this.#put(entries, count);
  }

  /** The root's hash. */
  root(): Hash {
    const view = this.#memory.view();
    if (view.getUint32(this.#trie + layout.TRIE_ROOT, true) === 0) return EMPTY_ROOT;
    this.#memory.hash(this.#trie, this.#changed);
    this.#changed = 0;
    const at = this.#trie + layout.TRIE_HASH;
    return toHex(this.#memory.bytes().subarray(at, at + 32));
  }

  /** What is to be written so that the records hold the trie as it is now; in this order. */
  takeRecords(): TrieRecord[] {
    this.root();
    const gone = this.#gone;
    this.#gone = [];
    const places = gone.flatMap((place) => [place, { ...place, nibbles: place.nibbles & ~1 }]);
    const records: TrieRecord[] = places.map((place) => ({
      place: placeBytes(place),
      record: undefined,
    }));
    const isWhole = this.#memory.runtime.writeRecords(this.#trie) !== 0;
    for (const portion of this.#memory.takePortions()) addRecords(portion, records);
    if (!isWhole) throw hostLimit();
    return records;
  }

  /** The nodes on the way of a key, whose value or absence they prove; none of an empty trie. */
  prove(key: Uint8Array): Uint8Array[] {
    const start = this.#memory.input(layout.ENTRY_BYTES);
    this.#memory.bytes().set(key, start);
    this.#fetch(start, 1);
    this.root();
    if (this.#memory.runtime.prove(this.#trie, start) === 0) throw hostLimit();
    return nodesIn(this.#memory.takeOutput());
  }

  /** Forgets branches that were not used since the clock was `before`. */
  evict(before: number): void {
    this.root();
    this.#memory.runtime.evict(this.#trie, before);
  }

  /**
   * Puts sorted entries. Each part of them is another part of the trie, so that what one has led
   * to may leave memory before the next.
   */
  #put(entries: number, count: number, between: BetweenParts = () => {}): void {
    for (let from = 0; from < count; from += ENTRIES_AT_ONCE) {
      if (from > 0) between();
      const part = Math.min(ENTRIES_AT_ONCE, count - from);
      this.#putPart(entries + from * layout.ENTRY_BYTES, part);
    }
  }

  #putPart(entries: number, count: number): void {
    const { runtime } = this.#memory;
    this.#changed += count;
    this.#fetch(entries, count);
    if (runtime.update(this.#trie, entries, count) === 0) throw hostLimit();
    // A branch with one child left gives way to it; that child may have to be fetched first.
    for (const { path, nibbles } of this.#memory.takePlaces('lonely')) {
      const at = this.#memory.input(32);
      this.#memory.bytes().set(path, at);
      runtime.locateLonely(this.#trie, at, nibbles);
      for (const place of this.#memory.takePlaces('missing')) this.#readRecord(place);
      if (runtime.collapse(this.#trie, at, nibbles) === 0) throw hostLimit();
    }
    this.#gone.push(...this.#memory.takePlaces('gone'));
  }

  /** Brings into memory what the entries lead to, one level of the trie after the other. */
  #fetch(entries: number, count: number): void {
    if (this.#records === undefined) return;
    for (let pass = 0; ; pass++) {
      if (this.#memory.runtime.locate(this.#trie, entries, count) === 0) throw hostLimit();
      const missing = this.#memory.takePlaces('missing');
      const [first] = missing;
      if (first === undefined) return;
      // What is missing still is in no record.
      if (pass === PASSES_MAX) throw damaged(placeBytes(first), 'lacks a branch');
      for (const place of missing) this.#readRecord(place);
    }
  }

  #readRecord(place: Place): void {
    const bytes = placeBytes(place);
    const record = this.#records?.read(bytes);
    const { path, nibbles } = place;
    const at = this.#handOver(record ?? NO_RECORD, path);
    const size = record?.length ?? 0;
    const fault = this.#memory.runtime.readRecord(this.#trie, at + 32, size, at, nibbles);
    if (fault !== 0 && record === undefined) throw damaged(bytes, 'is missing');
    this.#check(fault, bytes);
  }

  #readRoot(record: Uint8Array): void {
    const at = this.#handOver(record, new Uint8Array(32));
    this.#check(this.#memory.runtime.readRoot(this.#trie, at + 32, record.length), ROOT_PLACE);
  }

  /** Path, then record, in memory beside the input, which may be in use. */
  #handOver(record: Uint8Array, path: Uint8Array): number {
    const at = this.#memory.scratch(32 + record.length);
    const bytes = this.#memory.bytes();
    bytes.set(path, at);
    bytes.set(record, at + 32);
    return at;
  }

  #check(fault: number, place: Uint8Array): void {
    if (fault === 0) return;
    throw fault === 1 ? damaged(place, 'does not have the form of one') : hostLimit();
  }
}

/** Entries in memory. */
interface Entries {
  readonly entries: number;
  readonly count: number;
  /** First byte past them and their values. */
  readonly end: number;
}

/** Makes sorted entries of what the host has, with `room` bytes behind them. */
function takeInput(memory: TrieMemory, input: Uint8Array, form: InputForm, room = 0): Entries {
  const { inputBytes, valueBytes, take } = form;
  const count = input.length / inputBytes;
  const start = memory.input(count * (inputBytes + layout.ENTRY_BYTES + valueBytes) + room);
  memory.bytes().set(input, start);
  const entries = start + input.length;
  const values = entries + count * layout.ENTRY_BYTES;
  memory.runtime[take](start, count, entries, values);
  return { entries, count, end: values + count * valueBytes };
}

/** As many as a byte has values. */
export const PACKED_PARTS = 256;

/** A run of packed entries, sorted by their hashed keys; a part of it for each first byte. */
export interface PackedInput {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly counts: Uint32Array;
}

/** Hashes keys and encodes values, so that they can be put later, beside others. */
export function packInput(memory: TrieMemory, input: Uint8Array, form: InputForm): PackedInput {
  const packedBytes = layout.PACKED_ENTRY_BYTES + form.valueBytes;
  const room = (input.length / form.inputBytes) * packedBytes;
  const { entries, count, end: start } = takeInput(memory, input, form, room);
  const bytes = memory.bytes();
  const ends = new Uint32Array(PACKED_PARTS);
  const counts = new Uint32Array(PACKED_PARTS);
  let from = 0;
  let at = start;
  for (let first = 0; first < PACKED_PARTS; first++) {
    let to = from;
    while (to < count && bytes[entries + to * layout.ENTRY_BYTES] === first) to += 1;
    const run = entries + from * layout.ENTRY_BYTES;
    at = memory.runtime.packEntries(run, to - from, at) >>> 0;
    ends[first] = at - start;
    counts[first] = to - from;
    from = to;
  }
  return { bytes: bytes.slice(start, at), ends, counts };
}

function damaged(place: Uint8Array, what: string): TrieError {
  const message = `the record of path 0x${pathOfPlace(place)} ${what}`;
  return new TrieError('trie/damaged record', message);
}

/** The nibbles of a record's place, in hexadecimal digits. */
export function pathOfPlace(place: Uint8Array): string {
  return place.subarray(1).toHex().slice(0, place[0]);
}

/** A place as records are kept by it. */
function placeBytes({ path, nibbles }: Place): Uint8Array {
  const bytes = new Uint8Array(1 + ((nibbles + 1) >> 1));
  bytes[0] = nibbles;
  bytes.set(path.subarray(0, bytes.length - 1), 1);
  if ((nibbles & 1) !== 0) bytes[bytes.length - 1] = (bytes.at(-1) as number) & 0xf0;
  return bytes;
}

/** Records in the order in which the runtime wrote them (trie-runtime/records.ts). */
function addRecords(output: Uint8Array, records: TrieRecord[]): void {
  const view = new DataView(output.buffer, output.byteOffset);
  let at = 0;
  while (at < output.length) {
    const place = output.subarray(at, at + 1 + (((output[at] as number) + 1) >> 1));
    at += place.length;
    const size = view.getUint32(at, true);
    at += 4;
    records.push({ place, record: size === 0 ? undefined : output.subarray(at, at + size) });
    at += size;
  }
}

function nodesIn(output: Uint8Array): Uint8Array[] {
  const view = new DataView(output.buffer, output.byteOffset);
  const nodes: Uint8Array[] = [];
  for (let at = 0; at < output.length; ) {
    const size = view.getUint32(at, true);
    nodes.push(output.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return nodes;
}
