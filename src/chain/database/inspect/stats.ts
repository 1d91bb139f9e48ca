/**
 * What takes the room in a database, by kind and by contract, and what of the state is idle: not
 * written by any block whose changes are in the log.
 *
 * PERF: one pass over the store and one over the log's records; memory does not grow
 * with the state.
 */

import { join } from 'node:path';
import { WordSet } from '../../../base/word-map.ts';
import type { Address } from '../../../evm/types.ts';
import { decodeChanges } from '../../../state/change-codec.ts';
import {
  accountsPrefix,
  addressOf,
  codesPrefix,
  marksPrefix,
  recordsPrefix,
  slotOf,
  slotsPrefix,
  storageTriesPrefix,
} from '../../../state/flat/keys.ts';
import type { Checkpoint } from '../../../state/flat/values.ts';
import type { RecordLog } from '../../../state/log/record-log.ts';
import {
  type OrderedStore,
  prefixEnd,
  type StoreEntry,
} from '../../../state/store/ordered-store.ts';
import type { KnownBlock } from '../../block-tree.ts';
import type { ChainSpec } from '../../chain-spec.ts';
import { LOG, STORE } from '../folder.ts';
import { readRetention } from '../kept-retention.ts';
import { readSpec } from '../kept-spec.ts';
import type { Node } from '../nodes.ts';
import { OldBlocks, oldBlocksPrefix, oldHashesPrefix } from '../old-blocks.ts';
import { leaveOld, readTree } from '../read-tree.ts';
import { decodeRecord } from '../records.ts';
import { checkpointOf, folderBytes, openToRead } from './opened.ts';

/** What lies in the store. */
export type StoreKind =
  | 'marks'
  | 'accounts'
  | 'slots'
  | 'codes'
  | 'accountTrie'
  | 'storageTries'
  | 'oldBlocks'
  | 'oldHashes';

/** How keys begin. */
const STORE_KINDS: Readonly<Record<StoreKind, Uint8Array>> = {
  marks: marksPrefix,
  accounts: accountsPrefix,
  slots: slotsPrefix(),
  codes: codesPrefix,
  accountTrie: recordsPrefix(undefined),
  storageTries: storageTriesPrefix,
  oldBlocks: oldBlocksPrefix,
  oldHashes: oldHashesPrefix,
};

export interface Size {
  readonly entries: number;
  /** Of keys and values; the store's pages take more. */
  readonly bytes: number;
}

export interface ContractSize {
  readonly address: Address;
  readonly slots: number;
  readonly slotBytes: number;
  readonly trieBytes: number;
  /** Slots that no block wrote whose changes are in the log. */
  readonly idleSlots: number;
}

export interface DatabaseStats {
  readonly spec: ChainSpec | undefined;
  readonly head: KnownBlock;
  /** The first block whose state can be had. */
  readonly oldest: KnownBlock;
  readonly checkpoint: Checkpoint;
  readonly blocksInLog: number;
  readonly recordsInLog: bigint;
  readonly storeFileBytes: number;
  readonly logFileBytes: number;
  readonly kinds: Readonly<Record<StoreKind, Size>>;
  readonly contracts: number;
  /** Those that take the most room, the largest first. */
  readonly largest: readonly ContractSize[];
  readonly idle: IdleState;
}

export interface IdleState {
  /** Blocks before the head, itself included, whose writes were looked at. */
  readonly blocks: number;
  readonly accounts: number;
  readonly slots: number;
  /** With their part of the tries. */
  readonly bytes: number;
}

export interface StatsOptions {
  /** Contracts that are named; 10 when left out. */
  readonly largest?: number;
  /** Told of entries of the store that were looked at. */
  readonly onEntries?: (count: number) => void;
}

const LARGEST = 10;
const ENTRIES_AT_ONCE = 10_000;
/** Accounts and slots whose being written is remembered: some 500 MiB. */
const WRITTEN_MAX = 4_000_000;

/** @throws DatabaseError, StoreError, LogError, StateError */
export async function databaseStats(
  folder: string,
  options: StatsOptions = {},
): Promise<DatabaseStats> {
  const { store, log } = await openToRead(folder);
  try {
    const checkpoint = checkpointOf(store);
    const tree = await readTree(log, checkpoint);
    leaveOld(tree, new OldBlocks(store), readRetention(store));
    const { nodes, head } = tree;
    const written = await writtenInWindow(log, head);
    const scan = new StoreScan(store, written, options);
    return {
      spec: readSpec(store),
      head,
      oldest: nodes.root,
      checkpoint: checkpoint as Checkpoint,
      blocksInLog: nodes.size,
      recordsInLog: log.last - log.first + 1n,
      storeFileBytes: await folderBytes(join(folder, STORE)),
      logFileBytes: await folderBytes(join(folder, LOG)),
      ...scan.result(),
    };
  } finally {
    await log.close();
    await store.close();
  }
}

interface Written {
  readonly blocks: number;
  /** Slots that were written, by account. */
  readonly accounts: ReadonlyMap<Address, WordSet>;
}

async function writtenInWindow(log: RecordLog, head: Node): Promise<Written> {
  const accounts = new Map<Address, WordSet>();
  let blocks = 0;
  let entries = 0;
  for (let at: Node | undefined = head; at !== undefined && entries < WRITTEN_MAX; at = at.parent) {
    const record = decodeRecord(await log.read(at.record));
    // The first block of a chain has no changes.
    if (record.kind !== 'block' || record.moves.forward.length === 0) break;
    blocks += 1;
    for (const [address, change] of decodeChanges(record.moves.forward).accounts) {
      const slots = accounts.get(address) ?? new WordSet();
      accounts.set(address, slots);
      for (const slot of change?.storage.keys() ?? []) slots.add(slot);
      entries += 1 + (change?.storage.size ?? 0);
    }
  }
  return { blocks, accounts };
}

/** Entries of one account, side by side. */
interface Group {
  readonly address: Address;
  entries: number;
  bytes: number;
  written: number;
}

class StoreScan {
  readonly #store: OrderedStore;
  readonly #written: Written;
  readonly #options: StatsOptions;
  readonly #kinds = Object.fromEntries(
    Object.keys(STORE_KINDS).map((kind) => [kind, { entries: 0, bytes: 0 }]),
  ) as Record<StoreKind, { entries: number; bytes: number }>;
  readonly #largest: ContractSize[] = [];
  #contracts = 0;
  #looked = 0;

  constructor(store: OrderedStore, written: Written, options: StatsOptions) {
    this.#store = store;
    this.#written = written;
    this.#options = options;
  }

  result(): Pick<DatabaseStats, 'kinds' | 'contracts' | 'largest' | 'idle'> {
    const idle = { blocks: this.#written.blocks, accounts: 0, slots: 0, bytes: 0 };
    for (const { key, value } of this.#entries('accounts')) {
      if (this.#written.accounts.has(addressOf(key))) continue;
      idle.accounts += 1;
      idle.bytes += key.length + value.length;
    }
    for (const contract of this.#contractSizes()) {
      const { slots, idleSlots, slotBytes, trieBytes } = contract;
      this.#contracts += 1;
      this.#rank(contract);
      idle.slots += idleSlots;
      idle.bytes += ((slotBytes + trieBytes) * idleSlots) / Math.max(slots, 1);
    }
    for (const kind of ['marks', 'codes', 'accountTrie', 'oldBlocks', 'oldHashes'] as const) {
      for (const _ of this.#entries(kind));
    }
    const kinds = this.#kinds;
    idle.bytes += (kinds.accountTrie.bytes * idle.accounts) / Math.max(kinds.accounts.entries, 1);
    idle.bytes = Math.round(idle.bytes);
    return { kinds, contracts: this.#contracts, largest: this.#largest, idle };
  }

  /** Slots and trie records of each account that has any, in the order of addresses. */
  *#contractSizes(): Generator<ContractSize> {
    const tries = this.#groups('storageTries');
    let trie = tries.next().value;
    for (const slots of this.#groups('slots')) {
      while (trie !== undefined && trie.address < slots.address) trie = tries.next().value;
      const isOwn = trie?.address === slots.address;
      yield {
        address: slots.address,
        slots: slots.entries,
        slotBytes: slots.bytes,
        trieBytes: isOwn ? (trie?.bytes ?? 0) : 0,
        idleSlots: slots.entries - slots.written,
      };
    }
    while (trie !== undefined) trie = tries.next().value;
  }

  *#groups(kind: 'slots' | 'storageTries'): Generator<Group, undefined> {
    let group: Group | undefined;
    let written: WordSet | undefined;
    for (const { key, value } of this.#entries(kind)) {
      const address = addressOf(key);
      if (group?.address !== address) {
        if (group !== undefined) yield group;
        group = { address, entries: 0, bytes: 0, written: 0 };
        written = kind === 'slots' ? this.#written.accounts.get(address) : undefined;
      }
      group.entries += 1;
      group.bytes += key.length + value.length;
      if (written?.has(slotOf(key)) === true) group.written += 1;
    }
    if (group !== undefined) yield group;
    return undefined;
  }

  /** Entries of a kind, which are counted on the way. */
  *#entries(kind: StoreKind): Generator<StoreEntry> {
    const prefix = STORE_KINDS[kind];
    const size = this.#kinds[kind];
    for (const entry of this.#store.range(prefix, prefixEnd(prefix))) {
      size.entries += 1;
      size.bytes += entry.key.length + entry.value.length;
      this.#looked += 1;
      if (this.#looked % ENTRIES_AT_ONCE === 0) this.#options.onEntries?.(this.#looked);
      yield entry;
    }
  }

  #rank(contract: ContractSize): void {
    const most = this.#options.largest ?? LARGEST;
    const bytes = ({ slotBytes, trieBytes }: ContractSize) => slotBytes + trieBytes;
    const largest = this.#largest;
    const at = largest.findIndex((other) => bytes(other) < bytes(contract));
    largest.splice(at < 0 ? largest.length : at, 0, contract);
    if (largest.length > most) largest.pop();
  }
}
