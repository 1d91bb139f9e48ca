/** The linear memory of tries, and this thread's instance of their runtime. */

import { TRIE_RUNTIME } from '../../build/trie-runtime-bytes.ts';
import { assert } from '../base/assert.ts';
import { IronflyError } from '../base/errors.ts';
import { askHelper } from './trie-helper.ts';
import * as layout from './trie-layout.ts';

/** The tries do not fit their memory, or what was read of them is damaged. */
export class TrieError extends IronflyError<'trie/host limit' | 'trie/damaged record'> {}

/** Exports of trie-runtime/index.ts. Addresses and sizes are u32. */
export interface TrieRuntime {
  begin(instance: number): void;
  newTrie(): number;
  freeTrie(trie: number): void;
  allocatePages(bytes: number): number;
  clearList(kind: number): void;
  clearOutput(): void;
  setClock(now: number): void;
  slotEntries(input: number, count: number, entries: number, values: number): void;
  accountEntries(input: number, count: number, entries: number, values: number): void;
  packEntries(entries: number, count: number, to: number): number;
  unpackEntries(packed: number, count: number, entries: number): void;
  sort(entries: number, count: number): void;
  locate(trie: number, entries: number, count: number): number;
  locateLonely(trie: number, path: number, depth: number): void;
  update(trie: number, entries: number, count: number): number;
  collapse(trie: number, path: number, depth: number): number;
  hashTrie(trie: number): void;
  findTasks(trie: number): number;
  giveTasks(): void;
  hashTasks(): void;
  writeRecords(trie: number): number;
  readRoot(trie: number, record: number, size: number): number;
  readRecord(trie: number, record: number, size: number, path: number, nibbles: number): number;
  evict(trie: number, before: number): void;
  prove(trie: number, key: number): number;
  keccak256(to: number, from: number, size: number): void;
  /** 143 bytes behind each input are overwritten. */
  keccak256Pair(toA: number, a: number, sizeA: number, toB: number, b: number, sizeB: number): void;
}

export interface TrieMemoryOptions {
  /** Bytes that nodes and buffers may take; 1 GiB when left out. */
  readonly limit?: number;
  /** Bytes of records that are handed over at once, or a record more; 8 MiB when left out. */
  readonly portion?: number;
  /** Entries that change before another thread helps to hash; 2,048 when left out. */
  readonly sharedMin?: number;
}

/** Changed entries whose hashing is worth waking another thread for: of 1,000 it gains nothing. */
const SHARED_MIN = 2048;
/** How long the other thread is waited for between two looks at whether it failed. */
const WAIT_MS = 50;
const PAGE = 65_536;
const LIMIT = 1_073_741_824;
const PORTION = 8_388_608;
const LIMIT_MAX = 4_294_901_760;

/** A place in a trie: a path of which the first `nibbles` count. */
export interface Place {
  readonly path: Uint8Array;
  readonly nibbles: number;
}

/** Lists that the runtime fills (trie-runtime/lists.ts). */
export type PlaceList = 'missing' | 'lonely' | 'gone';
const LIST_KINDS: readonly PlaceList[] = ['missing', 'lonely', 'gone'];

let module: WebAssembly.Module | undefined;

export class TrieMemory {
  readonly memory: WebAssembly.Memory;
  readonly runtime: TrieRuntime;
  readonly #sharedMin: number;
  /** Of records, as they were written. */
  #portions: Uint8Array[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(options: TrieMemoryOptions = {}) {
    const { limit = LIMIT, portion = PORTION, sharedMin = SHARED_MIN } = options;
    this.#sharedMin = sharedMin;
    const bytes = Math.min(limit, LIMIT_MAX);
    const maximum = Math.ceil(bytes / PAGE) + 1;
    this.memory = new WebAssembly.Memory({ initial: 16, maximum, shared: true });
    module ??= new WebAssembly.Module(Uint8Array.fromBase64(TRIE_RUNTIME));
    const { exports } = new WebAssembly.Instance(module, {
      env: { memory: this.memory, takePortion: () => this.#portions.push(this.takeOutput()) },
    });
    this.runtime = exports as unknown as TrieRuntime;
    const view = this.view();
    view.setUint32(layout.HEAP_END, layout.HEAP_START, true);
    view.setUint32(layout.HEAP_LIMIT, maximum * PAGE - PAGE, true);
    view.setUint32(layout.OUTPUT + layout.OUTPUT_PORTION, Math.max(1, portion), true);
    this.runtime.begin(0);
  }

  /** Good until memory grows: take it anew after each call of the runtime. */
  bytes(): Uint8Array {
    if (this.#bytes.buffer !== this.memory.buffer) this.#bytes = new Uint8Array(this.memory.buffer);
    return this.#bytes;
  }

  view(): DataView {
    if (this.#view.buffer !== this.memory.buffer) this.#view = new DataView(this.memory.buffer);
    return this.#view;
  }

  /** Bytes in nodes. */
  get used(): number {
    return Number(this.view().getBigUint64(layout.HEAP_USED, true));
  }

  /** Hashes a trie of which so many entries changed, together with another thread where it pays. */
  hash(trie: number, changed: number): void {
    if (changed >= this.#sharedMin) this.#hashShared(trie);
    this.runtime.hashTrie(trie);
  }

  /** All but the two upper levels. */
  #hashShared(trie: number): void {
    const tasks = this.runtime.findTasks(trie);
    const request = { module: module as WebAssembly.Module, memory: this.memory };
    if (tasks < 2 || !askHelper(request)) return;
    this.runtime.giveTasks();
    this.runtime.hashTasks();
    const words = new Int32Array(this.memory.buffer);
    for (;;) {
      const done = Atomics.load(words, layout.HASH_DONE >> 2);
      if (done === tasks) return;
      assert(Atomics.load(words, layout.HASH_FAILED >> 2) === 0, 'trie: the hashing thread failed');
      Atomics.wait(words, layout.HASH_DONE >> 2, done, WAIT_MS);
    }
  }

  /** Address of room for what the host hands over, used again and again. */
  input(size: number): number {
    return this.#room(layout.INPUT, size);
  }

  /** The same for a record, beside an input that is in use. */
  scratch(size: number): number {
    return this.#room(layout.RECORD_INPUT, size);
  }

  #room(at: number, size: number): number {
    const view = this.view();
    if (view.getUint32(at + layout.INPUT_ROOM, true) >= size) {
      return view.getUint32(at + layout.INPUT_ADDRESS, true);
    }
    const room = Math.max(PAGE, 2 ** Math.ceil(Math.log2(size)));
    const address = this.runtime.allocatePages(room) >>> 0;
    if (address === 0) throw hostLimit();
    this.view().setUint32(at + layout.INPUT_ADDRESS, address, true);
    this.view().setUint32(at + layout.INPUT_ROOM, room, true);
    return address;
  }

  /** Takes a list's places and empties it. */
  takePlaces(list: PlaceList): Place[] {
    const kind = LIST_KINDS.indexOf(list);
    const at = layout.LISTS + kind * layout.LIST_BYTES;
    const view = this.view();
    const count = view.getUint32(at + layout.LIST_COUNT, true);
    if (count === layout.LIST_OVERFLOWED) throw hostLimit();
    const start = view.getUint32(at + layout.LIST_ADDRESS, true);
    const bytes = this.bytes().slice(start, start + count * layout.PLACE_BYTES);
    const places = Array.from({ length: count }, (_, index) => {
      const place = index * layout.PLACE_BYTES;
      const nibbles = bytes[place + layout.PLACE_NIBBLES] as number;
      return { path: bytes.subarray(place, place + 32), nibbles };
    });
    this.runtime.clearList(kind);
    return places;
  }

  /** Takes the records that were written, in portions. */
  takePortions(): Uint8Array[] {
    const portions = [...this.#portions, this.takeOutput()];
    this.#portions = [];
    return portions;
  }

  /** Takes the output, a copy, and empties it. */
  takeOutput(): Uint8Array {
    const view = this.view();
    const size = view.getUint32(layout.OUTPUT + layout.OUTPUT_SIZE, true);
    if (size === layout.LIST_OVERFLOWED) throw hostLimit();
    const start = view.getUint32(layout.OUTPUT + layout.OUTPUT_ADDRESS, true);
    const output = this.bytes().slice(start, start + size);
    this.runtime.clearOutput();
    return output;
  }
}

export function hostLimit(): TrieError {
  return new TrieError('trie/host limit', 'the tries have reached the limit of their memory');
}
