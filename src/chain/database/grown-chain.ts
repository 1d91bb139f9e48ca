/** A chain of plain blocks upon a log and a store that can be held up and fail, for tests. */

import type { AccountChange, Address, Hash, StateChanges } from '../../evm/types.ts';
import { FaultyFiles } from '../../state/log/faulty-files.ts';
import { RecordLog } from '../../state/log/record-log.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { MemoryStore, type StoreContent } from '../../state/store/memory-store.ts';
import { SlowStore } from '../../state/store/slow-store.ts';
import { EMPTY_ROOT } from '../../state/trie.ts';
import type { ChainBlock } from '../block-tree.ts';
import { encodeBlock } from '../blocks/block.ts';
import { firstBlock, genesisHeader } from '../blocks/genesis.ts';
import { ChainDatabase } from './chain-database.ts';
import type { DatabaseLimits } from './folder.ts';

const COINBASE: Address = `0x${'00'.repeat(20)}`;
const GENESIS = firstBlock(
  genesisHeader(
    { chainId: 1n, forks: [{ fork: 'paris' }] },
    { stateRoot: EMPTY_ROOT, coinbase: COINBASE, gasLimit: 10_000_000n },
  ),
);
export const NO_HASH = (): Hash => `0x${'00'.repeat(32)}`;

export class GrownChain {
  readonly files: FaultyFiles;
  readonly content: StoreContent;
  readonly genesis: ChainBlock = GENESIS;
  #store!: SlowStore;
  #database!: ChainDatabase;
  #count = 0;

  constructor(files: FaultyFiles = new FaultyFiles(), content: StoreContent = new Map()) {
    this.files = files;
    this.content = content;
  }

  get database(): ChainDatabase {
    return this.#database;
  }

  get store(): SlowStore {
    return this.#store;
  }

  async create(limits: DatabaseLimits = {}): Promise<void> {
    const state = { accounts: new Map(), codes: new Map() };
    this.#database = await ChainDatabase.create(await this.#parts(limits), GENESIS, state);
  }

  async open(limits: DatabaseLimits = {}): Promise<void> {
    this.#database = await ChainDatabase.open(await this.#parts(limits));
  }

  /** Commits a block that changes accounts and slots; it becomes the head unless told otherwise. */
  async extend(
    parent: ChainBlock,
    { accounts = 1, slots = 0, isHead = true }: Changed & { isHead?: boolean } = {},
  ): Promise<ChainBlock> {
    const pending = await this.#database.begin(parent.hash, NO_HASH);
    this.#count += 1;
    pending.apply(changesOf(BigInt(this.#count), { accounts, slots }));
    const block = this.blockUpon(parent, pending.root());
    pending.commit(block, encodeBlock(block));
    if (isHead) this.#database.setHead(block.hash);
    return block;
  }

  blockUpon(parent: ChainBlock, stateRoot: Hash): ChainBlock {
    const header = {
      ...parent.header,
      parentHash: parent.hash,
      number: parent.header.number + 1n,
      timestamp: BigInt(this.#count),
      stateRoot,
    };
    return { ...firstBlock(header), totalDifficulty: BigInt(this.#count) };
  }

  async #parts({ segmentBytes = 400, ...limits }: DatabaseLimits) {
    this.#store = new SlowStore(await MemoryStore.open({ content: this.content }));
    const log = await RecordLog.open(this.files, { segmentBytes });
    return { store: this.#store, log, ...limits };
  }
}

export interface Changed {
  readonly accounts?: number;
  /** Of each account. */
  readonly slots?: number;
}

/** What the accounts 1, 2, ... and their slots 0, 1, ... have. */
export function changesOf(value: bigint, { accounts = 1, slots = 0 }: Changed = {}): StateChanges {
  const storage = new Map(Array.from({ length: slots }, (_, slot) => [BigInt(slot), value]));
  const account = { nonce: 0n, balance: value, codeHash: EMPTY_CODE_HASH, storageWiped: false };
  const list = Array.from({ length: accounts }, (_, index): [Address, AccountChange] => [
    `0x${(index + 1).toString(16).padStart(40, '0')}`,
    { ...account, storage },
  ]);
  return { accounts: new Map(list), codes: new Map() };
}
