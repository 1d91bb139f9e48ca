/**
 * Where the transactions of the head's branch stand, on the disk.
 *
 *   0x01 | transaction (32)   block (32) | index (4, big-endian)
 *   0x02                      block (32): whose branch it is that is written
 *   0x03                      safe (32) | finalized (32): what consensus said last; zeros for none
 *
 * Changes are gathered in memory and written together, now and then: what a crash loses is found
 * again in the chain, from the block that was written to the head, when it is opened.
 */

import { concatBytes, fromHex } from '../../base/bytes.ts';
import type { ChainBlock } from '../../chain/block-tree.ts';
import type { Chain } from '../../chain/chain.ts';
import type { Hash } from '../../evm/types.ts';
import { LmdbStore } from '../../state/store/lmdb-store.ts';
import { type OrderedStore, prefixEnd, type StoreChange } from '../../state/store/ordered-store.ts';
import {
  type TransactionIndex,
  type TransactionPlace,
  transactionHash,
} from '../ledger/transaction-index.ts';

const PLACE = Uint8Array.of(1);
const BRANCH = Uint8Array.of(2);
const FINALITY = Uint8Array.of(3);
const HASH_BYTES = 32;

/** Between two writes; and where the last one failed. */
const WRITE_MS = 1_000;
const RETRY_MS = 10_000;
/** Places kept while they cannot be written; where more are lost, the index is made anew later. */
const UNWRITTEN_MAX = 1_000_000;
/** Written at once, while the chain is gone over. */
const PLACES_AT_ONCE = 50_000;

/** What consensus said of two blocks. */
export interface KeptFinality {
  readonly safe?: Hash;
  readonly finalized?: Hash;
}

export interface StoredIndexOptions {
  /** Its own; made when it is not there. */
  readonly folder: string;
  readonly chain: Chain;
  /** Told how far it is while it goes over the chain. */
  readonly onProgress?: (block: bigint, head: bigint) => void;
}

export class StoredTransactionIndex implements TransactionIndex {
  readonly #store: OrderedStore;
  /** Not written yet; undefined for what is to be deleted. */
  #fresh = new Map<Hash, TransactionPlace | undefined>();
  /** Being written. */
  #leaving = new Map<Hash, TransactionPlace | undefined>();
  #branch: Hash;
  #finality: KeptFinality;
  #isChanged = false;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: unknown;
  /** Some places were never written: without a branch the next opening goes over all again. */
  #hasLost = false;

  private constructor(store: OrderedStore, branch: Hash) {
    this.#store = store;
    this.#branch = branch;
    this.#finality = readFinality(store);
  }

  /** Opens the index of a chain, as of its head. @throws StoreError */
  static async open(options: StoredIndexOptions): Promise<StoredTransactionIndex> {
    const { folder, chain } = options;
    const store = await LmdbStore.open({ folder });
    try {
      const index = new StoredTransactionIndex(store, chain.head.hash);
      await index.#catchUp(options);
      return index;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** What consensus said last, as far as it was written. */
  get finality(): KeptFinality {
    return this.#finality;
  }

  /** Why it cannot be written; it is tried again, and reads go on. */
  get failure(): unknown {
    return this.#failure;
  }

  get(hash: Hash): TransactionPlace | undefined {
    if (this.#fresh.has(hash)) return this.#fresh.get(hash);
    if (this.#leaving.has(hash)) return this.#leaving.get(hash);
    const value = this.#store.get(placeKey(hash));
    return value && decodePlace(value);
  }

  add(block: ChainBlock): void {
    this.#note(block);
    this.#branch = block.hash;
    this.#schedule();
  }

  remove(block: ChainBlock): void {
    for (const bytes of block.transactions) {
      const hash = transactionHash(bytes);
      if (this.get(hash)?.blockHash === block.hash) this.#fresh.set(hash, undefined);
    }
    this.#branch = block.header.parentHash;
    this.#schedule();
  }

  keepFinality(finality: KeptFinality): void {
    const { safe, finalized } = this.#finality;
    if (safe === finality.safe && finalized === finality.finalized) return;
    this.#finality = finality;
    this.#schedule();
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#write();
    await this.#store.close();
  }

  #note({ hash: blockHash, transactions }: ChainBlock): void {
    for (const [index, bytes] of transactions.entries()) {
      this.#fresh.set(transactionHash(bytes), { blockHash, index });
    }
  }

  #schedule(): void {
    this.#isChanged = true;
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        void this.#write();
      },
      this.#failure === undefined ? WRITE_MS : RETRY_MS,
    );
  }

  /** Never throws: an index that cannot be written is behind, which the next opening mends. */
  #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (!this.#isChanged) return;
      this.#isChanged = false;
      this.#leaving = this.#fresh;
      this.#fresh = new Map();
      try {
        await this.#store.write(this.#changes(this.#leaving));
        this.#failure = undefined;
      } catch (error) {
        this.#failure = error;
        this.#takeBack();
      }
      this.#leaving = new Map();
    });
    return this.#writing;
  }

  /** What could not be written waits with what came meanwhile. */
  #takeBack(): void {
    this.#isChanged = true;
    this.#fresh = new Map([...this.#leaving, ...this.#fresh]);
    for (const oldest of this.#fresh.keys()) {
      if (this.#fresh.size <= UNWRITTEN_MAX) break;
      this.#fresh.delete(oldest);
      this.#hasLost = true;
    }
  }

  #changes(places: ReadonlyMap<Hash, TransactionPlace | undefined>): StoreChange[] {
    const changes: StoreChange[] = [...places]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([hash, place]) => ({ key: placeKey(hash), value: place && encodePlace(place) }));
    const { safe, finalized } = this.#finality;
    const zeros = new Uint8Array(HASH_BYTES);
    const said = [safe, finalized].map((hash) => (hash === undefined ? zeros : fromHex(hash)));
    changes.push({ key: BRANCH, value: this.#hasLost ? undefined : fromHex(this.#branch) });
    changes.push({ key: FINALITY, value: concatBytes(...said) });
    return changes;
  }

  /** Goes over what the chain has and the index has not. */
  async #catchUp({ chain, onProgress }: StoredIndexOptions): Promise<void> {
    const written = this.#store.get(BRANCH);
    const branch = written && hashOf(written);
    if (branch === chain.head.hash) return;
    this.#isChanged = true;
    const { number: headNumber } = chain.head.header;
    let from = branch === undefined ? undefined : await this.#leaveBranch(branch, chain);
    if (from === undefined) {
      await this.#clear();
      from = 0n;
    }
    for (let number = from; number <= headNumber; number++) {
      const block = await chain.blockAt(number);
      // Blocks that are older than the database are in no branch that it shows.
      if (block === undefined) continue;
      this.#note(block);
      this.#branch = block.hash;
      if (this.#fresh.size < PLACES_AT_ONCE) continue;
      await this.#flush();
      onProgress?.(number, headNumber);
    }
    this.#branch = chain.head.hash;
    await this.#flush();
  }

  /**
   * Takes back what is not of the head's branch; the number of the first block that is to be
   * added. undefined where the way back is not known any more.
   */
  async #leaveBranch(branch: Hash, chain: Chain): Promise<bigint | undefined> {
    for (let hash = branch; ; ) {
      const block = await chain.block(hash);
      if (block === undefined) return undefined;
      const { number, parentHash } = block.header;
      const isOfHead = (await chain.blockAt(number))?.hash === hash;
      if (isOfHead && number <= chain.head.header.number) return number + 1n;
      this.remove(block);
      hash = parentHash;
    }
  }

  async #flush(): Promise<void> {
    this.#isChanged = true;
    await this.#write();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Deletes all places. PERF: O(places). */
  async #clear(): Promise<void> {
    this.#fresh.clear();
    for (;;) {
      const keys: Uint8Array[] = [];
      for (const { key } of this.#store.range(PLACE, prefixEnd(PLACE))) {
        keys.push(key.slice());
        if (keys.length === PLACES_AT_ONCE) break;
      }
      if (keys.length === 0) return;
      await this.#store.write(keys.map((key) => ({ key, value: undefined })));
    }
  }
}

function placeKey(hash: Hash): Uint8Array {
  return concatBytes(PLACE, fromHex(hash));
}

function encodePlace({ blockHash, index }: TransactionPlace): Uint8Array {
  const bytes = new Uint8Array(HASH_BYTES + 4);
  bytes.set(fromHex(blockHash));
  new DataView(bytes.buffer).setUint32(HASH_BYTES, index);
  return bytes;
}

function decodePlace(bytes: Uint8Array): TransactionPlace {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { blockHash: hashOf(bytes), index: view.getUint32(HASH_BYTES) };
}

function readFinality(store: OrderedStore): KeptFinality {
  const kept = store.get(FINALITY)?.slice();
  if (kept === undefined) return {};
  const [safe, finalized] = [hashOf(kept), hashOf(kept.subarray(HASH_BYTES))];
  return { ...(isSaid(safe) && { safe }), ...(isSaid(finalized) && { finalized }) };
}

function isSaid(hash: Hash): boolean {
  return /[1-9a-f]/.test(hash.slice(2));
}

function hashOf(bytes: Uint8Array): Hash {
  return `0x${bytes.subarray(0, HASH_BYTES).toHex()}`;
}
