/**
 * What a root costs after a block's changes, with the nodes in memory and from the disk, and what
 * the hashing alone of the nodes costs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../src/cli/bench/statistics.ts';
import { recordKey } from '../../src/state/flat/keys.ts';
import { PathTrie, type TrieRecord } from '../../src/state/path-trie.ts';
import { LmdbStore } from '../../src/state/store/lmdb-store.ts';
import * as layout from '../../src/state/trie-layout.ts';
import { TrieMemory } from '../../src/state/trie-memory.ts';
import {
  CONTRACT,
  check,
  dropCaches,
  print,
  slotOf,
  type Times,
  timed,
  wordOf,
} from './contract.ts';

export interface RootSizes {
  readonly slots: number;
  readonly slotsChanged: number;
  readonly accounts: number;
  readonly accountsChanged: number;
  readonly rounds: number;
  /** Has the system forget its pages, too, which it lets root do alone. */
  readonly dropsCaches: boolean;
}

type Kind = 'slots' | 'accounts';

export async function measureRoots(sizes: RootSizes): Promise<void> {
  const { slots, slotsChanged, accounts, accountsChanged } = sizes;
  await measure('slots', slots, slotsChanged, sizes);
  await measure('accounts', accounts, accountsChanged, sizes);
}

async function measure(
  kind: Kind,
  size: number,
  changed: number,
  { rounds, dropsCaches }: RootSizes,
): Promise<void> {
  const memory = new TrieMemory();
  const trie = filled(memory, kind, size);
  const before = trie.root();
  const records = trie.takeRecords();
  const step = Math.max(1, Math.floor(size / changed));
  const input = (round: number) => inputOf(kind, changed, step, round);
  const cached: Times[] = [];
  for (let round = 1; round <= rounds; round++) {
    const bytes = input(round);
    cached.push(timed(() => rootAfter(trie, kind, bytes)));
  }
  const last = trie.root();
  const nodes = nodesOf(trie, kind, changed, step);
  const hash = hasherOf(memory, nodes);
  const hashing = Array.from({ length: rounds }, () => timed(hash));
  trie.free();
  const file = await RecordFile.of(records);
  const fromFile = async (dropped: boolean): Promise<Times> => {
    const store = await file.open(dropped);
    const other = new PathTrie(memory, { read: (path) => store.get(recordKey(CONTRACT, path)) });
    check(other.root() === before, 'the root that the records give');
    const bytes = input(rounds);
    const times = timed(() => rootAfter(other, kind, bytes));
    check(times.result === last, `the root after ${changed} changed ${kind}, from records`);
    other.free();
    await store.close();
    return times;
  };
  const unread: Times[] = [];
  const onDisk: Times[] = [];
  for (let round = 0; round < rounds; round++) {
    unread.push(await fromFile(false));
    if (dropsCaches) onDisk.push(await fromFile(true));
  }
  file.remove();
  console.log(`\nroot after ${changed} changed ${kind} of ${size}`);
  report('nodes cached', cached);
  report('from the store, pages in the system’s cache', unread);
  if (dropsCaches) report('from the store, no page in memory', onDisk);
  report(`hashing alone: ${nodes.length - changed} nodes, ${changed} keys`, hashing);
}

/** A trie's records in a store on the disk. */
class RecordFile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ironfly-roots-'));

  static async of(records: readonly TrieRecord[]): Promise<RecordFile> {
    const file = new RecordFile();
    const store = await file.open(false);
    const changes = records.map(({ place, record }) => ({
      key: recordKey(CONTRACT, place),
      value: record,
    }));
    await store.write(changes.sort((a, b) => Buffer.compare(a.key, b.key)));
    await store.close();
    return file;
  }

  open(dropped: boolean): ReturnType<typeof LmdbStore.open> {
    if (dropped) dropCaches();
    return LmdbStore.open({ folder: join(this.#folder, 'state') });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function rootAfter(trie: PathTrie, kind: Kind, input: Uint8Array): string {
  if (kind === 'slots') trie.updateSlots(input);
  else trie.updateAccounts(input);
  return trie.root();
}

const AT_ONCE = 100_000;
/** Behind each of two inputs that are hashed together. */
const PADDING = 144;

function filled(memory: TrieMemory, kind: Kind, size: number): PathTrie {
  const trie = new PathTrie(memory);
  for (let from = 0; from < size; from += AT_ONCE) {
    const count = Math.min(AT_ONCE, size - from);
    rootAfter(trie, kind, inputOf(kind, count, 1, 0, from));
  }
  return trie;
}

function inputOf(kind: Kind, count: number, step: number, round: number, from = 0): Uint8Array {
  const size = kind === 'slots' ? layout.SLOT_INPUT_BYTES : layout.ACCOUNT_INPUT_BYTES;
  const input = new Uint8Array(count * size);
  for (let index = 0; index < count; index++) {
    const slot = slotOf(from + index * step);
    const at = index * size;
    const key = hexOf(slot);
    if (kind === 'slots') {
      input.subarray(at).setFromHex(key + hexOf(wordOf(slot, round)));
      continue;
    }
    input.subarray(at).setFromHex(key.slice(0, 40));
    input[at + layout.ACCOUNT_EXISTS] = 1;
    input.fill(round + 1, at + layout.ACCOUNT_BALANCE + 22, at + layout.ACCOUNT_BALANCE + 32);
    input.fill(0x56, at + layout.ACCOUNT_STORAGE_ROOT, at + size);
  }
  return input;
}

function hexOf(word: bigint): string {
  return word.toString(16).padStart(64, '0');
}

/** The nodes that the changes made anew, each once. */
function nodesOf(trie: PathTrie, kind: Kind, changed: number, step: number): Uint8Array[] {
  const memory = new TrieMemory();
  const room = memory.input(64);
  const nodes = new Map<string, Uint8Array>();
  for (let index = 0; index < changed; index++) {
    const key = hexOf(slotOf(index * step));
    const bytes = Uint8Array.fromHex(kind === 'slots' ? key : key.slice(0, 40));
    memory.bytes().set(bytes, room + 32);
    memory.runtime.keccak256(room, room + 32, bytes.length);
    for (const node of trie.prove(memory.bytes().slice(room, room + 32))) {
      nodes.set(node.toHex(), node);
    }
    // A key is hashed, too.
    nodes.set(`key ${index}`, bytes);
  }
  return [...nodes.values()].sort((a, b) => a.length - b.length);
}

/** Hashes nodes that lie in memory, two at a time: nothing in WebAssembly does it faster. */
function hasherOf(memory: TrieMemory, nodes: readonly Uint8Array[]): () => void {
  const room = memory.input(nodes.reduce((sum, { length }) => sum + length + PADDING, 64));
  const bytes = memory.bytes();
  let end = room + 64;
  const places = nodes.map((node) => {
    const at = end;
    bytes.set(node, at);
    end += node.length + PADDING;
    return at;
  });
  return () => {
    for (let index = 1; index < nodes.length; index += 2) {
      const [first, second] = [nodes[index - 1], nodes[index]] as [Uint8Array, Uint8Array];
      const [a, b] = [places[index - 1], places[index]] as [number, number];
      memory.runtime.keccak256Pair(room, a, first.length, room + 32, b, second.length);
    }
  };
}

function report(what: string, times: readonly Times[]): void {
  print(`  ${what}, wall`, median(times.map(({ wallMs }) => wallMs)), 'ms');
  print(`  ${what}, CPU`, median(times.map(({ cpuMs }) => cpuMs)), 'ms');
}
